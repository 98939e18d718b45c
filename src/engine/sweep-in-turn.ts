import type { AssessedTenant } from './assess.ts';
import { type SweepDeps, type SweepEnd, type SweepOptions, sweep } from './sweep.ts';

/**
 * Sweeps when nobody else does. Another process may have died in the middle a moment ago: one that gives no sign
 * of life until its lease ends has, and one that does goes on, and nothing is swept twice.
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
  await clock.delay(Math.max(0, first.until.getTime() - clock.now().getTime()) + 1, options.signal);
  return options.signal?.aborted === true ? first : sweep(deps, tenant, options);
}
