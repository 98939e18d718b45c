/** Deliveries and reconciliations of users who are as they should be, as Concord makes them; throws when one ends otherwise. */
import { ingest } from '../../src/engine/intake/ingest.ts';
import {
  type ReconcileDeps,
  type ReconciliationEnd,
  reconcile,
} from '../../src/engine/reconcile/reconcile.ts';
import type { Lease } from '../../src/ports/queue.ts';
import type { Trigger } from '../../src/ports/trigger.ts';
import { BATCH, type Entry, TENANT } from './entries.ts';
import type { Platform } from './platform.ts';
import { atOnce } from './work.ts';

/** As a log stream delivers them. */
export async function deliver({ engine }: Platform, entries: readonly Entry[]): Promise<void> {
  const { rejects, ignored, reconcile: deps } = engine;
  for (let from = 0; from < entries.length; from += BATCH) {
    const batch = entries.slice(from, from + BATCH);
    const { rejected } = await ingest({ ...deps, rejects, ignored }, TENANT, batch);
    if (rejected > 0) throw new Error(`${rejected} entries were rejected`);
  }
}

/** Returns how many were due. */
export async function reconcileDue(deps: ReconcileDeps, workers: number): Promise<number> {
  const { queue, clock, settings } = deps;
  const leases: Lease[] = [];
  for (;;) {
    const lease = await queue.claim(clock.now(), settings.leaseMs);
    if (lease === undefined) break;
    leases.push(lease);
  }
  await atOnce(workers, leases, (lease) => endsAs(deps, lease, 'converged', 'skipped'));
  return leases.length;
}

export async function reconcileOne(deps: ReconcileDeps, trigger: Trigger): Promise<void> {
  const { queue, clock, settings } = deps;
  const lease = await queue.claimUser(trigger, clock.now(), settings.leaseMs);
  if (lease === undefined) throw new Error('somebody else holds the user');
  await endsAs(deps, lease, 'converged');
}

async function endsAs(
  deps: ReconcileDeps,
  lease: Lease,
  ...expected: readonly ReconciliationEnd[]
): Promise<void> {
  const { end } = await reconcile(deps, lease);
  if (!expected.includes(end)) throw new Error(`a reconciliation ended as ${end}`);
}
