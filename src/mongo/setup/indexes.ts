/**
 * Indexes, always compared by what they do and never by what they are called.
 *
 * Servers differ over an index that exists under another name: 4.0 says that all is well, newer ones refuse
 * with 85. A sign-up flow that created its index by name at every start stood still for a day over that. So:
 * list first, create only what is not there, and let an index with the same effect under any name be.
 */
import type { Db, Document, IndexDescription, IndexDescriptionInfo } from 'mongodb';
import type { IndexState, WantedIndex } from '../../ports/documents.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, translateError, unexpected, writing } from '../driver/errors.ts';
import { refuseCollations } from './collations.ts';
import { dropIndex } from './index-repair.ts';
import { formerIndexes, type IndexSpec, ownCollections, ownIndexes } from './own-indexes.ts';

/**
 * Creates Concord's own collections and indexes where they are not there yet. May be repeated, and run by
 * several processes at once. Throws `UpstreamError` INDEX_IN_THE_WAY when an index with the same key would
 * refuse documents or leave some out, and `UsageError` COLLATION_UNFIT before anything is written.
 */
export async function ensureCollections(db: Db): Promise<void> {
  await refuseCollations(db);
  const present = await namesIn(db, ownCollections);
  await Promise.all(
    ownCollections.map(async (collection) => {
      if (!present.has(collection)) await createCollection(db, collection);
      const found = await indexesOf(db, collection);
      const wanted = ownIndexes.filter((spec) => spec.collection === collection);
      await ensureIndexes(db, collection, wanted, found);
      for (const former of formerIndexes.filter((spec) => spec.collection === collection))
        if (isThere(former, found)) await dropIndex(db, collection, former.name);
    }),
  );
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
  const { collection, name, field, sparse } = wanted;
  const spec: IndexSpec = { collection, name, key: { [field]: 1 }, unique: true, sparse };
  await ensureIndexes(db, collection, [spec], await indexesOf(db, collection));
}

async function namesIn(db: Db, names: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await reading('list the collections', () =>
    db.listCollections({ name: { $in: names } }, { nameOnly: true, batchSize: names.length + 1 }).toArray(),
  );
  return new Set(found.map(({ name }) => name));
}

async function createCollection(db: Db, name: string): Promise<void> {
  await writing(`create the collection ${name}`, async () => {
    try {
      await db.createCollection(name);
    } catch (error) {
      // Another process was first.
      if (codeOf(error) !== 48) throw error;
    }
  });
}

type Found = readonly (IndexDescriptionInfo & Named)[];

/** Those that are missing in one command, which reads the collection once for all of them. */
async function ensureIndexes(
  db: Db,
  collection: string,
  wanted: readonly IndexSpec[],
  found: Found,
): Promise<void> {
  const missing = wanted.filter((spec) => !isMet(spec, found));
  if (missing.length === 0) return;
  for (const spec of missing) refuseHarmful(spec, found);
  try {
    await db.collection(collection).createIndexes(missing.map(descriptionOf));
  } catch (error) {
    // Another process may have been first, under whatever name: what counts is that the guarantee is there.
    const now = await indexesOf(db, collection);
    const left = missing.filter((spec) => !isMet(spec, now));
    const [first] = left;
    if (first === undefined) return;
    if (missing.length === 1) throw creationError(first, error);
    // Of several in one command, one that fails keeps the others from being created.
    for (const spec of left) await ensureIndexes(db, collection, [spec], now);
  }
}

function isMet(spec: IndexSpec, found: Found): boolean {
  return found.some((index) => hasKey(index, spec.key) && doesTheSame(index, spec));
}

/** An index that we did not ask to be unique must not be: it would refuse documents for no reason of ours. */
function refuseHarmful(spec: IndexSpec, found: Found): void {
  if (spec.unique === true) return;
  const harmful = found.find((index) => hasKey(index, spec.key) && index.unique === true);
  if (harmful === undefined) return;
  const message = `${creating(spec)}: the unique index ${harmful.name} is in the way`;
  throw unexpected(message, 'INDEX_IN_THE_WAY', false);
}

function descriptionOf(spec: IndexSpec): IndexDescription {
  return {
    key: { ...spec.key },
    name: spec.name,
    // 4.0 locks the whole database for an index that is not built in the background; later servers ignore it.
    background: true,
    ...(spec.unique === true ? { unique: true } : {}),
    ...(spec.sparse === true ? { sparse: true } : {}),
    ...(spec.expireAfterSeconds === undefined ? {} : { expireAfterSeconds: spec.expireAfterSeconds }),
    ...(spec.having === undefined && spec.where === undefined
      ? {}
      : { partialFilterExpression: partOf(spec) }),
  };
}

function creationError(spec: IndexSpec, error: unknown): unknown {
  if (codeOf(error) !== 11000) return translateError(error, creating(spec), 'write');
  const message = `${creating(spec)}: documents share a value of ${Object.keys(spec.key)[0]}`;
  return unexpected(message, 'INDEX_DUPLICATES', false);
}

function creating({ name, collection }: IndexSpec): string {
  return `create the index ${name} on ${collection}`;
}

/** Only under the name that we gave it: one of another name is an operator's. */
function isThere({ name, key }: IndexSpec, found: Found): boolean {
  return found.some((index) => index.name === name && hasKey(index, key));
}

async function indexesOf(db: ReadableDb, collection: string): Promise<Found> {
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
