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
 * | gone, or blocked                   |             |                                  |          | see account-end.ts       |
 * | yes    | one that cannot be read   | any         |                                  | held     | AccountUnreadable        |
 * | yes    | two different ones        | any         |                                  | held     | AccountsDiffer           |
 * | yes    | the PDS has none          | any         |                                  | held     | AccountMissing           |
 * | yes    | row without repository    | any         |                                  | held     | AccountWithoutRepository |
 * |        |   the same, seen so for a while, and policy allows           | | delete | AccountWithoutRepository |
 * | yes    | deactivated by us         | any         |                                  | activate | AccountDeactivated       |
 * | yes    | deactivated or taken down | any         |                                  | held     | AccountDeactivated, …    |
 * | yes    | only the document names it, and it has an invite of ours | |            | record   | NotRecorded              |
 * | yes    |   the same without, active, and it has another address   | |            | held     | AccountEmailDiffers      |
 * | yes    | active, document lacks it | any         |                                  | record   | NotRecorded              |
 * | yes    | active, document has it   | yes         |                                  | record   | NotRecorded              |
 * | yes    | active, password refused  | –           |                                  | held     | PasswordRefused          |
 * | yes    | active, but no password   | –           |                                  | held     | CredentialsIncomplete    |
 * | yes    |   either, and a reset was granted |     |                                  | reset    | the same                 |
 * | yes    | active                    | –           |                                  | –        | AccountActive            |
 * | yes    | none, a person named one  | any         |                                  | adopt    | AdoptionGranted          |
 * | yes    | none                      | yes         | an account that is ours by proof | complete | CreationInterrupted      |
 * | yes    | none                      | yes         | anybody else                     | abandon  | CreationInterrupted      |
 * | yes    | none                      | yes, young  | nobody, or a hidden account      | wait     | WaitingForOutcome        |
 * | yes    | none                      | yes, old    | nobody                           | abandon  | CreationInterrupted      |
 * | yes    | none                      | yes, old    | a hidden account                 | held     | IntendedAccountHidden    |
 *
 * An invite of ours is that of an intent, open or given up: its code was made for one call, and is known to us and
 * the account alone. So a call that arrives after it has been given up leaves nothing that nobody owns.
 *
 * | wanted, no account, no intent open                                  | action   | reason               |
 * |---------------------------------------------------------------------|----------|----------------------|
 * | an intent that was given up has made an account after all           | complete | CreationInterrupted  |
 * | each address is refused, or another user of ours holds it           | held     | EmailHeldByUser, …   |
 * | the preferred handle's account has this user's address, no intent,  | held     | UnownedAccountFound  |
 * |   and is not that of another user of ours, such as a sister         |          |                      |
 * | several creations came to nothing                                   | held     | CreationKeepsFailing |
 * | the code is needed as the handle, and the PDS refused it            | held     | CodeHandleRefused    |
 * | the code is needed as the handle and is not there yet               | –        | WaitingForCode       |
 * | otherwise                                                           | create   | NoAccount            |
 */
import type { Facts, OpenIntent } from '../events/fold.ts';
import type { Gap } from '../events/gap.ts';
import { BLANKED_HANDLE, type Did, type UserKey } from '../identity.ts';
import type { AccountReader, Documents, PdsAccount, SubjectReader } from '../ports.ts';
import { adopt, complete, create, record, resetPassword } from './account-creation.ts';
import { applyEnd, desiredEnd, type EndPolicy, planEnd } from './account-end.ts';
import { intentBehind, planCompletion, planCreation, planOpenIntent } from './account-planning.ts';
import type {
  AccountAction,
  AccountDeps,
  ActualAccount,
  DesiredAccount,
  LateAccount,
  WantedAccount,
} from './account-state.ts';
import type { DesiredEmail } from './email.ts';
import { type DesiredHandle, lookUp } from './handle.ts';
import { type ApplyContext, asDesired, heldForPerson, type Plan, toBeMended } from './reconciler.ts';

const type = 'account';
const NOTHING_INTERRUPTED: ReadonlySet<string> = new Set();

export interface AccountSettings extends EndPolicy {
  readonly emailTag: string | undefined;
  /** Milliseconds for which a creation with unknown outcome is left alone. */
  readonly settleMs: number;
  readonly refusalRetryMs: number;
  /** What is done about a row without a repository, which only deleting and creating again heals. */
  readonly remnant: 'report' | 'recreate';
  /** One of the tenant's that is open, where it matters: for a user who is gone. */
  readonly gap?: Gap | undefined;
}

export function desired(facts: Facts, handle: DesiredHandle, settings: AccountSettings): DesiredAccount {
  const { auth0 } = facts;
  const loggedDid = facts.account?.did;
  const { openActions } = facts;
  const interrupted =
    openActions.length === 0 ? NOTHING_INTERRUPTED : new Set(openActions.map((action) => action.type));
  const end = desiredEnd(facts, settings, settings.gap);
  if (end !== undefined) return { type: 'end', end, loggedDid, interrupted };
  if (auth0 === undefined) {
    return { type: 'none', reason: 'UserUnknown', message: 'The user has not been read from Auth0 yet.' };
  }
  if (auth0.email === undefined) {
    const message = 'The user has no email address, which an account needs.';
    return { type: 'none', reason: 'NoEmail', message };
  }
  if (!auth0.emailVerified) {
    const message = 'The email has not been verified yet.';
    return { type: 'none', reason: 'WaitingForEmailVerification', message };
  }
  const remnant = facts.conditions.find(({ reason }) => reason === 'AccountWithoutRepository');
  return {
    type: 'account',
    email: desiredEmail(auth0.email, facts, settings),
    handle,
    intent: facts.intent,
    givenUp: facts.givenUp,
    loggedDid,
    failedCreations: facts.possiblyLeakedDids,
    adoption: facts.adoption,
    deactivatedByUs: facts.deactivated !== undefined,
    settleMs: settings.settleMs,
    recreate: settings.remnant === 'recreate',
    passwordRefused: facts.passwordRefused,
    passwordResetGranted: facts.passwordResetGranted,
    interrupted,
    remnantSince: remnant === undefined ? undefined : new Date(remnant.since),
  };
}

function desiredEmail(email: string, facts: Facts, settings: AccountSettings): DesiredEmail {
  const own = email.toLowerCase();
  const addresses = settings.emailTag === undefined ? [own] : [own, taggedEmail(own, settings.emailTag)];
  return { addresses, refused: facts.refusedEmails, refusalRetryMs: settings.refusalRetryMs };
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
  const linkedDid = recorded?.did ?? (wanted.type === 'none' ? undefined : wanted.loggedDid);
  const nothing = {
    recorded,
    linkedDid,
    code: documents.user?.code,
    linked: undefined,
    intended: undefined,
    late: undefined,
    preferred: undefined,
    adoptable: undefined,
    emailHolders: new Map(),
  };
  if (linkedDid !== undefined) {
    const linked = await accounts.account(linkedDid);
    const changed =
      linked !== 'missing' && wanted.type === 'account' && !sameEmail(linked, wanted.email.addresses);
    const emailHolders = changed ? await holdersOf(subjects, user, wanted.email.addresses) : new Map();
    return { ...nothing, linked, emailHolders };
  }
  if (wanted.type !== 'account') return nothing;
  if (wanted.adoption !== undefined) {
    return { ...nothing, adoptable: await accounts.account(wanted.adoption.did) };
  }
  if (wanted.intent !== undefined) {
    return { ...nothing, intended: await lookUp(accounts, wanted.intent.handle) };
  }
  const late = await lookForLate(accounts, wanted.givenUp);
  if (late !== undefined) return { ...nothing, late };
  const { preferred } = wanted.handle;
  const [holder, emailHolders] = await Promise.all([
    preferred === undefined ? undefined : lookUp(accounts, preferred),
    holdersOf(subjects, user, wanted.email.addresses),
  ]);
  return { ...nothing, preferred: holder, emailHolders };
}

/** The handles are where such an account would be; a blank one is of a person who was forgotten. */
async function lookForLate(
  accounts: AccountReader,
  givenUp: readonly OpenIntent[],
): Promise<LateAccount | undefined> {
  for (const handle of new Set(givenUp.map((intent) => intent.handle))) {
    const holder = handle === BLANKED_HANDLE ? undefined : await lookUp(accounts, handle);
    const account = holder?.type === 'account' ? holder.account : undefined;
    const intent = account && intentBehind(account, givenUp);
    if (account !== undefined && intent !== undefined) return { intent, account };
  }
  return undefined;
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
  if (wanted.type === 'end') return planEnd(wanted, actual, now);
  if (actual.recorded !== undefined && actual.recorded.did === undefined) {
    const message = 'The users document has an account whose DID cannot be read; correct or remove it.';
    return none(heldForPerson({ type, reason: 'AccountUnreadable', message }));
  }
  const { adoption } = wanted;
  if (adoption !== undefined && (actual.linkedDid ?? adoption.did) === adoption.did) {
    return planAdoption(adoption, actual.linkedDid === undefined ? actual.adoptable : actual.linked);
  }
  if (actual.linkedDid !== undefined) return planLinked(wanted, actual, actual.linkedDid, now);
  if (wanted.intent !== undefined) {
    return planOpenIntent(wanted.intent, actual.intended, wanted.settleMs, now);
  }
  return actual.late === undefined ? planCreation(wanted, actual, now) : planCompletion(actual.late);
}

function planLinked(
  wanted: WantedAccount,
  { recorded, linked }: ActualAccount,
  did: Did,
  now: Date,
): Plan<AccountAction> {
  if (wanted.loggedDid !== undefined && wanted.loggedDid !== did) {
    const message = `The users document names ${did} and the log ${wanted.loggedDid}; see which one is in use.`;
    return none(heldForPerson({ type, reason: 'AccountsDiffer', message }));
  }
  if (linked === undefined || linked === 'missing') {
    if (wanted.interrupted.has('delete-remnant')) return deleteRemnant(did);
    const message = `The PDS has no account ${did}; it was deleted there, or this is another PDS.`;
    return none(heldForPerson({ type, reason: 'AccountMissing', message }));
  }
  const intent = intentBehind(linked, wanted.intent ? [wanted.intent, ...wanted.givenUp] : wanted.givenUp);
  if (wanted.loggedDid === undefined && intent !== undefined) return planRecord(linked, intent);
  if (linked.state === 'no-repo') return planRemnant(wanted, did, now);
  if (linked.state === 'deactivated' || linked.state === 'takendown') return planInactive(wanted, linked);
  if (
    wanted.loggedDid === undefined &&
    linked.email !== undefined &&
    !sameEmail(linked, wanted.email.addresses)
  ) {
    const message = `Only the users document names ${did}, and its address is not this user's. Say that it is with: concord adopt`;
    return none(heldForPerson({ type, reason: 'AccountEmailDiffers', message }));
  }
  if (recorded?.did === undefined || wanted.intent !== undefined) {
    return planRecord(linked, intent);
  }
  const { hasPassword } = recorded;
  if (wanted.passwordResetGranted) {
    const reason = hasPassword ? 'PasswordRefused' : 'CredentialsIncomplete';
    const message = 'A reset of the password was requested; it is being set on the PDS.';
    return {
      actions: [{ resource: type, type: 'reset-password', did }],
      condition: toBeMended({ type, reason, message }),
    };
  }
  if (!hasPassword) {
    const message =
      'The users document names the account and holds no password for it. Set a new one with: concord password <user> --reset';
    return none(heldForPerson({ type, reason: 'CredentialsIncomplete', message }));
  }
  if (wanted.passwordRefused) {
    const message =
      'The PDS refuses the stored password; its owner may have changed it. Set it again with: concord password <user> --reset';
    return none(heldForPerson({ type, reason: 'PasswordRefused', message }));
  }
  return none(asDesired({ type, reason: 'AccountActive', message: `The account is ${did}.` }));
}

function planRecord(account: PdsAccount, intent: OpenIntent | undefined): Plan<AccountAction> {
  const message = 'The account is there; the users document or the log does not say so yet.';
  return {
    actions: [{ resource: type, type: 'record-account', account, intent }],
    condition: toBeMended({ type, reason: 'NotRecorded', message }),
  };
}

/** Deleted only when ours by the log, and when it has been seen so for a while: one odd answer is not enough. */
function planRemnant(wanted: WantedAccount, did: Did, now: Date): Plan<AccountAction> {
  const reason = 'AccountWithoutRepository';
  const message = `The account ${did} has lost its repository; only deleting and creating it again heals that.`;
  if (!wanted.recreate || wanted.loggedDid !== did) return none(heldForPerson({ type, reason, message }));
  const condition = toBeMended({ type, reason, message });
  const settled = wanted.remnantSince && new Date(wanted.remnantSince.getTime() + wanted.settleMs);
  if (settled === undefined || now < settled) {
    return { actions: [], condition, retryAt: settled ?? new Date(now.getTime() + wanted.settleMs) };
  }
  return deleteRemnant(did);
}

/** Also when the row is gone already and the document still names it: a pass broke off between the two. */
function deleteRemnant(did: Did): Plan<AccountAction> {
  const message = `What is left of the account ${did} is being deleted, so that it can be created again.`;
  return {
    actions: [{ resource: type, type: 'delete-remnant', did }],
    condition: toBeMended({ type, reason: 'AccountWithoutRepository', message }),
  };
}

function planInactive(wanted: WantedAccount, linked: PdsAccount): Plan<AccountAction> {
  if (linked.state === 'takendown') {
    const message = `The account ${linked.did} is taken down on the PDS.`;
    return none(heldForPerson({ type, reason: 'AccountTakenDown', message }));
  }
  const reason = 'AccountDeactivated';
  const message = `The account ${linked.did} is deactivated on the PDS.`;
  if (!wanted.deactivatedByUs) return none(heldForPerson({ type, reason, message }));
  return {
    actions: [{ resource: type, type: 'reactivate-account', did: linked.did }],
    condition: toBeMended({ type, reason, message }),
  };
}

function planAdoption(
  adoption: NonNullable<Facts['adoption']>,
  account: PdsAccount | 'missing' | undefined,
): Plan<AccountAction> {
  if (account === undefined || account === 'missing') {
    const message = `The PDS has no account ${adoption.did}, which was to be adopted.`;
    return none(heldForPerson({ type, reason: 'AdoptionImpossible', message }));
  }
  const message = `A person said that ${adoption.did} is this user's; it is being adopted.`;
  return {
    actions: [{ resource: type, type: 'adopt-account', account, evidence: adoption.evidence }],
    condition: toBeMended({ type, reason: 'AdoptionGranted', message }),
  };
}

export function sameEmail(account: PdsAccount, emails: readonly string[]): boolean {
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
    case 'abandon-creation': {
      const reason = action.leaked ? 'no-account-came-of-it' : 'not-applied';
      const data = { intent: action.intent.event, reason } as const;
      return context.tell({ type: 'account.creation-abandoned', data });
    }
    case 'record-account':
      return record(deps, action, documents, context);
    case 'adopt-account':
      return adopt(deps, action, documents, context);
    case 'reset-password':
      return resetPassword(deps, action.did, context);
    case 'reactivate-account':
      await context.ensureLease();
      await deps.accounts.setActive(action.did, true);
      return context.tell({ type: 'account.reactivated', data: { did: action.did } });
    case 'delete-remnant':
      await context.ensureLease();
      await deps.accounts.deleteAccount(action.did);
      await deps.documents.dropAccount(context.user, action.did);
      return context.tell({ type: 'account.remnant-deleted', data: { did: action.did } });
    case 'deactivate-account':
    case 'delete-account':
      return applyEnd(deps, action, context);
  }
}
