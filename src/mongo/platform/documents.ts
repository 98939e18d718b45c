/**
 * The platform's documents, written: `verifications` and `users`. `@handles` is the platform's alone, but for a transfer
 * that a person decided; see handle-rows.ts.
 *
 * They are older than Concord and others write them too, so every write names its fields and the state it
 * was decided on, and what we do not know in them is left as it is.
 */

import type { Collection, Condition, Db } from 'mongodb';
import type { Code, UserKey } from '../../identity.ts';
import type { DocumentStore } from '../../ports/documents.ts';
import { collections } from '../driver/collections.ts';
import {
  isDuplicateKey,
  reading,
  refusingIndex,
  translateError,
  unexpected,
  writing,
} from '../driver/errors.ts';
import { createUniqueIndex } from '../setup/indexes.ts';
import {
  dropAccount,
  keepPendingPassword,
  recordAccount,
  recordAccountHandle,
  replaceAccount,
  replacePassword,
  storedPassword,
  storedRecord,
} from './account-record.ts';
import { documentReader } from './document-reader.ts';
import { countOf, type StoredUser, type StoredVerification } from './document-shapes.ts';
import { handleRows } from './handle-rows.ts';
import { requireUser } from './require-user.ts';

export function documentStore(db: Db): DocumentStore {
  const users = db.collection<StoredUser>(collections.users);
  const verifications = db.collection<StoredVerification>(collections.verifications);
  return {
    ...documentReader(db),
    createVerification: (user, count) => createVerification(verifications, user, count),
    raiseVerification: (user, atLeast) => raiseVerification(verifications, user, atLeast),
    createUser: (user, code, when) => createUser(users, user, code, when),
    assignCode: (user, code) => assignCode(users, user, code),
    keepPendingPassword: (user, intent, password) => keepPendingPassword(users, user, intent, password),
    recordAccount: (user, account, over) => recordAccount(users, user, account, over),
    replaceAccount: (user, over, account) => replaceAccount(users, user, over, account),
    storedPassword: (user, did) => storedPassword(users, user, did),
    storedRecord: (user, did) => storedRecord(users, user, did),
    removeCode: (user, code) => removeCode(users, user, code),
    ...handleRows(db),
    replacePassword: (user, did, over, password) => replacePassword(users, user, did, over, password),
    dropAccount: (user, did) => dropAccount(users, user, did),
    recordAccountHandle: (user, did, handle, over, at) =>
      recordAccountHandle(users, user, did, handle, over, at),
    createIndex: (wanted) => createUniqueIndex(db, wanted),
  };
}

async function createVerification(
  verifications: Collection<StoredVerification>,
  user: UserKey,
  count: number,
): Promise<'created' | 'exists'> {
  return writing('create a verification', async () => {
    try {
      await verifications.insertOne({ _id: user, count });
      return 'created';
    } catch (error) {
      if (isDuplicateKey(error)) return 'exists';
      throw error;
    }
  });
}

/** Without an upsert: a document that was removed a moment ago does not come back. */
async function raiseVerification(
  verifications: Collection<StoredVerification>,
  user: UserKey,
  atLeast: number,
): ReturnType<DocumentStore['raiseVerification']> {
  const what = 'raise a verification';
  const raiseFrom = async (count: Condition<unknown>): Promise<boolean> => {
    const filter = { _id: { $eq: user }, count } as const;
    const { matchedCount } = await writing(what, () =>
      verifications.updateOne(filter, { $set: { count: atLeast } }),
    );
    return matchedCount === 1;
  };
  // The platform may raise it at the same moment, and never loses a count.
  if (await raiseFrom({ $lt: atLeast })) return 'raised';
  const found = await reading(what, () =>
    verifications.findOne({ _id: { $eq: user } }, { projection: { count: 1 } }),
  );
  if (found === null) return 'missing';
  if (countOf(found.count) >= atLeast) return 'enough';
  // One that is missing or no number is less than no number; it is met as it is stored.
  if (await raiseFrom({ $eq: found.count ?? null })) return 'raised';
  throw unexpected(`${what}: the verifications document has changed`, 'DOCUMENT_CHANGED', true);
}

async function createUser(
  users: Collection<StoredUser>,
  user: UserKey,
  code: Code,
  when: Date,
): Promise<'created' | 'user-exists' | 'code-taken'> {
  try {
    await users.insertOne({ _id: user, code, when });
    return 'created';
  } catch (error) {
    return await whatRefused(users, user, code, error);
  }
}

async function assignCode(
  users: Collection<StoredUser>,
  user: UserKey,
  code: Code,
): Promise<'assigned' | 'has-code' | 'code-taken'> {
  try {
    // Null matches a missing field too. A code that we cannot read is a code: it is never overwritten.
    const none = { $in: [null, ''] };
    const assigned = await users.updateOne({ _id: { $eq: user }, code: none }, { $set: { code } });
    if (assigned.matchedCount === 1) return 'assigned';
  } catch (error) {
    await whatRefused(users, undefined, code, error);
    return 'code-taken';
  }
  await requireUser(users, user, 'assign a code');
  return 'has-code';
}

/**
 * Which unique index refused a write is looked up in the data, because the index on code may have any name.
 * When neither the user nor the code is there, a third one did, such as a unique index on a field that most
 * documents lack: another code would fare no better, so that is an error and says which index it is.
 */
async function whatRefused(
  users: Collection<StoredUser>,
  user: UserKey | undefined,
  code: Code,
  error: unknown,
): Promise<'user-exists' | 'code-taken'> {
  if (!isDuplicateKey(error)) throw translateError(error, 'write a user document', 'write');
  // The document that refused our write may not have reached a majority yet, so this reads from the primary itself.
  const isThere = (filter: { _id: { $eq: UserKey } } | { code: { $eq: Code } }): Promise<boolean> =>
    reading('find the document that refused a write', async () => {
      const found = await users.findOne(filter, { projection: { _id: 1 }, readConcern: { level: 'local' } });
      return found !== null;
    });
  if (user !== undefined && (await isThere({ _id: { $eq: user } }))) return 'user-exists';
  if (await isThere({ code: { $eq: code } })) return 'code-taken';
  throw unexpected(
    `write a user document: refused by the unique index ${refusingIndex(error) ?? '(unnamed)'}, and neither the user nor the code is there`,
    'DUPLICATE_KEY',
    true,
  );
}

async function removeCode(
  users: Collection<StoredUser>,
  user: UserKey,
  code: Code,
): ReturnType<DocumentStore['removeCode']> {
  const what = 'remove a code';
  const removed = await writing(what, () =>
    users.updateOne({ _id: { $eq: user }, code: { $eq: code } }, { $unset: { code: true } }),
  );
  if (removed.matchedCount === 1) return 'removed';
  const left = await reading(what, () =>
    users.findOne({ _id: { $eq: user }, code: { $nin: [null, ''] } }, { projection: { _id: 1 } }),
  );
  return left === null ? 'missing' : 'other';
}
