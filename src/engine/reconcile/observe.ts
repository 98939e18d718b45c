/**
 * Observes one user: the desired state, the actual state, and the plan. Reads only, so that a dry run and an audit use the
 * same code as a reconciliation.
 */

import { type ConditionDraft, FAILURE_REASONS } from '../../events/condition.ts';
import type { Facts } from '../../events/facts.ts';
import type { Gap } from '../../events/gap.ts';
import { RESOURCES } from '../../events/resources.ts';
import type { ExcludedBy } from '../../exclusion.ts';
import type { Did, TenantId, UserKey } from '../../identity.ts';
import type { AccountReader, DidDirectory, InactiveAccountReader, PdsAccount } from '../../ports/accounts.ts';
import type { People } from '../../ports/auth0.ts';
import type { DocumentReader, Documents } from '../../ports/documents.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { ReservationReader, UniqueValue } from '../../ports/reservations.ts';
import type { Claimant, SubjectReader } from '../../ports/subjects.ts';
import * as account from '../../reconcilers/account/account.ts';
import { endSentence, isOfDeleted } from '../../reconcilers/account/account-end.ts';
import { didToLocate, movedTo, planMigrated } from '../../reconcilers/account/account-location.ts';
import { observe as observeAccount } from '../../reconcilers/account/account-observe.ts';
import type { ActualAccount, DesiredAccount } from '../../reconcilers/account/account-state.ts';
import { type DesiredEmail, ownAddresses, sameEmail } from '../../reconcilers/account/address.ts';
import * as email from '../../reconcilers/account/email.ts';
import * as handle from '../../reconcilers/account/handle.ts';
import type { ManagedAccount } from '../../reconcilers/account/managed-account.ts';
import { withUser } from '../../reconcilers/command-lines.ts';
import type { Desired } from '../../reconcilers/desired.ts';
import type { ActualDocument } from '../../reconcilers/document/user-document.ts';
import * as userDocument from '../../reconcilers/document/user-document.ts';
import * as verification from '../../reconcilers/document/verification.ts';
import { WAITING_FOR_DECISION } from '../../reconcilers/needs-action.ts';
import { heldForPerson, type Plan, unknown } from '../../reconcilers/reconciler.ts';
import type { Action } from '../../reconcilers/registry.ts';
import { planIncoming, planRetirement } from '../../reconcilers/transfer/incoming.ts';
import { planOutgoing } from '../../reconcilers/transfer/outgoing.ts';
import type { TransferResource, TransferSeen } from '../../reconcilers/transfer/state.ts';
import { RESTORE_COMMAND } from '../../reconcilers/unwanted.ts';
import { openGaps } from '../intake/gaps.ts';
import { attempt, type Failure } from './attempt.ts';
import { takenByOthers } from './claims/reserved.ts';
import { lookForSuccessors, type SuccessorSearch } from './claims/successors.ts';
import type { EngineSettings } from './settings.ts';
import { lookAtTransfer } from './transfer/seen.ts';

export interface LookDeps {
  readonly documents: DocumentReader;
  readonly accounts: AccountReader;
  readonly inactive: InactiveAccountReader;
  readonly subjects: Pick<SubjectReader, 'holdersOfEmail' | 'holdersOfHandle' | 'holdersOfDid' | 'get'>;
  readonly people: People;
  readonly successors: SuccessorSearch;
  readonly dids: DidDirectory;
  readonly events: Pick<EventReader, 'read' | 'ofUser'>;
  readonly reservations: Pick<ReservationReader, 'find'>;
  /** The domain of handles, such as `.at.test`; reads it from the PDS, which may be unreachable. */
  readonly handleDomain: () => Promise<string>;
  readonly settings: Pick<EngineSettings, 'settleMs' | 'refusalRetryMs' | 'policy'>;
}

export interface TenantPolicy {
  /** Added to the address of a second tenant's user when the plain one is taken. */
  readonly emailTag: string | undefined;
  /** Users that nothing is done for. None if it is left out. */
  readonly excludedBy?: ExcludedBy | undefined;
}

export interface View {
  readonly desired: Desired;
  /** Undefined when the documents could not be read. */
  readonly documents: Documents | undefined;
  /** The account on the PDS, if it could be read and exists. */
  readonly account: PdsAccount | undefined;
  /** The account that the document or the log names and the PDS does not have. */
  readonly missingAccount: Did | undefined;
  /** The PDS that the account moved to, by its DID; undefined if it did not move, or that was not read. */
  readonly movedTo: string | undefined;
  /** In the order in which they are applied. */
  readonly actions: readonly Action[];
  readonly conditions: readonly ConditionDraft[];
  readonly failures: readonly Failure[];
  readonly retryAt: Date | undefined;
  /** Other users that the plan depended on, as the read model had them. */
  readonly others: readonly Claimant[];
}

export function desire(
  user: UserKey,
  facts: Facts,
  tenant: TenantPolicy,
  handleDomain: string,
  settings: LookDeps['settings'],
  sister: handle.SisterSeen,
  gap?: Gap,
): Desired {
  const { settleMs, refusalRetryMs, policy } = settings;
  const { incoming, outgoing, retiring, transferred } = facts;
  const wantedHandle = handle.desired(facts, handleDomain, refusalRetryMs, sister);
  return {
    user,
    verification: verification.desired(facts),
    document: userDocument.desired(facts, user),
    handle: wantedHandle,
    account: account.desired(facts, wantedHandle, {
      blocked: policy.blocked,
      removal: policy.removal,
      removalGraceMs: policy.removalGraceMs,
      remnant: policy.remnant,
      emailTag: tenant.emailTag,
      settleMs,
      refusalRetryMs,
      gap,
    }),
    transfer: { incoming, outgoing, retiring, transferred },
  };
}

/** Observes and plans. `documents` may be passed when they were read a moment ago. */
export async function look(
  deps: LookDeps,
  tenant: TenantPolicy & { readonly id: TenantId },
  user: UserKey,
  facts: Facts,
  now: Date,
  sister: handle.SisterSeen,
  documents?: Documents,
): Promise<View> {
  const read = documents ?? (await readDocuments(deps.documents, user));
  const domain = await attempt('account', deps.handleDomain);
  const gap = await attempt('account', () => gapBefore(deps, tenant.id, facts));
  // Without the domain, account and handle are not decided; the rest does not depend on it.
  const known = gap.ok ? gap.value : undefined;
  const wanted = desire(user, facts, tenant, domain.ok ? domain.value : '', deps.settings, sister, known);
  if ('failure' in read) return unread(wanted, read.failure);
  const transfer = await attempt('account', () => lookAtTransfer(deps, user, facts));
  if (!transfer.ok) return unread(wanted, transfer.failure);
  const desired = withTransferredCode(wanted, transfer.value);
  const seen = await attempt('user-document', () =>
    userDocument.observe(deps.documents, desired.document, read),
  );
  if (!seen.ok) return unread(desired, seen.failure);
  const document = seen.value;
  if (!gap.ok) return assemble(desired, document, undefined, undefined, gap.failure, now, transfer.value);
  if (!domain.ok)
    return assemble(desired, document, undefined, undefined, domain.failure, now, transfer.value);
  const observing = {
    ...deps,
    lookUpTaken: (values: readonly UniqueValue[]) => takenByOthers(deps, user, values, now),
  };
  const accountSeen = await attempt('account', () =>
    observeAccount(observing, { user, tenant: tenant.id }, desired.account, read),
  );
  if (!accountSeen.ok)
    return assemble(desired, document, undefined, undefined, accountSeen.failure, now, transfer.value);
  const found = await attempt('account', () =>
    lookForSuccessors(deps.successors, user, facts, desired.account, accountSeen.value, now),
  );
  if (!found.ok) return assemble(desired, document, undefined, undefined, found.failure, now, transfer.value);
  const seenWith =
    found.value.length === 0 ? accountSeen.value : { ...accountSeen.value, successors: found.value };
  const { actual, failure } = await locate(deps.dids, desired.account, seenWith);
  const managed = managedAccount(desired.account, actual);
  const holderSeen = await attempt('handle', () =>
    handle.observe(observing, user, desired.handle, managed.account),
  );
  const view = holderSeen.ok
    ? assemble(desired, document, actual, holderSeen.value, undefined, now, transfer.value)
    : assemble(desired, document, actual, undefined, holderSeen.failure, now, transfer.value);
  return failure !== undefined && hangsOnLocation(view)
    ? { ...view, failures: [...view.failures, failure] }
    : view;
}

/** Reads which PDS the DID of an inactive account names. Without an answer, the plan is made anyway. */
async function locate(
  dids: DidDirectory,
  wanted: DesiredAccount,
  seen: ActualAccount,
): Promise<{ readonly actual: ActualAccount; readonly failure: Failure | undefined }> {
  const did = didToLocate(wanted, seen);
  if (did === undefined) return { actual: seen, failure: undefined };
  const asked = await attempt('account', () => dids.serviceOf(did));
  if (asked.ok) return { actual: { ...seen, location: asked.value }, failure: undefined };
  const { failure } = asked;
  return { actual: { ...seen, location: { type: 'unknown', code: failure.code } }, failure };
}

/** Whether the account was read, but could not be decided without its location. */
function hangsOnLocation({ conditions }: View): boolean {
  return conditions.some(({ type, status }) => type === 'account' && status === 'Unknown');
}

/** A code that a deleted user has released is this user's, as if the log had it. */
function withTransferredCode(desired: Desired, seen: TransferSeen | undefined): Desired {
  const { incoming } = desired.transfer;
  const isReleased = incoming?.open.has('code') === true && seen?.incoming?.promise?.isCodeReleased === true;
  if (!isReleased || desired.document.type === 'unwanted') return desired;
  return { ...desired, document: { ...desired.document, code: incoming.code } };
}

/** A gap in the log keeps the account from being removed; no other decision depends on it. */
async function gapBefore(
  { events, settings }: LookDeps,
  tenant: TenantId,
  { absentSince }: Facts,
): Promise<Gap | undefined> {
  if (absentSince === undefined || settings.policy.removal === 'report') return undefined;
  return (await openGaps(events, tenant))[0];
}

async function readDocuments(
  reader: DocumentReader,
  user: UserKey,
): Promise<Documents | { failure: Failure }> {
  const result = await attempt('user-document', () => reader.read([user]));
  if (!result.ok) return { failure: result.failure };
  const documents = result.value.get(user);
  if (documents === undefined) throw new Error('the documents of a user were asked for and not answered');
  return documents;
}

/** The account whose handle and address may be changed: there, active, wanted, and this user's. */
function managedAccount(wanted: DesiredAccount, actual: ActualAccount): ManagedAccount {
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
  const released = plans.some(({ holdsUser }) => holdsUser === true) ? plans.map(withheldPlan) : plans;
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
  };
}

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
  return { actions, condition: heldForPerson({ type, reason: WAITING_FOR_DECISION, message }) };
}

function unread(desired: Desired, failure: Failure): View {
  const conditions = RESOURCES.map((resource) => unseen(resource, failure).condition);
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
  };
}

function unseen(type: ConditionDraft['type'], failure: Failure | undefined): Plan<never> {
  const message = `It could not be read (${failure?.code ?? 'not observed'}), so nothing was decided.`;
  return { actions: [], condition: unknown({ type, reason: FAILURE_REASONS.notObserved, message }) };
}
