/**
 * Adopts the accounts of many users at once: those that the users document names, and that have another address than the
 * user.
 */
import { UsageError } from '../../errors.ts';
import type { Decided } from '../../events/data/decisions.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { Proposal } from '../../reconcilers/adoption.ts';
import type { DecideDeps } from '../intake/decision.ts';
import type { Owned } from '../intake/owner.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';
import { type AdoptionDeps, proposeAdoption, recordAdoption } from './adoption.ts';
import { candidatesWith, type Proposed } from './decide-many.ts';

/** A record that the platform wrote is evidence. An account that only looks like a user's is decided one by one. */
export const ADOPTABLE_REASON = 'AccountEmailDiffers';

export function adoptionCandidates(
  subjects: Pick<SubjectReader, 'list'>,
  tenants: readonly AssessedTenant[],
): Promise<readonly Owned<AssessedTenant>[]> {
  return candidatesWith(subjects, tenants, ({ reason, status }) => {
    return reason === ADOPTABLE_REASON && status === 'False';
  });
}

/** Throws UsageError NOT_SELECTED where the user is in another state by now, and what `proposeAdoption` throws. */
export async function proposeNamed(
  deps: AdoptionDeps & Pick<DecideDeps, 'clock'>,
  owned: Owned<AssessedTenant>,
): Promise<Proposal> {
  const proposal = await proposeAdoption(deps, owned, undefined, deps.clock.now());
  if (proposal.reason === ADOPTABLE_REASON) return proposal;
  const message = `The account of ${owned.user} is ${proposal.reason} now, and not ${ADOPTABLE_REASON}.`;
  throw new UsageError(message, 'NOT_SELECTED');
}

/** Reads the user again. Throws UsageError ADOPTION_CHANGED where the document names another account than was shown. */
export async function grantNamed(
  deps: AdoptionDeps & DecideDeps,
  { owned, proposal }: Proposed<Proposal>,
  decided: Decided,
): Promise<Proposal> {
  const found = await proposeNamed(deps, owned);
  const { did } = found.account;
  if (did !== proposal.account.did) {
    const message = `The users document of ${owned.user} names ${did} now. Check again, then decide.`;
    throw new UsageError(message, 'ADOPTION_CHANGED');
  }
  await recordAdoption(deps, owned, found, decided);
  return found;
}
