import type { AssessedTenant } from '../reconcile/read-side.ts';
import { sweep } from './sweep.ts';
import type { SweepDeps, SweepEnd, SweepOptions } from './sweep-result.ts';

/** How often to check whether the other sweep has ended. */
const LOOK_MS = 1_000;

/**
 * Sweeps when no other process does. Another process may have died in the middle a moment ago: if it renews its lease,
 * it lives and this one waits; if not, this one takes over when the lease ends. So nothing is swept twice.
 */
export async function sweepInTurn(
  deps: SweepDeps,
  tenant: AssessedTenant,
  options: SweepOptions & { readonly onWait?: (until: Date) => void } = {},
): Promise<SweepEnd> {
  const { clock } = deps;
  const first = await sweep(deps, tenant, options);
  if (first.type !== 'under-way') return first;
  options.onWait?.(first.until);
  for (;;) {
    const restMs = Math.max(0, first.until.getTime() - clock.now().getTime()) + 1;
    await clock.delay(Math.min(restMs, LOOK_MS), options.signal);
    if (options.signal?.aborted === true) return first;
    const end = await sweep(deps, tenant, options);
    if (end.type !== 'under-way' || restMs <= LOOK_MS) return end;
  }
}
