/**
 * Whether a transfer may be decided about at all: the one user is proved to be deleted, the other is there, and something
 * says that they are the same person. Pure.
 *
 * | Auth0 says                                      | proof of deletion                                      |
 * |-------------------------------------------------|--------------------------------------------------------|
 * | the one user is there                           | none                                                   |
 * | 404, and its id is linked into the other user   | linked; it is also the proof that it is the same person |
 * | 404, and a deletion event or a complete listing | two proofs                                             |
 * | 404                                             | one, which is not enough                               |
 */
import { UsageError } from '../../errors.ts';
import type { ConcordEvent } from '../../events/event.ts';
import type { Auth0User } from '../../ports.ts';
import type { Side, Sides } from './sides.ts';

export interface Proof {
  /** Auth0 has linked the deleted user into the other one. */
  readonly isLinked: boolean;
  /** For the person who decides, and for the log; never an address. */
  readonly evidence: readonly string[];
}

/**
 * Throws UsageError SAME_USER, USER_FORGOTTEN, USER_PAUSED, USER_EXISTS, DELETION_NOT_PROVED, USER_DELETED, USER_BLOCKED,
 * USER_UNVERIFIED, or NO_EVIDENCE.
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
  if (!isLinked && address === undefined) {
    throw new UsageError(
      `Nothing says that ${deleted} and ${successor} are the same person: they have no verified address in common, and Auth0 has not linked them. To give an account to ${successor} all the same, delete it or say that it is that user's with: concord adopt '${successor}' <did>`,
      'NO_EVIDENCE',
    );
  }
  const tenants = from.party.tenant.id === to.party.tenant.id ? [] : ['they are users of different tenants'];
  return {
    isLinked,
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
    `${user} is paused; nothing is transferred. End the pause first: concord resume '${user}'`,
    'USER_PAUSED',
  );
}

function refuseUnready({ auth0, party: { user } }: Side): Auth0User {
  if (auth0 === 'absent')
    throw new UsageError(`${user} is deleted in Auth0; nothing is transferred to it.`, 'USER_DELETED');
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

function proveDeletion({ auth0, facts, party: { user } }: Side, isLinked: boolean): readonly string[] {
  if (auth0 !== 'absent')
    throw new UsageError(
      `Auth0 still has ${user}. Only what a deleted user has can be transferred.`,
      'USER_EXISTS',
    );
  const told = [
    ...(facts.deletionHintAt === undefined ? [] : ['a deletion event names it']),
    ...(facts.unlistedSince === undefined ? [] : ['a complete listing does not have it']),
  ];
  if (told.length === 0 && !isLinked) {
    throw new UsageError(
      `Auth0 does not have ${user}, but nothing confirms the deletion: no deletion event and no complete listing. Look at all users first: concord reconcile --all`,
      'DELETION_NOT_PROVED',
    );
  }
  return [`Auth0 does not have ${user}`, ...told];
}

/** The last verified address of the deleted user, or the address of its account, is the verified one of the other. */
function sameAddress({ history, account, facts }: Side, { email }: Auth0User): string | undefined {
  const wanted = email?.toLowerCase();
  if (wanted === undefined) return undefined;
  if (lastVerified(history) === wanted) return 'the deleted user had verified the same address';
  const current = account === 'missing' || account === undefined ? facts.account?.email : account.email;
  return current?.toLowerCase() === wanted ? 'the account has the verified address' : undefined;
}

function lastVerified(history: readonly ConcordEvent[]): string | undefined {
  let newest: Extract<ConcordEvent, { type: 'auth0.user-observed' }> | undefined;
  for (const event of history) {
    if (event.type !== 'auth0.user-observed' || !event.data.emailVerified) continue;
    if (newest === undefined || newest.at < event.at) newest = event;
  }
  return newest?.data.email?.toLowerCase();
}
