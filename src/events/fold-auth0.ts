/** What reads of Auth0 make of a user's facts, and where another life under the same id begins. */

import type { Auth0Field } from './data/auth0.ts';
import type { Auth0Facts, Facts } from './facts.ts';
import type { Removable } from './resources.ts';

/** What an earlier life under the same id says nothing about. */
function newLife() {
  return {
    sights: { verification: false, document: false, record: undefined, account: undefined },
    kept: { count: undefined, when: undefined },
    removed: new Set<Removable>(),
    lostAccount: undefined,
    verifiedEmail: undefined,
    firstReadAt: undefined,
  };
}

/**
 * A user who was proved absent, or was created later than the one that was known, is another life under the same id. An
 * unusable `created_at` says nothing of that.
 */
function startsAnew({ auth0, absentSince, removedAt }: Facts, createdAt: Date | undefined): boolean {
  if (absentSince !== undefined) return true;
  const before = auth0?.createdAt ?? removedAt;
  return before !== undefined && createdAt !== undefined && createdAt > before;
}

/** The facts as Auth0's answer will make them, before it is in the log. `readAt` is when Auth0 was read. */
export function withAuth0(facts: Facts, auth0: Auth0Facts, readAt: Date): Facts {
  const isNew = startsAnew(facts, auth0.createdAt);
  // What was read before stays the time of this life's creation.
  const createdAt = auth0.createdAt ?? (isNew ? undefined : facts.auth0?.createdAt);
  const life = isNew ? { ...facts, ...newLife() } : facts;
  return {
    ...life,
    auth0: { ...auth0, createdAt },
    firstReadAt: life.firstReadAt ?? readAt,
    absentSince: undefined,
  };
}

/**
 * The address that the user has verified, lower-case. It stays the user's while the flag is off again, or while the field
 * cannot be used, and not once Auth0 has another address.
 */
export function verifiedAddress({
  auth0,
  verifiedEmail,
}: Pick<Facts, 'auth0' | 'verifiedEmail'>): string | undefined {
  const verified = verifiedEmail?.toLowerCase();
  const isUnknown = auth0?.unusable?.includes('email') === true;
  return isUnknown || auth0?.email?.toLowerCase() === verified ? verified : undefined;
}

/** Which of these fields Auth0 has a value in that cannot be used. */
export function unusableIn(
  { auth0 }: Pick<Facts, 'auth0'>,
  fields: readonly Auth0Field[],
): readonly Auth0Field[] {
  return fields.filter((field) => auth0?.unusable?.includes(field) === true);
}
