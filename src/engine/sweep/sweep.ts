/**
 * The safety net under the triggers: assesses all users of a tenant in batches, and makes those who are out of sync
 * due. A listing is only a hint; the reconciliation reads each due user again by id.
 *
 * What is missing or wrong is fixed as it is found. Removals, and changes of many users at once (renames), are collected
 * first and checked against the safety limits as a whole. Above a limit, the run halts until a person approves it.
 *
 * One process sweeps a tenant at a time. Its position is stored, so that the process after one that died reads the same
 * listing again and assesses only the remaining users. Only eight bytes a user are kept in memory, so that a million
 * fit.
 */

import { LeaseLostError } from '../../errors.ts';
import type { TenantId } from '../../identity.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';
import { readPosition } from './sweep-position.ts';
import type { SweepDeps, SweepEnd, SweepOptions } from './sweep-result.ts';
import { Run, SWEEP_LEASE_MS } from './sweep-run.ts';

/** An older listing is out of date; the sweep starts from the beginning. */
const RESUMABLE_FOR_MS = 6 * 3_600_000;

/** The name of its run. */
export function sweepName(tenant: TenantId): string {
  return `sweep:${tenant}`;
}

/** Sweeps one tenant. Does not throw for a listing that broke off: the result and the log have that. */
export async function sweep(
  deps: SweepDeps,
  tenant: AssessedTenant,
  options: SweepOptions = {},
): Promise<SweepEnd> {
  const { runs, clock, logger } = deps;
  const { occasion } = options;
  const [name, now] = [sweepName(tenant.id), clock.now()];
  const lease =
    occasion === undefined
      ? await runs.begin(name, now, SWEEP_LEASE_MS)
      : await runs.beginOnce(name, occasion, now, SWEEP_LEASE_MS);
  if (lease === 'done') return { type: 'done-before' };
  if ('heldUntil' in lease) return { type: 'under-way', until: lease.heldUntil };
  try {
    const kept = readPosition(lease.position);
    const isRecent =
      kept !== undefined && clock.now().getTime() - kept.startedAt.getTime() < RESUMABLE_FOR_MS;
    let run = new Run(deps, tenant, lease, options, isRecent ? kept : undefined);
    let listed = await run.list();
    if (listed === 'listing-gone') {
      run = new Run(deps, tenant, lease, options, undefined);
      listed = await run.list();
    }
    const end = await run.end(listed);
    await runs.end(lease, end.type === 'over' ? 'done' : 'broken-off');
    return end;
  } catch (error) {
    // Release the lease, so that no process has to wait for it; where that fails too, it expires.
    if (!(error instanceof LeaseLostError))
      await runs
        .end(lease, 'broken-off')
        .catch((err: unknown) =>
          logger.warn({ err, tenant: tenant.id }, 'a sweep could not release its lease'),
        );
    throw error;
  }
}
