/** Reconciles one user at once, for a person who waits for the result. */
import { UsageError } from '../../errors.ts';
import type { Lease } from '../../ports/queue.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { visible } from '../../terminal/visible.ts';
import { type ReconcileDeps, type ReconciliationResult, reconcile } from '../reconcile/reconcile.ts';

export interface ReconcileNowDeps {
  readonly reconcile: ReconcileDeps;
}

/** How long to wait for another worker that has the user. */
const LEASE_WAIT_MS = 15_000;
const LEASE_POLL_MS = 100;

/** Throws UsageError USER_BUSY while another worker has the user. */
export async function reconcileNow(
  { reconcile: deps }: ReconcileNowDeps,
  trigger: Trigger,
): Promise<ReconciliationResult> {
  return reconcile(deps, await waitForLease(deps, trigger));
}

async function waitForLease({ queue, clock, settings }: ReconcileDeps, trigger: Trigger): Promise<Lease> {
  const until = clock.now().getTime() + LEASE_WAIT_MS;
  for (;;) {
    const lease = await queue.claimUser(trigger, clock.now(), settings.leaseMs);
    if (lease !== undefined) return lease;
    if (clock.now().getTime() > until) {
      throw new UsageError(
        `Another worker is busy with ${visible(trigger.user)}. Try again later.`,
        'USER_BUSY',
      );
    }
    await clock.delay(LEASE_POLL_MS);
  }
}
