/** Approves what a safety limit halted in one run, and nothing beyond it. */

import { sideBySide } from '../../concurrency/map-limit.ts';
import { UsageError } from '../../errors.ts';
import type { Decided } from '../../events/data/decisions.ts';
import type { KeySpace } from '../../exclusion.ts';
import { requireClock } from '../../ports/clock-agreement.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { SuccessorSearch } from '../../reconcilers/shared.ts';
import { type DecideDeps, decide, draft } from '../intake/decision.ts';
import { isExcluded, ownerOf } from '../intake/owner.ts';
import { withoutSuccessors } from '../reconcile/claims/successors.ts';
import { type HaltedRun, haltedRuns, isOpen } from './halted-runs.ts';

export interface ApprovalDeps extends DecideDeps {
  readonly events: Pick<EventReader, 'read'>;
  readonly tenants: readonly KeySpace[];
  readonly subjects: Pick<SubjectReader, 'read'>;
  readonly successors: SuccessorSearch;
}

export interface Approval {
  /** Open halts of the run: removals, renames, or a dropped user count. */
  readonly halts: readonly HaltedRun[];
  /** Users that the approval made due. */
  readonly users: number;
}

/**
 * Covers only the users of the run; each reconciliation still reads its user before it acts. Throws UsageError
 * RUN_UNKNOWN, RUN_APPROVED when the run is approved already, and RUN_CLOSED when a later complete sweep has closed
 * the halt; also CLOCK_DIFFERS. Two approvals at the same moment write the same grants, which count once. An approval that breaks off is
 * not resumed: the next sweep halts for the users without a grant.
 */
export async function approveRun(deps: ApprovalDeps, run: string, decided: Decided): Promise<Approval> {
  await requireClock(deps.databaseClock);
  const halts = (await haltedRuns(deps.events, deps.clock.now())).filter(
    (halt) => halt.run === run && deps.tenants.some(({ id }) => id === halt.tenant),
  );
  const open = halts.filter(isOpen);
  if (open.length === 0) throw whyNotOpen(run, halts);
  let users = 0;
  for (const halt of open) users += await approve(deps, halt, decided);
  return { halts: open, users };
}

function whyNotOpen(run: string, halts: readonly HaltedRun[]): UsageError {
  const [halt] = halts;
  if (halt === undefined) return new UsageError(`No recent halted run ${run}.`, 'RUN_UNKNOWN');
  const { tenant, approved, closed } = halt;
  if (approved || closed === undefined)
    return new UsageError(`The run ${run} has been approved already.`, 'RUN_APPROVED');
  const message = `The halt of run ${run} is closed: the sweep ${closed.run} completed for tenant ${tenant} at ${closed.finishedAt.toISOString()} and decided anew. Nothing was approved. To list the halts that are open: concord approve`;
  return new UsageError(message, 'RUN_CLOSED');
}

async function approve(deps: ApprovalDeps, halt: HaltedRun, decided: Decided): Promise<number> {
  const { log, queue, clock } = deps;
  const { run, tenant } = halt;
  await log.append([draft(deps, null, tenant, 'sweep.approved', { run, ...decided })]);
  const own = deps.tenants.filter(({ id }) => id === tenant);
  const triggers = halt.users.flatMap((key) => {
    const owned = ownerOf(key, own);
    if (owned === undefined || isExcluded(owned.tenant, owned.user)) return [];
    return [{ user: owned.user, userId: owned.userId, tenant }];
  });
  if (halt.kind === 'removals') {
    const grant = { run, ...decided };
    const free = await withoutSuccessors(
      deps,
      triggers.map(({ user }) => user),
    );
    const granted = triggers.filter(({ user }) => free.has(user));
    await sideBySide(granted, async (one) => void (await decide(deps, one, 'removal.granted', grant)));
    // The accounts of the others are kept for another user: their next reconciliation says for which one.
    const kept = triggers.filter(({ user }) => !free.has(user));
    if (kept.length > 0) await queue.markDue(kept, clock.now(), 'trigger');
  } else await queue.markDue(triggers, clock.now(), 'trigger');
  return triggers.length;
}
