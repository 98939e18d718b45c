/**
 * Users who wait for each other's addresses in a ring: each wants the address that the next one's account has. None of
 * them can go first, unless one account gives up its address for the time being. It is parked on an address that nothing
 * can be delivered to.
 */
import { createHash } from 'node:crypto';
import type { Did, UserKey } from '../identity.ts';
import type { AccountReader, Claimant, People, SubjectReader } from '../ports.ts';
import { isLeaving } from './address.ts';

/** A ring of more users than this is not looked for; each reconciliation of a longer one waits. */
const MAX_RING = 16;

export interface RingDeps {
  readonly accounts: Pick<AccountReader, 'account'>;
  readonly subjects: Pick<SubjectReader, 'holdersOfEmail'>;
  readonly people: People;
}

/** Names the account, so no two accounts are parked on one address. `.invalid` is reserved by RFC 2606. */
export function parkedAddress(did: Did): string {
  return `parked-${createHash('sha256').update(did).digest('hex').slice(0, 24)}@account.invalid`;
}

/**
 * Whether the chain of users that begins with `first`, the holder of the wanted address, leads back to this user. The
 * read model shows the chain; Auth0 and the PDS, read anew, prove each of its links.
 */
export async function isInRing(
  deps: RingDeps,
  user: UserKey,
  wanted: string,
  first: Claimant,
): Promise<boolean> {
  const chain = await chainFrom(deps, user, wanted, first);
  if (chain === undefined) return false;
  const links = await Promise.all(chain.map((link) => isProved(deps, link)));
  return links.every(Boolean);
}

interface Link {
  readonly claimant: Claimant;
  readonly has: string;
  readonly wants: string;
}

async function chainFrom(
  { subjects }: RingDeps,
  user: UserKey,
  wanted: string,
  first: Claimant,
): Promise<readonly Link[] | undefined> {
  const chain: Link[] = [];
  let next: Claimant | undefined = first;
  let has = wanted;
  while (next !== undefined && chain.length < MAX_RING) {
    const wants: string | undefined = next.email;
    if (wants === undefined || !isLeaving(next, has)) return undefined;
    if (chain.some(({ claimant }) => claimant.user === next?.user)) return undefined;
    chain.push({ claimant: next, has, wants });
    const holders: readonly Claimant[] = await subjects.holdersOfEmail(wants);
    if (holders.some((holder) => holder.user === user)) return chain;
    next = holders.find((holder) => isLeaving(holder, wants));
    has = wants;
  }
  return undefined;
}

async function isProved({ people, accounts }: RingDeps, { claimant, has, wants }: Link): Promise<boolean> {
  if (claimant.did === undefined) return false;
  const [auth0, account] = await Promise.all([people.user(claimant.user), accounts.account(claimant.did)]);
  if (auth0 === undefined || auth0 === 'absent' || account === 'missing') return false;
  const isToGo = auth0.emailVerified && !auth0.blocked && auth0.email?.toLowerCase() === wants;
  return isToGo && account.email?.toLowerCase() === has;
}
