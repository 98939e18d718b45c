/** A server in front of another one, which passes everything on and alters what a test wants altered. */
import { bodyOf, localServer } from './local-server.ts';

export interface AlteredAnswer {
  readonly status?: number;
  /** Laid over what is answered. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent instead of what is answered. */
  readonly text?: (answered: string) => string;
}

/** Where to find it; gone with the test. `alter` is given the path without the query. */
export async function altered(
  origin: string,
  alter: (path: string) => AlteredAnswer | undefined,
): Promise<string> {
  const server = await localServer(async (request, response) => {
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name))
        headers.set(name, value);
    }
    const { method = 'GET', url } = request;
    const body = method === 'GET' ? null : await bodyOf(request);
    const answer = await fetch(new URL(url, origin), { method, headers, body });
    const text = await answer.text();
    const other = alter(url.split('?', 1)[0] ?? '');
    const passed = Object.fromEntries(
      [...answer.headers].filter(([name]) => name !== 'content-length' && name !== 'content-encoding'),
    );
    delete passed['transfer-encoding'];
    const said =
      other?.body === undefined ? text : JSON.stringify({ ...JSON.parse(text || '{}'), ...other.body });
    const sent = other?.text?.(said) ?? said;
    response.writeHead(other?.status ?? answer.status, { ...passed, ...other?.headers }).end(sent);
  });
  return server.origin;
}
