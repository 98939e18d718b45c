/**
 * The PDS, and the directory that says where an account lives. Every method throws UpstreamError when the upstream cannot be reached
 * or answers with a failure: no method returns "missing" for "could not be read".
 */
import type { AccountHandle, Did } from '../identity.ts';

export interface PdsAccount {
  readonly did: Did;
  readonly handle: AccountHandle;
  readonly email: string | undefined;
  /** SHA-256 of the invite code it was created with. */
  readonly inviteHash: string | undefined;
  /** `no-repo`: the account row is there and its repository is not, which only delete and recreate heals. */
  readonly state: 'active' | 'deactivated' | 'takendown' | 'no-repo' | 'unknown';
}

export interface Repository {
  readonly did: Did;
  /** `active` also of an account that has lost its repository. */
  readonly state: 'active' | 'deactivated' | 'takendown' | 'unknown';
}

export type HandleHolder =
  | { readonly type: 'nobody' }
  | { readonly type: 'account'; readonly did: Did }
  /** Held by an account that the PDS hides: deactivated or taken down. */
  | { readonly type: 'hidden' };

export type CreateAccountResult =
  | { readonly type: 'created'; readonly did: Did; readonly handle: AccountHandle }
  | {
      readonly type: 'refused';
      readonly field: 'handle' | 'email';
      readonly reason: 'taken' | 'not-allowed';
      readonly message: string;
    };

export interface AccountReader {
  /** One account with the state of its repository; `missing` only when the PDS says that it has none. */
  account(did: Did): Promise<PdsAccount | 'missing'>;
  /**
   * Many accounts at once; those that are not in the answer do not exist, and those whose row cannot be read are unknown.
   * `state` is `unknown` here.
   */
  accounts(dids: readonly Did[]): Promise<ReadonlyMap<Did, PdsAccount | 'unreadable'>>;
  /** Every repository, in pages. A listing that ends is complete, but for the rows that name no account. */
  repositories(): AsyncIterable<readonly (Repository | 'unreadable')[]>;
  /** Who holds a handle, also when the PDS hides the holder. Changes nothing. */
  holderOf(handle: AccountHandle): Promise<HandleHolder>;
  /** The domains that handles live under, each starting with a dot. */
  handleDomains(): Promise<readonly string[]>;
}

export interface AccountHost extends AccountReader {
  /** A single-use invite code. */
  createInvite(): Promise<string>;
  /**
   * Creates an account. Never repeated by the adapter. Throws with `effect: 'unknown'` when the
   * account may exist although the call failed.
   */
  createAccount(account: {
    readonly handle: AccountHandle;
    readonly email: string;
    readonly password: string;
    readonly inviteCode: string;
  }): Promise<CreateAccountResult>;
  /** Whether a handle would be allowed for a new account, as the PDS itself says. Creates nothing. */
  allowsHandle(handle: AccountHandle): Promise<boolean>;
  changeHandle(did: Did, handle: AccountHandle): Promise<'changed' | 'taken' | 'not-allowed'>;
  /**
   * Sets the address of an account; `refused` when another account, hidden or not, has it; `missing` when there is no such
   * account. Repeatable.
   */
  changeEmail(did: Did, email: string): Promise<'changed' | 'refused' | 'missing'>;
  /**
   * Deactivates an account, or activates it again. `set` is read from the account afterwards. Repeatable. Throws
   * UpstreamError NOT_APPLIED when the account is as it was.
   */
  setActive(did: Did, active: boolean): Promise<'set' | 'missing'>;
  /**
   * Deletes an account for good; `missing` when there was none. Its DID stays in the directory. Repeatable. Throws
   * UpstreamError NOT_APPLIED when the account is still there.
   */
  deleteAccount(did: Did): Promise<'deleted' | 'missing'>;
  /** `refused`: a login with it fails, as for an account that is missing or was made without a password. Repeatable. */
  setPassword(did: Did, password: string): Promise<'set' | 'refused'>;
  /** Logs in once and ends the session; false when identifier and password do not fit. */
  canLogIn(did: Did, password: string): Promise<boolean>;
}

// ── DIDs ──

/** The PDS that the document of a DID names. */
export type ServiceLocation =
  | { readonly type: 'here' }
  /** Another PDS, as scheme, host and port. */
  | { readonly type: 'elsewhere'; readonly origin: string }
  /** The DID is not registered, is deactivated, or names no PDS. */
  | { readonly type: 'nowhere' };

export interface DidDirectory {
  /** Read-only. An answer may be some minutes old, and up to a day old where it is `elsewhere`. */
  serviceOf(did: Did): Promise<ServiceLocation>;
}

// ── Accounts that the PDS does not show ──

/** A deactivated or taken down account, as a listing found it. Its address and handle are taken, and the PDS hides that. */
export interface InactiveAccount {
  readonly did: Did;
  readonly email: string | undefined;
  readonly handle: AccountHandle;
  readonly state: 'deactivated' | 'takendown';
}

/** How old the index of inactive accounts is. */
export interface InactiveListing {
  /** When the newest complete listing was begun; undefined while there has been none. */
  readonly refreshedAt: Date | undefined;
  /** When the newest listing was begun that a failed creation asked for, whatever became of it. */
  readonly begunAt: Date | undefined;
  /** Until then no failed creation may ask for another one. */
  readonly nextAt: Date | undefined;
}

/**
 * An index of the PDS's inactive accounts by address and handle. A hint: who acts on it reads the account first. Holds
 * hashes, and nothing of an account that a newer listing does not have.
 */
export interface InactiveAccountReader {
  /** The accounts with one of these addresses (lower-case) or handles, by that. What no account has is left out. */
  holdersOf(
    emails: readonly string[],
    handles: readonly AccountHandle[],
  ): Promise<ReadonlyMap<string, readonly Did[]>>;
  listing(): Promise<InactiveListing>;
}

export interface InactiveAccounts extends InactiveAccountReader {
  /** Says that a listing is begun for a failed creation; false, writing nothing, before the time that the last one set. */
  claimListing(now: Date, nextAt: Date): Promise<boolean>;
  /** Keeps what the listing that was begun then has found. What a newer one has found stays. Repeatable. */
  keep(found: readonly InactiveAccount[], begunAt: Date): Promise<void>;
  /** The listing that was begun then is complete: what only older ones have found goes. Repeatable. */
  complete(begunAt: Date): Promise<void>;
}

/** An account as the index keeps it, by the state in the listing: answers about many accounts do not show takedowns. */
export function inactiveAccount(
  account: PdsAccount | undefined,
  listed: Repository['state'],
): InactiveAccount | undefined {
  if (account === undefined) return undefined;
  const { did, email, handle } = account;
  const state = account.state === 'deactivated' ? account.state : listed;
  return state === 'deactivated' || state === 'takendown' ? { did, email, handle, state } : undefined;
}
