/**
 * Whether and how an account is created, and what becomes of a creation that broke off. Pure; the
 * steps themselves are in account-creation.ts. The truth table is in account.ts.
 */
import type { OpenIntent } from '../events/fold.ts';
import type { PdsAccount } from '../ports.ts';
import type { ActualAccount, CreationAction, LateAccount, WantedAccount } from './account-state.ts';
import { freeAddress } from './email.ts';
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

/** There is an account of ours that the document and the log do not name. */
export function planCompletion({ intent, account }: LateAccount): Plan<CreationAction> {
  return {
    actions: [{ resource: type, type: 'complete-creation', intent, account }],
    condition: interrupted,
  };
}

export function planOpenIntent(
  intent: OpenIntent,
  holder: Holder | undefined,
  settleMs: number,
  now: Date,
): Plan<CreationAction> {
  if (holder?.type === 'account') {
    if (isOurs(intent, holder.account)) return planCompletion({ intent, account: holder.account });
    return {
      actions: [{ resource: type, type: 'abandon-creation', intent, leaked: false }],
      condition: interrupted,
    };
  }
  // A slow request of ours may still be running on the PDS: a second one beside it could answer 500 and leak a DID.
  const settled = new Date(intent.at.getTime() + settleMs);
  if (now < settled) {
    const message = 'An account creation has no outcome yet; the PDS is given time to finish it.';
    return { ...none(toBeMended({ type, reason: 'WaitingForOutcome', message })), retryAt: settled };
  }
  if (holder?.type === 'hidden') {
    const message = `A hidden account holds ${intent.handle}, and may be the one whose creation broke off.`;
    return none(heldForPerson({ type, reason: 'IntendedAccountHidden', message }));
  }
  return {
    actions: [{ resource: type, type: 'abandon-creation', intent, leaked: true }],
    condition: interrupted,
  };
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
    const message = `${wanted.failedCreations} creations came to nothing, and each may have left a DID behind; see the log of the PDS.`;
    return none(heldForPerson({ type, reason: 'CreationKeepsFailing', message }));
  }
  const email = freeAddress(wanted.email, actual.emailHolders, now);
  if (email === undefined) return none(noEmailLeft(wanted, actual));
  const { preferred } = actual;
  if (preferred?.type === 'account' && isUnowned(preferred.account, wanted, actual)) {
    const message = `${preferred.account.did} carries the handle and the address of this user, and Concord did not create it.`;
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
    actions: [{ resource: type, type: 'create-account', handle: choice.handle, email }],
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

function noEmailLeft(wanted: WantedAccount, actual: ActualAccount) {
  const other = wanted.email.addresses
    .map((address) => actual.emailHolders.get(address))
    .find((user) => user !== undefined);
  if (other !== undefined) {
    const message = `The user ${other} has an account under the same address; one address can have one account.`;
    return heldForPerson({ type, reason: 'EmailHeldByUser', message });
  }
  const notAllowed = wanted.email.addresses.some(
    (address) => wanted.email.refused.get(address)?.reason === 'not-allowed',
  );
  return notAllowed
    ? heldForPerson({
        type,
        reason: 'EmailNotAllowed',
        message: 'The PDS does not accept the address of this user.',
      })
    : heldForPerson({
        type,
        reason: 'EmailTaken',
        message: 'Another account on the PDS has the address of this user.',
      });
}

function none(condition: Plan<CreationAction>['condition']): Plan<CreationAction> {
  return { actions: [], condition };
}
