/** A line to MongoDB that can be cut: what a network fault is to Concord, with the server itself untouched. */
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface MongodbLink {
  /** Goes through the line, and never round it. */
  readonly uri: string;
  /** Breaks every connection and lets no new one through. */
  cut(): void;
  mend(): void;
}

/** Cut or whole at first; gone with the test. */
export async function mongodbLink(mongodUri: string, state: 'whole' | 'cut' = 'whole'): Promise<MongodbLink> {
  const { hostname, port } = new URL(mongodUri);
  const sockets = new Set<Socket>();
  let isWhole = state === 'whole';
  const server = createServer((near) => {
    if (!isWhole) {
      near.destroy();
      return;
    }
    const far = dial(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    breakAll();
    server.close();
  });
  const { port: nearPort } = server.address() as AddressInfo;
  return {
    // A driver that looked for the members of the replica set would find the way round.
    uri: `mongodb://127.0.0.1:${nearPort}/?directConnection=true`,
    cut: () => {
      isWhole = false;
      breakAll();
    },
    mend: () => {
      isWhole = true;
    },
  };
}
