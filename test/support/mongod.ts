/** The shared mongod, as a test file sees it: a database of its own, and faults on demand. */
import { randomBytes } from 'node:crypto';
import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import { afterAll, inject } from 'vitest';
import { startMongod } from '../../src/sandbox/servers/mongod.ts';
import type {} from './global-setup.ts';

export interface TestDatabase {
  readonly uri: string;
  readonly name: string;
  readonly client: MongoClient;
  readonly db: Db;
}

/**
 * A connected client and an empty database under a name nobody else uses. Called in a test file or a
 * `describe`, it drops the database and closes the client after that.
 */
export function testDatabase(options: MongoClientOptions = {}): Promise<TestDatabase> {
  return connectTo(inject('mongodUri'), options);
}

/**
 * The same on a server of its own, about two seconds later. Files that use `failCommand` want this one:
 * a failpoint hits every client of its server, so on the shared one it would also hit the files beside it.
 */
export async function privateDatabase(options: MongoClientOptions = {}): Promise<TestDatabase> {
  const mongod = await startMongod({ failCommands: true });
  // Registered first and so run last, after the client has been closed.
  afterAll(() => mongod.stop());
  return connectTo(mongod.uri, options);
}

async function connectTo(uri: string, options: MongoClientOptions): Promise<TestDatabase> {
  const name = `concord-test-${randomBytes(6).toString('hex')}`;
  const client = new MongoClient(uri, options);
  await client.connect();
  const db = client.db(name);
  afterAll(async () => {
    await db.dropDatabase();
    await client.close();
  });
  return { uri, name, client, db };
}

export interface CommandFault {
  /** Commands that fail, as the server names them: `insert`, `find`, `findAndModify`, `commitTransaction`. */
  readonly failCommands: readonly string[];
  /** `times: 2` fails the next two; `skip: 2` lets two pass and then fails until disarmed. Default: once. */
  readonly mode?: { readonly times: number } | { readonly skip: number } | 'alwaysOn';
  /** The command is refused with this code and not executed. */
  readonly errorCode?: number;
  /** The connection breaks, and the command is not executed. */
  readonly closeConnection?: boolean;
  /** The command is executed, and then reported as not acknowledged. */
  readonly writeConcernError?: { readonly code: number; readonly errmsg: string };
}

/** Serves as `await using`, and has the same under a name for Node versions without it. */
export interface ArmedFault extends AsyncDisposable {
  disarm(): Promise<void>;
}

/**
 * Makes the server fail commands, whoever sends them; see `privateDatabase`. A server has one such
 * failpoint: arming it again replaces the first.
 */
export async function failCommand(client: MongoClient, fault: CommandFault): Promise<ArmedFault> {
  const { mode = { times: 1 }, ...data } = fault;
  const admin = client.db('admin');
  await admin.command({ configureFailPoint: 'failCommand', mode, data });
  const disarm = async (): Promise<void> => {
    await admin.command({ configureFailPoint: 'failCommand', mode: 'off' });
  };
  return { disarm, [Symbol.asyncDispose]: disarm };
}
