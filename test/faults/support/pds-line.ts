/** A line to the PDS that a test can meddle with: answers that get lost or come late, and an address of its own. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the line does with one call. Undefined leaves it alone. */
interface Meddling {
  /** Told when the whole request has gone out to the PDS. */
  readonly onForwarded?: () => void;
  /** The answer is held back until this resolves, and lost when that is with `lost`. */
  readonly answer?: () => Promise<'on its way' | 'lost'>;
}

type Meddle = (method: string) => Meddling | undefined;

export interface PdsLine {
  readonly url: string;
  meddle(how: Meddle | undefined): void;
  /** The address that the PDS is told the calls come from. The PDS counts calls by address. */
  comeFrom(address: string | undefined): void;
  /** Calls of this method since the line was opened, such as `com.atproto.server.createAccount`. */
  calls(method: string): number;
  /** The same of all methods. */
  allCalls(): number;
  close(): void;
}

export async function pdsLine(pdsUrl: () => string): Promise<PdsLine> {
  const agent = new Agent({ keepAlive: true });
  const counts = new Map<string, number>();
  let meddle: Meddle | undefined;
  let address: string | undefined;

  const forward = async (near: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const method = methodOf(near);
    counts.set(method, (counts.get(method) ?? 0) + 1);
    const meddling = meddle?.(method);
    const chunks: Buffer[] = [];
    for await (const chunk of near) chunks.push(chunk as Buffer);
    const headers = { ...near.headers, ...(address === undefined ? {} : { 'x-forwarded-for': address }) };
    const far = request(new URL(near.url ?? '/', pdsUrl()), { method: near.method, headers, agent });
    far.on('error', () => answer.destroy());
    far.on('response', (response) => void pass(response, answer, meddling));
    far.end(Buffer.concat(chunks), () => meddling?.onForwarded?.());
  };

  const server = createServer((near, answer) => void forward(near, answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    meddle: (how) => {
      meddle = how;
    },
    comeFrom: (from) => {
      address = from;
    },
    calls: (method) => counts.get(method) ?? 0,
    allCalls: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    close: () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function pass(
  far: IncomingMessage,
  near: ServerResponse,
  meddling: Meddling | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of far) chunks.push(chunk as Buffer);
  } catch {
    // The PDS broke off in the middle of its answer.
    near.destroy();
    return;
  }
  if ((await meddling?.answer?.()) === 'lost') {
    near.destroy();
    return;
  }
  near.writeHead(far.statusCode ?? 502, far.headers).end(Buffer.concat(chunks));
}

function methodOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/^\/xrpc\//, '').replace(/\?.*$/, '');
}
