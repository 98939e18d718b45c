/**
 * Indexes, always compared by what they do and never by what they are called.
 *
 * Servers differ over an index that exists under another name: 4.0 says that all is well, newer ones refuse
 * with 85. A sign-up flow that created its index by name at every start stood still for a day over that. So:
 * list first, create only what is not there, and let an index with the same effect under any name be.
 */
import type { Db, Document, IndexDescriptionInfo } from 'mongodb';
import type { IndexState, WantedIndex } from '../../ports/documents.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, translateError, unexpected, writing } from '../driver/errors.ts';
import { refuseCollations } from './collations.ts';
import { dropIndex } from './index-repair.ts';

interface IndexSpec {
  readonly collection: string;
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  /** Index only the documents that have these fields. */
  readonly having?: readonly string[];
  /** The server removes documents this long after the date in the field. */
  readonly expireAfterSeconds?: number;
  /** Index only the documents that match, beside. */
  readonly where?: Document;
}

const REJECTS_KEPT_DAYS = 30;

const ownIndexes: readonly IndexSpec[] = [
  // Without `_id`, which would double its size and the cost of every append to settle the order of ties.
  { collection: collections.events, name: 'user_type_at', key: { user: 1, type: 1, at: 1 } },
  { collection: collections.events, name: 'type_at', key: { type: 1, at: 1 } },
  // The few entries that say that a user was deleted.
  {
    collection: collections.events,
    name: 'deletion_hint',
    key: { user: 1, recordedAt: 1 },
    where: { 'data.hint': { $eq: 'deleted' } },
  },
  // `since` is in it so that the backlog can be read from the index alone.
  {
    collection: collections.subjects,
    name: 'due',
    key: { 'due.priority': 1, 'due.at': 1, 'due.since': 1 },
    having: ['due.at'],
  },
  { collection: collections.subjects, name: 'lease', key: { 'lease.until': 1 }, having: ['lease.until'] },
  { collection: collections.subjects, name: 'tenant', key: { tenant: 1, _id: 1 } },
  {
    collection: collections.subjects,
    name: 'email',
    key: { accountEmailHash: 1, _id: 1 },
    having: ['accountEmailHash'],
  },
  // Who in Auth0 has the address, or the identity, of a user who was deleted.
  {
    collection: collections.subjects,
    name: 'verified_email',
    key: { verifiedEmailHash: 1, _id: 1 },
    having: ['verifiedEmailHash'],
  },
  { collection: collections.subjects, name: 'linked', key: { linkedIds: 1 }, having: ['linkedIds'] },
  {
    collection: collections.subjects,
    name: 'handle',
    key: { 'view.accountHandle': 1 },
    having: ['view.accountHandle'],
  },
  { collection: collections.subjects, name: 'did', key: { 'view.did': 1 }, having: ['view.did'] },
  {
    collection: collections.subjects,
    name: 'waits_for',
    key: { 'view.conditions.waitsFor': 1, _id: 1 },
    having: ['view.conditions.waitsFor'],
  },
  // The users that a tick of the schedule may read again, by key.
  {
    collection: collections.subjects,
    name: 'open',
    key: { tenant: 1, 'view.sync': 1, _id: 1 },
    having: ['view.sync'],
  },
  // Counts users by status without reading all of them. Those marked due for the first time are not in it.
  {
    collection: collections.subjects,
    name: 'standing',
    key: { 'view.sync': 1, 'view.health': 1, tenant: 1 },
    having: ['view.sync'],
  },
  {
    collection: collections.inactiveAccounts,
    name: 'email',
    key: { emailHash: 1 },
    having: ['emailHash'],
  },
  {
    collection: collections.inactiveAccounts,
    name: 'handle',
    key: { handleHash: 1 },
    having: ['handleHash'],
  },
  { collection: collections.reservations, name: 'user', key: { user: 1 } },
  {
    collection: collections.rejects,
    name: 'last_at',
    key: { lastAt: 1 },
    expireAfterSeconds: REJECTS_KEPT_DAYS * 86_400,
  },
];

/** Of earlier versions, in our own collections: each has an index in `ownIndexes` that does more. */
const formerIndexes: readonly IndexSpec[] = [
  { collection: collections.events, name: 'user_at', key: { user: 1, at: 1 } },
];

const ownCollections = [
  collections.events,
  collections.subjects,
  collections.rejects,
  collections.ignored,
  collections.cursors,
  collections.alerts,
  collections.inactiveAccounts,
  collections.reservations,
];

/**
 * Creates Concord's own collections and indexes where they are not there yet. May be repeated, and run by
 * several processes at once. Throws `UpstreamError` INDEX_IN_THE_WAY when an index with the same key would
 * refuse documents or leave some out, and `UsageError` COLLATION_UNFIT before anything is written.
 */
export async function ensureCollections(db: Db): Promise<void> {
  await refuseCollations(db);
  await Promise.all(ownCollections.map((name) => ensureCollection(db, name)));
  for (const spec of ownIndexes) await ensureIndex(db, spec);
  for (const spec of formerIndexes) await dropFormer(db, spec);
}

/** The indexes of one of the platform's collections. A collection that is not there has none. */
export async function listIndexes(
  db: ReadableDb,
  collection: 'users' | '@handles',
): Promise<readonly IndexState[]> {
  return (await describedIndexes(db, collection)).map(({ state }) => state);
}

/** The same, each with all that the server says of it. */
export async function describedIndexes(
  db: ReadableDb,
  collection: 'users' | '@handles',
): Promise<readonly { readonly state: IndexState; readonly index: IndexDescriptionInfo }[]> {
  const found = await indexesOf(db, collection);
  return found.map((index) => ({
    index,
    state: {
      collection,
      name: index.name,
      key: Object.entries(index.key).map(([field, direction]) => [field, direction] as const),
      unique: index.unique === true,
      partial: index.partialFilterExpression !== undefined,
    },
  }));
}

/** Creates a unique index on one field of the platform's, unless one that guarantees the same is there. */
export async function createUniqueIndex(db: Db, wanted: WantedIndex): Promise<void> {
  await ensureIndex(db, {
    collection: wanted.collection,
    name: wanted.name,
    key: { [wanted.field]: 1 },
    unique: true,
    sparse: wanted.sparse,
  });
}

async function ensureCollection(db: Db, name: string): Promise<void> {
  await writing(`create the collection ${name}`, async () => {
    const present = await db.listCollections({ name }, { nameOnly: true }).hasNext();
    if (present) return;
    try {
      await db.createCollection(name);
    } catch (error) {
      // Another process was first.
      if (codeOf(error) !== 48) throw error;
    }
  });
}

async function ensureIndex(db: Db, spec: IndexSpec): Promise<void> {
  const what = `create the index ${spec.name} on ${spec.collection}`;
  const sameKey = (await indexesOf(db, spec.collection)).filter((index) => hasKey(index, spec.key));
  if (sameKey.some((index) => doesTheSame(index, spec))) return;
  // An index that we did not ask to be unique must not be: it would refuse documents for no reason of ours.
  const harmful = sameKey.find((index) => index.unique === true && spec.unique !== true);
  if (harmful !== undefined) {
    throw unexpected(`${what}: the unique index ${harmful.name} is in the way`, 'INDEX_IN_THE_WAY', false);
  }
  try {
    await db.collection(spec.collection).createIndex(
      { ...spec.key },
      {
        name: spec.name,
        // 4.0 locks the whole database for an index that is not built in the background; later servers ignore it.
        background: true,
        ...(spec.unique === true ? { unique: true } : {}),
        ...(spec.sparse === true ? { sparse: true } : {}),
        ...(spec.expireAfterSeconds === undefined ? {} : { expireAfterSeconds: spec.expireAfterSeconds }),
        ...(spec.having === undefined && spec.where === undefined
          ? {}
          : { partialFilterExpression: partOf(spec) }),
      },
    );
  } catch (error) {
    // Another process may have been first, under whatever name: what counts is that the guarantee is there.
    const found = await indexesOf(db, spec.collection);
    if (found.some((index) => hasKey(index, spec.key) && doesTheSame(index, spec))) return;
    if (codeOf(error) === 11000) {
      throw unexpected(
        `${what}: documents share a value of ${Object.keys(spec.key)[0]}`,
        'INDEX_DUPLICATES',
        false,
      );
    }
    throw translateError(error, what, 'write');
  }
}

/** Only under the name that we gave it: one of another name is an operator's. */
async function dropFormer(db: Db, { collection, name, key }: IndexSpec): Promise<void> {
  const found = await indexesOf(db, collection);
  if (found.some((index) => index.name === name && hasKey(index, key))) await dropIndex(db, collection, name);
}

async function indexesOf(
  db: ReadableDb,
  collection: string,
): Promise<readonly (IndexDescriptionInfo & Named)[]> {
  return await reading(`list the indexes of ${collection}`, async () => {
    try {
      const found = await db.collection(collection).listIndexes().toArray();
      return found.filter(isNamed);
    } catch (error) {
      if (codeOf(error) === 26) return [];
      throw error;
    }
  });
}

interface Named {
  readonly name: string;
}

function isNamed(index: Document): index is IndexDescriptionInfo & Named {
  return typeof index['name'] === 'string' && typeof index['key'] === 'object';
}

/** The same fields in the same order. The direction of a single field makes no difference. */
function hasKey(index: IndexDescriptionInfo, key: IndexSpec['key']): boolean {
  const actual = Object.entries(index.key);
  const wanted = Object.entries(key);
  if (actual.length !== wanted.length) return false;
  return wanted.every(([field, direction], position) => {
    const [actualField, actualDirection] = actual[position] ?? [];
    if (actualField !== field) return false;
    return actualDirection === direction || (wanted.length === 1 && actualDirection === -direction);
  });
}

function doesTheSame(index: IndexDescriptionInfo, spec: IndexSpec): boolean {
  if ((index.unique === true) !== (spec.unique === true)) return false;
  // How long may have been changed on purpose (collMod).
  if ((index['expireAfterSeconds'] === undefined) !== (spec.expireAfterSeconds === undefined)) return false;
  // Whether a unique index skips documents without the field is no reason to build a second one.
  if (spec.unique === true) return index.partialFilterExpression === undefined;
  const filter = index.partialFilterExpression ?? {};
  return index.sparse !== true && JSON.stringify(filter) === JSON.stringify(partOf(spec));
}

function partOf({ having = [], where }: IndexSpec): Document {
  return { ...Object.fromEntries(having.map((field) => [field, { $exists: true }])), ...where };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
