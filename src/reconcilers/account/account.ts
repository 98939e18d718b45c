/**
 * Exactly one PDS account for a user with a verified email. A verified address is needed to add an account, and not to
 * keep one: while the address is unverified again, an account that exists is treated as any other, and only its address
 * does not follow (see email.ts).
 *
 * createAccount cannot be repeated, so an intent is in the log before the call. An open intent is resolved before
 * anything else is concluded, whatever the state of the user: planIntent in account-planning.ts has its table.
 *
 * | wanted | account that the document or the log names               | action   | reason                   |
 * |--------|----------------------------------------------------------|----------|--------------------------|
 * | not known | any                                                   | –        | UserUnknown; left as it is |
 * | deleted or blocked                                                |          | see account-end.ts       |
 * | deleted or blocked | one whose remnant we were deleting, and it is gone | delete   | AccountWithoutRepository |
 * | deleted or blocked | one whose stored password was being set           | reset    | CredentialsIncomplete    |
 * | deleted | none, and another user has got the one before           | –        | AccountTransferred       |
 * | any    | one that is being transferred to another user, or to this one       | see transfer-*.ts        |
 * | yes    | one that cannot be read                                  | held     | AccountUnreadable        |
 * | yes    | two different ones                                       | held     | AccountsDiffer           |
 * | any    | deactivated or missing, and its DID names another PDS    | –        | AccountMigrated          |
 * | yes    | the PDS has none                                         | held     | AccountMissing           |
 * |        |   the same, and a person decided that it is lost         | drop the record | AccountMissing    |
 * | yes    | the document named it, and no longer does                | held     | DocumentRemoved          |
 * |        |   the same, and it is not known which account            | held     | DocumentRemoved          |
 * | yes    | row without repository                                   | held     | AccountWithoutRepository |
 * |        |   the same, seen so for a while, and policy allows       | delete   | AccountWithoutRepository |
 * | yes    | deactivated by us                                        | activate | AccountDeactivated       |
 * | yes    | deactivated or taken down                                | held     | AccountDeactivated, …    |
 * | yes    | only the document names it, and it has an invite of ours | record   | NotRecorded              |
 * | yes    |   the same without, active, and it has another address   | held     | AccountEmailDiffers      |
 * | yes    | active, and the document never named it                  | record   | NotRecorded              |
 * | yes    | active, password refused                                 | held     | PasswordRefused          |
 * | yes    |   the same, and a person decided so                      | reset    | PasswordRefused          |
 * | yes    | active, but no password                                  | held     | CredentialsIncomplete    |
 * |        |   either, and a person asked for a reset                 | reset    | the same                 |
 * | yes    | active                                                   | –        | AccountActive            |
 * | yes    | none, a person named one                                 | adopt    | AdoptionGranted          |
 * | yes    | none, and Auth0 has no address                           | –        | NoEmail                  |
 * | yes    | none, and the address is not verified                    | –        | WaitingForEmailVerification |
 * | yes    | none, and a field of the address cannot be used          | held     | FieldUnusable            |
 *
 * Without a verified address no account is adopted either, unless the document names it; what is left of a lost one is
 * kept until another one can take its place.
 *
 * What is done while the directory of DIDs cannot be asked is in account-location.ts.
 *
 * An account of an earlier life of the user (deleted in Auth0 and back under the same id) that the PDS no longer has
 * counts as none.
 *
 * | wanted, a verified address, no account, no intent open              | action   | reason               |
 * |---------------------------------------------------------------------|----------|----------------------|
 * | an intent that was given up has made an account after all           | complete | CreationInterrupted  |
 * | no address is available                                             | –        | see address.ts       |
 * | the preferred handle's account has this user's address, no intent,  | held     | UnownedAccountFound  |
 * |   and is not that of another user of ours, such as a linked one     |          |                      |
 * | a creation failed, and inactive accounts were not listed since      | list     | see inactive-accounts.ts |
 * | several creations failed                                            | held     | CreationKeepsFailing |
 * | the document names one in its old fields (`atproto_did`)            | held     | AccountNotImported   |
 * | the code is needed as the handle, and the PDS refused it, or an     | held     | CodeHandleRefused    |
 * |   inactive account carries it                                       |          |                      |
 * | the code is needed as the handle and is not there yet               | –        | WaitingForCode       |
 * | otherwise                                                           | create   | NoAccount            |
 */
// biome-ignore-all lint/style/noExcessiveLinesPerFile: the table above and all that plans and applies it, but for what the files beside it have.

import { isMigrated } from '../../events/condition.ts';
import type { Auth0Facts, Facts, OpenIntent } from '../../events/facts.ts';
import { unusableIn } from '../../events/fold-auth0.ts';
import type { Gap } from '../../events/gap.ts';
import type { Did } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import { pdsAdmin, showAccount, updateUser } from '../command-lines.ts';
import { taggedEmail } from '../derived-names.ts';
import type { EndPolicy } from '../policy.ts';
import { inSync, needsAction, type Plan, pending, removedByOthers } from '../reconciler.ts';
import { RESTORE_COMMAND } from '../unwanted.ts';
import { desiredEnd, planEnd } from './account-end.ts';
import { cautiously, planMigrated } from './account-location.ts';
import { intentBehind, planCreation, planIntent, planNotImported, watchful } from './account-planning.ts';
import type {
  AccountAction,
  ActualAccount,
  DesiredAccount,
  KnownAccount,
  WantedAccount,
} from './account-state.ts';
import {
  type DesiredEmail,
  ownAddresses,
  sameEmail,
  type WithheldAddress,
  withheldCondition,
} from './address.ts';
import type { DesiredHandle } from './handle.ts';

const type = 'account';
const NOTHING_INTERRUPTED: ReadonlySet<string> = new Set();

export interface AccountSettings extends EndPolicy {
  readonly emailTag: string | undefined;
  /** Milliseconds that a creation with unknown outcome gets to finish. */
  readonly settleMs: number;
  readonly refusalRetryMs: number;
  /** What is done about a row without a repository, which only deleting and creating again heals. */
  readonly remnant: 'report' | 'recreate';
  /** One of the tenant's that is open, where it matters: for a user who is gone. */
  readonly gap?: Gap | undefined;
}

export function desired(facts: Facts, handle: DesiredHandle, settings: AccountSettings): DesiredAccount {
  const { auth0, openActions, sights } = facts;
  const known = {
    loggedDid: facts.account?.did,
    sights,
    recordRemoved: facts.removed.has('account-record'),
    lostDid: facts.lostAccount,
    parked: facts.parked,
    transferred: facts.transferred,
    intent: facts.intent,
    givenUp: facts.givenUp,
    creationFailedAt: facts.creationFailedAt,
    settleMs: settings.settleMs,
    interrupted:
      openActions.length === 0 ? NOTHING_INTERRUPTED : new Set(openActions.map((action) => action.type)),
    saidMigrated: facts.conditions.find(isMigrated)?.message,
    listedAt: facts.inactiveListedAt,
  };
  const end = desiredEnd(facts, settings, settings.gap);
  if (end !== undefined) return { type: 'end', end, ...known };
  if (auth0 === undefined) {
    const message = 'The user has not been read from Auth0 yet.';
    return { type: 'none', reason: 'UserUnknown', message, ...known };
  }
  const remnant = facts.conditions.find(({ reason }) => reason === 'AccountWithoutRepository');
  return {
    type: 'account',
    ...known,
    email: desiredEmail(auth0, facts, settings),
    handle,
    failedCreations: facts.possiblyLeakedDids,
    creationFailure: facts.creationFailure,
    adoption: facts.adoption,
    deactivatedByUs: facts.deactivated !== undefined,
    recreate: settings.remnant === 'recreate',
    passwordRefused: facts.passwordRefused,
    passwordResetGranted: facts.passwordResetGranted,
    remnantSince: remnant === undefined ? undefined : new Date(remnant.since),
  };
}

function desiredEmail(auth0: Auth0Facts, facts: Facts, settings: AccountSettings): DesiredEmail {
  const { emailTag: tag, refusalRetryMs } = settings;
  const own = auth0.email?.toLowerCase();
  const withTag = (email: string) => (tag === undefined ? [email] : [email, taggedEmail(email, tag)]);
  const { parked, parkingEndedAt } = facts;
  const desired = { refused: unexplained(facts), refusalRetryMs, parked, parkingEndedAt };
  const withheld = withheldAddress(auth0, facts);
  if (withheld === undefined) return { addresses: own === undefined ? [] : withTag(own), ...desired };
  const known = [own, facts.verifiedEmail?.toLowerCase()].flatMap((email) => email ?? []);
  return {
    addresses: [],
    withheld: { ...withheld, known: [...new Set(known)].flatMap(withTag) },
    ...desired,
  };
}

/** Why Auth0 has no address that an account may have; undefined where it has one. */
function withheldAddress(
  { email, emailVerified }: Auth0Facts,
  facts: Facts,
): Omit<WithheldAddress, 'known'> | undefined {
  const unusable = unusableIn(facts, ['email', 'email_verified']);
  if (email === undefined && !unusable.includes('email'))
    return { reason: 'NoEmail', why: 'The user has no email address in Auth0.' };
  if (emailVerified && email !== undefined) return undefined;
  if (unusable.length === 0)
    return { reason: 'WaitingForEmailVerification', why: 'The email address is not verified in Auth0.' };
  const counts =
    email === undefined ? 'The user counts as having no address' : 'The address counts as not verified';
  const why = `${counts}: Auth0 has a value in ${unusable.join(' and in ')} that cannot be used.`;
  return { reason: 'FieldUnusable', why };
}

/** Refusals from before it was known which user has the address say nothing once that user has another one. */
function unexplained({ refusedEmails, conditions }: Facts): Facts['refusedEmails'] {
  if (refusedEmails.size === 0) return refusedEmails;
  const known = conditions.find(
    (one) => (one.type === type || one.type === 'email') && one.waitsFor !== undefined,
  );
  if (known === undefined) return refusedEmails;
  const since = new Date(known.since);
  return new Map([...refusedEmails].filter(({ 1: { reason, at } }) => reason !== 'taken' || at > since));
}

/** With `isOnHold`, something else of this user was removed: an open intent is resolved, and nothing is done. */
export function plan(
  wanted: DesiredAccount,
  actual: ActualAccount,
  now: Date,
  isOnHold = false,
): Plan<AccountAction> {
  const isToGoOn = wanted.type === 'account' && wanted.email.withheld === undefined && !isOnHold;
  const resolving = planIntent(wanted, actual, isToGoOn, now);
  if (resolving !== undefined) return resolving;
  const planned =
    wanted.type === 'end'
      ? (planTransferred(wanted, actual) ?? planUnfinished(wanted, actual) ?? planEnd(wanted, actual, now))
      : (planMigrated(wanted, actual) ?? planKept(wanted, actual, now));
  return cautiously(watchful(planned, wanted, actual, now), actual, now);
}

/** Of a user whose account is not to end. */
function planKept(
  wanted: Exclude<DesiredAccount, { type: 'end' }>,
  actual: ActualAccount,
  now: Date,
): Plan<AccountAction> {
  if (wanted.type === 'none') return planRemoved(wanted, actual) ?? planNone(wanted, actual);
  if (actual.recorded !== undefined && actual.recorded.did === undefined) {
    return planUnreadable(actual.linkedDid);
  }
  const { adoption, email } = wanted;
  // One that is named and missing was removed, and that takes another decision.
  const isGone = actual.linked === 'missing';
  const isAdded = actual.linkedDid === undefined;
  const isToAdopt = adoption !== undefined && (actual.linkedDid ?? adoption.did) === adoption.did;
  if (isToAdopt && !isGone && !(isAdded && email.withheld !== undefined))
    return planAdoption(adoption, actual);
  if (actual.linkedDid !== undefined) return planLinked(wanted, actual, actual.linkedDid, now);
  const kept = planRemoved(wanted, actual) ?? planNotImported(actual);
  if (kept !== undefined) return kept;
  return email.withheld === undefined ? planCreation(wanted, actual, now) : planWithheld(email.withheld);
}

function planWithheld(withheld: WithheldAddress): Plan<AccountAction> {
  return none(withheldCondition(type, withheld, 'An account needs a verified address.'));
}

function planNone(
  { reason, message }: { readonly reason: string; readonly message: string },
  { linked }: ActualAccount,
): Plan<AccountAction> {
  const kept =
    linked === undefined || linked === 'missing' ? '' : ` The account ${linked.did} is left as it is.`;
  return none(inSync({ type, reason, message: message + kept }));
}

/**
 * The unfinished steps of an interrupted reconciliation, whatever the state of the user since (W11): a remnant that is
 * deleted, and a stored password that the account does not have yet.
 */
function planUnfinished(
  { interrupted }: KnownAccount,
  { linked, linkedDid, recorded }: ActualAccount,
): Plan<AccountAction> | undefined {
  if (linkedDid === undefined || linked === undefined) return undefined;
  if (linked === 'missing') return interrupted.has('delete-remnant') ? deleteRemnant(linkedDid) : undefined;
  const isStored = recorded?.did === linkedDid && recorded.hasPassword;
  if (!isStored || !interrupted.has('reset-password')) return undefined;
  const message = `The password that is stored for the account ${linkedDid} is being set on the PDS.`;
  return {
    actions: [{ resource: type, type: 'reset-password', did: linkedDid }],
    condition: pending({ type, reason: 'CredentialsIncomplete', message }),
  };
}

/** A deleted user whose account another user has. Undefined for all other users. */
function planTransferred(
  { end, transferred }: Extract<DesiredAccount, { type: 'end' }>,
  { linkedDid }: ActualAccount,
): Plan<never> | undefined {
  const isBlocked = end.type === 'suspended' || (end.type === 'kept' && end.reason === 'UserBlocked');
  if (transferred === undefined || linkedDid !== undefined || isBlocked) return undefined;
  const message = `The user is deleted in Auth0, and its account ${transferred.did} was transferred to ${transferred.to}.`;
  return { actions: [], condition: inSync({ type, reason: 'AccountTransferred', message }) };
}

/** An account that was there, or its record in the users document. Undefined where neither was removed. */
function planRemoved(
  { sights, lostDid, recordRemoved }: KnownAccount,
  { recorded, linked, linkedDid: did }: ActualAccount,
): Plan<never> | undefined {
  if (did !== undefined && linked === 'missing') {
    if (lostDid === did) return undefined;
    const message = `The PDS has no account ${did}: it was deleted there, or PDS_URL names another PDS. Replace it by a new account, with a new DID and an empty repository, with: concord restore <user>`;
    return removedByOthers({ type, reason: 'AccountMissing', message });
  }
  if (recorded !== undefined) return undefined;
  if (did !== undefined && sights.record === did) {
    const message = `The users document no longer names the account ${did}, which is still on the PDS. ${RESTORE_COMMAND}`;
    return removedByOthers({ type, reason: 'DocumentRemoved', message });
  }
  if (did !== undefined || !recordRemoved) return undefined;
  const message = `The users document no longer names an account, and which one it named is not known. ${RESTORE_COMMAND}`;
  return removedByOthers({ type, reason: 'DocumentRemoved', message });
}

/** `known` is the account that the log names. */
function planUnreadable(known: Did | undefined): Plan<AccountAction> {
  const [what, update] =
    known === undefined
      ? ['no other is known. Remove the record', '{$unset: {atproto: 1}}']
      : [`the log names ${known}. Set it`, `{$set: {"atproto.did": "${known}"}}`];
  const message = `The users document has an account whose DID cannot be read, and ${what} in the MongoDB shell: ${updateUser(update)}; then run: concord reconcile <user>`;
  return none(needsAction({ type, reason: 'AccountUnreadable', message }));
}

/** The document's account can be kept where the PDS has it. */
function planDiffering(did: Did, known: Did, linked: ActualAccount['linked']): Plan<AccountAction> {
  const keep = linked === 'missing' ? '' : ` Keep ${did} with: concord adopt <user> ${did}.`;
  const back = updateUser(`{$set: {atproto: {did: "${known}"}}}`);
  const message = `The users document names ${did} and the log ${known}.${keep} Go back to ${known} in the MongoDB shell: ${back}; then run: concord reconcile <user>`;
  return none(needsAction({ type, reason: 'AccountsDiffer', message }));
}

function planLinked(wanted: WantedAccount, actual: ActualAccount, did: Did, now: Date): Plan<AccountAction> {
  const { recorded, linked } = actual;
  if (wanted.loggedDid !== undefined && wanted.loggedDid !== did) {
    return planDiffering(did, wanted.loggedDid, linked);
  }
  if (linked === 'missing' && wanted.interrupted.has('delete-remnant')) return deleteRemnant(did);
  const { withheld } = wanted.email;
  if (linked === 'missing' && wanted.lostDid === did)
    return withheld === undefined ? dropRecord(did) : planWithheld(withheld);
  const removed = planRemoved(wanted, actual);
  if (removed !== undefined) return removed;
  if (linked === undefined || linked === 'missing') throw new Error('a linked account was not looked up');
  const intent = intentBehind(linked, wanted.givenUp);
  if (wanted.loggedDid === undefined && intent !== undefined) return planRecord(linked, intent);
  if (linked.state === 'no-repo') return planRemnant(wanted, did, now);
  if (linked.state === 'deactivated' || linked.state === 'takendown') return planInactive(wanted, linked);
  if (
    wanted.loggedDid === undefined &&
    linked.email !== undefined &&
    !sameEmail(linked, ownAddresses(wanted.email))
  ) {
    const message = `Only the users document names ${did}, and its address is not this user's. See the evidence and adopt it with: concord adopt <user>`;
    return none(needsAction({ type, reason: 'AccountEmailDiffers', message }));
  }
  if (recorded?.did === undefined) return planRecord(linked, intent);
  const { hasPassword } = recorded;
  if (wanted.passwordResetGranted) {
    const reason = hasPassword ? 'PasswordRefused' : 'CredentialsIncomplete';
    const message = 'A reset of the password was requested; it is being set on the PDS.';
    return {
      actions: [{ resource: type, type: 'reset-password', did }],
      condition: pending({ type, reason, message }),
    };
  }
  if (!hasPassword) {
    const message =
      'The users document names the account and holds no password for it. Set a new one with: concord password <user> --reset';
    return none(needsAction({ type, reason: 'CredentialsIncomplete', message }));
  }
  if (wanted.passwordRefused) {
    const message =
      'The PDS refuses the stored password; its owner may have changed it. Set it again with: concord password <user> --reset';
    return none(needsAction({ type, reason: 'PasswordRefused', message }));
  }
  return none(inSync({ type, reason: 'AccountActive', message: `The account is ${did}.` }));
}

function dropRecord(did: Did): Plan<AccountAction> {
  const message = `The account ${did} is lost, and another one takes its place.`;
  return {
    actions: [{ resource: type, type: 'drop-account-record', did }],
    condition: pending({ type, reason: 'AccountMissing', message }),
  };
}

function planRecord(account: PdsAccount, intent: OpenIntent | undefined): Plan<AccountAction> {
  const message = 'The account exists; the users document or the log does not name it yet.';
  return {
    actions: [{ resource: type, type: 'record-account', account, intent }],
    condition: pending({ type, reason: 'NotRecorded', message }),
  };
}

/** Deleted only when it is ours by the log, and has been seen so for a while: one wrong answer is not enough. */
function planRemnant(wanted: WantedAccount, did: Did, now: Date): Plan<AccountAction> {
  const reason = 'AccountWithoutRepository';
  const removal = pdsAdmin('deleteAccount', { did });
  const message = `The account ${did} has lost its repository. Delete what is left of it with: ${removal}; then create a new account with: concord restore <user>`;
  const canCreate = wanted.email.withheld === undefined;
  if (!wanted.recreate || wanted.loggedDid !== did || !canCreate)
    return none(needsAction({ type, reason, message }));
  const condition = pending({ type, reason, message });
  const settled = wanted.remnantSince && new Date(wanted.remnantSince.getTime() + wanted.settleMs);
  if (settled === undefined || now < settled) {
    return { actions: [], condition, retryAt: settled ?? new Date(now.getTime() + wanted.settleMs) };
  }
  return deleteRemnant(did);
}

/** Also when an interrupted reconciliation deleted the row, and the document still names it. */
function deleteRemnant(did: Did): Plan<AccountAction> {
  const message = `What is left of the account ${did} is being deleted, so that it can be created again.`;
  return {
    actions: [{ resource: type, type: 'delete-remnant', did }],
    condition: pending({ type, reason: 'AccountWithoutRepository', message }),
  };
}

function planInactive(wanted: WantedAccount, linked: PdsAccount): Plan<AccountAction> {
  if (linked.state === 'takendown') {
    const message = `The account ${linked.did} is taken down on the PDS. End that with: ${showAccount(linked.did, 'takedown')}; then run: concord reconcile <user>`;
    return none(needsAction({ type, reason: 'AccountTakenDown', message }));
  }
  const reason = 'AccountDeactivated';
  const said = `The account ${linked.did} is deactivated on the PDS.`;
  if (!wanted.deactivatedByUs) {
    const message = `${said} Activate it with: ${showAccount(linked.did, 'deactivated')}; then run: concord reconcile <user>`;
    return none(needsAction({ type, reason, message }));
  }
  return {
    actions: [{ resource: type, type: 'reactivate-account', did: linked.did }],
    condition: pending({ type, reason, message: said }),
  };
}

const WITHDRAW =
  'Withdraw the adoption with: concord adopt <user> --withdraw; then run: concord reconcile <user>';

function planAdoption(
  { did, grant, evidence }: NonNullable<Facts['adoption']>,
  { recorded, linked, linkedDid, adoptable, location }: ActualAccount,
): Plan<AccountAction> {
  if (location?.type === 'elsewhere') {
    const message = `The account ${did}, which the adoption names, moved to ${location.origin}. ${WITHDRAW}`;
    return none(needsAction({ type, reason: 'AdoptionImpossible', message }));
  }
  const account = linkedDid === undefined ? adoptable : linked;
  if (account === undefined || account === 'missing') {
    const message = `The PDS has no account ${did}, which the adoption names. ${WITHDRAW}`;
    return none(needsAction({ type, reason: 'AdoptionImpossible', message }));
  }
  const keepsPassword = recorded?.did === did && recorded.hasPassword;
  const message = `A person decided that ${did} is this user's; it is being adopted.`;
  return {
    actions: [{ resource: type, type: 'adopt-account', account, grant, evidence, keepsPassword }],
    condition: pending({ type, reason: 'AdoptionGranted', message }),
  };
}

function none(condition: Plan<AccountAction>['condition']): Plan<AccountAction> {
  return { actions: [], condition };
}
