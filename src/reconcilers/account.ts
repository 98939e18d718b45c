/**
 * Exactly one PDS account for a user with a verified email.
 *
 * createAccount cannot be repeated, so an intent is in the log before the call, and a pass that
 * finds an intent without an outcome looks for the account before anything else.
 *
 * | wanted | account known by DID      | intent open | the intent's handle is held by   | action   | reason                   |
 * |--------|---------------------------|-------------|----------------------------------|----------|--------------------------|
 * | no     | none                      | –           |                                  | –        | why not                  |
 * | no     | any                       | –           |                                  | –        | why not; left as it is   |
 * | yes    | one that cannot be read   | any         |                                  | held     | AccountUnreadable        |
 * | yes    | two different ones        | any         |                                  | held     | AccountsDiffer           |
 * | yes    | the PDS has none          | any         |                                  | held     | AccountMissing           |
 * | yes    | row without repository    | any         |                                  | held     | AccountWithoutRepository |
 * | yes    | deactivated or taken down | any         |                                  | held     | AccountDeactivated, …    |
 * | yes    | active, document lacks it | any         |                                  | record   | NotRecorded              |
 * | yes    | active                    | any         |                                  | –        | AccountActive            |
 * | yes    | none                      | yes         | an account that is ours by proof | complete | CreationInterrupted      |
 * | yes    | none                      | yes         | anybody else                     | abandon  | CreationInterrupted      |
 * | yes    | none                      | yes, young  | nobody                           | wait     | WaitingForOutcome        |
 * | yes    | none                      | yes, old    | nobody                           | abandon  | CreationInterrupted      |
 *
 * | wanted, no account, no intent                                       | action | reason                 |
 * |---------------------------------------------------------------------|--------|------------------------|
 * | each address is refused, or another user of ours holds it           | held   | EmailHeldByUser, …     |
 * | the preferred handle's account has this user's address, no intent   | held   | UnownedAccountFound    |
 * | several creations came to nothing                                   | held   | CreationKeepsFailing   |
 * | the code is needed as the handle and is not there yet               | –      | WaitingForCode         |
 * | otherwise                                                           | create | NoAccount              |
 */
import type { Facts, OpenIntent } from '../events/fold.ts';
import type { AccountHandle, Code, Did, UserKey } from '../identity.ts';
import type { AccountReader, AccountRecord, Documents, PdsAccount, SubjectReader } from '../ports.ts';
import { type AccountDeps, complete, create, record } from './account-creation.ts';
import { chooseHandle, type DesiredHandle, type Holder, lookUp } from './handle.ts';
import { type ApplyContext, asDesired, heldForPerson, type Plan, toBeMended } from './reconciler.ts';

export type DesiredAccount =
  | { readonly type: 'none'; readonly reason: string; readonly message: string }
  | {
      readonly type: 'account';
      /** Addresses in the order of preference: the user's own, then the one tagged for this tenant. */
      readonly emails: readonly [string, ...string[]];
      readonly refusedEmails: Facts['refusedEmails'];
      readonly handle: DesiredHandle;
      readonly intent: OpenIntent | undefined;
      readonly loggedDid: Did | undefined;
      readonly failedCreations: number;
      /** Milliseconds for which a creation with unknown outcome is left alone. */
      readonly settleMs: number;
    };

export interface ActualAccount {
  readonly recorded: AccountRecord | undefined;
  /** The account of the DID that the document or the log names; undefined when neither names one. */
  readonly linked: PdsAccount | 'missing' | undefined;
  readonly linkedDid: Did | undefined;
  /** Who holds the handle of the open intent. */
  readonly intended: Holder | undefined;
  /** Who holds the preferred handle, where an account is to be created. */
  readonly preferred: Holder | undefined;
  /** Other users of ours with an account under one of the wanted addresses. */
  readonly emailHolders: ReadonlyMap<string, UserKey>;
  readonly code: Code | undefined;
}

export type AccountAction =
  | {
      readonly resource: 'account';
      readonly type: 'create-account';
      readonly handle: AccountHandle;
      readonly email: string;
    }
  | {
      readonly resource: 'account';
      readonly type: 'complete-creation';
      readonly intent: OpenIntent;
      readonly account: PdsAccount;
    }
  | {
      readonly resource: 'account';
      readonly type: 'abandon-creation';
      readonly intent: OpenIntent;
      readonly leaked: boolean;
    }
  | { readonly resource: 'account'; readonly type: 'record-account'; readonly account: PdsAccount };

const type = 'account';

/** Each failed creation may have left a DID in the public directory for ever, so a person is asked early. */
const MAX_FAILED_CREATIONS = 3;

export interface AccountSettings {
  readonly emailTag: string | undefined;
  readonly settleMs: number;
}

export function desired(facts: Facts, handle: DesiredHandle, settings: AccountSettings): DesiredAccount {
  const { auth0 } = facts;
  if (auth0 === undefined || facts.absentSince !== undefined) {
    return { type: 'none', reason: 'UserGone', message: 'Auth0 has no such user.' };
  }
  if (auth0.blocked) return { type: 'none', reason: 'UserBlocked', message: 'The user is blocked in Auth0.' };
  if (auth0.email === undefined) {
    return {
      type: 'none',
      reason: 'NoEmail',
      message: 'The user has no email address, which an account needs.',
    };
  }
  if (!auth0.emailVerified) {
    return {
      type: 'none',
      reason: 'WaitingForEmailVerification',
      message: 'The email has not been verified yet.',
    };
  }
  const own = auth0.email.toLowerCase();
  const emails: [string, ...string[]] = [own];
  if (settings.emailTag !== undefined) emails.push(taggedEmail(own, settings.emailTag));
  return {
    type: 'account',
    emails,
    refusedEmails: facts.refusedEmails,
    handle,
    intent: facts.intent,
    loggedDid: facts.account?.did,
    failedCreations: facts.possiblyLeakedDids,
    settleMs: settings.settleMs,
  };
}

/** `bob@example.com` and `sotce` give `bob+sotce@example.com`. */
export function taggedEmail(email: string, tag: string): string {
  const at = email.lastIndexOf('@');
  return `${email.slice(0, at)}+${tag}${email.slice(at)}`;
}

export async function observe(
  accounts: AccountReader,
  subjects: Pick<SubjectReader, 'holdersOfEmail'>,
  user: UserKey,
  wanted: DesiredAccount,
  documents: Documents,
): Promise<ActualAccount> {
  const recorded = documents.user?.account;
  const linkedDid = recorded?.did ?? (wanted.type === 'account' ? wanted.loggedDid : undefined);
  const base = { recorded, linkedDid, code: documents.user?.code };
  const nothing = { linked: undefined, intended: undefined, preferred: undefined, emailHolders: new Map() };
  if (linkedDid !== undefined) return { ...base, ...nothing, linked: await accounts.account(linkedDid) };
  if (wanted.type === 'none') return { ...base, ...nothing };
  if (wanted.intent !== undefined) {
    return { ...base, ...nothing, intended: await lookUp(accounts, wanted.intent.handle) };
  }
  const { preferred } = wanted.handle;
  const [holder, emailHolders] = await Promise.all([
    preferred === undefined ? undefined : lookUp(accounts, preferred),
    holdersOf(subjects, user, wanted.emails),
  ]);
  return { ...base, ...nothing, preferred: holder, emailHolders };
}

async function holdersOf(
  subjects: Pick<SubjectReader, 'holdersOfEmail'>,
  user: UserKey,
  emails: readonly string[],
): Promise<ReadonlyMap<string, UserKey>> {
  const found = new Map<string, UserKey>();
  for (const email of emails) {
    const other = (await subjects.holdersOfEmail(email)).find((holder) => holder !== user);
    if (other !== undefined) found.set(email, other);
  }
  return found;
}

export function plan(wanted: DesiredAccount, actual: ActualAccount, now: Date): Plan<AccountAction> {
  if (wanted.type === 'none') {
    const kept = actual.linkedDid === undefined ? '' : ' The account is left as it is.';
    return none(asDesired({ type, reason: wanted.reason, message: wanted.message + kept }));
  }
  if (actual.recorded !== undefined && actual.recorded.did === undefined) {
    const message = 'The users document has an account whose DID cannot be read; correct or remove it.';
    return none(heldForPerson({ type, reason: 'AccountUnreadable', message }));
  }
  if (actual.linkedDid !== undefined) return planLinked(wanted, actual, actual.linkedDid);
  if (wanted.intent !== undefined)
    return planOpenIntent(wanted.intent, actual.intended, wanted.settleMs, now);
  return planCreation(wanted, actual, now);
}

function planLinked(
  wanted: Extract<DesiredAccount, { type: 'account' }>,
  { recorded, linked }: ActualAccount,
  did: Did,
): Plan<AccountAction> {
  if (wanted.loggedDid !== undefined && wanted.loggedDid !== did) {
    const message = `The users document names ${did} and the log ${wanted.loggedDid}; see which one is in use.`;
    return none(heldForPerson({ type, reason: 'AccountsDiffer', message }));
  }
  if (linked === undefined || linked === 'missing') {
    const message = `The PDS has no account ${did}; it was deleted there, or this is another PDS.`;
    return none(heldForPerson({ type, reason: 'AccountMissing', message }));
  }
  switch (linked.state) {
    case 'no-repo': {
      const message = `The account ${did} has lost its repository; only deleting and creating it again heals that.`;
      return none(heldForPerson({ type, reason: 'AccountWithoutRepository', message }));
    }
    case 'deactivated': {
      const message = `The account ${did} is deactivated on the PDS.`;
      return none(heldForPerson({ type, reason: 'AccountDeactivated', message }));
    }
    case 'takendown': {
      const message = `The account ${did} is taken down on the PDS.`;
      return none(heldForPerson({ type, reason: 'AccountTakenDown', message }));
    }
    case 'active':
    case 'unknown':
      break;
  }
  if (recorded?.did === undefined || wanted.intent !== undefined) {
    const message = 'The account is there; the users document or the log does not say so yet.';
    return {
      actions: [{ resource: type, type: 'record-account', account: linked }],
      condition: toBeMended({ type, reason: 'NotRecorded', message }),
    };
  }
  if (!recorded.hasPassword) {
    const message = 'The users document names the account and holds no password for it.';
    return none(heldForPerson({ type, reason: 'CredentialsIncomplete', message }));
  }
  return none(asDesired({ type, reason: 'AccountActive', message: `The account is ${did}.` }));
}

function planOpenIntent(
  intent: OpenIntent,
  holder: Holder | undefined,
  settleMs: number,
  now: Date,
): Plan<AccountAction> {
  const interrupted = toBeMended({
    type,
    reason: 'CreationInterrupted',
    message: 'An account creation broke off; what came of it is being settled.',
  });
  if (holder?.type === 'account') {
    const action: AccountAction = isOurs(intent, holder.account)
      ? { resource: type, type: 'complete-creation', intent, account: holder.account }
      : { resource: type, type: 'abandon-creation', intent, leaked: false };
    return { actions: [action], condition: interrupted };
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

/** The single-use invite code is known to us and the account alone; the address as well was only in our intent. */
function isOurs(intent: OpenIntent, account: PdsAccount): boolean {
  return account.inviteHash === intent.inviteHash || account.email?.toLowerCase() === intent.email;
}

function planCreation(
  wanted: Extract<DesiredAccount, { type: 'account' }>,
  actual: ActualAccount,
  now: Date,
): Plan<AccountAction> {
  if (wanted.failedCreations >= MAX_FAILED_CREATIONS) {
    const message = `${wanted.failedCreations} creations came to nothing, and each may have left a DID behind; see the log of the PDS.`;
    return none(heldForPerson({ type, reason: 'CreationKeepsFailing', message }));
  }
  const retryMs = wanted.handle.refusalRetryMs;
  const email = wanted.emails.find((address) => {
    const refusal = wanted.refusedEmails.get(address);
    const refused = refusal !== undefined && now.getTime() - refusal.at.getTime() < retryMs;
    return !refused && !actual.emailHolders.has(address);
  });
  if (email === undefined) return none(noEmailLeft(wanted, actual));
  const { preferred } = actual;
  if (preferred?.type === 'account' && sameEmail(preferred.account, wanted.emails)) {
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

function noEmailLeft(wanted: Extract<DesiredAccount, { type: 'account' }>, actual: ActualAccount) {
  const other = wanted.emails
    .map((address) => actual.emailHolders.get(address))
    .find((user) => user !== undefined);
  if (other !== undefined) {
    const message = `The user ${other} has an account under the same address; one address can have one account.`;
    return heldForPerson({ type, reason: 'EmailHeldByUser', message });
  }
  const notAllowed = wanted.emails.some(
    (address) => wanted.refusedEmails.get(address)?.reason === 'not-allowed',
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

function sameEmail(account: PdsAccount, emails: readonly string[]): boolean {
  return account.email !== undefined && emails.includes(account.email.toLowerCase());
}

function none(condition: Plan<AccountAction>['condition']): Plan<AccountAction> {
  return { actions: [], condition };
}

export async function apply(
  deps: AccountDeps,
  action: AccountAction,
  documents: Documents,
  context: ApplyContext,
): Promise<void> {
  switch (action.type) {
    case 'create-account':
      return create(deps, action, context);
    case 'complete-creation':
      return complete(deps, action, documents, context);
    case 'abandon-creation':
      return context.tell({
        type: 'account.creation-abandoned',
        data: {
          intent: action.intent.event,
          reason: action.leaked ? 'no-account-came-of-it' : 'not-applied',
        },
      });
    case 'record-account':
      return record(deps, action.account, documents, context);
  }
}
