/** Restores many users at once: those whose last reconciliation found that something was removed. */
import { UsageError } from '../../errors.ts';
import { isRemovedReason, type RemovedReason } from '../../events/condition.ts';
import type { Decided } from '../../events/data/decisions.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { DecideDeps } from '../intake/decision.ts';
import type { Owned } from '../intake/owner.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { candidatesWith, type Proposed } from './decide-many.ts';
import { grantRestore, proposeRestore, type RestoreProposal } from './restore.ts';

export interface RestoreSelection {
  readonly reasons: readonly RemovedReason[];
  /** Only what is missing since then. */
  readonly since: Date | undefined;
}

export function restoreCandidates(
  subjects: Pick<SubjectReader, 'list'>,
  tenants: readonly AssessedTenant[],
  { reasons, since }: RestoreSelection,
): Promise<readonly Owned<AssessedTenant>[]> {
  return candidatesWith(
    subjects,
    tenants,
    ({ reason, since: at }) =>
      isRemovedReason(reason) && reasons.includes(reason) && (since === undefined || new Date(at) >= since),
  );
}

/** Throws UsageError NOT_SELECTED where something else was removed as well, and what `proposeRestore` throws. */
export async function proposeSelected(
  deps: AssessDeps & Pick<DecideDeps, 'clock'>,
  owned: Owned<AssessedTenant>,
  reasons: readonly RemovedReason[],
): Promise<RestoreProposal> {
  const proposal = await proposeRestore(deps, owned, deps.clock.now());
  const other = proposal.reasons.find((reason) => !reasons.includes(reason));
  if (other === undefined) return proposal;
  const message = `${owned.user} also has the reason ${other}, which was not selected.`;
  throw new UsageError(message, 'NOT_SELECTED');
}

export function grantSelected(
  deps: AssessDeps & DecideDeps,
  { owned, proposal }: Proposed<RestoreProposal>,
  decided: Decided,
): Promise<RestoreProposal> {
  return grantRestore(deps, owned, proposal.what, decided);
}
