/** A line to a server that can fall silent: what a laptop that slept and a proxy that vanished leave behind. */
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Link {
  readonly origin: string;
  /** Nothing comes through any more, and nobody is told: every connection stays open. */
  silence(): void;
  /** What is dialled from now on comes through; what was silenced stays so. */
  mend(): void;
}

/** Gone with the test. */
export async function linkTo(origin: string): Promise<Link> {
  const { hostname, port } = new URL(origin);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isSilent = false;
  const silence = ([near, far]: readonly [Socket, Socket]): void => {
    near.unpipe(far).pause();
    far.unpipe(near).pause();
  };
  const server = createServer((near) => {
    const far = dial(Number(port), hostname);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [socket, other] of [pair, [far, near]] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
      socket.pipe(other);
    }
    if (isSilent) silence(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const [near] of pairs) near.destroy();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence: () => {
      isSilent = true;
      for (const pair of pairs) silence(pair);
    },
    mend: () => {
      isSilent = false;
    },
  };
}
