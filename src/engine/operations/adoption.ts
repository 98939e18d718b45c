/** A person decides that an account is the user's, by the evidence, or withdraws that. */
import { UsageError } from '../../errors.ts';
import type { Decided } from '../../events/data/decisions.ts';
import { fold } from '../../events/fold.ts';
import type { Did } from '../../identity.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { Proposal } from '../../reconcilers/adoption.ts';
import { adopt } from '../../reconcilers/registry.ts';
import { type DecideDeps, decide } from '../intake/decision.ts';
import type { Owned } from '../intake/owner.ts';
import { dryRun } from '../reconcile/dry-run.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { refuseUnwanted } from './unwanted.ts';

export interface AdoptionDeps extends AssessDeps {
  readonly subjects: AssessDeps['subjects'] & Pick<SubjectReader, 'holdersOfDid'>;
}

/**
 * All read now. Throws UsageError USER_FORGOTTEN, USER_DELETED or USER_BLOCKED, and what `adopt` of the resource throws;
 * UpstreamError where evidence cannot be read.
 */
export async function proposeAdoption(
  deps: AdoptionDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
  named: string | undefined,
  now: Date,
): Promise<Proposal> {
  const found = await dryRun(deps, tenant, user, userId, now);
  refuseUnwanted(user, found.facts, 'adopted');
  const [failure] = found.view.failures;
  // Without an answer of the PDS there is no evidence; that does not mean that there is none.
  if (failure !== undefined) throw failure.error;
  return adopt(deps, { ...found, user }, named);
}

/**
 * A person confirms that this account is the user's. The evidence is read again, since it may have changed meanwhile,
 * and is stored with the grant; refusals are those of `proposeAdoption`. A second confirmation before the next
 * reconciliation adds an event without effect; after it the user has the account.
 */
export async function grantAdoption(
  deps: AdoptionDeps & DecideDeps,
  owned: Owned<AssessedTenant>,
  did: Did,
  decided: Decided,
): Promise<Proposal> {
  const proposal = await proposeAdoption(deps, owned, did, deps.clock.now());
  await recordAdoption(deps, owned, proposal, decided);
  return proposal;
}

/** For a proposal of this moment. */
export async function recordAdoption(
  deps: DecideDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
  { account: { did }, evidence }: Proposal,
  decided: Decided,
): Promise<void> {
  const shown = evidence.map(({ says, what }) => `${says}: ${what}`);
  const data = { did, evidence: shown, ...decided };
  await decide(deps, { user, userId, tenant: tenant.id }, 'adoption.granted', data);
}

/** A person withdraws a grant that is not applied yet. Throws UsageError NO_ADOPTION where there is none. */
export async function withdrawAdoption(
  deps: DecideDeps,
  { user, userId, tenant }: Owned<Pick<AssessedTenant, 'id'>>,
  decided: Decided,
): Promise<Did> {
  const { adoption } = fold(await deps.log.ofUser(user));
  if (adoption === undefined)
    throw new UsageError(`No adoption of ${user} waits for a reconciliation.`, 'NO_ADOPTION');
  const { did } = adoption;
  await decide(deps, { user, userId, tenant: tenant.id }, 'adoption.withdrawn', { did, ...decided });
  return did;
}
