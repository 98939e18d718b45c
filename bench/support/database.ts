/** A mongod of the bench's own, and databases on it that nobody else uses. */
import { randomBytes } from 'node:crypto';
import { type Db, MongoClient, ReadConcern } from 'mongodb';
import { type Connection, connect } from '../../src/mongo/driver/connection.ts';
import { ensureCollections } from '../../src/mongo/setup/indexes.ts';
import type { Mongod } from '../../src/sandbox/servers/mongod.ts';

export interface Database {
  readonly uri: string;
  readonly name: string;
  /** As Concord itself connects, with its collections and indexes there. */
  readonly concord: Connection;
  /** As anybody connects who wants the same guarantee: majority, journaled, and read so. */
  readonly bare: Db;
  /** Drops the database and closes both. */
  close(): Promise<void>;
}

export async function openDatabase(mongod: Mongod): Promise<Database> {
  const name = `concord-bench-${randomBytes(6).toString('hex')}`;
  const concord = connect({ uri: mongod.uri, database: name, appName: 'concord-bench' });
  await concord.open();
  await ensureCollections(concord.db);
  const { client, db } = await openBare(mongod.uri, name);
  return {
    uri: mongod.uri,
    name,
    concord,
    bare: db,
    close: async () => {
      await db.dropDatabase();
      await Promise.all([concord.close(), client.close()]);
    },
  };
}

export async function openBare(uri: string, name: string): Promise<{ client: MongoClient; db: Db }> {
  const client = await MongoClient.connect(uri, { maxPoolSize: 64 });
  const db = client.db(name, {
    writeConcern: { w: 'majority', journal: true },
    readConcern: new ReadConcern('majority'),
  });
  return { client, db };
}
