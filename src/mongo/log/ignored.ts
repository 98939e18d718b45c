/** How many entries and changes were ignored: one document for each tenant and reason. */
import type { Db } from 'mongodb';
import { IGNORE_REASONS, type IgnoreReason } from '../../events/ignored.ts';
import type { TenantId } from '../../identity.ts';
import type { IgnoredReader, IgnoredTotals } from '../../ports/intake.ts';
import { upsertAll } from '../driver/bulk.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';

interface StoredIgnored {
  readonly _id: string;
  readonly tenant: TenantId;
  readonly reason: IgnoreReason;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export function ignoredReader(db: ReadableDb): IgnoredReader {
  const collection = db.collection<StoredIgnored>(collections.ignored);
  return {
    async read(tenants) {
      const ids = tenants.flatMap((tenant) => IGNORE_REASONS.map((reason) => idOf(tenant, reason)));
      const found = await reading('read the ignored entries', () =>
        collection.find({ _id: { $in: ids } }, { sort: { _id: 1 } }).toArray(),
      );
      return found.map(({ _id, ...ignored }) => ignored);
    },
  };
}

export function ignoredTotals(db: Db): IgnoredTotals {
  const collection = db.collection<StoredIgnored>(collections.ignored);
  return {
    ...ignoredReader(db),
    async add(tenant, counts, at) {
      const updates = IGNORE_REASONS.flatMap((reason) => {
        const count = counts[reason] ?? 0;
        if (count === 0) return [];
        const update = {
          $setOnInsert: { tenant, reason },
          $min: { firstAt: at },
          $max: { lastAt: at },
          $inc: { count },
        };
        return [{ updateOne: { filter: { _id: idOf(tenant, reason) }, update, upsert: true } }];
      });
      await upsertAll(collection, updates, 'count ignored entries');
    },
  };
}

function idOf(tenant: TenantId, reason: IgnoreReason): string {
  return `${tenant}:${reason}`;
}
