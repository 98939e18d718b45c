/** What a deleted user has that another one may get, and why not. Pure. */

import type { Code, Did } from '../../../identity.ts';
import type { PdsAccount } from '../../../ports/accounts.ts';
import { shellQuoted } from '../../../reconcilers/command-lines.ts';
import { handleLabel, wantedHandle } from '../../../reconcilers/derived-names.ts';
import type { Side, Sides } from './sides.ts';

export type Availability<T> =
  | { readonly type: 'available'; readonly value: T }
  | { readonly type: 'refused'; readonly code: string; readonly message: string };

export interface AvailableHandle {
  /** The platform handle whose row moves; undefined where only the account gives up its handle. */
  readonly platformHandle: string | undefined;
  /** The handle that the account gives up, where the account stays. */
  readonly carried: string | undefined;
  /** The row of `@handles` with this handle is the other user's already. */
  readonly isOfOther: boolean;
}

function refused(code: string, message: string): Availability<never> {
  return { type: 'refused', code, message };
}

/** Why it is not known which account a user has. */
function unsettled({ party: { user }, documents, facts }: Side): Availability<never> | undefined {
  const recorded = documents.user?.account;
  if (recorded !== undefined && recorded.did === undefined)
    return refused(
      'ACCOUNT_UNREADABLE',
      `The users document of ${user} names an account whose DID cannot be read. Correct it first.`,
    );
  if (facts.intent === undefined) return undefined;
  return refused(
    'INTENT_OPEN',
    `An account creation of ${user} has no outcome yet. Resolve it first: concord reconcile ${shellQuoted(user)}`,
  );
}

export function accountOf({ from, to }: Sides): Availability<PdsAccount> {
  const open = unsettled(from);
  if (open !== undefined) return open;
  const { user } = from.party;
  const { did, account } = from;
  if (did === undefined || account === undefined) return refused('NO_ACCOUNT', `${user} has no account.`);
  const logged = from.facts.account?.did;
  if (logged !== undefined && logged !== did)
    return refused(
      'ACCOUNTS_DIFFER',
      `The users document of ${user} names ${did}, and the log ${logged}. See which one is in use.`,
    );
  const third = from.otherOwners.find((owner) => owner !== to.party.user);
  if (third !== undefined)
    return refused('ACCOUNT_OF_ANOTHER', `The users document of ${third} names the account ${did}, too.`);
  if (from.movedTo !== undefined)
    return refused(
      'ACCOUNT_MIGRATED',
      `The account ${did} moved to ${from.movedTo}, and the copy on this PDS is left as it is.`,
    );
  if (account === 'missing') return refused('ACCOUNT_MISSING', `The PDS does not have the account ${did}.`);
  return account.state === 'takendown' || account.state === 'no-repo'
    ? refused(
        account.state === 'takendown' ? 'ACCOUNT_TAKEN_DOWN' : 'ACCOUNT_WITHOUT_REPOSITORY',
        `The account ${did} ${account.state === 'takendown' ? 'is taken down on the PDS' : 'has no repository on the PDS'}.`,
      )
    : { type: 'available', value: account };
}

/** The row of `@handles`, or the handle that an account which stays carries. */
export function handleOf({ from, to, domain }: Sides, movesAccount: boolean): Availability<AvailableHandle> {
  const { handle: platformHandle } = from.documents;
  const carried = movesAccount ? undefined : carriedBy(from, domain);
  if (platformHandle === undefined && carried === undefined)
    return refused('NO_HANDLE', `${from.party.user} has no handle to transfer.`);
  const own = to.documents.handle;
  if (platformHandle !== undefined && own !== undefined)
    return refused('HAS_HANDLE', `${to.party.user} has the handle @${own} already.`);
  const isOfOther = own !== undefined && carried === handleLabel(own) + domain;
  return { type: 'available', value: { platformHandle, carried, isOfOther } };
}

function carriedBy({ account, documents }: Side, domain: string): string | undefined {
  if (account === undefined || account === 'missing') return undefined;
  return wantedHandle(account, documents.user?.code, domain);
}

/** The address of the account, which the other user has verified. */
export function addressOf({ from, to }: Sides): Availability<Did> {
  const wanted = to.auth0 === 'absent' ? undefined : to.auth0.email?.toLowerCase();
  const { account } = from;
  if (account === undefined || account === 'missing' || account.email?.toLowerCase() !== wanted)
    return refused('NO_ADDRESS', `No account of ${from.party.user} has the address of ${to.party.user}.`);
  return { type: 'available', value: account.did };
}

/** A code never changes, so it goes only to a user who never had one. */
export function codeOf({ from, to }: Sides): Availability<Code> {
  const code = from.documents.user?.code;
  if (code === undefined || (from.facts.code !== undefined && from.facts.code !== code))
    return refused('NO_CODE', `${from.party.user} has no code to transfer.`);
  const { user, legacyCode } = to.documents;
  const own = user?.code ?? to.facts.code ?? to.facts.seen.code ?? legacyCode;
  if (own !== undefined || user?.hasUnreadableCode === true)
    return refused(
      'HAS_CODE',
      `${to.party.user} has ${own === undefined ? 'a code' : `the code ${own}`} already, and a code never changes.`,
    );
  return { type: 'available', value: code };
}

/** The other user's account, which the transferred one would replace. */
export function accountBefore({ to }: Sides): Availability<Did | undefined> {
  const open = unsettled(to);
  if (open !== undefined) return open;
  if (to.movedTo !== undefined)
    return refused(
      'ACCOUNT_MIGRATED',
      `The account ${to.did} of ${to.party.user} moved to ${to.movedTo}, and is not replaced.`,
    );
  return { type: 'available', value: to.did };
}
