/**
 * Whether a transfer may be decided at all: the one user is proved to be deleted, the other exists, and there is evidence
 * that they are the same person. Pure.
 *
 * | Auth0 says                                      | proof of deletion                                      |
 * |-------------------------------------------------|--------------------------------------------------------|
 * | the one user is there                           | none                                                   |
 * | 404, and its id is linked into the other user   | linked; it is also the proof that it is the same person |
 * | 404, and a deletion event or a complete listing | two proofs                                             |
 * | 404, and the search for its id finds no user    | two proofs                                             |
 * | 404, and the search still finds it              | one, which is not enough                               |
 */

import { UsageError } from '../../../errors.ts';
import type { Auth0User } from '../../../ports/auth0.ts';
import { shellQuoted } from '../../../reconcilers/command-lines.ts';
import type { Side, Sides } from './sides.ts';

export interface Proof {
  /** Auth0 has linked the deleted user into the other one. */
  readonly isLinked: boolean;
  /** There is evidence that the two users are one person. */
  readonly isSamePerson: boolean;
  /** For the person who decides, and for the log; has no address. */
  readonly evidence: readonly string[];
}

/**
 * Throws UsageError SAME_USER, USER_FORGOTTEN, USER_PAUSED, USER_EXISTS, DELETION_NOT_PROVED, USER_DELETED, USER_BLOCKED,
 * or USER_UNVERIFIED.
 */
export function prove({ from, to }: Sides, now: Date): Proof {
  const { user: deleted } = from.party;
  const { user: successor } = to.party;
  if (deleted === successor) throw new UsageError('Give two different users.', 'SAME_USER');
  for (const side of [from, to]) refuseUntouchable(side, now);
  const there = refuseUnready(to);
  const isLinked =
    from.party.tenant.id === to.party.tenant.id && there.linked?.includes(from.party.userId) === true;
  const deletion = proveDeletion(from, isLinked);
  const address = sameAddress(from, there);
  const tenants = from.party.tenant.id === to.party.tenant.id ? [] : ['they are users of different tenants'];
  return {
    isLinked,
    isSamePerson: isLinked || address !== undefined,
    evidence: [
      ...deletion,
      ...(isLinked ? [`Auth0 has linked ${deleted} into ${successor}`] : []),
      ...(address === undefined ? [] : [address]),
      ...tenants,
    ],
  };
}

function refuseUntouchable({ facts, party: { user } }: Side, now: Date): void {
  if (facts.forgotten)
    throw new UsageError(`${user} is forgotten; nothing is transferred.`, 'USER_FORGOTTEN');
  const { paused } = facts;
  if (paused === undefined || (paused.until !== undefined && paused.until <= now)) return;
  throw new UsageError(
    `${user} is paused; nothing is transferred. End the pause first: concord resume ${shellQuoted(user)}`,
    'USER_PAUSED',
  );
}

function refuseUnready({ auth0, party: { user } }: Side): Auth0User {
  if (auth0 === 'absent')
    throw new UsageError(`${user} is not in Auth0; nothing is transferred to it.`, 'USER_DELETED');
  if (auth0.blocked)
    throw new UsageError(
      `${user} is blocked in Auth0; nothing is transferred to it. Unblock the user first.`,
      'USER_BLOCKED',
    );
  if (auth0.email === undefined || !auth0.emailVerified)
    throw new UsageError(
      `The address of ${user} is not verified in Auth0; nothing is transferred to it.`,
      'USER_UNVERIFIED',
    );
  return auth0;
}

function proveDeletion(
  { auth0, facts, isUnfound, party: { user } }: Side,
  isLinked: boolean,
): readonly string[] {
  if (auth0 !== 'absent')
    throw new UsageError(
      `Auth0 still has ${user}. Only what a deleted user has can be transferred.`,
      'USER_EXISTS',
    );
  const told = [
    ...(facts.deletionHintAt === undefined ? [] : ['a deletion event names it']),
    ...(facts.unlistedSince === undefined ? [] : ['a complete listing does not have it']),
    ...(isUnfound ? ['the search of Auth0 does not find it'] : []),
  ];
  if (told.length === 0 && !isLinked) {
    throw new UsageError(
      `Auth0 does not have ${user}, but its search still finds the user, and no deletion event and no complete listing confirms the deletion. Try again in a minute.`,
      'DELETION_NOT_PROVED',
    );
  }
  return [`Auth0 does not have ${user}`, ...told];
}

/** The last verified address of the deleted user, or the address of its account, is the verified one of the other. */
function sameAddress({ account, facts }: Side, { email }: Auth0User): string | undefined {
  const wanted = email?.toLowerCase();
  if (wanted === undefined) return undefined;
  if (facts.verifiedEmail?.toLowerCase() === wanted) return 'the deleted user had verified the same address';
  const current = account === 'missing' || account === undefined ? facts.account?.email : account.email;
  return current?.toLowerCase() === wanted ? 'the account has the verified address' : undefined;
}
