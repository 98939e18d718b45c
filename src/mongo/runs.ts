/**
 * The leases of long runs, in `concord.cursors` beside the positions in sources: one document a work, with who
 * is at it, how far it has come, how often it was done and for which tick of the schedule. Every write names the
 * token, as with the leases of users.
 */
import { randomUUID } from 'node:crypto';
import type { Db, Filter } from 'mongodb';
import { LeaseLostError } from '../errors.ts';
import { MAX_TICK_SKEW_MS, type Occasion, type RunLease, type Runs } from '../ports/runs.ts';
import { collections } from './driver/collections.ts';
import { isDuplicateKey, reading, writing } from './driver/errors.ts';

interface StoredRun {
  readonly _id: string;
  readonly lease?: { readonly token: string; readonly until: Date };
  readonly position?: string;
  readonly ended?: number;
  /** The last one that the work was done for. */
  readonly tick?: Date;
}

export function runs(db: Db): Runs {
  const stored = db.collection<StoredRun>(collections.cursors);
  const held = ({ name, token }: RunLease) => ({ _id: { $eq: name }, 'lease.token': { $eq: token } });
  const take = (name: string, now: Date, leaseMs: number, occasion?: Occasion) =>
    writing('begin a run', async () => {
      const token = randomUUID();
      const until = new Date(now.getTime() + leaseMs);
      const isFree = { _id: { $eq: name }, 'lease.until': { $not: { $gt: now } }, ...notDone(occasion) };
      try {
        const taken = await stored.findOneAndUpdate(
          isFree,
          { $set: { lease: { token, until } } },
          { upsert: true, returnDocument: 'after' },
        );
        const lease: RunLease = { name, token, position: taken?.position };
        return occasion !== undefined && 'tick' in occasion ? { ...lease, tick: occasion.tick } : lease;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const found = await stored.findOne({ _id: { $eq: name } });
        if (occasion !== undefined && found !== null && isDone(found, occasion)) return 'done';
        return { heldUntil: found?.lease?.until ?? now };
      }
    });
  return {
    async begin(name, now, leaseMs) {
      const taken = await take(name, now, leaseMs);
      return taken === 'done' ? { heldUntil: now } : taken;
    },

    beginOnce: (name, occasion, now, leaseMs) => take(name, now, leaseMs, occasion),

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
        if (as === 'broken-off') await stored.updateOne(held(lease), { $unset: { lease: true } });
        else
          await stored.updateOne(held(lease), {
            $unset: { lease: true, position: true },
            $inc: { ended: 1 },
            ...(lease.tick === undefined ? {} : { $set: { tick: lease.tick } }),
          });
      });
    },

    async state(name, now) {
      const found = await reading('read a run', () => stored.findOne({ _id: { $eq: name } }));
      const until = found?.lease?.until;
      return { ended: found?.ended ?? 0, isUnderWay: until !== undefined && until > now };
    },
  };
}

function notDone(occasion: Occasion | undefined): Filter<StoredRun> {
  if (occasion === undefined) return {};
  if ('endedAbove' in occasion) return { ended: { $not: { $gt: occasion.endedAbove } } };
  return { tick: { $not: { $gte: occasion.tick, $lte: latestTick(occasion.tick) } } };
}

function isDone({ ended = 0, tick }: StoredRun, occasion: Occasion): boolean {
  if ('endedAbove' in occasion) return ended > occasion.endedAbove;
  return tick !== undefined && tick >= occasion.tick && tick <= latestTick(occasion.tick);
}

function latestTick(tick: Date): Date {
  return new Date(tick.getTime() + MAX_TICK_SKEW_MS);
}
