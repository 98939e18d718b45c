/** A week of a log, as passes over sign-ups leave it: one in nine is a pass that converged. */
import type { Db } from 'mongodb';
import { uuidv7 } from 'uuidv7';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { atOnce } from '../work.ts';

const WEEK_MS = 7 * 86_400_000;
const BATCH = 5_000;
const AT_ONCE = 3;

const TYPES = [
  'auth0.log-received',
  'auth0.user-observed',
  'actions.intended',
  'verification.recorded',
  'user-document.created',
  'code.assigned',
  'account.created',
  'converged',
  'converge.failed',
] as const;

export async function events(db: Db, tenant: string, count: number): Promise<void> {
  const stored = db.collection<{ _id: string }>('concord.events');
  const beginMs = Date.now() - WEEK_MS;
  const starts = Array.from({ length: Math.ceil(count / BATCH) }, (_, index) => index * BATCH);
  await atOnce(AT_ONCE, starts, async (from) => {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => {
      const at = new Date(beginMs + ((from + index) / count) * WEEK_MS);
      const type = TYPES[(from + index) % TYPES.length] ?? 'converged';
      const user = `auth0|${String(Math.floor((from + index) / TYPES.length)).padStart(24, '0')}`;
      return {
        _id: uuidv7(),
        user,
        tenant,
        type,
        at,
        recordedAt: at,
        cause: [],
        data: dataOf(type, from + index),
      };
    });
    await stored.insertMany(batch, { ordered: false, writeConcern: { w: 1 } });
  });
  await ensureCollections(db);
}

function dataOf(type: (typeof TYPES)[number], index: number): object {
  if (type === 'auth0.log-received')
    return { logId: String(index), code: 'ss', hint: null, raw: 'x'.repeat(1_500) };
  if (type === 'converged') return { conditions: [], actions: 4, latencyMs: 200 + (index % 5_000) };
  return {};
}
