/**
 * A database of its own beside the configured one, for a simulation: the same server, the same guarantees, and
 * nothing in it that another program reads. It is dropped after use; one whose process died is
 * dropped by the next.
 */
import { randomBytes } from 'node:crypto';
import type { Db } from 'mongodb';
import type { UserKey } from '../../identity.ts';
import { collections } from '../driver/collections.ts';
import { type ConnectionOptions, connect } from '../driver/connection.ts';
import { reading, writing } from '../driver/errors.ts';
import type { StoredHandle } from '../platform/document-shapes.ts';
import { ensureCollections } from './indexes.ts';

export interface Scratch {
  readonly db: Db;
  /** As the platform does. */
  chooseHandle(user: UserKey, handle: string): Promise<void>;
  /** Ends what is still under way, and drops the database. */
  dispose(): Promise<void>;
}

/** Says in the database itself that it is one of these: its name alone is no proof. */
const MARK = 'concord.doctor';
interface Marked {
  readonly _id: 'scratch';
  readonly of: string;
}

/** Of the 63 characters that a name may have, the others are ours. */
const NAME_KEPT = 36;
/** No simulation takes as long. */
const DEAD_AFTER_MS = 10 * 60_000;

export async function openScratch(options: ConnectionOptions, now: Date): Promise<Scratch> {
  const prefix = `${options.database.slice(0, NAME_KEPT)}-doctor-`;
  const database = `${prefix}${now.getTime().toString(36)}-${randomBytes(4).toString('hex')}`;
  const { db, close } = connect({ ...options, database });
  const dispose = async (): Promise<void> => {
    // First what writes: a write that came later would make the database again.
    await close();
    await dropScratch(options, database);
  };
  try {
    await dropDead(options, db, prefix, now);
    const marks = db.collection<Marked>(MARK);
    await writing('make a database for the simulation', () =>
      marks.insertOne({ _id: 'scratch', of: options.database }),
    );
    await ensureCollections(db);
  } catch (error) {
    await dispose();
    throw error;
  }
  const handles = db.collection<StoredHandle>(collections.handles);
  const chooseHandle = async (user: UserKey, handle: string): Promise<void> => {
    await writing('choose a handle', () => handles.insertOne({ _id: user, handle }));
  };
  return { db, chooseHandle, dispose };
}

/** Those of processes that died: by name and age, and by the mark. */
async function dropDead(options: ConnectionOptions, db: Db, prefix: string, now: Date): Promise<void> {
  const { databases } = await reading('list databases', () =>
    db.admin().listDatabases({ nameOnly: true, authorizedDatabases: true }),
  );
  for (const { name } of databases) {
    const [, madeAt] = /^([0-9a-z]{8,9})-[0-9a-f]{8}$/.exec(name.slice(prefix.length)) ?? [];
    if (!name.startsWith(prefix) || madeAt === undefined) continue;
    if (now.getTime() - Number.parseInt(madeAt, 36) > DEAD_AFTER_MS) await dropScratch(options, name);
  }
}

async function dropScratch(options: ConnectionOptions, database: string): Promise<void> {
  const { db, close } = connect({ ...options, database });
  try {
    const mark = await reading('read the mark of a simulation', () =>
      db.collection<Marked>(MARK).findOne({ _id: 'scratch' }),
    );
    if (mark?.of === options.database) {
      await writing('drop the database of a simulation', () => db.dropDatabase());
    }
  } finally {
    await close();
  }
}
