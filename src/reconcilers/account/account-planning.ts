/**
 * Whether and how an account is created, and how an interrupted creation is settled. Pure; the
 * steps themselves are in account-creation.ts. The truth table is in account.ts.
 */
import type { Facts, OpenIntent } from '../../events/facts.ts';
import { BLANKED_HANDLE } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import { showAccount, updateUser } from '../command-lines.ts';
import { needsAction, type Plan, pending } from '../reconciler.ts';
import type {
  AccountAction,
  ActualAccount,
  CreationAction,
  HiddenAccount,
  KnownAccount,
  LateAccount,
  WantedAccount,
} from './account-state.ts';
import { chooseAddress } from './address.ts';
import { chooseHandle, type Holder } from './handle.ts';
import { planListing } from './inactive-accounts.ts';

const type = 'account';

/** Each failed creation may have left a DID in the public directory for ever, so a person is asked early. */
const MAX_FAILED_CREATIONS = 3;

const interrupted = pending({
  type,
  reason: 'CreationInterrupted',
  message: 'An account creation was interrupted; its outcome is being settled.',
});

/**
 * An open intent, or an account of an intent that was given up. Undefined when there is neither.
 *
 * | the account is                                    | to go on | action   | reason               |
 * |---------------------------------------------------|----------|----------|----------------------|
 * | the one that the document or the log names        | yes      | record   | NotRecorded          |
 * | at the intent's handle, and ours by proof         | yes      | complete | CreationInterrupted  |
 * |   the same, and the document names another        | yes      | resolve  | CreationInterrupted  |
 * | either                                            | no       | resolve  | CreationInterrupted  |
 * | at the intent's handle, and another user's        |          | abandon  | CreationInterrupted  |
 * | none, or hidden, and the intent is young          |          | wait     | WaitingForOutcome    |
 * | none, and the intent is old                       |          | abandon  | CreationInterrupted  |
 * | hidden, ours by its invite                        |          | as one at the intent's handle    |
 * | hidden and another's, and the intent is old       |          | abandon  | CreationInterrupted  |
 * | hidden, not known which, and the intent is old    |          | list     | see inactive-accounts.ts |
 * |   the same, and inactive accounts were listed     |          | held     | IntendedAccountHidden |
 *
 * To go on is to finish the creation. Otherwise the log records that the account exists, and nothing is written: the user
 * is deleted, blocked or unverified, or something of theirs was removed. For an unverified user the next plan records it,
 * since it is there.
 */
export function planIntent(
  wanted: KnownAccount,
  actual: ActualAccount,
  isToGoOn: boolean,
  now: Date,
): Plan<AccountAction> | undefined {
  const { intent } = wanted;
  const { linked, intended, late, recorded } = actual;
  if (intent === undefined) {
    if (late === undefined) return undefined;
    return isToGoOn ? planCompletion(late) : planResolution(late, false);
  }
  if (linked !== undefined && linked !== 'missing' && isIntended(linked, intended, intent)) {
    if (!isToGoOn) return planResolution({ intent, account: linked }, recorded?.did === linked.did);
    const message = 'The account exists; the users document or the log does not name it yet.';
    return {
      actions: [{ resource: type, type: 'record-account', account: linked, intent }],
      condition: pending({ type, reason: 'NotRecorded', message }),
    };
  }
  const own = ownAt(intended, intent);
  if (own !== undefined) {
    const found = { intent, account: own };
    const isOnlyOne = recorded === undefined || recorded.did === own.did;
    return isToGoOn && isOnlyOne ? planCompletion(found) : planResolution(found, false);
  }
  if (intended?.type === 'account') return planAbandonment(intent, false);
  return planUnresolved(intent, wanted, actual, now);
}

/**
 * The account at the intent's handle, where it is ours. One that the PDS hides may have had the handle and the address
 * before the intent, so only its invite proves that it is.
 */
function ownAt(intended: ActualAccount['intended'], intent: OpenIntent): PdsAccount | undefined {
  if (intended?.type === 'account') return isOurs(intent, intended.account) ? intended.account : undefined;
  const hidden = intended?.type === 'hidden' ? intended.account : undefined;
  return hidden !== undefined && madeBy(hidden, intent) ? hidden : undefined;
}

/** No request to a PDS, and to the proxies before it, lasts longer. */
export const WATCHED_FOR_MS = 3_600_000;

/** Until when an account may still come of a creation that was given up; undefined where none can any more. */
function watchedUntil(
  { creationFailedAt, givenUp, sights }: Pick<KnownAccount, 'creationFailedAt' | 'givenUp' | 'sights'>,
  now: Date,
): Date | undefined {
  const isBlank = givenUp.every(({ handle }) => handle === BLANKED_HANDLE);
  if (creationFailedAt === undefined || isBlank || sights.account !== undefined) return undefined;
  const until = new Date(creationFailedAt.getTime() + WATCHED_FOR_MS);
  return now < until ? until : undefined;
}

/** Why a deleted user cannot be forgotten yet; an intent with a blank handle is of one who was forgotten before. */
export function unsettled(
  { intent, ...watched }: Pick<Facts, 'intent' | 'creationFailedAt' | 'givenUp' | 'sights'>,
  now: Date,
): string | undefined {
  if (intent !== undefined && intent.handle !== BLANKED_HANDLE)
    return 'An account creation of this user has no outcome yet, and once it is forgotten nothing can look for the account. Resolve it first: concord reconcile <user>';
  const until = watchedUntil(watched, now);
  if (until === undefined) return undefined;
  return `The PDS gave no answer to an account creation of this user, and once the user is forgotten nothing can look for the account. Try again after ${until.toISOString()}.`;
}

/**
 * A creation that was given up may be carried out by the PDS all the same, when no trigger names the user any more. Where
 * nothing is created in its place, such as for a deleted user, the account is looked for once more.
 */
export function watchful<T>(
  planned: Plan<T>,
  wanted: KnownAccount,
  { linkedDid }: ActualAccount,
  now: Date,
): Plan<T> {
  const until = watchedUntil(wanted, now);
  const { condition, retryAt } = planned;
  // A user who needs action is reconciled every day anyway.
  const isLeft = linkedDid === undefined && planned.actions.length === 0 && !condition.held;
  if (until === undefined || !isLeft) return planned;
  const message = `${condition.message} The PDS gave no answer to an account creation; an account that comes of it is looked for until ${until.toISOString()}.`;
  return {
    ...planned,
    condition: { ...condition, message },
    retryAt: retryAt !== undefined && retryAt < until ? retryAt : until,
  };
}

function planCompletion({ intent, account }: LateAccount): Plan<CreationAction> {
  return {
    actions: [{ resource: type, type: 'complete-creation', intent, account }],
    condition: interrupted,
  };
}

function planResolution({ intent, account }: LateAccount, documented: boolean): Plan<CreationAction> {
  return {
    actions: [{ resource: type, type: 'resolve-creation', intent, account, documented }],
    condition: interrupted,
  };
}

function planAbandonment(intent: OpenIntent, leaked: boolean): Plan<CreationAction> {
  return { actions: [{ resource: type, type: 'abandon-creation', intent, leaked }], condition: interrupted };
}

/** No account is visible at the intent's handle. */
function planUnresolved(
  intent: OpenIntent,
  wanted: Pick<KnownAccount, 'settleMs' | 'listedAt'>,
  { intended: holder, listing }: ActualAccount,
  now: Date,
): Plan<CreationAction> {
  // A slow request of ours may still be running on the PDS: a second one beside it could answer 500 and leak a DID.
  const settled = new Date(intent.at.getTime() + wanted.settleMs);
  if (now < settled) {
    const message = 'An account creation has no outcome yet; the PDS is given time to finish it.';
    return { ...none(pending({ type, reason: 'WaitingForOutcome', message })), retryAt: settled };
  }
  if (holder?.type === 'hidden' && holder.account === undefined) {
    const listed = planListing(intent.at, wanted, listing, now);
    if (listed !== undefined) return listed;
    const show = showAccount('<did>', 'deactivated', 'takedown');
    const message = `An account that the PDS does not show carries ${intent.handle}, and may be the one whose creation was interrupted. Find its DID with: concord audit --orphans; activate it with: ${show}; then run: concord reconcile <user>`;
    return none(needsAction({ type, reason: 'IntendedAccountHidden', message }));
  }
  return planAbandonment(intent, true);
}

/** Where the PDS keeps no invites, the account has to be at the intent's handle too. */
function isIntended(linked: PdsAccount, intended: Holder | undefined, intent: OpenIntent): boolean {
  const isThere = intended?.type === 'account' && intended.account.did === linked.did;
  return madeBy(linked, intent) || (isThere && isOurs(intent, linked));
}

/** Whether the account was created with the invite of this intent. */
export function madeBy({ inviteHash }: PdsAccount, intent: OpenIntent | undefined): boolean {
  return inviteHash !== undefined && inviteHash === intent?.inviteHash;
}

/**
 * Only we and the account know the single-use invite code, so another code means another user's account,
 * whatever its address. Where the PDS keeps none, the address is the proof, which only our intent had as well.
 */
function isOurs(intent: OpenIntent, account: PdsAccount): boolean {
  if (account.inviteHash !== undefined) return account.inviteHash === intent.inviteHash;
  return account.email?.toLowerCase() === intent.email;
}

/** Whose invite the account was made with. The address proves nothing here: only the open intent has a claim to it. */
export function intentBehind(
  { inviteHash }: PdsAccount,
  intents: readonly OpenIntent[],
): OpenIntent | undefined {
  return inviteHash === undefined ? undefined : intents.find((intent) => intent.inviteHash === inviteHash);
}

const OLD_FIELDS =
  '{$unset: {atproto_did: 1, atproto_handle: 1, atproto_password: 1, atproto_created_at: 1}}';

/** The platform named an account in fields of before `atproto`: a second one would be in its way. */
export function planNotImported({ oldAccount, late }: ActualAccount): Plan<CreationAction> | undefined {
  if (oldAccount === undefined || late !== undefined) return undefined;
  const { did } = oldAccount;
  const message =
    did === undefined
      ? `The users document names an account in its old fields, and atproto_did is no DID. Set it in the MongoDB shell: ${updateUser('{$set: {atproto_did: "<did>"}}')}; and move it with: concord import --apply; or remove the old fields: ${updateUser(OLD_FIELDS)}; then run: concord reconcile <user>`
      : `The users document names the account ${did} in atproto_did, where the platform kept it before. Move it to atproto with: concord import --apply; then run: concord reconcile <user>`;
  return none(needsAction({ type, reason: 'AccountNotImported', message }));
}

export function planCreation(wanted: WantedAccount, actual: ActualAccount, now: Date): Plan<CreationAction> {
  const address = chooseAddress(type, wanted.email, actual.emailHolders, now);
  if (address.type === 'none') {
    const { condition, retryAt } = address;
    return { ...none(condition), ...(retryAt === undefined ? {} : { retryAt }) };
  }
  const { creationFailedAt } = wanted;
  const listing = creationFailedAt && planListing(creationFailedAt, wanted, actual.listing, now);
  if (listing !== undefined) return listing;
  if (wanted.failedCreations >= MAX_FAILED_CREATIONS) {
    const message = failingMessage(wanted);
    return none(needsAction({ type, reason: 'CreationKeepsFailing', message }));
  }
  const { preferred } = actual;
  if (preferred?.type === 'account' && isUnowned(preferred.account, wanted, actual)) {
    const message = `${preferred.account.did} carries the handle and the address of this user, and Concord did not create it. See the evidence and adopt it with: concord adopt <user>`;
    return none(needsAction({ type, reason: 'UnownedAccountFound', message }));
  }
  const choice = chooseHandle(wanted.handle, actual.code, preferred, undefined, now);
  if (choice.reason === 'CodeHandleRefused') {
    return none(needsAction({ type, reason: choice.reason, message: choice.message }));
  }
  if (choice.handle === undefined) {
    const message = 'There is no account yet: its handle will be the code, which has not been assigned.';
    return none(pending({ type, reason: 'WaitingForCode', message }));
  }
  if (choice.reason !== 'PlatformHandle' && actual.codeHolder !== undefined) {
    const message = codeHolderMessage(choice.handle, actual.codeHolder);
    return none(needsAction({ type, reason: 'CodeHandleRefused', message }));
  }
  return {
    actions: [{ resource: type, type: 'create-account', handle: choice.handle, email: address.address }],
    condition: pending({
      type,
      reason: 'NoAccount',
      message: 'The email is verified and there is no account.',
    }),
  };
}

function failingMessage({ failedCreations, creationFailure, givenUp }: WantedAccount): string {
  const last = creationFailure === undefined ? 'the last one had no answer' : `the last: ${creationFailure}`;
  const tried = givenUp.at(-1)?.handle;
  const handle = tried === undefined || tried === BLANKED_HANDLE ? 'the handle' : `the handle ${tried}`;
  return `${failedCreations} account creations failed on the PDS (${last}), and each may have left a DID in the public directory. An account that the PDS does not show may have the address or ${handle}. Look for it with: concord audit --orphans. Then try again with: concord retry <user>`;
}

function codeHolderMessage(handle: string, { account: { did }, owners: [owner] }: HiddenAccount): string {
  const whose = owner === undefined ? '' : ` of ${owner.user}`;
  return `The inactive account ${did}${whose} carries ${handle}, the handle made of the code, and the PDS does not show it. See whose it is with: concord adopt <user> ${did} --preview`;
}

/** This user's handle and address, and no other user's of ours: a linked user may well have both. */
function isUnowned(account: PdsAccount, wanted: WantedAccount, actual: ActualAccount): boolean {
  const address = account.email?.toLowerCase();
  if (address === undefined || actual.emailHolders.has(address)) return false;
  return wanted.email.addresses.includes(address);
}

function none(condition: Plan<CreationAction>['condition']): Plan<CreationAction> {
  return { actions: [], condition };
}
