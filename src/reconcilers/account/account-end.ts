/**
 * The account of a user who is blocked or deleted. By default nothing is done, and the condition says so.
 *
 * | Auth0   | policy     | account               | action     | reason             |
 * |---------|------------|-----------------------|------------|--------------------|
 * | blocked | report     | any                   | –          | UserBlocked        |
 * | blocked | deactivate | active                | deactivate | UserBlocked        |
 * | blocked | deactivate | deactivated, or none  | –          | UserBlocked        |
 * | blocked | any        | moved to another PDS  | –          | UserBlocked        |
 *
 * Gone takes two proofs: the by-id read of this reconciliation says 404, and a deletion event or the absence
 * from a complete listing confirms it.
 *
 * | Auth0                 | policy               | grace | granted | account | action               | reason         |
 * |-----------------------|----------------------|-------|---------|---------|----------------------|----------------|
 * | 404, no second proof  | any                  |       |         | any     | –                    | UserGoneOnce   |
 * | any of these          | any                  |       |         | moved to another PDS | –       | as without a policy |
 * | gone                  | report               |       |         | any     | –                    | UserGone       |
 * | gone                  | deactivate or delete |       |         | none    | –                    | UserGone       |
 * | gone, and another user in Auth0 has the verified address or the identity | deactivate or delete | | | any | – | KeptForSuccessor |
 * | gone                  | deactivate or delete | runs  |         | any     | wait                 | RemovalInGrace |
 * | gone                  | deactivate or delete | over  | no      | any     | –, a sweep grants it | RemovalDue     |
 * | gone                  | deactivate or delete | over  | yes     | any     | deactivate or delete | RemovalGranted |
 * | the same, behind a gap | deactivate or delete | over | yes     | any     | –, until it is closed | RemovalWithheld |
 *
 * The grant comes from a sweep, which counts all that are due and halts above the safety limit, or
 * from a person. While events of the tenant may have been missed, a grant waits. So no single reconciliation
 * can remove an account, however many deletions arrive at once.
 */

import type { ConditionDraft } from '../../events/condition.ts';
import type { Facts } from '../../events/facts.ts';
import type { Gap } from '../../events/gap.ts';
import type { Did } from '../../identity.ts';
import type { AccountHost, PdsAccount } from '../../ports/accounts.ts';
import type { DocumentStore } from '../../ports/documents.ts';
import type { Successor } from '../../ports/subjects.ts';
import type { EndPolicy } from '../policy.ts';
import { type Applied, type ApplyContext, inSync, type Plan, pending } from '../reconciler.ts';
import { movedTo } from './account-location.ts';
import type { DesiredEnd, EndAction, SeenLocation } from './account-state.ts';

export const type = 'account';
const BLOCKED = 'The user is blocked in Auth0.';
const DELETED = 'The user is deleted in Auth0.';

/** Undefined for a user who is there and not blocked. `gap` is one of the tenant's that is open. */
export function desiredEnd(facts: Facts, policy: EndPolicy, gap?: Gap): DesiredEnd | undefined {
  const { absentSince, removalGrantedAt } = facts;
  if (absentSince !== undefined) {
    if (facts.deletionHintAt === undefined && facts.unlistedSince === undefined) {
      const message =
        'Auth0 does not have this user; no deletion event and no complete listing confirms it yet.';
      return { type: 'kept', reason: 'UserGoneOnce', message };
    }
    if (policy.removal === 'report') return { type: 'kept', reason: 'UserGone', message: DELETED };
    return {
      type: 'removed',
      how: policy.removal,
      notBefore: new Date(absentSince.getTime() + policy.removalGraceMs),
      granted: removalGrantedAt !== undefined && removalGrantedAt > absentSince,
      gap,
    };
  }
  if (facts.auth0?.blocked !== true) return undefined;
  if (policy.blocked === 'deactivate') return { type: 'suspended' };
  return { type: 'kept', reason: 'UserBlocked', message: BLOCKED };
}

/** Whether it is the end of a user who is deleted, and not blocked. */
export function isOfDeleted(end: DesiredEnd): boolean {
  return end.type === 'removed' || (end.type === 'kept' && end.reason !== 'UserBlocked');
}

/** What became of the user, as a sentence. */
export function endSentence(end: DesiredEnd): string {
  switch (end.type) {
    case 'kept':
      return end.message;
    case 'suspended':
      return BLOCKED;
    case 'removed':
      return DELETED;
  }
}

export function planEnd(
  wanted: { readonly end: DesiredEnd; readonly interrupted: ReadonlySet<string> },
  actual: {
    readonly linked: PdsAccount | 'missing' | undefined;
    readonly linkedDid: Did | undefined;
    readonly successors?: readonly Successor[];
    readonly location?: SeenLocation | undefined;
  },
  now: Date,
): Plan<EndAction> {
  const { end } = wanted;
  const origin = movedTo(actual);
  if (origin !== undefined) {
    const message = `${endSentence(end)} The account ${actual.linkedDid} moved to ${origin}, and the one here is left as it is under any policy.`;
    return { actions: [], condition: inSync({ type, reason: reasonOf(end), message }) };
  }
  const account = actual.linked === 'missing' ? undefined : actual.linked;
  // The account is gone and the document still names it: a reconciliation was interrupted between the two.
  if (account === undefined && actual.linkedDid !== undefined && wanted.interrupted.has('delete-account')) {
    return deletion(actual.linkedDid);
  }
  const [first] = account === undefined ? [] : (actual.successors ?? []);
  const successor = first && successorSentence(first);
  switch (end.type) {
    case 'kept': {
      const kept = `${end.message} ${keptSentence(end.reason, account, actual.linkedDid)}`;
      const message = successor === undefined ? kept : `${kept} ${successor}`;
      return awaiting(first, inSync({ type, reason: end.reason, message }));
    }
    case 'suspended':
      return planSuspension(account, actual.linkedDid);
    case 'removed':
      if (account !== undefined && first !== undefined) return planKept(account, first);
      return planRemoval(end, account, actual.linkedDid, now);
  }
}

/** Whether nothing but a successor is in the way of removing this account now. */
export function isToBeRemoved(end: DesiredEnd, account: PdsAccount, now: Date): boolean {
  return end.type === 'removed' && planRemoval(end, account, account.did, now).actions.length > 0;
}

/** In sync: the living user may take the account, and a person decides about it. */
function planKept(account: PdsAccount, first: Successor): Plan<never> {
  const message = `${DELETED} The ${nameOf(account)} is left as it is under any policy. ${successorSentence(first)}`;
  return awaiting(first, inSync({ type, reason: 'KeptForSuccessor', message }));
}

/** A successor who takes another address is none any more, and this user is reconciled then. */
function awaiting(first: Successor | undefined, condition: ConditionDraft): Plan<never> {
  return { actions: [], condition: first === undefined ? condition : { ...condition, waitsFor: first.user } };
}

/** Of the first, which is the one by identity where there is one. */
function successorSentence({ user, by }: Successor): string {
  const evidence =
    by === 'identity'
      ? `Auth0 has linked this user into '${user}'.`
      : `The user '${user}' is in Auth0 and has verified the same address.`;
  return `${evidence} Transfer the account with: concord transfer <user> '${user}'`;
}

/** Where nothing is done about the account. */
function reasonOf(end: DesiredEnd): 'UserBlocked' | 'UserGone' | 'UserGoneOnce' {
  switch (end.type) {
    case 'kept':
      return end.reason;
    case 'suspended':
      return 'UserBlocked';
    case 'removed':
      return 'UserGone';
  }
}

function keptSentence(
  reason: Extract<DesiredEnd, { type: 'kept' }>['reason'],
  account: PdsAccount | undefined,
  linkedDid: Did | undefined,
): string {
  if (account === undefined) return absence(linkedDid);
  const policies = { UserGone: ' (policy.removal: report)', UserBlocked: ' (policy.blocked: report)' };
  const policy = reason === 'UserGoneOnce' ? '' : policies[reason];
  return `The ${nameOf(account)} is left as it is${policy}.`;
}

/** An account without a known DID was not looked up, so the message does not say that it is missing. */
function absence(linkedDid: Did | undefined): string {
  return linkedDid === undefined
    ? 'No account of this user is known.'
    : `The PDS does not have the account ${linkedDid}.`;
}

function nameOf({ did, state }: PdsAccount): string {
  switch (state) {
    case 'active':
      return `active account ${did}`;
    case 'deactivated':
      return `deactivated account ${did}`;
    case 'takendown':
      return `account ${did}, which is taken down,`;
    case 'no-repo':
      return `account ${did}, which has no repository,`;
    case 'unknown':
      return `account ${did}`;
  }
}

function planSuspension(account: PdsAccount | undefined, linkedDid: Did | undefined): Plan<EndAction> {
  const reason = 'UserBlocked';
  // An account that was read in a batch has no known state: it counts as active, so that it is read by itself.
  if (account === undefined || !(account.state === 'active' || account.state === 'unknown')) {
    const message =
      account === undefined
        ? `${BLOCKED} ${absence(linkedDid)}`
        : `${BLOCKED} The ${nameOf(account)} is left as it is.`;
    return { actions: [], condition: inSync({ type, reason, message }) };
  }
  return {
    actions: [{ resource: type, type: 'deactivate-account', did: account.did, because: 'blocked' }],
    condition: pending({
      type,
      reason,
      message: `${BLOCKED} The ${nameOf(account)} is not deactivated yet.`,
    }),
  };
}

function planRemoval(
  wanted: Extract<DesiredEnd, { type: 'removed' }>,
  account: PdsAccount | undefined,
  linkedDid: Did | undefined,
  now: Date,
): Plan<EndAction> {
  if (account === undefined || (wanted.how === 'deactivate' && account.state !== 'active')) {
    const message =
      account === undefined
        ? `${DELETED} ${absence(linkedDid)}`
        : `${DELETED} The ${nameOf(account)} is left as it is.`;
    return { actions: [], condition: inSync({ type, reason: 'UserGone', message }) };
  }
  if (now < wanted.notBefore) {
    const message = `${DELETED} The ${nameOf(account)} is left as it is until ${wanted.notBefore.toISOString()}.`;
    const condition = pending({ type, reason: 'RemovalInGrace', message });
    return { actions: [], condition, retryAt: wanted.notBefore };
  }
  if (!wanted.granted) {
    const message = `${DELETED} The next sweep removes the ${nameOf(account)} if the safety limit allows it.`;
    return { actions: [], condition: pending({ type, reason: 'RemovalDue', message }) };
  }
  if (wanted.gap !== undefined) {
    const { cause, from } = wanted.gap;
    const message = `${DELETED} The ${nameOf(account)} is left as it is while events since ${from.toISOString()} may be missing (${cause}).`;
    return { actions: [], condition: pending({ type, reason: 'RemovalWithheld', message }) };
  }
  if (wanted.how === 'delete') return deletion(account.did);
  return {
    actions: [{ resource: type, type: 'deactivate-account', did: account.did, because: 'removed' }],
    condition: granted,
  };
}

export const granted = pending({
  type,
  reason: 'RemovalGranted',
  message: `${DELETED} The removal of the account is granted.`,
});

function deletion(did: Did): Plan<EndAction> {
  return { actions: [{ resource: type, type: 'delete-account', did }], condition: granted };
}

export async function applyEnd(
  deps: { readonly accounts: AccountHost; readonly documents: DocumentStore },
  action: EndAction,
  context: ApplyContext,
): Promise<Applied> {
  const { did } = action;
  await context.ensureLease();
  if (action.type === 'deactivate-account') {
    if ((await deps.accounts.setActive(did, false)) === 'missing') return 'unchanged';
    await context.append({ type: 'account.deactivated', data: { did, because: action.because } });
    return 'applied';
  }
  const applied = await removeAccount(deps, did, context);
  await context.append({ type: 'account.deleted', data: { did } });
  return applied;
}

/** The account and what names it in the users document. Also where one of them is gone: a step may have broken off there. */
export async function removeAccount(
  { accounts, documents }: { readonly accounts: AccountHost; readonly documents: DocumentStore },
  did: Did,
  { user }: ApplyContext,
): Promise<Applied> {
  const account = await accounts.deleteAccount(did);
  const record = await documents.dropAccount(user, did);
  return account === 'deleted' || record === 'dropped' ? 'applied' : 'unchanged';
}
