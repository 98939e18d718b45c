/** The platform's documents, read: `verifications`, `users` and `@handles`, by user, leniently. */
import type { Collection, Document } from 'mongodb';
import { type Did, storedUserKey, type UserKey } from '../../identity.ts';
import type { DocumentOwner, DocumentReader, Documents } from '../../ports/documents.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';
import { readWhole } from '../driver/whole-read.ts';
import { listIndexes } from '../setup/indexes.ts';
import {
  codeOf,
  countOf,
  platformHandleOf,
  type StoredHandle,
  type StoredUser,
  type StoredVerification,
  USER_FIELDS,
  userOf,
} from './document-shapes.ts';

/** Bounds one `$in`; a page of a sweep is one of these. */
const readChunk = 1_000;
/** More users than this behind one code, DID or handle is not something a person can choose from. */
const maxFound = 20;
/** A person waits for this search. */
const namesTimeoutMs = 2_000;

/** What has been found of a user so far. */
type Found = { -readonly [Field in keyof Documents]: Documents[Field] };

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one method a query, as the port lists them.
export function documentReader(db: ReadableDb): DocumentReader {
  const users = db.collection<StoredUser>(collections.users);
  const handles = db.collection<StoredHandle>(collections.handles);

  async function readChunkOf(keys: readonly UserKey[], into: Map<UserKey, Found>): Promise<void> {
    const [counts, documents, names] = await Promise.all([
      ofUsers<StoredVerification>(collections.verifications, keys, { count: 1 }),
      ofUsers<StoredUser>(collections.users, keys, USER_FIELDS),
      ofUsers<StoredHandle>(collections.handles, keys, { handle: 1, code: 1 }),
    ]);
    for (const key of keys)
      into.set(key, {
        verificationCount: undefined,
        user: undefined,
        handle: undefined,
        legacyCode: undefined,
      });
    for (const { _id, count } of counts) {
      const found = into.get(_id);
      if (found !== undefined) found.verificationCount = countOf(count);
    }
    for (const document of documents) {
      const found = into.get(document._id);
      if (found !== undefined) found.user = userOf(document);
    }
    for (const { _id, handle, code } of names) {
      const found = into.get(_id);
      if (found === undefined) continue;
      found.handle = platformHandleOf(handle);
      found.legacyCode = codeOf(code).code;
    }
  }

  function ofUsers<T extends { readonly _id: UserKey }>(
    collection: string,
    keys: readonly UserKey[],
    projection: Document,
  ): Promise<readonly T[]> {
    const wanted = { collection, filter: { _id: { $in: keys } }, projection, most: keys.length };
    return readWhole(db, wanted, 'read the documents of users');
  }

  return {
    async read(keys) {
      const found = new Map<UserKey, Found>();
      for (let start = 0; start < keys.length; start += readChunk) {
        await readChunkOf(keys.slice(start, start + readChunk), found);
      }
      return found;
    },

    async indexes() {
      return (await Promise.all([listIndexes(db, 'users'), listIndexes(db, '@handles')])).flat();
    },

    // A range, not an expression: the index on code is counted from one end of the year to the other.
    codesInYear: (prefix) =>
      reading('count the codes of a year', () =>
        users.countDocuments({ code: { $gte: prefix, $lt: `${prefix}\uffff` } }),
      ),

    async findUsers(by) {
      const { code, did, handle } = by;
      const found = await reading('find users', () =>
        Promise.all([
          code === undefined ? [] : ids(users, { code: { $eq: String(code) } }),
          did === undefined ? [] : ids(users, naming([String(did)])),
          handle === undefined ? [] : ids(handles, { handle: { $eq: String(handle) } }),
        ]),
      );
      return [...new Set(found.flat())].map(storedUserKey);
    },

    async namesAmong(kind, names) {
      const named = db.collection<Document>(kind === 'code' ? collections.users : collections.handles);
      const projection = { _id: 0, [kind]: 1 };
      const found = await reading('find existing names', () =>
        named
          .find({ [kind]: { $in: names.map(String) } }, { projection, maxTimeMS: namesTimeoutMs })
          .toArray(),
      );
      return found.flatMap((document) => {
        const name: unknown = document[kind];
        return typeof name === 'string' ? name : [];
      });
    },

    async *owners() {
      for (const collection of ['users', 'verifications', '@handles'] as const)
        yield* ownersIn(db, collection);
    },

    async namedDids(dids) {
      const named = new Set<Did>();
      for (let start = 0; start < dids.length; start += readChunk) {
        const wanted = naming(dids.slice(start, start + readChunk));
        const found = await reading('find the accounts that documents name', () =>
          users.find(wanted, { projection: { 'atproto.did': 1, atproto_did: 1 } }).toArray(),
        );
        for (const document of found) {
          const did = namedBy(document);
          if (did !== undefined) named.add(did);
        }
      }
      return named;
    },
  };
}

/**
 * By pages rather than one cursor, which the server drops when its reader leaves it for ten minutes. A page
 * begins after the last key, which finds text only; keys of other types, which belong to no user, come last.
 */
async function* ownersIn(
  db: ReadableDb,
  collection: DocumentOwner['collection'],
): AsyncIterable<readonly DocumentOwner[]> {
  const projection = collection === 'users' ? { 'atproto.did': 1, atproto_did: 1 } : { _id: 1 };
  const ownerOf = (stored: StoredUser): DocumentOwner => ({
    collection,
    key: String(stored._id),
    did: namedBy(stored),
  });
  let from: Record<string, string> = { $gte: '' };
  for (;;) {
    const wanted = { collection, filter: { _id: from }, projection, most: readChunk, isPage: true } as const;
    const found = await readWhole<StoredUser>(db, wanted, 'list the owners of documents');
    if (found.length > 0) yield found.map(ownerOf);
    const last = found.at(-1);
    if (last === undefined || found.length < readChunk) break;
    from = { $gt: last._id };
  }
  const others = await reading('list the owners of documents', () =>
    db
      .collection<StoredUser>(collection)
      .find({ _id: { $not: { $type: 'string' } } as never }, { projection: { _id: 1 } })
      .toArray(),
  );
  if (others.length > 0) yield others.map(ownerOf);
}

/** Users documents that name one of these accounts, in `atproto` or in the field of before it. */
function naming(dids: readonly string[]) {
  return { $or: [{ 'atproto.did': { $in: [...dids] } }, { atproto_did: { $in: [...dids] } }] };
}

function namedBy(stored: StoredUser): Did | undefined {
  const { account, oldAccount } = userOf(stored);
  return (account ?? oldAccount)?.did;
}

async function ids<T extends { readonly _id: string }>(
  collection: Pick<Collection<T>, 'find'>,
  filter: Parameters<Collection<T>['find']>[0],
): Promise<readonly string[]> {
  const found = await collection.find(filter).project<{ _id: string }>({ _id: 1 }).limit(maxFound).toArray();
  return found.map((document) => document._id);
}
