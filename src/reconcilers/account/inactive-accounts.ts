/**
 * Accounts that the PDS does not show: deactivated or taken down. Their addresses and handles are taken all the same. The
 * PDS answers 500 to a creation with one of them, after it has registered a DID in the public directory. So an index of
 * them is asked before an account is created, and what it says is proved by a read of the account.
 *
 * Sweeps keep the index. After a creation that failed and left no account it may be too old, so it is refreshed before
 * the next try, as an action of the user's plan: with its intent and outcome in the log, and under the lease of the user,
 * which is renewed from page to page. One listing answers all users who wait for it.
 *
 * | the newest creation failed, and                             | action | reason                  |
 * |-------------------------------------------------------------|--------|-------------------------|
 * | a listing that was begun later is complete                  | –      | (the creation continues) |
 * | another process began a listing within ten minutes          | wait   | ListingInactiveAccounts |
 * | otherwise                                                   | list   | ListingInactiveAccounts |
 */

import type { AccountHandle, Did, UserKey } from '../../identity.ts';
import {
  type AccountReader,
  type InactiveAccountReader,
  type InactiveListing,
  inactiveAccount,
  type PdsAccount,
  type Repository,
} from '../../ports/accounts.ts';
import type { Claimant, SubjectReader } from '../../ports/subjects.ts';
import { type Applied, type ApplyContext, type Plan, pending } from '../reconciler.ts';
import type { AccountAction, HiddenAccount, ListingDeps } from './account-state.ts';

export interface HiddenDeps {
  readonly accounts: Pick<AccountReader, 'account'>;
  readonly subjects: Pick<SubjectReader, 'holdersOfDid' | 'get'>;
  readonly inactive: InactiveAccountReader;
}

/** By address or handle. */
export type HiddenAccounts = ReadonlyMap<string, HiddenAccount>;

/** The inactive accounts that have these addresses or handles, except the user's own account. */
export async function findHidden(
  deps: HiddenDeps,
  user: UserKey,
  emails: readonly string[],
  handles: readonly AccountHandle[],
  own?: Did,
): Promise<HiddenAccounts> {
  const hints = await deps.inactive.holdersOf(emails, handles);
  const found = new Map<string, HiddenAccount>();
  for (const [name, dids] of hints) {
    for (const did of dids) {
      if (did === own || found.has(name)) continue;
      const account = await deps.accounts.account(did);
      if (account === 'missing' || !isInactive(account)) continue;
      if (account.handle === name || account.email?.toLowerCase() === name)
        found.set(name, { account, owners: await ownersOf(deps, user, did) });
    }
  }
  return found;
}

function isInactive({ state }: PdsAccount): boolean {
  return state === 'deactivated' || state === 'takendown';
}

async function ownersOf({ subjects }: HiddenDeps, user: UserKey, did: Did): Promise<readonly Claimant[]> {
  const owners: Claimant[] = [];
  for (const owner of await subjects.holdersOfDid(did)) {
    const subject = owner === user ? undefined : await subjects.get(owner);
    if (subject !== undefined) owners.push(subject);
  }
  return owners;
}

// ── The listing after a failed creation ──

/** Until another process, which may have died over it, is expected to have listed them: first soon, then more rarely. */
const FIRST_WAIT_MS = 10_000;

/** Whether this user's own reconciliation has listed the inactive accounts since then. */
export function hasListedSince(since: Date, { listedAt }: { readonly listedAt: Date | undefined }): boolean {
  return listedAt !== undefined && listedAt > since;
}

/** Undefined where the inactive accounts have been listed since a creation began that failed. */
export function planListing(
  failedAt: Date,
  wanted: { readonly listedAt: Date | undefined },
  listing: InactiveListing | undefined,
  now: Date,
): Plan<Extract<AccountAction, { type: 'list-inactive-accounts' }>> | undefined {
  if (listing === undefined || hasListedSince(failedAt, wanted)) return undefined;
  const { refreshedAt, begunAt, nextAt } = listing;
  if (refreshedAt !== undefined && refreshedAt > failedAt) return undefined;
  const message =
    'The last account creation failed and left no account. An account that the PDS does not show may have the address or the handle, so the inactive accounts are listed before the next try.';
  const condition = pending({ type: 'account', reason: 'ListingInactiveAccounts', message });
  if (nextAt === undefined || nextAt <= now)
    return { actions: [{ resource: 'account', type: 'list-inactive-accounts' }], condition };
  const isAnswer = begunAt !== undefined && begunAt > failedAt;
  const waitMs = Math.max(FIRST_WAIT_MS, now.getTime() - (begunAt?.getTime() ?? 0));
  const soon = new Date(now.getTime() + waitMs);
  return { actions: [], condition, retryAt: isAnswer && soon < nextAt ? soon : nextAt };
}

/** As many as the PDS answers in one call. */
const READ_AT_ONCE = 100;

/** Does nothing when another process was first: then the next read waits for that one. */
export async function listInactive(
  { accounts, inactive, settings }: ListingDeps,
  context: ApplyContext,
): Promise<Applied> {
  const begunAt = context.now();
  const nextAt = new Date(begunAt.getTime() + settings.listInactiveMs);
  await context.ensureLease();
  if (!(await inactive.claimListing(begunAt, nextAt))) return 'unchanged';
  let listed = 0;
  let unread: Repository[] = [];
  let isWhole = true;
  const keep = async (batch: readonly Repository[]): Promise<void> => {
    await context.ensureLease();
    const found = await accounts.accounts(batch.map(({ did }) => did));
    const kept = batch.flatMap(({ did, state }) => {
      const account = found.get(did);
      if (account === 'unreadable') isWhole = false;
      return account === 'unreadable' ? [] : (inactiveAccount(account, state) ?? []);
    });
    await inactive.keep(kept, begunAt);
    listed += kept.length;
  };
  for await (const page of accounts.repositories()) {
    await context.ensureLease();
    const readable = page.filter((one) => one !== 'unreadable');
    if (readable.length < page.length) isWhole = false;
    unread.push(...readable.filter(({ state }) => state === 'deactivated' || state === 'takendown'));
    for (; unread.length >= READ_AT_ONCE; unread = unread.slice(READ_AT_ONCE))
      await keep(unread.slice(0, READ_AT_ONCE));
  }
  if (unread.length > 0) await keep(unread);
  await context.ensureLease();
  // What could not be read may be what an earlier listing found.
  if (isWhole) await inactive.complete(begunAt);
  await context.append({ type: 'inactive-accounts.listed', data: { accounts: listed } });
  return 'applied';
}
