/**
 * Observes what rests on the documents and the account of one user, and plans it. Reads only, so that a dry run and an audit
 * use the same code as a reconciliation.
 */
import { UpstreamError } from '../errors.ts';
import type { Facts } from '../events/facts.ts';
import type { Gap } from '../events/gap.ts';
import type { TenantId, UserKey } from '../identity.ts';
import type { DidDirectory, PdsAccount } from '../ports/accounts.ts';
import type { DocumentReader, Documents } from '../ports/documents.ts';
import { didToLocate } from './account/account-location.ts';
import * as account from './account/account-observe.ts';
import type { ActualAccount, DesiredAccount } from './account/account-state.ts';
import * as handle from './account/handle.ts';
import { managedAccount } from './account/left-account.ts';
import { findSuccessors } from './account/successors.ts';
import { type Attempt, attempt, type Failure } from './attempt.ts';
import { type Desired, type DesiredSettings, desire } from './desired.ts';
import * as userDocument from './document/user-document.ts';
import type { ObservedLinkedUser, TransferSeen } from './other-users.ts';
import { planShared, unread } from './plan.ts';
import type { DesiredPolicy } from './policy.ts';
import type { SharedActual, SharedReaders } from './shared.ts';
import type { View } from './view.ts';

/** What was learned of a user, which the observation goes by. */
export interface Learned {
  readonly facts: Facts;
  readonly linkedUser: ObservedLinkedUser;
  /** Undefined where they were not read just now: then the observation reads them. */
  readonly documents: Documents | undefined;
}

/** The observed user, and the settings that the desired state depends on. */
export interface ObservedUser {
  readonly user: UserKey;
  readonly tenant: { readonly id: TenantId; readonly emailTag: string | undefined };
  readonly settings: DesiredSettings;
}

/** In an order in which each step may rest on those before it; what cannot be read leaves the rest undecided. */
export async function observeShared(
  readers: SharedReaders,
  { user, tenant, settings }: ObservedUser,
  { facts, linkedUser, documents }: Learned,
  now: Date,
): Promise<View> {
  const read = documents ?? (await readDocuments(readers.documents, user));
  const domain = await attempt('account', readers.handleDomain);
  const gap = await attempt('account', () => gapBefore(readers, settings.policy, facts));
  // Without the domain, account and handle are not decided; the rest does not depend on it.
  const known = gap.ok ? gap.value : undefined;
  const wanted = desire(user, facts, tenant, domain.ok ? domain.value : '', settings, linkedUser, known);
  if ('failure' in read) return unread(wanted, read.failure);
  const transfer = await attempt('account', readers.transfer);
  if (!transfer.ok) return unread(wanted, transfer.failure);
  const desired = withTransferredCode(wanted, transfer.value);
  const document = await attempt('user-document', () =>
    userDocument.observe(readers.documents, desired.document, read),
  );
  if (!document.ok) return unread(desired, document.failure);
  const seen = { document: document.value, transfer: transfer.value };
  if (!gap.ok) return planShared(desired, { ...seen, ...unreadAccount(gap.failure) }, now);
  if (!domain.ok) return planShared(desired, { ...seen, ...unreadAccount(domain.failure) }, now);
  const { location, ...ofAccount } = await observeAccount(
    readers,
    { user, tenant },
    facts,
    desired,
    read,
    now,
  );
  const view = planShared(desired, { ...seen, ...ofAccount }, now);
  return location !== undefined && hangsOnLocation(view)
    ? { ...view, failures: [...view.failures, location] }
    : view;
}

type AccountPart = Pick<SharedActual, 'account' | 'holder' | 'failure'>;

function unreadAccount(failure: Failure): AccountPart {
  return { account: undefined, holder: undefined, failure };
}

/** `location` is why it is not known whether the account moved. */
async function observeAccount(
  readers: SharedReaders,
  { user, tenant }: Pick<ObservedUser, 'user' | 'tenant'>,
  facts: Facts,
  desired: Desired,
  documents: Documents,
  now: Date,
): Promise<AccountPart & { readonly location?: Failure | undefined }> {
  const found = await attempt('account', async () => {
    const seen = await account.observe(readers, { user, tenant: tenant.id }, desired.account, documents);
    const successors = await findSuccessors(readers.successors, user, facts, desired.account, seen, now);
    return successors.length === 0 ? seen : { ...seen, successors };
  });
  if (!found.ok) return unreadAccount(found.failure);
  const { actual, failure: location } = await locate(readers.dids, desired.account, found.value);
  const managed = managedAccount(desired.account, actual);
  const holder = await attempt('handle', () =>
    handle.observe(readers, user, desired.handle, managed.account),
  );
  return holder.ok
    ? { account: actual, holder: holder.value, failure: undefined, location }
    : { account: actual, holder: undefined, failure: holder.failure, location };
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
  { openGap }: SharedReaders,
  { removal }: DesiredPolicy,
  { absentSince }: Facts,
): Promise<Gap | undefined> {
  return absentSince === undefined || removal === 'report' ? undefined : openGap();
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

/** One unreadable row in an answer about many accounts: only that user is unknown. */
export const UNREADABLE_ROW = new UpstreamError(
  'pds admin.getAccountInfos answered with a row that was not understood.',
  {
    upstream: 'pds',
    code: 'UNEXPECTED_ANSWER',
    retryable: false,
  },
);
const UNREADABLE: Failure = {
  ...{ resource: 'account', error: UNREADABLE_ROW, code: UNREADABLE_ROW.code, retryAfterMs: undefined },
};

/**
 * Plans one user of a batch from the documents and the accounts of all of them, without another call. `isKnown`: the read
 * model shows the user as the documents are.
 */
export function planInBatch(
  wanted: Desired,
  documents: Documents,
  accounts: Attempt<ReadonlyMap<string, PdsAccount | 'unreadable'>>,
  isKnown: boolean,
  now: Date,
): View {
  const desired = isKnown ? withKnownAccount(wanted, documents) : wanted;
  const actual = accounts.ok ? account.observeInBatch(desired.account, documents, accounts.value) : undefined;
  const failure = accounts.ok ? (actual === undefined ? UNREADABLE : undefined) : accounts.failure;
  // A code to be restored is left to the single assessment.
  const document = { documents, codeHolder: undefined };
  return planShared(
    desired,
    { document, account: actual, holder: undefined, failure, transfer: undefined },
    now,
  );
}

/**
 * Where the read model equals the documents, a reconciliation found that the account is the user's: else the user would
 * need action. While the address in Auth0 is not verified, a batch has no other proof, since it does not read the log.
 */
function withKnownAccount(desired: Desired, { user }: Documents): Desired {
  const { account } = desired;
  if (account.type !== 'account' || account.email.withheld === undefined) return desired;
  return { ...desired, account: { ...account, loggedDid: user?.account?.did } };
}
