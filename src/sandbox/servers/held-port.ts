/** A port that is bound before its number is passed on, so that no other process can take it meanwhile. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

export interface HeldPort {
  readonly port: number;
  /** What asks for a server to listen with is handed the one that does already. */
  handTo(app: object, listener: RequestListener): void;
}

/**
 * Below the ports that systems lend to outgoing connections: a server that comes back on its port after a
 * restart would find it lent.
 */
const FIRST_PORT = 20_000;
const END_PORT = 32_000;

export async function holdPort(): Promise<HeldPort> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT);
    const server = createServer();
    if (await listens(server, port)) return { port, handTo: (app, listener) => hand(server, app, listener) };
  }
}

/** A port of the same kind that is free at this moment, for a process that is started again and again on it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT);
    const server = createServer();
    if (!(await listens(server, port))) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

async function listens(server: Server, port: number): Promise<boolean> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
}

function hand(server: Server, app: object, listener: RequestListener): void {
  const listen = (): Server => {
    server.on('request', listener);
    // The new owner waits for the event that it listens.
    setImmediate(() => server.emit('listening'));
    return server;
  };
  Object.assign(app, { listen });
}
