/**
 * The leases of long runs, in `concord.cursors` beside the positions in sources: one document a work, with who
 * is at it and how far it has come. Every write names the token, as with the leases of users.
 */
import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { LeaseLostError } from '../errors.ts';
import type { RunLease, Runs } from '../ports/runs.ts';
import { collections } from './driver/collections.ts';
import { isDuplicateKey, writing } from './driver/errors.ts';

interface StoredRun {
  readonly _id: string;
  readonly lease?: { readonly token: string; readonly until: Date };
  readonly position?: string;
}

export function runs(db: Db): Runs {
  const stored = db.collection<StoredRun>(collections.cursors);
  const held = ({ name, token }: RunLease) => ({ _id: { $eq: name }, 'lease.token': { $eq: token } });
  return {
    async begin(name, now, leaseMs) {
      const token = randomUUID();
      const until = new Date(now.getTime() + leaseMs);
      const free = { _id: { $eq: name }, 'lease.until': { $not: { $gt: now } } };
      return await writing('begin a run', async () => {
        try {
          const taken = await stored.findOneAndUpdate(
            free,
            { $set: { lease: { token, until } } },
            { upsert: true, returnDocument: 'after' },
          );
          return { name, token, position: taken?.position };
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          const holder = await stored.findOne({ _id: { $eq: name } });
          return { heldUntil: holder?.lease?.until ?? now };
        }
      });
    },

    async keep(lease, now, leaseMs, position) {
      const until = new Date(now.getTime() + leaseMs);
      const kept = await writing('keep a run', () =>
        stored.updateOne(held(lease), {
          $set: { 'lease.until': until, ...(position === undefined ? {} : { position }) },
        }),
      );
      if (kept.matchedCount === 0) throw new LeaseLostError(`The lease on ${lease.name} is no longer ours`);
    },

    async end(lease, as) {
      await writing('end a run', async () => {
        if (as === 'done') await stored.deleteOne(held(lease));
        else await stored.updateOne(held(lease), { $unset: { lease: true } });
      });
    },
  };
}
