/** Log entries that could not be read, each kept once with its reason and how often it came. */
import { createHash } from 'node:crypto';
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import type { TenantId } from '../../identity.ts';
import type { Reject, Rejects } from '../../ports/intake.ts';
import { upsertAll } from '../driver/bulk.ts';
import { collections } from '../driver/collections.ts';

/** Far more than an Auth0 log entry has, and little enough that a flood of them can be stored. */
const maxRawBytes = 64 * 1024;
const maxReasonBytes = 1024;

export interface StoredReject {
  readonly _id: string;
  readonly tenant: TenantId;
  readonly reason: string;
  readonly raw: string;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly count: number;
}

export function rejects(db: Db): Rejects {
  const collection = db.collection<StoredReject>(collections.rejects);
  return {
    add: (added: readonly Reject[]) => upsertAll(collection, added.map(upsertOf), 'keep rejected entries'),
  };
}

function upsertOf(reject: Reject): AnyBulkWriteOperation<StoredReject> {
  const { tenant, receivedAt } = reject;
  const reason = cut(reject.reason, maxReasonBytes);
  return {
    updateOne: {
      filter: { _id: idOf(reject) },
      update: {
        $setOnInsert: { tenant, reason, raw: cut(reject.raw, maxRawBytes) },
        $min: { firstAt: receivedAt },
        $max: { lastAt: receivedAt },
        $inc: { count: 1 },
      },
      upsert: true,
    },
  };
}

/** Over the whole entry, so that two that differ only after the cut stay two. */
function idOf(reject: Reject): string {
  const parts = JSON.stringify([reject.tenant, reject.reason, reject.raw]);
  return createHash('sha256').update(parts).digest('hex');
}

function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  // A character that the cut goes through comes out as a replacement character; it is dropped.
  return bytes
    .subarray(0, maxBytes)
    .toString('utf8')
    .replace(/\ufffd$/u, '');
}
