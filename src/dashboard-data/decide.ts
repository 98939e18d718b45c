/**
 * A person's decisions in the dashboard. Who and why are in the log before anything happens; then the users become due
 * before routine work.
 *
 * | decision  | repeated                                                            | refused (UsageError)             |
 * |-----------|---------------------------------------------------------------------|----------------------------------|
 * | reconcile | two events, and at most one more reconciliation                     | USER_PAUSED: resume first        |
 * | pause     | the later one holds, with its reason and its end                    | UNTIL_PASSED                     |
 * | resume    | a second event, which ends nothing                                  |                                  |
 * | retry     | failures are counted from zero again                                |                                  |
 * | adopt     | granted once, in two events; HAS_ACCOUNT after the reconciliation   | as `proposeAdoption`             |
 * | restore   | refused until the reconciliation: RESTORE_GRANTED                   | as `grantRestore`                |
 * | approve   | refused                                                             | RUN_UNKNOWN, RUN_APPROVED,       |
 * |           |                                                                     |   RUN_CLOSED                     |
 *
 * Of each user also: USER_EXCLUDED, where the configuration excludes the user.
 *
 * So a double click and a lost answer do no harm. For each user: USER_NOT_FOUND for an unknown user, and
 * USER_FORGOTTEN, since a reason would add personal data about a user who has none in the log.
 */

import { type DecideDeps, decide } from '../engine/intake/decision.ts';
import { refuseUntouchable } from '../engine/intake/owner.ts';
import { type AdoptionDeps, grantAdoption } from '../engine/operations/adoption.ts';
import { grantRestore } from '../engine/operations/restore.ts';
import { withheld } from '../engine/reconcile/policy.ts';
import { approveRun } from '../engine/sweep/approval.ts';
import { UsageError } from '../errors.ts';
import type { EventData } from '../events/event.ts';
import type { Facts } from '../events/facts.ts';
import { fold } from '../events/fold.ts';
import { parseDid } from '../identity.ts';
import { passwordSentence } from '../reconcilers/adoption.ts';
import type { Decision, DecisionAnswer } from './answers/decisions.ts';
import { type KnownUser, knownAnywhere } from './known-user.ts';
import type { UserDeps } from './user.ts';

export interface DecisionDeps extends Pick<UserDeps, 'tenants'>, DecideDeps {
  readonly assess: UserDeps['assess'] & AdoptionDeps;
}

type OfUser = Exclude<Decision, { type: 'approve' }>;
type OneUsers = 'reconcile.requested' | 'user.paused' | 'user.resumed' | 'user.retried';

export async function takeDecision(deps: DecisionDeps, decision: Decision): Promise<DecisionAnswer> {
  return decision.type === 'approve' ? await approve(deps, decision) : await aboutUser(deps, decision);
}

async function approve(
  deps: DecisionDeps,
  { run, by, reason }: Extract<Decision, { type: 'approve' }>,
): Promise<DecisionAnswer> {
  const { events, subjects, successors } = deps.assess;
  const approval = await approveRun({ ...deps, events, subjects, successors }, run, { by, reason });
  return { users: approval.users, what: 'The run is approved, and does exactly what it was halted for.' };
}

async function aboutUser(deps: DecisionDeps, decision: OfUser): Promise<DecisionAnswer> {
  const { events, subjects } = deps.assess;
  const user = await knownAnywhere({ tenants: deps.tenants, events, subjects }, decision.user);
  await refuseUntouchable(user, subjects);
  const facts = fold(user.events);
  if (facts.forgotten)
    throw new UsageError('The user is forgotten. Concord does nothing for this user.', 'USER_FORGOTTEN');
  return { users: 1, what: await carryOut(deps, user, facts, decision) };
}

/** Returns what was done, in a sentence. */
async function carryOut(
  deps: DecisionDeps,
  user: KnownUser,
  facts: Facts,
  decision: OfUser,
): Promise<string> {
  const { by, reason } = decision;
  const tell = <T extends OneUsers>(type: T, data: EventData[T]) => {
    const trigger = { user: user.user, userId: user.userId, tenant: user.tenant.id };
    return decide(deps, trigger, type, data);
  };
  switch (decision.type) {
    case 'reconcile':
      refuseIfPaused(facts, deps.clock.now());
      await tell('reconcile.requested', { by, reason });
      return 'Concord reconciles the user now.';
    case 'pause': {
      const until = endOf(decision.until, deps.clock.now());
      await tell('user.paused', { by, reason, until });
      return until === null ? 'The user is paused until resumed.' : `The user is paused until ${until}.`;
    }
    case 'resume':
      await tell('user.resumed', { by, reason });
      return 'The user is resumed. Concord reconciles the user now.';
    case 'retry':
      await tell('user.retried', { by, reason });
      return 'The failure count is reset. Concord reconciles the user now.';
    case 'adopt': {
      const did = parseDid(decision.did);
      if (did === undefined) throw new UsageError('Name the account by its DID.', 'ACCOUNT_UNKNOWN');
      const { password } = await grantAdoption({ ...deps.assess, ...deps }, user, did, { by, reason });
      return `The next reconciliation adopts ${did}. ${passwordSentence(password)}`;
    }
    case 'restore': {
      const { writes } = await grantRestore({ ...deps.assess, ...deps }, user, decision.what, { by, reason });
      return `The next reconciliation restores what was removed: ${writes.map(({ what }) => what).join('; ')}.`;
    }
  }
}

/** A reconciliation of a paused user changes nothing, so the request is refused with the reason. */
function refuseIfPaused(facts: Facts, now: Date): void {
  const pause = withheld(facts, { observeOnly: false }, now)?.condition;
  if (pause === undefined) return;
  throw new UsageError(`${pause.message}. Resume the user instead, which also reconciles.`, 'USER_PAUSED');
}

/** The stored form. A pause that ends before it begins would be recorded and have no effect. */
function endOf(until: string | null, now: Date): string | null {
  if (until === null) return null;
  const end = new Date(until);
  // Also refuses an invalid date.
  if (!(end > now)) throw new UsageError('The end of a pause must be in the future.', 'UNTIL_PASSED');
  return end.toISOString();
}
