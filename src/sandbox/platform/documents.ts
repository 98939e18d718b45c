/** The platform's own reads and writes of its collections, beside those of Concord. */
import { type Collection, type Db, MongoServerError } from 'mongodb';
import type { Randomness } from '../auth0/randomness.ts';

const DUPLICATE_KEY = 11_000;
const CODE_TRIES = 100;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

export interface PlatformUser {
  readonly _id: string;
  readonly code?: string;
  readonly when?: Date;
  readonly atproto?: { readonly did?: string; readonly handle?: string };
}

interface Verification {
  readonly _id: string;
  readonly count: number;
}

interface HandleRow {
  readonly _id: string;
  readonly handle: string;
  readonly createdAt?: Date;
  readonly updatedAt?: Date;
}

export type HandleChange = 'set' | 'same' | 'taken';

export class PlatformDocuments {
  readonly verifications: Collection<Verification>;
  readonly handles: Collection<HandleRow>;
  readonly users: Collection<PlatformUser>;

  constructor(db: Db) {
    this.verifications = db.collection('verifications');
    this.handles = db.collection('@handles');
    this.users = db.collection('users');
  }

  /** The index that the platform asks for at every start, under the driver's own name for it. */
  async prepare(): Promise<void> {
    await this.handles.createIndex({ handle: 1 }, { unique: true });
  }

  /** What is there stays. Answers whether it was written. */
  async addVerification(userId: string, count: number): Promise<boolean> {
    return (await insertUnlessPresent(this.verifications, { _id: userId, count })) === 'inserted';
  }

  /**
   * A users document with a new code: `ac`, the year and any five letters, which is all that the platform's
   * validator asks. What is there stays. Answers the code, or undefined when a document was there.
   */
  async addUser(userId: string, when: Date, randomness: Randomness): Promise<string | undefined> {
    const year = String(when.getFullYear() % 100).padStart(2, '0');
    for (let tried = 0; tried < CODE_TRIES; tried += 1) {
      const code = `ac${year}${randomness.draw(5, LETTERS)}`;
      if ((await this.users.findOne({ code })) !== null) continue;
      switch (await insertUnlessPresent(this.users, { _id: userId, code, when })) {
        case 'inserted':
          return code;
        case 'present':
          return undefined;
        case 'taken':
          break;
      }
    }
    throw new Error(`no free code in ${CODE_TRIES} tries`);
  }

  /** First looks, then writes, as the platform does; the index decides between two who write at once. */
  async setHandle(userId: string, handle: string, at: Date): Promise<HandleChange> {
    const own = await this.handles.findOne({ _id: userId });
    if (own?.handle === handle) return 'same';
    // The platform does not escape the handle either: `a.b` finds `axb`.
    const holder = await this.handles.findOne({ handle: new RegExp(`^${handle}$`, 'i') });
    if (holder !== null && holder._id !== userId) return 'taken';
    try {
      await this.handles.updateOne(
        { _id: userId },
        { $set: { handle, updatedAt: at }, $setOnInsert: { createdAt: at } },
        { upsert: true },
      );
      return 'set';
    } catch (error) {
      if (isDuplicate(error)) return 'taken';
      throw error;
    }
  }
}

async function insertUnlessPresent<Stored extends { readonly _id: string }>(
  collection: Collection<Stored>,
  document: Stored,
): Promise<'inserted' | 'present' | 'taken'> {
  try {
    await collection.insertOne(document as never);
    return 'inserted';
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    // The id, or the value of another unique index: before 4.4 the error does not say which.
    return (await collection.findOne({ _id: document._id } as never)) === null ? 'taken' : 'present';
  }
}

function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}
