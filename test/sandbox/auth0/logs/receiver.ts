import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LogEntry } from '../../../../src/sandbox/auth0/logs/log-entry.ts';
import { stopAfterTest } from '../tenant-under-test.ts';

export interface Received {
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly text: string;
}

export interface Receiver {
  readonly endpoint: string;
  /** Every request, also those that were refused. */
  readonly requests: Received[];
  /** Status for the request with this number, counted from 1; 204 by default. */
  answer: (request: number) => number;
  stop(): Promise<void>;
}

/** A webhook endpoint that keeps what it is sent. */
export async function startReceiver(): Promise<Receiver> {
  const requests: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({
        authorization: request.headers.authorization,
        contentType: request.headers['content-type'],
        text: Buffer.concat(chunks).toString('utf8'),
      });
      response.statusCode = receiver.answer(requests.length);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    endpoint: `http://127.0.0.1:${port}/hook`,
    requests,
    answer: () => 204,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return stopAfterTest(receiver);
}

/** The entries of all requests, in the order they came, read as lines. */
export function entriesOf(requests: readonly Received[]): LogEntry[] {
  return requests.flatMap((request) =>
    request.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogEntry),
  );
}
