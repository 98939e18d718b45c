/** What is new about a user, in the words of the log. Pure: reading and writing are the pass's work. */
import type { Facts } from '../events/fold.ts';
import type { Auth0UserId } from '../identity.ts';
import type { Auth0User } from '../ports.ts';
import type { Told } from '../reconcilers/reconciler.ts';

/** What Auth0's answer adds to the facts: nothing when it says what was known. */
export function learnFromAuth0(facts: Facts, userId: Auth0UserId, answer: Auth0User | 'absent'): Told[] {
  if (answer === 'absent') {
    return facts.absentSince === undefined ? [{ type: 'auth0.user-absent', data: { userId } }] : [];
  }
  const known = facts.auth0;
  const same =
    known !== undefined &&
    facts.absentSince === undefined &&
    known.email === answer.email &&
    known.emailVerified === answer.emailVerified &&
    known.blocked === answer.blocked &&
    known.createdAt.getTime() === answer.createdAt.getTime();
  if (same) return [];
  const { email = null, emailVerified, blocked, createdAt } = answer;
  const data = { userId, email, emailVerified, blocked, createdAt: createdAt.toISOString() };
  return [{ type: 'auth0.user-observed', data }];
}

export function learnHandle(facts: Facts, platformHandle: string | undefined): Told[] {
  if (facts.platformHandle === platformHandle) return [];
  return [{ type: 'handle.observed', data: { handle: platformHandle ?? null } }];
}
