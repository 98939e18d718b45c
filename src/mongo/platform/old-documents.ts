/**
 * The platform's documents in the shapes of before Concord: codes in `@handles`, accounts in fields of their own. What
 * is read here is never deleted, and written only where the document still holds what was read.
 */
import type { AnyBulkWriteOperation, Collection, Db, Document, Filter } from 'mongodb';
import { type Code, type Did, parseCode, type UserKey } from '../../identity.ts';
import type {
  OldDocument,
  OldDocumentReader,
  OldDocumentStore,
  OldMove,
  OldUser,
  SharedValues,
} from '../../ports/old-documents.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { duplicatePositions, reading, translateError } from '../driver/errors.ts';
import { readWhole } from '../driver/whole-read.ts';
import {
  codeOf,
  oldAccountOf,
  recordOf,
  type StoredHandle,
  type StoredUser,
  USER_FIELDS,
  userOf,
} from './document-shapes.ts';

const PAGE = 500;
/** The most shared values in a report: enough to start with. */
const MAX_SHARED = 1_000;
/** A grouping of a million documents takes some seconds. */
const GROUP_TIMEOUT_MS = 300_000;
const HANDLE_FIELDS = { code: 1 } as const;
const READ = 'read the documents to import';

export function oldDocumentReader(db: ReadableDb): OldDocumentReader {
  const read = (keys: readonly unknown[]) => readKeys(db, keys);
  return {
    async *pages() {
      yield* textPages(db, collections.users, read);
      // A row whose key has a users document came with that.
      yield* textPages(db, collections.handles, async (keys) => withoutDocument(await read(keys)));
      yield* otherKeys(db);
    },
    read,
    shared: () => sharedValues(db),
    async holdersOfCodes(codes) {
      if (codes.length === 0) return new Map();
      const found = await readWhole<StoredUser>(
        db,
        {
          collection: collections.users,
          filter: { code: { $in: [...codes] } },
          projection: { code: 1 },
          most: codes.length,
        },
        READ,
      );
      return new Map(
        found.flatMap(({ _id, code }) => {
          const parsed = parseCode(code);
          return parsed === undefined ? [] : [[parsed, String(_id)] as const];
        }),
      );
    },
  };
}

export function oldDocumentStore(db: Db): OldDocumentStore {
  const users = db.collection<StoredUser>(collections.users);
  return { ...oldDocumentReader(db), move: (moves) => moveAll(users, moves) };
}

/** By pages rather than one cursor, which the server drops when its reader leaves it for ten minutes. */
async function* textPages(
  db: ReadableDb,
  collection: string,
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, OldUser>>,
): AsyncIterable<readonly OldUser[]> {
  let from: Record<string, string> = { $gte: '' };
  for (;;) {
    const wanted = {
      collection,
      filter: { _id: from },
      projection: { _id: 1 },
      most: PAGE,
      isPage: true,
    } as const;
    const found = await readWhole<{ _id: string }>(db, wanted, READ);
    const page = [...(await read(found.map(({ _id }) => _id))).values()];
    if (page.length > 0) yield page;
    const last = found.at(-1);
    if (last === undefined || found.length < PAGE) return;
    from = { $gt: last._id };
  }
}

function withoutDocument(found: ReadonlyMap<string, OldUser>): ReadonlyMap<string, OldUser> {
  return new Map([...found].filter(({ 1: { document } }) => document === undefined));
}

/** Keys that are no text: they belong to no user, and are few. */
async function* otherKeys(db: ReadableDb): AsyncIterable<readonly OldUser[]> {
  const filter = { _id: { $not: { $type: 'string' } } } as never;
  const [users, handles] = await reading(READ, () =>
    Promise.all(
      [collections.users, collections.handles].map((name) =>
        db
          .collection<{ _id: unknown }>(name)
          .find(filter, { projection: { _id: 1 } })
          .toArray(),
      ),
    ),
  );
  const ids = new Map([...(users ?? []), ...(handles ?? [])].map(({ _id }) => [String(_id), _id]));
  const page = [...(await readKeys(db, [...ids.values()])).values()];
  if (page.length > 0) yield page;
}

async function readKeys(db: ReadableDb, keys: readonly unknown[]): Promise<ReadonlyMap<string, OldUser>> {
  if (keys.length === 0) return new Map();
  const wanted = (collection: string, projection: Document) =>
    ({ collection, filter: { _id: { $in: [...keys] } }, projection, most: keys.length }) as const;
  const [documents, rows] = await Promise.all([
    readWhole<StoredUser>(db, wanted(collections.users, USER_FIELDS), READ),
    readWhole<StoredHandle>(db, wanted(collections.handles, HANDLE_FIELDS), READ),
  ]);
  const byKey = new Map(documents.map((document) => [String(document._id), document]));
  const rowOf = new Map(rows.map((row) => [String(row._id), row]));
  return new Map(
    keys.map((id): [string, OldUser] => {
      const key = String(id);
      const row = rowOf.get(key);
      const legacy = codeOf(row?.code);
      const document = byKey.get(key);
      return [
        key,
        {
          ...{ key, hasTextKey: typeof id === 'string', hasHandleRow: row !== undefined },
          document: document && documentOf(document),
          legacyCode: legacy.code,
          hasUnreadableLegacyCode: legacy.hasUnreadableCode === true,
        },
      ];
    }),
  );
}

function documentOf(stored: StoredUser): OldDocument {
  const { code, hasUnreadableCode = false, account } = userOf(stored);
  const record = recordOf(stored);
  return {
    ...{ code, hasUnreadableCode },
    account: account && { did: account.did, handle: account.handle, ...record },
    old: oldAccountOf(stored),
  };
}

// ── What is shared ──

async function sharedValues(db: ReadableDb): Promise<SharedValues> {
  const codes = await sharedIn(db, collections.handles, '$code');
  const dids = await sharedIn(db, collections.users, { $ifNull: ['$atproto.did', '$atproto_did'] });
  const rows = await holders<StoredHandle>(db, collections.handles, { code: { $in: codes } }, HANDLE_FIELDS);
  const named = { $or: [{ 'atproto.did': { $in: dids } }, { atproto_did: { $in: dids } }] };
  const users = await holders<StoredUser>(db, collections.users, named, USER_FIELDS);
  return {
    codes: keysBy(rows, ({ code }) => codeOf(code).code),
    dids: keysBy<StoredUser, Did>(users, (stored) => {
      const { account, old } = documentOf(stored);
      return (account ?? old)?.did;
    }),
  };
}

/** Texts alone, since nothing else is a code or a DID. */
async function sharedIn(db: ReadableDb, collection: string, value: unknown): Promise<readonly string[]> {
  const groups = await reading('find shared values', () =>
    db
      .collection(collection)
      .aggregate<{ readonly _id: unknown }>(
        [
          { $project: { value } },
          { $match: { value: { $type: 'string', $ne: '' } } },
          { $group: { _id: '$value', documents: { $sum: 1 } } },
          { $match: { documents: { $gt: 1 } } },
          { $sort: { _id: 1 } },
          { $limit: MAX_SHARED },
        ],
        { maxTimeMS: GROUP_TIMEOUT_MS, allowDiskUse: true },
      )
      .toArray(),
  );
  return groups.map(({ _id }) => String(_id));
}

async function holders<T extends Document>(
  db: ReadableDb,
  collection: string,
  filter: Document,
  projection: Document,
): Promise<readonly T[]> {
  return await reading('find shared values', () =>
    db
      .collection<T>(collection)
      .find<T>(filter as Filter<T>, { projection })
      .sort({ _id: 1 })
      .limit(MAX_SHARED)
      .toArray(),
  );
}

function keysBy<T extends { readonly _id: unknown }, Value extends Code | Did>(
  found: readonly T[],
  valueIn: (one: T) => Value | undefined,
): ReadonlyMap<Value, readonly string[]> {
  const keys = new Map<Value, string[]>();
  for (const one of found) {
    const value = valueIn(one);
    if (value !== undefined) keys.set(value, [...(keys.get(value) ?? []), String(one._id)]);
  }
  return new Map([...keys].filter(({ 1: { length } }) => length > 1));
}

// ── Writing ──

/** What a unique index refuses, such as a code that another user has got meanwhile, is left for the next read. */
async function moveAll(users: Collection<StoredUser>, moves: readonly OldMove[]): Promise<void> {
  if (moves.length === 0) return;
  try {
    await users.bulkWrite(moves.map(updateFor), { ordered: false });
  } catch (error) {
    if (duplicatePositions(error) === undefined) throw translateError(error, 'import documents', 'write');
  }
}

/** Nothing there, or what an empty field reads as. */
const NONE = [null, ''];

function updateFor(move: OldMove): AnyBulkWriteOperation<StoredUser> {
  const { filter, set } = changeFor(move);
  const whole = { _id: { $eq: move.read.key as UserKey }, ...filter } as Filter<StoredUser>;
  return { updateOne: { filter: whole, update: { $set: set } } };
}

function changeFor(move: OldMove): { readonly filter: Document; readonly set: Document } {
  if (move.what === 'code') return { filter: { code: { $in: NONE } }, set: { code: move.code } };
  const { did, password } = move;
  const stored = move.read.document?.old?.password;
  // As it was read: neither a DID nor a password that has come since is passed over.
  const asRead = {
    atproto_did: { $eq: did },
    atproto_password: stored === undefined ? { $not: { $type: 'string', $ne: '' } } : { $eq: stored },
  };
  if (move.what === 'password')
    return {
      filter: {
        ...{ ...asRead, 'atproto.did': { $eq: did } },
        $or: [{ 'atproto.password': { $in: NONE } }, { 'atproto.password': { $not: { $type: 'string' } } }],
      },
      set: { 'atproto.password': password },
    };
  const { handle, createdAt } = move;
  return {
    filter: { ...asRead, atproto: { $in: [null, {}] } },
    set: {
      atproto: {
        did,
        ...(handle === undefined ? {} : { handle }),
        ...(password === undefined ? {} : { password }),
        ...(createdAt === undefined ? {} : { createdAt: createdAt.toISOString() }),
      },
    },
  };
}
