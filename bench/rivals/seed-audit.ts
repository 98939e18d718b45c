/** The audit of the system that this engine follows: user by user, three reads, and a login to see whether the account is there. */
import type { Db } from 'mongodb';
import type { BarePds } from './bare-pds.ts';

interface SeedUser {
  readonly _id: string;
  readonly atproto?: { readonly did: string; readonly password: string };
}

/** Returns how many users have all that they should have. */
export async function seedAudit(db: Db, users: readonly string[], pds?: BarePds): Promise<number> {
  let whole = 0;
  for (const _id of users) {
    const verification = await db.collection<{ _id: string }>('verifications').findOne({ _id });
    const user = await db.collection<SeedUser>('users').findOne({ _id });
    const handle = await db.collection<{ _id: string }>('@handles').findOne({ _id });
    if (verification === null || user?.atproto === undefined || handle === null) continue;
    if (pds !== undefined) await pds.logIn(user.atproto.did, user.atproto.password);
    whole += 1;
  }
  return whole;
}
