/** The answers of Auth0, MongoDB and the PDS under other names. */

import { pseudonymisedConditions } from '../../../events/pseudonyms.ts';
import { eventId, parseAccountHandle } from '../../../identity.ts';
import type { PdsAccount } from '../../../ports/accounts.ts';
import type { Auth0User } from '../../../ports/auth0.ts';
import type { Documents } from '../../../ports/documents.ts';
import type { Claimant } from '../../../ports/subjects.ts';
import type { ConsistentPseudonyms } from './pseudonyms.ts';

/** An address, or else a handle. */
export function pseudonymisedName(name: string, as: ConsistentPseudonyms): string {
  const handle = parseAccountHandle(name);
  return handle === undefined ? as.email(name) : as.handle(handle);
}

export function pseudonymisedUser(
  { userId, email, emailVerified, blocked, createdAt, linked, unusable }: Auth0User,
  as: ConsistentPseudonyms,
): Auth0User {
  return {
    ...{ userId: as.userId(userId), email: email === undefined ? undefined : as.email(email) },
    ...{ emailVerified, blocked, createdAt },
    ...(linked === undefined ? {} : { linked: linked.map((id) => as.userId(id)).sort() }),
    ...(unusable === undefined ? {} : { unusable }),
  };
}

export function pseudonymisedClaimant(
  { user, tenant, did, accountHandle, accountEmail, email, emailVerified, health, conditions }: Claimant,
  as: ConsistentPseudonyms,
): Claimant {
  return {
    accountHandle: accountHandle === undefined ? undefined : as.handle(accountHandle),
    accountEmail: accountEmail === undefined ? undefined : as.email(accountEmail),
    ...{ user: as.user(user), tenant: as.tenant(tenant), emailVerified, health },
    did: did === undefined ? undefined : as.did(did),
    email: email === undefined ? undefined : as.email(email),
    conditions: pseudonymisedConditions(conditions, as).map((draft) => ({ ...draft, ...NOT_TOLD })),
  };
}

/** Since when, and by which event, does not affect a plan. */
const NOT_TOLD = { since: '', event: eventId('') };

export function pseudonymisedDocuments(
  { verificationCount, user, handle, legacyCode }: Documents,
  as: ConsistentPseudonyms,
): Documents {
  const { code, account, oldAccount, pending, when } = user ?? {};
  const pseudonymised = user && {
    code: code === undefined ? undefined : as.code(code),
    when,
    account: account && {
      did: account.did === undefined ? undefined : as.did(account.did),
      handle: account.handle === undefined ? undefined : as.handle(account.handle),
      hasPassword: account.hasPassword,
    },
    ...(oldAccount === undefined
      ? {}
      : { oldAccount: { did: oldAccount.did === undefined ? undefined : as.did(oldAccount.did) } }),
    // Without the sealed password: a plan depends only on whether there is one.
    pending: pending && { intent: as.event(pending.intent), password: '' },
  };
  return {
    verificationCount,
    user: pseudonymised,
    handle: handle === undefined ? undefined : as.platformHandle(handle),
    legacyCode: legacyCode === undefined ? undefined : as.code(legacyCode),
  };
}

export function pseudonymisedAccount(
  { did, handle, email, inviteHash, state }: PdsAccount,
  as: ConsistentPseudonyms,
) {
  return {
    ...{ did: as.did(did), handle: as.handle(handle), state },
    email: email === undefined ? undefined : as.email(email),
    inviteHash: inviteHash === undefined ? undefined : as.inviteHash(inviteHash),
    inviteCode: inviteHash === undefined ? undefined : as.inviteCode(inviteHash),
  };
}
