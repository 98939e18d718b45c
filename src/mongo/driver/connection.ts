/** The one connection to MongoDB, with the guarantees that everything else relies on set once for all. */
import { type Db, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb';
import { UpstreamError, UsageError } from '../../errors.ts';
import type { InspectableDb } from './database.ts';
import { reading } from './errors.ts';
import { endCallsOnLostSockets } from './lost-sockets.ts';

export interface ConnectionOptions {
  readonly uri: string;
  readonly database: string;
  /** Shows in the server's log and in `currentOp`. */
  readonly appName: string;
  /** How long to search for a server. Default 5,000. */
  readonly selectionTimeoutMs?: number;
}

export interface Connection<Database = Db> {
  readonly db: Database;
  /**
   * Connects, where the first call would also do so by itself. To wait for a server that is not
   * there yet, call this again: after a first try that failed, the driver never begins another. May be
   * repeated. Throws `UpstreamError` UNREACHABLE.
   */
  open(): Promise<void>;
  /** Resolves when a primary has answered. Throws `UpstreamError` UNREACHABLE, or TIMEOUT after `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  /** Ends the connection; calls under way fail. May be repeated. */
  close(): Promise<void>;
}

const serverSelectionTimeoutMs = 5_000;
const connectTimeoutMs = 5_000;
/** A server that stops answering in the middle of a call must not hold a worker for ever. */
const socketTimeoutMs = 30_000;
/** Longer than an election, so a step-down is waited out; shorter than the patience of a webhook. */
const writeConcernTimeoutMs = 10_000;
/** Enough for 32 workers, the webhook and the reads beside them. */
export const MAX_POOL_SIZE = 64;

/**
 * Builds a connection. Nothing is sent before the first call, so a server can start, say that it is not
 * ready, and come up with the database. Throws `UsageError` when the address cannot be read; the message
 * does not repeat it, because it holds a password.
 */
export function connect(options: ConnectionOptions & { readonly readOnly: true }): Connection<InspectableDb>;
export function connect(options: ConnectionOptions & { readonly readOnly?: false }): Connection;
export function connect(options: ConnectionOptions & { readonly readOnly?: boolean }): Connection {
  endCallsOnLostSockets();
  const client = newClient(options.uri, {
    appName: options.appName,
    serverSelectionTimeoutMS: options.selectionTimeoutMs ?? serverSelectionTimeoutMs,
    connectTimeoutMS: connectTimeoutMs,
    socketTimeoutMS: socketTimeoutMs,
    maxPoolSize: MAX_POOL_SIZE,
    ignoreUndefined: true,
    retryReads: true,
    retryWrites: true,
  });
  // Set on the database, because options in the address (`?w=1`) would win over the client's.
  const db = client.db(options.database, {
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: writeConcernTimeoutMs },
    readConcern: new ReadConcern('majority'),
    readPreference: 'primary',
    ignoreUndefined: true,
  });
  return {
    db,
    open: async () => {
      await reading('connect', () => client.connect());
    },
    ping: (timeoutMs) => reading('answer a ping', () => withTimeout(db.command({ ping: 1 }), timeoutMs)),
    close: () => client.close(),
  };
}

function newClient(uri: string, options: MongoClientOptions): MongoClient {
  try {
    return new MongoClient(uri, options);
  } catch {
    // The driver's error repeats the address, password and all, so it is not kept as the cause.
    throw new UsageError(
      'The MongoDB address cannot be read. Its form is mongodb://user:password@host:27017/?replicaSet=name.',
      'MONGODB_URI',
    );
  }
}

async function withTimeout(call: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `MongoDB did not answer within ${timeoutMs} ms`;
      reject(new UpstreamError(message, { upstream: 'mongodb', code: 'TIMEOUT', retryable: true }));
    }, timeoutMs);
  });
  try {
    await Promise.race([call, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
