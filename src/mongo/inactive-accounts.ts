/**
 * The index of the PDS's inactive accounts: one document an account, by hashes, and one that says how old it is.
 *
 * A listing stamps what it finds with the moment at which it was begun, over stamps that are not newer. Only when it is
 * complete what has an older stamp is removed, so the index is never empty in between, and two listings at once do no
 * harm.
 */
import { createHash } from 'node:crypto';
import type { Db, Document } from 'mongodb';
import type { AccountHandle, Did } from '../identity.ts';
import type { InactiveAccount, InactiveAccountReader, InactiveAccounts } from '../ports/accounts.ts';
import { updateAll } from './driver/bulk.ts';
import { collections } from './driver/collections.ts';
import type { ReadableDb } from './driver/database.ts';
import { isDuplicateKey, reading, writing } from './driver/errors.ts';
import { emailHash } from './subjects/stored-subject.ts';

interface StoredInactive {
  readonly _id: Did;
  readonly state: InactiveAccount['state'];
  readonly handleHash: string;
  readonly emailHash?: string;
  /** When the listing was begun that found it last. */
  readonly seenAt: Date;
}

/** Beside the accounts; no DID is equal to its id. */
interface StoredListing {
  readonly _id: 'listing';
  readonly refreshedAt?: Date;
  readonly begunAt?: Date;
  readonly nextAt?: Date;
}

const LISTING = { _id: { $eq: 'listing' } } as const;
const KEPT_AT_ONCE = 1_000;

export function inactiveAccountReader(db: ReadableDb): InactiveAccountReader {
  const accounts = db.collection<StoredInactive>(collections.inactiveAccounts);
  const listings = db.collection<StoredListing>(collections.inactiveAccounts);
  return {
    async holdersOf(emails, handles) {
      const byEmail = new Map(emails.map((email) => [emailHash(email), email]));
      const byHandle = new Map(handles.map((handle) => [handleHash(handle), handle]));
      const wanted = [
        ...(byEmail.size === 0 ? [] : [{ emailHash: { $in: [...byEmail.keys()] } }]),
        ...(byHandle.size === 0 ? [] : [{ handleHash: { $in: [...byHandle.keys()] } }]),
      ];
      const holders = new Map<string, Did[]>();
      if (wanted.length === 0) return holders;
      const found = await reading('find inactive accounts', () =>
        accounts.find({ $or: wanted }).sort({ _id: 1 }).toArray(),
      );
      for (const { _id, ...hashes } of found) {
        const email = hashes.emailHash === undefined ? undefined : byEmail.get(hashes.emailHash);
        for (const name of [email, byHandle.get(hashes.handleHash)])
          if (name !== undefined) holders.set(name, [...(holders.get(name) ?? []), _id]);
      }
      return holders;
    },

    async listing() {
      const found = await reading('read the time of the last listing of inactive accounts', () =>
        listings.findOne(LISTING),
      );
      return { refreshedAt: found?.refreshedAt, begunAt: found?.begunAt, nextAt: found?.nextAt };
    },
  };
}

export function inactiveAccounts(db: Db): InactiveAccounts {
  const accounts = db.collection<StoredInactive>(collections.inactiveAccounts);
  const listings = db.collection<StoredListing>(collections.inactiveAccounts);
  return {
    ...inactiveAccountReader(db),

    claimListing: (now, nextAt) =>
      writing('begin a listing of inactive accounts', async () => {
        try {
          await listings.updateOne(
            { ...LISTING, nextAt: { $not: { $gt: now } } },
            { $set: { begunAt: now, nextAt } },
            { upsert: true },
          );
          return true;
        } catch (error) {
          if (isDuplicateKey(error)) return false;
          throw error;
        }
      }),

    async keep(found, begunAt) {
      const statements = found.map((account) => ({
        q: { _id: account.did, seenAt: { $not: { $gt: begunAt } } },
        u: changeOf(account, begunAt),
        upsert: true,
      }));
      // What the unique `_id` refuses is there already, by a newer listing.
      for (let start = 0; start < statements.length; start += KEPT_AT_ONCE)
        await updateAll(
          db,
          collections.inactiveAccounts,
          statements.slice(start, start + KEPT_AT_ONCE),
          'keep inactive accounts',
        );
    },

    async complete(begunAt) {
      await writing('remove accounts that are no longer inactive', () =>
        accounts.deleteMany({ seenAt: { $lt: begunAt } }),
      );
      await writing('store the time of a listing of inactive accounts', () =>
        listings.updateOne(LISTING, { $max: { refreshedAt: begunAt } }, { upsert: true }),
      );
    },
  };
}

function changeOf({ email, handle, state }: InactiveAccount, seenAt: Date): Document {
  const known = { state, seenAt, handleHash: handleHash(handle) };
  return email === undefined
    ? { $set: known, $unset: { emailHash: true } }
    : { $set: { ...known, emailHash: emailHash(email) } };
}

function handleHash(handle: AccountHandle): string {
  return createHash('sha256').update(handle.toLowerCase()).digest('base64url');
}
