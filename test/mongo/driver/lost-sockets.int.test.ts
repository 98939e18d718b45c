/** What the driver does when a server dies under it, down to its sockets: how they break cannot be had from outside. */
import type { Socket } from 'node:net';
import type { Db } from 'mongodb';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Connection, connect } from '../../../src/mongo/driver/connection.ts';
import { until } from '../../support/until.ts';

interface DriverConnection {
  readonly socket: Socket;
}
interface DriverServer {
  readonly pool: { readonly connections: { toArray(): DriverConnection[] } };
  readonly monitor: {
    readonly connection: DriverConnection | null;
    readonly s: { readonly state: string };
    requestCheck(): void;
  };
}

let connection: Connection;
let server: DriverServer;
beforeAll(async () => {
  connection = connect({ uri: inject('mongodUri'), database: 'lost-sockets', appName: 'test' });
  await connection.ping(5_000);
  server = theServer(connection.db);
});
afterAll(() => connection.close());

function theServer(db: Db): DriverServer {
  const { client } = db as unknown as {
    readonly client: {
      readonly topology: { readonly s: { readonly servers: ReadonlyMap<string, DriverServer> } };
    };
  };
  const [first] = client.topology.s.servers.values();
  if (first === undefined) throw new Error('the driver knows no server');
  return first;
}

describe('a connection whose socket has just broken', () => {
  it('does not keep a call for ever', async () => {
    const sockets = server.pool.connections.toArray().map(({ socket }) => socket);
    expect(sockets.length).toBeGreaterThan(0);
    for (const socket of sockets) socket.destroy();
    // The driver has not been told yet, and takes the connection for a good one. A read is repeated on another.
    await expect(connection.db.collection('none').findOne()).resolves.toBeNull();
  });

  it('does not stop the search for a server that is back', async () => {
    const watched = await until('the monitor waits for its next look', () =>
      server.monitor.s.state === 'idle' ? server.monitor.connection : undefined,
    );
    watched?.socket.destroy();
    server.monitor.requestCheck();
    await until('the server is watched again', () => {
      const { connection: now } = server.monitor;
      return now !== null && now !== watched && server.monitor.s.state === 'idle';
    });
  });
});
