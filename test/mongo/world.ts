/** A connection as the program makes it, to a database that no other test uses. */
import { randomBytes } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { type Connection, connect } from '../../src/mongo/driver/connection.ts';
import type {} from '../support/global-setup.ts';

export interface World {
  readonly connection: Connection;
  readonly uri: string;
  readonly database: string;
  /** An empty database every time, on the same connection's server. */
  fresh(): Connection['db'];
}

/** Called at the top of a test file: what it opened goes with the file. */
export function openWorld(uri: string = inject('mongodUri')): World {
  const database = `concord-test-${randomBytes(6).toString('hex')}`;
  const opened: Connection[] = [];
  const open = (name: string): Connection => {
    const connection = connect({ uri, database: name, appName: 'concord-test' });
    opened.push(connection);
    return connection;
  };
  const connection = open(database);
  afterAll(async () => {
    // One after another: the server gives up on a drop that waits ten seconds behind others.
    for (const each of opened) {
      await each.db.dropDatabase();
      await each.close();
    }
  });
  return {
    connection,
    uri,
    database,
    fresh: () => open(`${database}-${opened.length}`).db,
  };
}
