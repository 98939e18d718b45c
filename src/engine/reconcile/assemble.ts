/** From the desired and the actual state of one user to the plan: the actions in their order, and the conditions. Pure. */

import { type ConditionDraft, FAILURE_REASONS } from '../../events/condition.ts';
import type { Resource } from '../../events/resources.ts';
import type { UserKey } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { Claimant } from '../../ports/subjects.ts';
import * as account from '../../reconcilers/account/account.ts';
import { endSentence, isOfDeleted } from '../../reconcilers/account/account-end.ts';
import { movedTo, planMigrated } from '../../reconcilers/account/account-location.ts';
import type { ActualAccount, DesiredAccount } from '../../reconcilers/account/account-state.ts';
import { type DesiredEmail, ownAddresses, sameEmail } from '../../reconcilers/account/address.ts';
import * as email from '../../reconcilers/account/email.ts';
import * as handle from '../../reconcilers/account/handle.ts';
import type { ManagedAccount } from '../../reconcilers/account/managed-account.ts';
import type { Failure } from '../../reconcilers/attempt.ts';
import { withUser } from '../../reconcilers/command-lines.ts';
import type { Desired } from '../../reconcilers/desired.ts';
import type { ActualDocument } from '../../reconcilers/document/user-document.ts';
import * as userDocument from '../../reconcilers/document/user-document.ts';
import * as verification from '../../reconcilers/document/verification.ts';
import type { IndependentPlan, SeenIndependent } from '../../reconcilers/independent.ts';
import { WAITING_FOR_DECISION } from '../../reconcilers/needs-action.ts';
import type { TransferSeen } from '../../reconcilers/other-users.ts';
import { needsAction, type Plan, unknown } from '../../reconcilers/reconciler.ts';
import { SHARING_RESOURCES } from '../../reconcilers/registry.ts';
import { planIncoming, planRetirement } from '../../reconcilers/transfer/incoming.ts';
import { planOutgoing } from '../../reconcilers/transfer/outgoing.ts';
import type { TransferResource } from '../../reconcilers/transfer/state.ts';
import { RESTORE_COMMAND } from '../../reconcilers/unwanted.ts';
import type { Action, View } from '../../reconcilers/view.ts';

/** The account whose handle and address may be changed: there, active, wanted, and this user's. */
export function managedAccount(wanted: DesiredAccount, actual: ActualAccount): ManagedAccount {
  const { linked, linkedDid } = actual;
  if (wanted.type !== 'end' && !isResolving(wanted, actual) && planMigrated(wanted, actual) !== undefined) {
    const leftBecause = `The account ${linkedDid} moved to another PDS.`;
    return { account: undefined, leftBecause, hasMoved: true };
  }
  if (linked === undefined || linked === 'missing') return { account: undefined, leftBecause: undefined };
  const leftBecause = whyLeft(wanted, actual, linked);
  if (leftBecause === undefined) return { account: linked, leftBecause };
  if (movedTo(actual) !== undefined) return { account: undefined, leftBecause };
  const isDeleted = wanted.type === 'end' && isOfDeleted(wanted.end);
  return { account: undefined, leftBecause, left: linked, isDeleted };
}

function isResolving({ intent }: DesiredAccount, { intended }: ActualAccount): boolean {
  return intent !== undefined && intended !== undefined;
}

/** Undefined where the account is not left as it is. */
function whyLeft(wanted: DesiredAccount, actual: ActualAccount, linked: PdsAccount): string | undefined {
  const { did } = linked;
  if (wanted.type === 'none') return wanted.message;
  if (wanted.type === 'end') return endSentence(wanted.end);
  // Until the intent is resolved, it is unknown which account is this user's.
  if (isResolving(wanted, actual))
    return 'The outcome of an account creation for this user is not known yet.';
  const { loggedDid } = wanted;
  if (loggedDid !== undefined && loggedDid !== did)
    return 'The users document and the log name different accounts.';
  if (actual.recorded !== undefined && actual.recorded.did === undefined)
    return 'The users document names an account whose DID cannot be read.';
  // Only the document names it, and its address differs: it is not known to be this user's.
  if (loggedDid === undefined && !sameEmail(linked, ownAddresses(wanted.email)))
    return `The account ${did} is not known to be this user's.`;
  switch (linked.state) {
    case 'deactivated':
      return `The account ${did} is deactivated.`;
    case 'takendown':
      return `The account ${did} is taken down.`;
    case 'no-repo':
      return `The account ${did} has no repository.`;
    case 'active':
    case 'unknown':
      return undefined;
  }
}

const NO_EMAIL: DesiredEmail = { addresses: [], refused: new Map(), refusalRetryMs: 0 };

/**
 * Combines the plans, in the order in which they are applied. While something that was removed is missing,
 * nothing is done for the user, and only an open intent is resolved. Pure.
 */
export function assemble(
  desired: Desired,
  document: ActualDocument,
  actual: ActualAccount | undefined,
  holder: handle.Holder | undefined,
  failure: Failure | undefined,
  now: Date,
  transfer?: TransferSeen,
): View {
  const { documents } = document;
  const transfers = transfer === undefined ? NO_TRANSFERS : transferPlans(desired, document, transfer);
  const ofDocument = userDocument.plan(desired.document, document);
  const isDocumentRemoved = ofDocument.holdsUser === true;
  const ofDocuments: Plan<Action>[] = [
    verification.plan(desired.verification, documents),
    isDocumentRemoved ? ofDocument : (transfers['user-document'] ?? ofDocument),
  ];
  const isOnHold = ofDocuments.some(({ holdsUser }) => holdsUser === true);
  const plans: Plan<Action>[] =
    actual === undefined
      ? [...ofDocuments, unseen('account', failure), unseen('email', failure), unseen('handle', failure)]
      : [
          ...ofDocuments,
          ...accountPlans(desired, document, actual, holder, failure, now, isOnHold, transfers),
        ];
  const isHeld = plans.some(({ holdsUser }) => holdsUser === true);
  const released = isHeld ? plans.map(withheldPlan) : plans;
  const actions: Action[] = [];
  const conditions: ConditionDraft[] = [];
  let retryAt: Date | undefined;
  for (const plan of released) {
    if (plan.actions.length > 0) actions.push(...plan.actions);
    conditions.push(pasteable(plan.condition, desired.user));
    if (plan.retryAt !== undefined && (retryAt === undefined || plan.retryAt < retryAt))
      retryAt = plan.retryAt;
  }
  const linked = actual?.linked;
  return {
    desired,
    documents,
    account: linked === 'missing' ? undefined : linked,
    missingAccount: linked === 'missing' ? actual?.linkedDid : undefined,
    movedTo: actual === undefined ? undefined : movedTo(actual),
    actions,
    conditions,
    failures: failure === undefined ? [] : [failure],
    retryAt,
    others: othersIn(actual, holder, transfer),
    isHeld,
    independent: NOT_SEEN,
  };
}

const NOT_SEEN: View['independent'] = new Map();
const NO_ONE: readonly Claimant[] = [];

function othersIn(
  actual: ActualAccount | undefined,
  holder: handle.Holder | undefined,
  transfer: TransferSeen | undefined,
): readonly Claimant[] {
  const carriers = [actual?.preferred, holder].flatMap((one) =>
    one === undefined || one.type === 'nobody' ? [] : (one.owner ?? []),
  );
  const holders = actual === undefined ? [] : [...actual.emailHolders.values()];
  const partners = [transfer?.incoming, transfer?.outgoing].flatMap((one) => one?.other ?? []);
  if (carriers.length === 0 && holders.length === 0 && partners.length === 0) return NO_ONE;
  const owners = [...holders.flatMap((one) => (one.type === 'hidden' ? [] : one)), ...carriers];
  return [...partners, ...owners.map(({ seen }) => seen)];
}

function accountPlans(
  desired: Desired,
  document: ActualDocument,
  actual: ActualAccount,
  holder: handle.Holder | undefined,
  failure: Failure | undefined,
  now: Date,
  isOnHold: boolean,
  transfers: TransferPlans,
): Plan<Action>[] {
  const managed =
    transfers.account === undefined
      ? managedAccount(desired.account, actual)
      : { account: undefined, leftBecause: transfers.account.condition.message };
  const wantedEmail =
    desired.account.type === 'account'
      ? desired.account.email
      : { ...NO_EMAIL, parked: desired.account.parked };
  const code = userDocument.permanentCode(desired.document, document.documents);
  const seen = { ...managed, recorded: actual.recorded, code, holder };
  const ofUser = code === actual.code ? actual : { ...actual, code };
  return [
    transfers.account ?? account.plan(desired.account, ofUser, now, isOnHold),
    transfers.email ??
      email.plan(wantedEmail, { ...managed, holders: actual.emailHolders, isInRing: actual.isInRing }, now),
    transfers.handle ??
      (failure === undefined ? handle.plan(desired.handle, seen, now) : unseen('handle', failure)),
  ];
}

type TransferPlans = { readonly [R in TransferResource]?: Plan<Action> };
const NO_TRANSFERS: TransferPlans = {};

/** Replaces the plans of these resources while a transfer is open. */
function transferPlans(
  { account: wanted, handle: { domain, refused }, transfer }: Desired,
  { documents, codeHolder }: ActualDocument,
  seen: TransferSeen,
): TransferPlans {
  const { incoming, outgoing, retiring } = transfer;
  const retirement =
    retiring === undefined ? undefined : planRetirement(retiring, seen.retiring, wanted, domain);
  return {
    ...(retirement === undefined ? {} : { account: retirement }),
    ...(incoming === undefined || seen.incoming === undefined
      ? {}
      : planIncoming(incoming, seen.incoming, { wanted, documents, codeHolder })),
    ...(outgoing === undefined || seen.outgoing === undefined
      ? {}
      : planOutgoing(outgoing, seen.outgoing, { documents, domain, refused })),
  };
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

/** Steps that resolve an open intent, or end a transfer. They write to the log alone. */
const RESOLVING: ReadonlySet<string> = new Set([
  'resolve-creation',
  'abandon-creation',
  'decline-transfer',
  'close-transfer',
]);

/**
 * What a plan says while something else of the user was removed. Also a plan that waits for another resource, such as the
 * code of a missing document: no reconciliation resolves it.
 */
function withheldPlan(plan: Plan<Action>): Plan<Action> {
  const { type, status, held, message: said } = plan.condition;
  const actions = plan.actions.filter((action) => RESOLVING.has(action.type));
  const isWithheld = plan.actions.length > actions.length;
  const waits = status === 'False' && !held && plan.actions.length === 0 && plan.retryAt === undefined;
  if (!isWithheld && !waits) return plan;
  const about = isWithheld ? `${said} ` : '';
  const message = `${about}Nothing is done until a person decides about the removal. ${RESTORE_COMMAND}`;
  return { actions, condition: needsAction({ type, reason: WAITING_FOR_DECISION, message }) };
}

/** Of a user whose documents or transfer could not be read. */
export function unread(desired: Desired, failure: Failure): View {
  const conditions = SHARING_RESOURCES.map((resource) => unseen(resource, failure).condition);
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

export function unseen(type: ConditionDraft['type'], failure: Failure | undefined): Plan<never> {
  const message = `It could not be read (${failure?.code ?? 'not observed'}), so nothing was decided.`;
  return { actions: [], condition: unknown({ type, reason: FAILURE_REASONS.notObserved, message }) };
}
