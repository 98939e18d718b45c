/** Requests as bytes, so that what no client would send can be sent. */
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

/**
 * Sends bytes as they are and resolves with all that came back once the connection is closed, whoever closed
 * it and how. With `dripMs`, a space follows every so often for as long as it is open.
 */
export async function exchange(
  port: number,
  chunks: readonly (string | Buffer)[],
  dripMs?: number,
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    let drip: NodeJS.Timeout | undefined;
    const socket: Socket = connect(port, '127.0.0.1', () => {
      for (const chunk of chunks) socket.write(chunk);
      if (dripMs !== undefined) drip = setInterval(() => socket.write(' '), dripMs);
    });
    socket.on('data', (data) => {
      answer += String(data);
    });
    // A refusal that does not wait for the body ends in a reset, after the answer has been read.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(drip);
      resolve(answer);
    });
  });
}

/** The statuses in what came back, one a request. A `100 Continue` is no answer. */
export function statusesOf(answer: string): number[] {
  const lines = answer.matchAll(/HTTP\/1\.1 (\d{3}) /g);
  return [...lines].map(([, status]) => Number(status)).filter((status) => status !== 100);
}
