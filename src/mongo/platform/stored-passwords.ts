/** Account passwords as the platform's documents hold them, to be sealed with another key. */
import type { Db, Document } from 'mongodb';
import { isSimulatedKey, storedUserKey, type UserKey } from '../../identity.ts';
import type { StoredPassword, StoredPasswordReader, StoredPasswords } from '../../ports/passwords.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, writing } from '../driver/errors.ts';
import { recordOf, type StoredUser, userOf } from './document-shapes.ts';

const page = 1_000;
const fields = ['atproto', 'atprotoPending'] as const;
const projection = { 'atproto.password': 1, 'atprotoPending.password': 1 } as const;

export function storedPasswordReader(db: ReadableDb): StoredPasswordReader {
  const users = db.collection<StoredUser>(collections.users);

  /** Compared with a text, so this skips documents whose `_id` is none: they are not ours. */
  async function* usersAfter(key: UserKey, wanted: Document): AsyncIterable<StoredUser> {
    let after = key;
    for (;;) {
      const found = await reading('read the stored passwords', () =>
        users
          .find({ _id: { $gt: after } }, { projection: wanted, batchSize: page + 1 })
          .sort({ _id: 1 })
          .limit(page)
          .toArray(),
      );
      yield* found;
      const last = found.at(-1);
      if (last === undefined || found.length < page) return;
      after = last._id;
    }
  }

  return {
    async *all() {
      for await (const user of usersAfter(storedUserKey(''), projection)) yield* passwordsOf(user);
    },

    async *logins(after) {
      for await (const { _id, atproto } of usersAfter(after, { atproto: 1 })) {
        const { account } = userOf({ _id, atproto });
        if (account === undefined || isSimulatedKey(_id)) continue;
        yield { user: _id, did: account.did, stored: recordOf({ atproto }).password };
      }
    },

    countLogins: () =>
      reading('count the accounts', () => users.countDocuments({ 'atproto.did': { $exists: true } })),

    async sample(pattern, limit) {
      const matching = { $regex: pattern };
      const found = await reading('read a stored password', () =>
        users
          .find(
            { $or: [{ 'atproto.password': matching }, { 'atprotoPending.password': matching }] },
            { projection },
          )
          .limit(limit)
          .toArray(),
      );
      const wanted = new RegExp(pattern);
      return found.flatMap(passwordsOf).filter(({ stored }) => wanted.test(stored));
    },
  };
}

export function storedPasswords(db: Db): StoredPasswords {
  const users = db.collection<StoredUser>(collections.users);
  return {
    ...storedPasswordReader(db),
    async replace({ user, field, stored }, text) {
      const path = `${field}.password`;
      const written = await writing('store a password that was sealed again', () =>
        users.updateOne({ _id: { $eq: user }, [path]: { $eq: stored } }, { $set: { [path]: text } }),
      );
      return written.matchedCount === 1;
    },
  };
}

function passwordsOf(user: StoredUser): StoredPassword[] {
  return fields.flatMap((field) => {
    const holder = user[field];
    const stored = isHolder(holder) ? holder.password : undefined;
    return typeof stored === 'string' && stored !== '' ? [{ user: user._id, field, stored }] : [];
  });
}

function isHolder(value: unknown): value is { readonly password?: unknown } {
  return typeof value === 'object' && value !== null;
}
