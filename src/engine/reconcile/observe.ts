/**
 * Observes one user: the desired state, the actual state, and the plan. Reads only, so that a dry run and an audit use the
 * same code as a reconciliation.
 */

import type { Facts } from '../../events/facts.ts';
import type { Gap } from '../../events/gap.ts';
import type { ExcludedBy } from '../../exclusion.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { AccountReader, DidDirectory, InactiveAccountReader } from '../../ports/accounts.ts';
import type { People } from '../../ports/auth0.ts';
import type { DatabaseClock } from '../../ports/clock.ts';
import type { DocumentReader, Documents } from '../../ports/documents.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { ReservationReader, UniqueValue } from '../../ports/reservations.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import * as account from '../../reconcilers/account/account.ts';
import { didToLocate } from '../../reconcilers/account/account-location.ts';
import { observe as observeAccount } from '../../reconcilers/account/account-observe.ts';
import type { ActualAccount, DesiredAccount } from '../../reconcilers/account/account-state.ts';
import * as handle from '../../reconcilers/account/handle.ts';
import type { Desired } from '../../reconcilers/desired.ts';
import * as userDocument from '../../reconcilers/document/user-document.ts';
import * as verification from '../../reconcilers/document/verification.ts';
import type { Readers } from '../../reconcilers/independent.ts';
import type { TransferSeen } from '../../reconcilers/transfer/state.ts';
import { openGaps } from '../intake/gaps.ts';
import { assemble, managedAccount, unread, type View } from './assemble.ts';
import { attempt, type Failure } from './attempt.ts';
import { takenByOthers } from './claims/reserved.ts';
import { findSuccessors, type SuccessorSearch } from './claims/successors.ts';
import { withClock } from './clock-filter.ts';
import { observeIndependent } from './independent.ts';
import type { EngineSettings } from './settings.ts';
import { observeTransfer } from './transfer/seen.ts';

export interface ObserveDeps {
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
  /** Of independent resources. */
  readonly clients: Readers;
  readonly settings: Pick<EngineSettings, 'settleMs' | 'refusalRetryMs' | 'policy'>;
  readonly databaseClock: DatabaseClock;
}

export interface TenantPolicy {
  /** Added to the address of a second tenant's user when the plain one is taken. */
  readonly emailTag: string | undefined;
  /** Users that nothing is done for. None if it is left out. */
  readonly excludedBy?: ExcludedBy | undefined;
}

export function desire(
  user: UserKey,
  facts: Facts,
  tenant: TenantPolicy,
  handleDomain: string,
  settings: ObserveDeps['settings'],
  linkedUser: handle.ObservedLinkedUser,
  gap?: Gap,
): Desired {
  const { settleMs, refusalRetryMs, policy } = settings;
  const { incoming, outgoing, retiring, transferred } = facts;
  const wantedHandle = handle.desired(facts, handleDomain, refusalRetryMs, linkedUser);
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

/** What was learned of a user, which the observation goes by. */
export interface Learned {
  readonly facts: Facts;
  readonly linkedUser: handle.ObservedLinkedUser;
  /** Undefined where they were not read just now: then the observation reads them. */
  readonly documents: Documents | undefined;
}

/** Observes and plans. */
export async function observeUser(
  deps: ObserveDeps,
  tenant: TenantPolicy & { readonly id: TenantId },
  user: UserKey,
  { facts, linkedUser, documents }: Learned,
  now: Date,
): Promise<View> {
  const view = await lookAtShared(deps, tenant, user, facts, now, linkedUser, documents);
  return withClock(await observeIndependent(deps.clients, view, facts, now), deps.databaseClock);
}

/** What rests on the documents and the account. */
async function lookAtShared(
  deps: ObserveDeps,
  tenant: TenantPolicy & { readonly id: TenantId },
  user: UserKey,
  facts: Facts,
  now: Date,
  linkedUser: handle.ObservedLinkedUser,
  documents?: Documents,
): Promise<View> {
  const read = documents ?? (await readDocuments(deps.documents, user));
  const domain = await attempt('account', deps.handleDomain);
  const gap = await attempt('account', () => gapBefore(deps, tenant.id, facts));
  // Without the domain, account and handle are not decided; the rest does not depend on it.
  const known = gap.ok ? gap.value : undefined;
  const wanted = desire(user, facts, tenant, domain.ok ? domain.value : '', deps.settings, linkedUser, known);
  if ('failure' in read) return unread(wanted, read.failure);
  const transfer = await attempt('account', () => observeTransfer(deps, user, facts));
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
    findSuccessors(deps.successors, user, facts, desired.account, accountSeen.value, now),
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
  { events, settings }: ObserveDeps,
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
