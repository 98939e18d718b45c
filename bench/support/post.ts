/** A sender of deliveries: the least that HTTP takes, so that what is measured is the receiver. */
import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

export interface Sender {
  post(body: Buffer): Promise<Answer>;
  close(): void;
}

export function sender(url: string, token: string, connections: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port, pathname } = new URL(url);
  const target = { agent, hostname, port, path: pathname, method: 'POST' };
  return {
    close: () => agent.destroy(),
    post: (body) =>
      new Promise((resolve, reject) => {
        const headers = {
          authorization: token,
          'content-type': 'application/json',
          'content-length': body.length,
        };
        const sent = request({ ...target, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () => {
            resolve({
              status: answer.statusCode ?? 0,
              retryAfter: answer.headers['retry-after'],
              body: Buffer.concat(chunks).toString(),
            });
          });
        });
        sent.once('error', reject);
        sent.end(body);
      }),
  };
}

/** Throws unless the answer is the one that means kept. */
export async function postKept(to: Sender, body: Buffer): Promise<void> {
  const { status, body: text } = await to.post(body);
  if (status !== 200) throw new Error(`a delivery was answered with ${status}: ${text}`);
}
