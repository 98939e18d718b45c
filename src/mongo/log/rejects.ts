/**
 * Log entries that could not be read, each kept once with its reason and how often it came. They are for a person who looks
 * for a fault, so there is a limit: beyond it, a new one is counted in one document of its tenant. MongoDB removes each
 * thirty days after it last came (a TTL index, see `setup/indexes.ts`).
 */
import { createHash } from 'node:crypto';
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import type { TenantId } from '../../identity.ts';
import type { Reject, Rejects } from '../../ports/intake.ts';
import { upsertAll } from '../driver/bulk.ts';
import { collections } from '../driver/collections.ts';
import { reading } from '../driver/errors.ts';

/** Far more than an Auth0 log entry has, and little enough that a flood of them can be stored. */
const maxRawBytes = 64 * 1024;
const maxReasonBytes = 1024;
/** Of all tenants. With the longest texts they take 320 MB; of real entries, a few. */
export const maxKept = 5_000;
/** The reason of the document that counts the rest. */
export const BEYOND_LIMIT = 'beyond the number of rejects that are kept';

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

  /** Those that are there already, and the number of the others. */
  async function withoutNew(added: readonly Reject[]): Promise<readonly Reject[]> {
    const found = await reading('find rejected entries', () =>
      collection.find({ _id: { $in: added.map(idOf) } }, { projection: { _id: 1 } }).toArray(),
    );
    const known = new Set(found.map(({ _id }) => _id));
    return added.map((reject) =>
      known.has(idOf(reject)) ? reject : { ...reject, reason: BEYOND_LIMIT, raw: '' },
    );
  }

  return {
    async add(added) {
      if (added.length === 0) return;
      const kept = await reading('count rejected entries', () => collection.estimatedDocumentCount());
      const upserts = (kept >= maxKept ? await withoutNew(added) : added).map(upsertOf);
      await upsertAll(collection, upserts, 'keep rejected entries');
    },
  };
}

function upsertOf(reject: Reject): AnyBulkWriteOperation<StoredReject> {
  const { tenant, receivedAt, count } = reject;
  const reason = cut(reject.reason, maxReasonBytes);
  return {
    updateOne: {
      filter: { _id: idOf(reject) },
      update: {
        $setOnInsert: { tenant, reason, raw: cut(reject.raw, maxRawBytes) },
        $min: { firstAt: receivedAt },
        $max: { lastAt: receivedAt },
        $inc: { count },
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
