/**
 * Successors: users in Auth0 who may be the same person as a deleted user, because they have verified the same address
 * or because Auth0 has linked the deleted user into them. While there is one, the account of the deleted user is
 * neither deactivated nor deleted, under any policy.
 *
 * The read model is read for every deleted user with an account; it has what reconciliations have seen. Auth0 is read
 * where the read model has none and the next step would remove the account: lookups by address are immediately
 * consistent but case-sensitive, and the search by identity lags by seconds. Where Auth0 cannot be read, nothing is
 * removed.
 */
import type { Facts } from '../../events/facts.ts';
import type { UserKey } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { Successor } from '../../ports/subjects.ts';
import type { SuccessorSearch } from '../shared.ts';
import { isToBeRemoved } from './account-end.ts';
import type { ActualAccount, DesiredAccount } from './account-state.ts';

/** For a deleted user with an account; none for every other user. Throws UpstreamError. */
export async function findSuccessors(
  search: SuccessorSearch,
  user: UserKey,
  facts: Pick<Facts, 'absentSince' | 'verifiedEmail' | 'account' | 'seen'>,
  wanted: DesiredAccount,
  { linked }: Pick<ActualAccount, 'linked'>,
  now: Date,
): Promise<readonly Successor[]> {
  if (wanted.type !== 'end' || facts.absentSince === undefined) return [];
  if (linked === undefined || linked === 'missing') return [];
  const emails = addressesOf(facts, linked);
  const known = await search.known(user, emails);
  if (known.length > 0 || !isToBeRemoved(wanted.end, linked, now)) return known;
  return search.inAuth0(user, emails);
}

function addressesOf(
  { verifiedEmail, account, seen }: Pick<Facts, 'verifiedEmail' | 'account' | 'seen'>,
  { email }: PdsAccount,
): readonly string[] {
  const all = [verifiedEmail, account?.email, seen.account?.email, email].flatMap((one) => one ?? []);
  // Blank in the events of a forgotten user.
  return [...new Set(all)].filter((one) => one !== '');
}
