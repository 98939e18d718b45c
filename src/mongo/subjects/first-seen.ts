/** First sights of users that a sweep found in sync, shown in the read model without a lease. */
import type { Db } from 'mongodb';
import type { FirstSeen } from '../../ports/subjects.ts';
import { type UpdateStatement, updateAll } from '../driver/bulk.ts';
import { collections } from '../driver/collections.ts';
import { emailHash } from './stored-subject.ts';

/**
 * A user who is leased, or due for the first time, is left to the reconciliation, which shows the same: the query
 * then matches nothing, and the insert is refused as a duplicate.
 */
export async function showSeen(db: Db, seen: readonly FirstSeen[], now: Date): Promise<void> {
  if (seen.length === 0) return;
  const statements = seen.map((one) => statementOf(one, now));
  await updateAll(db, collections.subjects, statements, 'show first sights');
}

function statementOf({ user, tenant, userId, view }: FirstSeen, now: Date): UpdateStatement {
  const { sights, mark, code, did, accountHandle, accountEmail, ...rest } = view;
  const found = { sights, mark, code, did, accountHandle, accountEmail };
  const hash = accountEmail === undefined ? {} : { accountEmailHash: emailHash(accountEmail) };
  return {
    q: {
      _id: user,
      'lease.until': { $not: { $gt: now } },
      $or: [{ 'view.sync': { $exists: true } }, { due: { $exists: false } }],
    },
    u: {
      $set: { ...inView(found), ...hash },
      $setOnInsert: { tenant, userId, ...inView(rest) },
    },
    upsert: true,
  };
}

function inView(fields: object): Record<string, unknown> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [`view.${name}`, value]));
}
