/**
 * From the desired and the actual state of one user to the plan: the actions in the order of the resources, and the
 * conditions. Pure.
 */
import type { ConditionDraft } from '../events/condition.ts';
import type { Resource } from '../events/resources.ts';
import type { UserKey } from '../identity.ts';
import type { Claimant } from '../ports/subjects.ts';
import { movedTo } from './account/account-location.ts';
import { managedAccount } from './account/left-account.ts';
import type { Failure } from './attempt.ts';
import { withUser } from './command-lines.ts';
import type { Desired } from './desired.ts';
import { permanentCode } from './document/user-document.ts';
import type { IndependentPlan, SeenIndependent } from './independent.ts';
import { WAITING_FOR_DECISION } from './needs-action.ts';
import { needsAction, type Plan } from './reconciler.ts';
import { isResolving, SHARING } from './registry.ts';
import { type SeenAccount, type SharedActual, type TransferPlans, unseen } from './shared.ts';
import { transferPlans } from './transfer/plans.ts';
import { RESTORE_COMMAND } from './unwanted.ts';
import type { Action, View } from './view.ts';

const NO_TRANSFERS: TransferPlans = {};
const NOT_SEEN: View['independent'] = new Map();
const NO_ONE: readonly Claimant[] = [];

/**
 * The plan of the resources that share documents and one account. While something that was removed is missing, nothing is
 * done for the user, and only an open intent is resolved.
 */
export function planShared(desired: Desired, actual: SharedActual, now: Date): View {
  const { document, account, failure, transfer } = actual;
  const transfers = transfer === undefined ? NO_TRANSFERS : transferPlans(desired, document, transfer);
  const seen = {
    desired,
    document,
    account: seenAccount(desired, actual, transfers),
    failure,
    transfers,
    now,
  };
  const plans: Plan<Action>[] = [];
  let isOnHold = false;
  for (const resource of SHARING) {
    const plan = resource.plan(seen, isOnHold);
    isOnHold ||= plan.holdsUser === true;
    plans.push(plan);
  }
  const actions: Action[] = [];
  const conditions: ConditionDraft[] = [];
  let retryAt: Date | undefined;
  for (const plan of isOnHold ? plans.map(withheldPlan) : plans) {
    if (plan.actions.length > 0) actions.push(...plan.actions);
    conditions.push(pasteable(plan.condition, desired.user));
    if (plan.retryAt !== undefined && (retryAt === undefined || plan.retryAt < retryAt))
      retryAt = plan.retryAt;
  }
  const linked = account?.linked;
  return {
    desired,
    documents: document.documents,
    account: linked === 'missing' ? undefined : linked,
    missingAccount: linked === 'missing' ? account?.linkedDid : undefined,
    movedTo: account === undefined ? undefined : movedTo(account),
    actions,
    conditions,
    failures: failure === undefined ? [] : [failure],
    retryAt,
    others: othersIn(actual),
    isHeld: isOnHold,
    independent: NOT_SEEN,
  };
}

function seenAccount(
  desired: Desired,
  { document, account, holder }: SharedActual,
  transfers: TransferPlans,
): SeenAccount | undefined {
  if (account === undefined) return undefined;
  const managed =
    transfers.account === undefined
      ? managedAccount(desired.account, account)
      : { account: undefined, leftBecause: transfers.account.condition.message };
  const code = permanentCode(desired.document, document.documents);
  return { actual: code === account.code ? account : { ...account, code }, managed, holder };
}

function othersIn({ account: actual, holder, transfer }: SharedActual): readonly Claimant[] {
  const carriers = [actual?.preferred, holder].flatMap((one) =>
    one === undefined || one.type === 'nobody' ? [] : (one.owner ?? []),
  );
  const holders = actual === undefined ? [] : [...actual.emailHolders.values()];
  const partners = [transfer?.incoming, transfer?.outgoing].flatMap((one) => one?.other ?? []);
  if (carriers.length === 0 && holders.length === 0 && partners.length === 0) return NO_ONE;
  const owners = [...holders.flatMap((one) => (one.type === 'hidden' ? [] : one)), ...carriers];
  return [...partners, ...owners.map(({ seen }) => seen)];
}

/** Adds the plan of an independent resource, which is applied after those that are there. */
export function withPlan(
  view: View,
  resource: Resource,
  planned: IndependentPlan<Action>,
  seen: SeenIndependent,
  failure?: Failure,
): View {
  const { actions, condition, retryAt } = view.isHeld ? withheldPlan(planned) : planned;
  const isSooner = retryAt !== undefined && (view.retryAt === undefined || retryAt < view.retryAt);
  return {
    ...view,
    actions: [...view.actions, ...actions],
    conditions: [...view.conditions, pasteable(condition, view.desired.user)],
    failures: failure === undefined ? view.failures : [...new Set([...view.failures, failure])],
    retryAt: isSooner ? retryAt : view.retryAt,
    independent: new Map([...view.independent, [resource, seen]]),
  };
}

/** Makes the commands in a message complete, so that they can be pasted. */
function pasteable(condition: ConditionDraft, user: UserKey): ConditionDraft {
  const message = withUser(condition.message, user);
  return message === condition.message ? condition : { ...condition, message };
}

/**
 * What a plan says while something else of the user was removed. Also a plan that waits for another resource, such as the
 * code of a missing document: no reconciliation resolves it.
 */
function withheldPlan(plan: Plan<Action>): Plan<Action> {
  const { type, status, held, message: said } = plan.condition;
  const actions = plan.actions.filter(isResolving);
  const isWithheld = plan.actions.length > actions.length;
  const waits = status === 'False' && !held && plan.actions.length === 0 && plan.retryAt === undefined;
  if (!isWithheld && !waits) return plan;
  const about = isWithheld ? `${said} ` : '';
  const message = `${about}Nothing is done until a person decides about the removal. ${RESTORE_COMMAND}`;
  return { actions, condition: needsAction({ type, reason: WAITING_FOR_DECISION, message }) };
}

/** Of a user whose documents or transfer could not be read. */
export function unread(desired: Desired, failure: Failure): View {
  const conditions = SHARING.map(({ name }) => unseen(name, failure).condition);
  return {
    desired,
    documents: undefined,
    account: undefined,
    missingAccount: undefined,
    movedTo: undefined,
    actions: [],
    conditions,
    failures: [failure],
    retryAt: undefined,
    others: [],
    isHeld: false,
    independent: NOT_SEEN,
  };
}
