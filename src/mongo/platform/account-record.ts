/** The account in a users document: `atproto`, and `atprotoPending` before there is one. */

import type { Collection, Condition, UpdateResult } from 'mongodb';
import {
  type AccountHandle,
  type Did,
  type EventId,
  parseAccountHandle,
  type UserKey,
} from '../../identity.ts';
import type { DocumentStore, StoredRecord } from '../../ports/documents.ts';
import { reading, unexpected, writing } from '../driver/errors.ts';
import { recordOf, type StoredUser } from './document-shapes.ts';
import { noUser, requireUser } from './require-user.ts';

export async function keepPendingPassword(
  users: Collection<StoredUser>,
  user: UserKey,
  intent: EventId,
  password: string,
): Promise<void> {
  const kept = await writing('keep a pending password', () =>
    users.updateOne({ _id: { $eq: user } }, { $set: { atprotoPending: { intent, password } } }),
  );
  if (kept.matchedCount === 0) throw noUser('keep a pending password');
}

interface RecordedAccount {
  readonly did: Did;
  readonly handle: AccountHandle;
  readonly password?: string;
  readonly createdAt: Date;
}

export async function recordAccount(
  users: Collection<StoredUser>,
  user: UserKey,
  account: RecordedAccount,
  over: readonly AccountHandle[],
): Promise<'recorded' | 'other'> {
  const { did, handle, password } = account;
  const secret = password === undefined ? {} : { password };
  const known = { did, handle, ...secret };
  const added = { ...known, createdAt: account.createdAt.toISOString() };
  const noOther = password === undefined ? {} : noPasswordBut(password);
  const set = (named: Did | null, fields: typeof known) =>
    writeOver(users, user, [handle, ...over], (stored) =>
      users.updateOne(
        {
          _id: { $eq: user },
          'atproto.did': { $eq: named },
          'atproto.handle': stored,
          atproto: { $not: { $type: 'null' } },
          ...noOther,
        },
        {
          $set: Object.fromEntries(
            Object.entries(fields).map(([field, value]) => [`atproto.${field}`, value]),
          ),
          $unset: { atprotoPending: true },
        },
      ),
    );
  const written = await writing('record an account', async () => {
    // Since when a document has named its account is for those to say who wrote it.
    if ((await set(null, added)) || (await set(did, known))) return true;
    // A field cannot be set within a null, so a null is replaced whole.
    const replaced = await users.updateOne(
      { _id: { $eq: user }, atproto: { $type: 'null' } },
      { $set: { atproto: added }, $unset: { atprotoPending: true } },
    );
    return replaced.matchedCount === 1;
  });
  if (written) return 'recorded';
  await requireUser(users, user, 'record an account');
  return 'other';
}

export async function replaceAccount(
  users: Collection<StoredUser>,
  user: UserKey,
  over: Did,
  { did, handle, password, createdAt }: RecordedAccount,
): Promise<'recorded' | 'other'> {
  const secret = password === undefined ? {} : { password };
  const atproto = { did, handle, createdAt: createdAt.toISOString(), ...secret };
  const replaced = await writing('replace an account', () =>
    users.updateOne(
      { _id: { $eq: user }, 'atproto.did': { $in: [over, did] } },
      { $set: { atproto }, $unset: { atprotoPending: true } },
    ),
  );
  if (replaced.matchedCount === 1) return 'recorded';
  await requireUser(users, user, 'replace an account');
  return 'other';
}

export async function recordAccountHandle(
  users: Collection<StoredUser>,
  user: UserKey,
  did: Did,
  handle: AccountHandle,
  over: readonly AccountHandle[],
  at: Date,
): Promise<void> {
  const isWritten = await writing('record a handle', () =>
    writeOver(users, user, [handle, ...over], (stored) =>
      users.updateOne(
        { _id: { $eq: user }, 'atproto.did': { $eq: did }, 'atproto.handle': stored },
        { $set: { 'atproto.handle': handle, 'atproto.syncedAt': at.toISOString() } },
      ),
    ),
  );
  // Another program changed the document since it was observed: the next reconciliation observes it again.
  if (!isWritten)
    throw unexpected('record a handle: the user document has gone on', 'DOCUMENT_CHANGED', true);
}

/**
 * Writes where the stored handle is missing, or reads as one of these. One in upper case, or of another form, is
 * the platform's and no sign of another worker: the filter matches it as it is stored.
 */
async function writeOver(
  users: Collection<StoredUser>,
  user: UserKey,
  handles: readonly AccountHandle[],
  write: (stored: Condition<unknown>) => Promise<UpdateResult>,
): Promise<boolean> {
  if ((await write({ $in: [null, ...handles] })).matchedCount === 1) return true;
  const found = await users.findOne({ _id: { $eq: user } }, { projection: { 'atproto.handle': 1 } });
  const atproto = found?.atproto;
  const stored =
    typeof atproto === 'object' && atproto !== null && 'handle' in atproto ? atproto.handle : undefined;
  const readsAs = parseAccountHandle(stored);
  if (stored === undefined || (readsAs !== undefined && !handles.includes(readsAs))) return false;
  return (await write({ $eq: stored })).matchedCount === 1;
}

export async function storedPassword(
  users: Collection<StoredUser>,
  user: UserKey,
  did: Did,
): Promise<string | undefined> {
  return (await storedRecord(users, user, did))?.password;
}

export async function storedRecord(
  users: Collection<StoredUser>,
  user: UserKey,
  did: Did,
): Promise<StoredRecord | undefined> {
  const found = await reading('read a stored password', () =>
    users.findOne(
      { _id: { $eq: user }, 'atproto.did': { $eq: did } },
      { projection: { _id: 0, 'atproto.password': 1, 'atproto.createdAt': 1 } },
    ),
  );
  return found === null ? undefined : recordOf(found);
}

export async function replacePassword(
  users: Collection<StoredUser>,
  user: UserKey,
  did: Did,
  over: string | undefined,
  password: string,
): Promise<void> {
  const held = over === undefined ? noPasswordBut() : { 'atproto.password': { $eq: over } };
  const replaced = await writing('replace a password', () =>
    users.updateOne(
      { _id: { $eq: user }, 'atproto.did': { $eq: did }, ...held },
      { $set: { 'atproto.password': password } },
    ),
  );
  if (replaced.matchedCount === 1) return;
  throw unexpected('replace a password: the user document has changed', 'DOCUMENT_CHANGED', true);
}

/** Matches a document without an account password, or with one of these. An empty text or another type is none. */
function noPasswordBut(...passwords: readonly string[]) {
  return {
    $or: [
      { 'atproto.password': { $in: ['', ...passwords] } },
      { 'atproto.password': { $not: { $type: 'string' } } },
    ],
  };
}

/** Matches nothing when the document has gone on without the account: then there is nothing to drop. */
export async function dropAccount(
  users: Collection<StoredUser>,
  user: UserKey,
  did: Did,
): ReturnType<DocumentStore['dropAccount']> {
  const dropped = await writing('drop an account', () =>
    users.updateOne(
      { _id: { $eq: user }, 'atproto.did': { $eq: did } },
      { $unset: { atproto: true, atprotoPending: true } },
    ),
  );
  return dropped.matchedCount === 1 ? 'dropped' : 'not-named';
}
