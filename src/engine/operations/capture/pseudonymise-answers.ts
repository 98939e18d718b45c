/** The answers of Auth0, MongoDB and the PDS under other names. */

import { disguisedConditions } from '../../../events/pseudonyms.ts';
import { eventId, parseAccountHandle } from '../../../identity.ts';
import type { PdsAccount } from '../../../ports/accounts.ts';
import type { Auth0User } from '../../../ports/auth0.ts';
import type { Documents } from '../../../ports/documents.ts';
import type { Claimant } from '../../../ports/subjects.ts';
import type { Disguise } from './pseudonyms.ts';

/** An address, or else a handle. */
export function disguisedName(name: string, as: Disguise): string {
  const handle = parseAccountHandle(name);
  return handle === undefined ? as.email(name) : as.handle(handle);
}

export function disguisedUser(
  { userId, email, emailVerified, blocked, createdAt, linked, unusable }: Auth0User,
  as: Disguise,
): Auth0User {
  return {
    ...{ userId: as.userId(userId), email: email === undefined ? undefined : as.email(email) },
    ...{ emailVerified, blocked, createdAt },
    ...(linked === undefined ? {} : { linked: linked.map((id) => as.userId(id)).sort() }),
    ...(unusable === undefined ? {} : { unusable }),
  };
}

export function disguisedClaimant(
  { user, tenant, did, accountHandle, accountEmail, email, emailVerified, health, conditions }: Claimant,
  as: Disguise,
): Claimant {
  return {
    accountHandle: accountHandle === undefined ? undefined : as.handle(accountHandle),
    accountEmail: accountEmail === undefined ? undefined : as.email(accountEmail),
    ...{ user: as.user(user), tenant: as.tenant(tenant), emailVerified, health },
    did: did === undefined ? undefined : as.did(did),
    email: email === undefined ? undefined : as.email(email),
    conditions: disguisedConditions(conditions, as).map((draft) => ({ ...draft, ...NOT_TOLD })),
  };
}

/** Since when, and by which event, does not affect a plan. */
const NOT_TOLD = { since: '', event: eventId('') };

export function disguisedDocuments(
  { verificationCount, user, handle, legacyCode }: Documents,
  as: Disguise,
): Documents {
  const { code, account, oldAccount, pending, when } = user ?? {};
  const disguised = user && {
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
    user: disguised,
    handle: handle === undefined ? undefined : as.platformHandle(handle),
    legacyCode: legacyCode === undefined ? undefined : as.code(legacyCode),
  };
}

export function disguisedAccount({ did, handle, email, inviteHash, state }: PdsAccount, as: Disguise) {
  return {
    ...{ did: as.did(did), handle: as.handle(handle), state },
    email: email === undefined ? undefined : as.email(email),
    inviteHash: inviteHash === undefined ? undefined : as.inviteHash(inviteHash),
    inviteCode: inviteHash === undefined ? undefined : as.inviteCode(inviteHash),
  };
}
