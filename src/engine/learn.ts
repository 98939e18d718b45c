/** What is new about a user, in the words of the log. Pure: reading and writing are the pass's work. */
import type { Facts, SeenAccount } from '../events/fold.ts';
import type { Auth0UserId } from '../identity.ts';
import type { Auth0User, PdsAccount } from '../ports.ts';
import type { SisterSeen } from '../reconcilers/handle.ts';
import type { Told } from '../reconcilers/reconciler.ts';
import type { View } from './look.ts';

/** What Auth0's answer adds to the facts: nothing when it says what was known. */
export function learnFromAuth0(facts: Facts, userId: Auth0UserId, answer: Auth0User | 'absent'): Told[] {
  if (answer === 'absent') {
    return facts.absentSince === undefined ? [{ type: 'auth0.user-absent', data: { userId } }] : [];
  }
  const known = facts.auth0;
  // That the user is there refutes whatever spoke of a removal, and is worth a line then.
  const doubted = facts.absentSince ?? facts.unlistedSince ?? facts.deletionHintAt;
  const same =
    known !== undefined &&
    doubted === undefined &&
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

/** A sister tenant that could not be read says nothing: what was known of the sister stays. */
export function learnSister(facts: Facts, sister: SisterSeen): Told[] {
  if (sister === 'unknown') return [];
  const { user, platformHandle: handle } =
    sister === 'none' ? { user: undefined, platformHandle: undefined } : sister;
  if (facts.sister?.user === user && facts.sister?.handle === handle) return [];
  return [{ type: 'sister.observed', data: { user: user ?? null, handle: handle ?? null } }];
}

/**
 * What a look found that the log does not tell, so that the read model can be rebuilt from the log alone:
 * a code or an account that was there before Concord, and what others changed since.
 */
export function learnSubject(facts: Facts, { account, documents, failures }: View): Told[] {
  const found = documents?.user?.code;
  const code = documents === undefined ? facts.seen.code : found === facts.code ? undefined : found;
  // What could not be read is not gone, so what was seen before stands until somebody has looked.
  const unseen = failures.length === 0 ? undefined : facts.seen.account;
  const seen = account === undefined ? unseen : untold(facts, account);
  if (code === facts.seen.code && isSame(seen, facts.seen.account)) return [];
  const data = {
    code: code ?? null,
    account: seen === undefined ? null : { ...seen, email: seen.email ?? null },
  };
  return [{ type: 'subject.observed', data }];
}

function untold({ account: told }: Facts, { did, handle, email }: PdsAccount): SeenAccount | undefined {
  const known = told?.did === did ? told.email : undefined;
  const seen = { did, handle, email: (email ?? known)?.toLowerCase() };
  return isSame(seen, told && { did: told.did, handle: told.handle, email: told.email?.toLowerCase() })
    ? undefined
    : seen;
}

function isSame(a: SeenAccount | undefined, b: SeenAccount | undefined): boolean {
  return a?.did === b?.did && a?.handle === b?.handle && a?.email === b?.email;
}
