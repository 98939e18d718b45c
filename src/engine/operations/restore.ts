/**
 * What was removed, and what a restore would write: the grant is folded onto the facts and the user is planned again, so
 * that the proposal is the plan of the reconciliation that follows. Needs only readers.
 */
import { UsageError } from '../../errors.ts';
import { isMigrated, isRemovedReason, type RemovedReason } from '../../events/condition.ts';
import type { Decided } from '../../events/data/decisions.ts';
import type { EventData, EventType } from '../../events/event.ts';
import type { Removable } from '../../events/resources.ts';
import type { Code, Did } from '../../identity.ts';
import { restorable } from '../../reconcilers/registry.ts';
import type { Restorable } from '../../reconcilers/resource.ts';
import { type DecideDeps, decide } from '../intake/decision.ts';
import type { Owned } from '../intake/owner.ts';
import { type DryRun, dryRun } from '../reconcile/dry-run.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { type Outcome, outcomeOf } from './restore-outcome.ts';
import { refuseUnwanted } from './unwanted.ts';

export interface RestoreProposal extends Outcome {
  readonly what: readonly Removable[];
  /** Why the user's conditions are not True. */
  readonly reasons: readonly RemovedReason[];
  /** The missing account, which a new one replaces. */
  readonly lostAccount: Did | undefined;
  /** The user's permanent code. */
  readonly code: Code | undefined;
}

export interface CodeProposal extends Outcome {
  /** The code that the users document has. */
  readonly found: Code;
  /** The permanent code by the log. */
  readonly known: Code;
}

/**
 * Throws UsageError USER_FORGOTTEN, USER_DELETED, USER_BLOCKED, NOTHING_REMOVED, ACCOUNT_MIGRATED where the same is so
 * because the account moved to another PDS, or RESTORE_GRANTED where a decision waits for its reconciliation; UpstreamError
 * where something cannot be read.
 */
export async function proposeRestore(
  deps: AssessDeps,
  owned: Owned<AssessedTenant>,
  now: Date,
): Promise<RestoreProposal> {
  const found = await observeReadable(deps, owned, now);
  const removed = removedIn(found);
  if (removed.what.length === 0) throw await nothingRemoved(deps, owned, found);
  const { what, lostAccount } = removed;
  const outcome = await outcomeOf(deps, owned, found, 'restore.granted', grantOf(removed, { by: '' }), now);
  return {
    ...{ what, lostAccount, reasons: removed.reasons, code: found.facts.code },
    ...{ ...outcome, warnings: [...removed.warnings, ...outcome.warnings] },
  };
}

/**
 * A person's decision. What is missing is read again, and must equal what the person was shown; then the next
 * reconciliation creates it. Throws UsageError RESTORE_CHANGED, and what `proposeRestore` throws: so a repeated decision is
 * granted once.
 */
export async function grantRestore(
  deps: AssessDeps & DecideDeps,
  owned: Owned<AssessedTenant>,
  shown: readonly Removable[],
  decided: Decided,
): Promise<RestoreProposal> {
  const proposal = await proposeRestore(deps, owned, deps.clock.now());
  const isAsShown =
    proposal.what.length === shown.length && proposal.what.every((one) => shown.includes(one));
  if (!isAsShown) {
    const missing = proposal.what.join(', ');
    throw new UsageError(
      `What is missing of ${owned.user} has changed; it is now: ${missing}. Nothing was decided. Check again, then decide.`,
      'RESTORE_CHANGED',
    );
  }
  await decide(deps, triggerOf(owned), 'restore.granted', grantOf(proposal, decided));
  return proposal;
}

/** Throws UsageError CODE_AGREES where the document's code is the permanent one, and what `proposeRestore` throws. */
export async function proposeCode(
  deps: AssessDeps,
  owned: Owned<AssessedTenant>,
  now: Date,
): Promise<CodeProposal> {
  const observation = await observeReadable(deps, owned, now);
  const { code: known } = observation.facts;
  const found = observation.view.documents?.user?.code;
  if (found === undefined || known === undefined || found === known) {
    const message =
      found === undefined
        ? `The users document of ${owned.user} has no code to accept.`
        : `The users document of ${owned.user} has the permanent code ${found}; there is nothing to accept.`;
    throw new UsageError(message, 'CODE_AGREES');
  }
  const outcome = await outcomeOf(deps, owned, observation, 'code.accepted', { by: '', code: found }, now);
  return { found, known, ...outcome };
}

/** A person makes the code in the document the user's permanent code. Throws UsageError CODE_CHANGED, too. */
export async function acceptCode(
  deps: AssessDeps & DecideDeps,
  owned: Owned<AssessedTenant>,
  shown: Code,
  decided: Decided,
): Promise<CodeProposal> {
  const proposal = await proposeCode(deps, owned, deps.clock.now());
  if (proposal.found !== shown) {
    throw new UsageError(
      `The users document of ${owned.user} now has the code ${proposal.found}. Nothing was decided. Check again, then decide.`,
      'CODE_CHANGED',
    );
  }
  await decide(deps, triggerOf(owned), 'code.accepted', { code: proposal.found, ...decided });
  return proposal;
}

function triggerOf({ user, userId, tenant }: Owned<AssessedTenant>) {
  return { user, userId, tenant: tenant.id };
}

function grantOf(
  { what, lostAccount }: Pick<RestoreProposal, 'what' | 'lostAccount'>,
  decided: Decided,
): EventData['restore.granted'] {
  return { what, ...(lostAccount === undefined ? {} : { account: lostAccount }), ...decided };
}

/** A user who may get new resources. Throws where anything could not be read. */
async function observeReadable(
  deps: AssessDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
  now: Date,
): Promise<DryRun> {
  const found = await dryRun(deps, tenant, user, userId, now);
  refuseUnwanted(user, found.facts, 'restored');
  const [failure] = found.view.failures;
  if (failure !== undefined) throw failure.error;
  return found;
}

interface Removed extends Restorable {
  /** Why the conditions are not True. */
  readonly reasons: readonly RemovedReason[];
  readonly lostAccount: Did | undefined;
}

function removedIn({ facts, view }: DryRun): Removed {
  const found = restorable(view, facts);
  const reasons = view.conditions.flatMap(({ reason }) => (isRemovedReason(reason) ? [reason] : []));
  const lostAccount = found.what.includes('account') ? view.missingAccount : undefined;
  return { ...found, reasons: [...new Set(reasons)], lostAccount };
}

/** Also granted while the policy withholds the restored actions, however often the user was reconciled since. */
async function nothingRemoved(
  deps: AssessDeps,
  { user }: Owned<AssessedTenant>,
  { view }: DryRun,
): Promise<UsageError> {
  const ends: ReadonlySet<EventType> = new Set(['converged', 'converge.deferred', 'converge.failed']);
  const history = (await deps.events.ofUser(user)).sort((a, b) => a.at.getTime() - b.at.getTime());
  const last = history.findLast(({ type }) => type === 'restore.granted' || ends.has(type));
  const isHeldBack = view.actions.length > 0 && history.some(({ type }) => type === 'restore.granted');
  if (last?.type === 'restore.granted' || isHeldBack) {
    return new UsageError(
      `A restore of ${user} is granted already. Apply it now with: concord reconcile '${user}'`,
      'RESTORE_GRANTED',
    );
  }
  const migrated = view.conditions.find(isMigrated)?.message;
  return migrated === undefined
    ? new UsageError(`Nothing of ${user} was removed; there is nothing to restore.`, 'NOTHING_REMOVED')
    : new UsageError(`There is nothing to restore. ${migrated}`, 'ACCOUNT_MIGRATED');
}
