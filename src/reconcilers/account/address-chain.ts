/**
 * Users who wait for each other's addresses: each needs the address that the next one's account has. Where the chain ends
 * at an address that is free, the last user goes first. Where it is a ring, none of them can go
 * first, unless one account gives up its address for the time being. It is parked on an address that nothing can be
 * delivered to.
 */

import type { Facts, Parking } from '../../events/facts.ts';
import type { UserKey } from '../../identity.ts';
import type { AccountReader, PdsAccount } from '../../ports/accounts.ts';
import type { People } from '../../ports/auth0.ts';
import type { Claimant, SubjectReader } from '../../ports/subjects.ts';
import { parkedAddress } from '../derived-names.ts';
import { isDeleted } from '../other-users.ts';
import { isToLeave } from './address.ts';

/** A longer chain counts as one that does not end: its users wait for a person. */
const MAX_CHAIN = 16;

export interface ChainDeps {
  readonly accounts: Pick<AccountReader, 'account'>;
  readonly subjects: Pick<SubjectReader, 'holdersOfEmail'>;
  readonly people: People;
}

/**
 * free: the users will change their addresses one after the other. ring: so will they, once this user's account gives up
 * its own. stays: the first user keeps the address.
 */
export type ChainEnd = 'free' | 'ring' | 'stays';

/** Also of an account that gave up its address for good, in a transfer. */
export function isOnParkedAddress({ did, email }: Pick<PdsAccount, 'did' | 'email'>): boolean {
  return email?.toLowerCase() === parkedAddress(did);
}

/** Whether the account has the address that it was parked on. */
export function isParked(
  { did, email }: Pick<PdsAccount, 'did' | 'email'>,
  parked: Facts['parked'],
): parked is Parking {
  return parked?.did === did && parked.to === email?.toLowerCase();
}

/**
 * Follows the users from `first`, whose account has the address `wanted`. The read model shows the chain; that it is a
 * ring through this user is proved by Auth0 and the PDS, read anew for each of them.
 */
export async function chainEnd(
  deps: ChainDeps,
  user: UserKey,
  wanted: string,
  first: Claimant,
): Promise<ChainEnd> {
  const links: Link[] = [];
  let next: Claimant | undefined = first;
  let has = wanted;
  while (next !== undefined && links.length < MAX_CHAIN) {
    const wants: string | undefined = next.email;
    if (wants === undefined || !isToLeave(next, has)) return 'stays';
    links.push({ claimant: next, has, wants });
    const holders: readonly Claimant[] = await deps.subjects.holdersOfEmail(wants);
    if (holders.some((holder) => holder.user === user))
      return (await areProved(deps, links)) ? 'ring' : 'stays';
    // A ring of other users, which one of them opens.
    if (holders.some((holder) => links.some(({ claimant }) => claimant.user === holder.user))) return 'free';
    next = holders.find((holder) => !isDeleted(holder)) ?? holders[0];
    has = wants;
  }
  return next === undefined ? 'free' : 'stays';
}

interface Link {
  readonly claimant: Claimant;
  readonly has: string;
  readonly wants: string;
}

async function areProved(deps: ChainDeps, links: readonly Link[]): Promise<boolean> {
  return (await Promise.all(links.map((link) => isProved(deps, link)))).every(Boolean);
}

async function isProved({ people, accounts }: ChainDeps, { claimant, has, wants }: Link): Promise<boolean> {
  if (claimant.did === undefined) return false;
  const [auth0, account] = await Promise.all([people.user(claimant.user), accounts.account(claimant.did)]);
  if (typeof auth0 !== 'object' || account === 'missing') return false;
  const isToGo = auth0.emailVerified && !auth0.blocked && auth0.email?.toLowerCase() === wants;
  return isToGo && account.email?.toLowerCase() === has;
}
