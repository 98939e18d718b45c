/**
 * Whether and how an account is created, and what becomes of a creation that broke off. Pure; the
 * steps themselves are in account-creation.ts. The truth table is in account.ts.
 */
import type { OpenIntent } from '../events/fold.ts';
import type { PdsAccount } from '../ports.ts';
import type {
  AccountAction,
  ActualAccount,
  CreationAction,
  KnownAccount,
  LateAccount,
  WantedAccount,
} from './account-state.ts';
import { chooseAddress } from './address.ts';
import { showAccount } from './command-lines.ts';
import { chooseHandle, type Holder } from './handle.ts';
import { heldForPerson, type Plan, toBeMended } from './reconciler.ts';

const type = 'account';

/** Each failed creation may have left a DID in the public directory for ever, so a person is asked early. */
const MAX_FAILED_CREATIONS = 3;

const interrupted = toBeMended({
  type,
  reason: 'CreationInterrupted',
  message: 'An account creation broke off; what came of it is being settled.',
});

/**
 * An open intent, or an account that came of one that was given up. Undefined when there is neither.
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
 * | hidden, and the intent is old                     |          | held     | IntendedAccountHidden |
 *
 * To go on is to finish the creation. Otherwise the log learns that the account exists, and nothing is written: the user
 * is deleted, blocked or unverified, or something of theirs was removed.
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
    const message = 'The account is there; the users document or the log does not say so yet.';
    return {
      actions: [{ resource: type, type: 'record-account', account: linked, intent }],
      condition: toBeMended({ type, reason: 'NotRecorded', message }),
    };
  }
  if (intended?.type === 'account' && isOurs(intent, intended.account)) {
    const found = { intent, account: intended.account };
    const isOnlyOne = recorded === undefined || recorded.did === intended.account.did;
    return isToGoOn && isOnlyOne ? planCompletion(found) : planResolution(found, false);
  }
  if (intended?.type === 'account') return planAbandonment(intent, false);
  return planUnresolved(intent, intended, wanted.settleMs, now);
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

/** No account is to be seen at the intent's handle. */
function planUnresolved(
  intent: OpenIntent,
  holder: Holder | undefined,
  settleMs: number,
  now: Date,
): Plan<CreationAction> {
  // A slow request of ours may still be running on the PDS: a second one beside it could answer 500 and leak a DID.
  const settled = new Date(intent.at.getTime() + settleMs);
  if (now < settled) {
    const message = 'An account creation has no outcome yet; the PDS is given time to finish it.';
    return { ...none(toBeMended({ type, reason: 'WaitingForOutcome', message })), retryAt: settled };
  }
  if (holder?.type === 'hidden') {
    const show = showAccount('<did>', 'deactivated', 'takedown');
    const message = `An inactive account carries ${intent.handle}, and may be the one whose creation broke off. Find its DID with: concord audit --orphans; activate it with: ${show}; then run: concord reconcile <user>`;
    return none(heldForPerson({ type, reason: 'IntendedAccountHidden', message }));
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
 * The single-use invite code is known to us and the account alone, so another code is another's account,
 * whatever its address. Where the PDS keeps none, the address proves it, which only our intent had as well.
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

export function planCreation(wanted: WantedAccount, actual: ActualAccount, now: Date): Plan<CreationAction> {
  if (wanted.failedCreations >= MAX_FAILED_CREATIONS) {
    const message = `${wanted.failedCreations} creations came to nothing, and each may have left a DID behind. The log of the PDS says why. When the cause is repaired, run: concord retry <user>`;
    return none(heldForPerson({ type, reason: 'CreationKeepsFailing', message }));
  }
  const address = chooseAddress(type, wanted.email, actual.emailHolders, now);
  if (address.type === 'none') {
    const { condition, retryAt } = address;
    return { ...none(condition), ...(retryAt === undefined ? {} : { retryAt }) };
  }
  const { preferred } = actual;
  if (preferred?.type === 'account' && isUnowned(preferred.account, wanted, actual)) {
    const message = `${preferred.account.did} carries the handle and the address of this user, and Concord did not create it. See the evidence and adopt it with: concord adopt <user>`;
    return none(heldForPerson({ type, reason: 'UnownedAccountFound', message }));
  }
  const choice = chooseHandle(wanted.handle, actual.code, preferred, undefined, now);
  if (choice.reason === 'CodeHandleRefused') {
    return none(heldForPerson({ type, reason: choice.reason, message: choice.message }));
  }
  if (choice.handle === undefined) {
    const message = 'There is no account; it waits for the code, which is to be its handle.';
    return none(toBeMended({ type, reason: 'WaitingForCode', message }));
  }
  return {
    actions: [{ resource: type, type: 'create-account', handle: choice.handle, email: address.address }],
    condition: toBeMended({
      type,
      reason: 'NoAccount',
      message: 'The email is verified and there is no account.',
    }),
  };
}

/** This user's handle and address, and no other user's of ours: a sister may well have both. */
function isUnowned(account: PdsAccount, wanted: WantedAccount, actual: ActualAccount): boolean {
  const address = account.email?.toLowerCase();
  if (address === undefined || actual.emailHolders.has(address)) return false;
  return wanted.email.addresses.includes(address);
}

function none(condition: Plan<CreationAction>['condition']): Plan<CreationAction> {
  return { actions: [], condition };
}
