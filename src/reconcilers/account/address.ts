/**
 * Which address an account gets, and the condition where all of them are taken.
 *
 * The user's own address comes first, then the one tagged for the tenant.
 *
 * | an address                                                     | then                                  |
 * |----------------------------------------------------------------|---------------------------------------|
 * | no user is known to have it, and the PDS refused it lately     | the next one, or else EmailTaken      |
 * | is free as far as is known                                     | that one                              |
 * | a deleted user of this tenant has it, or there is no next one  | needs action: EmailHeldByDeletedUser  |
 * | a user has it who is about to get another one                  | wait: WaitingForAddress               |
 * | an account creation or change of another user has reserved it  | the next one, or else wait            |
 * | another user has it                                            | the next one, or else EmailHeldByUser |
 * | an inactive account has it, which the PDS does not show        | the next one, or else EmailTaken      |
 */

import type { ConditionDraft } from '../../events/condition.ts';
import type { Facts } from '../../events/facts.ts';
import type { Did, TenantId, UserKey } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { Claimant } from '../../ports/subjects.ts';
import { pdsAdmin, shellQuoted } from '../command-lines.ts';
import type { ReasonOf } from '../needs-action.ts';
import { isDeleted } from '../other-users.ts';
import { inSync, needsAction, pending } from '../reconciler.ts';
import type { ReservingUser } from '../reservation.ts';

export interface DesiredEmail {
  /** In the order of preference; empty only when no account is wanted, or Auth0 has no address that counts. */
  readonly addresses: readonly string[];
  /** Why Auth0 has none: no account is added for the user, and one that exists keeps its address. */
  readonly withheld?: WithheldAddress;
  readonly refused: Facts['refusedEmails'];
  readonly refusalRetryMs: number;
  /** The address that the account had before it was parked, and since when it has been parked. */
  readonly parked?: Facts['parked'];
  /** When the account last got that address back. */
  readonly parkingEndedAt?: Facts['parkingEndedAt'];
}

/** An address in Auth0 that is missing, not verified, or cannot be used. */
export interface WithheldAddress {
  readonly reason: 'NoEmail' | 'WaitingForEmailVerification' | 'FieldUnusable';
  /** What Auth0 has, as a sentence. */
  readonly why: string;
  /** The address in Auth0, verified or not, and the last one that was: an account with one of them is this user's. */
  readonly known: readonly string[];
}

/** Addresses by which an account that only the document names is known to be this user's. */
export function ownAddresses({ addresses, withheld }: DesiredEmail): readonly string[] {
  return withheld?.known ?? addresses;
}

/** Where the value of a field in Auth0 cannot be used, only a person can correct it. */
export function withheldCondition(
  type: 'account' | 'email',
  { reason, why }: WithheldAddress,
  consequence: string,
): ConditionDraft {
  const message = `${why} ${consequence}`;
  if (reason !== 'FieldUnusable') return inSync({ type, reason, message });
  const correct =
    'Correct the attribute mapping of the connection in Auth0; then run: concord reconcile <user>';
  return needsAction({ type, reason, message: `${message} ${correct}` });
}

/** Another user of ours who has a value that only one account can have. */
export interface HoldingUser {
  readonly type: 'user';
  readonly user: UserKey;
  readonly isSameTenant: boolean;
  readonly did: Did | undefined;
  /** As the read model showed it. */
  readonly seen: Claimant;
  /** Deleted in Auth0, or forgotten. */
  readonly isDeleted: boolean;
  /** The user will get another value. */
  readonly isLeaving: boolean;
}

export type AddressHolder =
  | HoldingUser
  | ReservingUser
  /** An inactive account that belongs to none of our users. */
  | { readonly type: 'hidden'; readonly did: Did };

export type AddressHolders = ReadonlyMap<string, AddressHolder>;

export type AddressChoice =
  | { readonly type: 'free'; readonly address: string }
  | { readonly type: 'none'; readonly condition: ConditionDraft; readonly retryAt?: Date };

/** The holder of an address as the read model knows it. */
export function holdingUser(seen: Claimant, tenant: TenantId, isLeaving: boolean): HoldingUser {
  const { user, did } = seen;
  const isSameTenant = seen.tenant === tenant;
  return { type: 'user', user, did, seen, isSameTenant, isDeleted: isDeleted(seen), isLeaving };
}

/** What keeps an account at its address until a person acts, and not another user who may leave. */
const STAYING: ReadonlySet<string> = new Set(['EmailTaken', 'EmailNotAllowed', 'EmailHeldByDeletedUser']);

/** Whether the account of this user should get another address than this one, once that is free. */
export function isToLeave({ email, emailVerified, health, conditions }: Claimant, address: string): boolean {
  const isToChange = conditions.some(
    ({ type, status, reason }) => type === 'email' && status !== 'True' && !STAYING.has(reason),
  );
  const isManaged = health !== 'Deleted' && health !== 'Suspended';
  return isManaged && isToChange && emailVerified && email !== undefined && email !== address;
}

export function chooseAddress(
  type: 'account' | 'email',
  { addresses, refused, refusalRetryMs }: DesiredEmail,
  holders: AddressHolders,
  now: Date,
): AddressChoice {
  let first: AddressHolder | undefined;
  for (const [at, address] of addresses.entries()) {
    const holder = holders.get(address);
    const refusal = refused.get(address);
    const isRefused = refusal !== undefined && now.getTime() - refusal.at.getTime() < refusalRetryMs;
    if (holder === undefined && isRefused) continue;
    if (holder === undefined) return { type: 'free', address };
    first ??= holder;
    const isToStay =
      at === 0 && holder.type === 'user' && (holder.isDeleted ? holder.isSameTenant : holder.isLeaving);
    if (isToStay) return heldBy(type, holder);
  }
  if (first !== undefined) return heldBy(type, first);
  const isAllowed = addresses.every((address) => refused.get(address)?.reason !== 'not-allowed');
  return held(type, isAllowed ? ['EmailTaken', takenMessage(type)] : ['EmailNotAllowed', NOT_ALLOWED]);
}

const NOT_ALLOWED =
  'The PDS does not accept the address of this user. When it is changed in Auth0, run: concord reconcile <user>';

/** By an account that is not known. A user with an account adopts no other. */
function takenMessage(type: 'account' | 'email'): string {
  const adoption =
    type === 'account' ? " If it is this user's, adopt it with: concord adopt <user> <did>." : KEPT;
  return `Another account on the PDS has the address of this user. Find it with: concord audit --orphans.${adoption} When the address is free, run: concord retry <user>`;
}

const KEPT = ' This account keeps its old address.';

function heldBy(type: 'account' | 'email', holder: AddressHolder): AddressChoice {
  switch (holder.type) {
    case 'hidden':
      return held(type, ['EmailTaken', hiddenMessage(type, holder.did)]);
    case 'reserved': {
      const message = `An account creation or a change of ${holder.user} has the address and is not finished.`;
      const waits = pending({ type, reason: 'WaitingForAddress', message });
      return { type: 'none', condition: { ...waits, waitsFor: holder.user }, retryAt: holder.until };
    }
    case 'user':
      return heldByUser(type, holder);
  }
}

function hiddenMessage(type: 'account' | 'email', did: Did): string {
  const adoption =
    type === 'account'
      ? `If it is this user's, see the evidence and adopt it with: concord adopt <user> ${did}. `
      : '';
  const change = pdsAdmin('updateAccountEmail', { account: did, email: '<address>' });
  return `The inactive account ${did} has the address of this user. ${adoption}Give it another address with: ${change}; then run: concord retry <user>`;
}

function heldByUser(
  type: 'account' | 'email',
  { user, did, isDeleted, isLeaving }: HoldingUser,
): AddressChoice {
  const kept = type === 'email' ? KEPT : '';
  if (isDeleted) {
    const command = `concord transfer ${shellQuoted(user)} <user>`;
    const way =
      type === 'account'
        ? `Move the account to this user with: ${command}`
        : `Free the address for this account with: ${command} --what address`;
    const message = `The address belongs to the account ${did} of ${user}, who is deleted in Auth0.${kept} ${way}`;
    return held(type, ['EmailHeldByDeletedUser', message], user);
  }
  if (isLeaving) {
    const message = `The account of ${user} still has the address and is about to get another one.`;
    return {
      type: 'none',
      condition: { ...pending({ type, reason: 'WaitingForAddress', message }), waitsFor: user },
    };
  }
  const message = `The account of ${user} has the same address, and one address can have one account.${kept} Compare the two with: concord explain ${shellQuoted(user)}. If they are one person, link them in Auth0; otherwise change one address there. Then run: concord reconcile <user>`;
  return held(type, ['EmailHeldByUser', message], user);
}

function held(
  type: 'account' | 'email',
  [reason, message]: readonly [reason: ReasonOf<'account'> & ReasonOf<'email'>, message: string],
  waitsFor?: UserKey,
): AddressChoice {
  const condition = needsAction({ type, reason, message });
  return { type: 'none', condition: waitsFor === undefined ? condition : { ...condition, waitsFor } };
}

export function sameEmail(account: PdsAccount, emails: readonly string[]): boolean {
  return account.email !== undefined && emails.includes(account.email.toLowerCase());
}
