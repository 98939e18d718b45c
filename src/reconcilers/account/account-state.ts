/** The types that the planning and the carrying out of an account share. */

import type { Facts, OpenIntent, SeenResources } from '../../events/facts.ts';
import type { Gap } from '../../events/gap.ts';
import type { AccountHandle, Code, Did, EventId } from '../../identity.ts';
import type {
  AccountHost,
  AccountReader,
  InactiveAccounts,
  InactiveListing,
  PdsAccount,
  ServiceLocation,
} from '../../ports/accounts.ts';
import type { Random } from '../../ports/clock.ts';
import type { AccountRecord, DocumentStore } from '../../ports/documents.ts';
import type { PasswordVault } from '../../ports/passwords.ts';
import type { Claimant, Successor } from '../../ports/subjects.ts';
import type { AddressHolders, DesiredEmail } from './address.ts';
import type { DesiredHandle, Holder } from './handle.ts';

/** What the log knows of an account, whatever is wanted of it. */
export interface KnownAccount {
  readonly loggedDid: Did | undefined;
  readonly sights: Pick<SeenResources, 'record' | 'account'>;
  /** Others removed the account from the users document, also where it is not known which one that was. */
  readonly recordRemoved: boolean;
  /** A person decided that this account is lost, and that another one takes its place. */
  readonly lostDid: Did | undefined;
  /** The address that the account had before it was parked, and since when it has been parked. */
  readonly parked: Facts['parked'];
  /** The account that another user has got from this one. */
  readonly transferred: Facts['transferred'];
  readonly intent: OpenIntent | undefined;
  /** Creations that were given up: the account of one may be there all the same. */
  readonly givenUp: readonly OpenIntent[];
  /** When the newest of them was begun that the PDS may still carry out. */
  readonly creationFailedAt: Date | undefined;
  /** Milliseconds that a creation with unknown outcome gets to finish. */
  readonly settleMs: number;
  /** Steps that an earlier reconciliation began and whose outcome is not in the log. */
  readonly interrupted: ReadonlySet<string>;
  /** The message of the last reconciliation, where it found that the account had moved. */
  readonly saidMigrated: string | undefined;
  /** When this user's reconciliation last listed the PDS's inactive accounts. */
  readonly listedAt: Date | undefined;
}

export interface WantedAccount extends KnownAccount {
  readonly type: 'account';
  /** The user's own address first, then the one tagged for this tenant; none where it is withheld. */
  readonly email: DesiredEmail;
  readonly handle: DesiredHandle;
  readonly failedCreations: number;
  /** What the PDS answered to the newest of them. */
  readonly creationFailure: string | undefined;
  /** A person decided that this account is the user's. */
  readonly adoption: Facts['adoption'];
  /** We deactivated the account, for a reason that is over. */
  readonly deactivatedByUs: boolean;
  /** Whether a row without a repository may be deleted, once it has been seen so for `settleMs`. */
  readonly recreate: boolean;
  /** The stored password does not open the account. */
  readonly passwordRefused: boolean;
  readonly passwordResetGranted: boolean;
  /** Since when the account has been known to have no repository. */
  readonly remnantSince: Date | undefined;
}

export type DesiredAccount =
  | WantedAccount
  | (KnownAccount & { readonly type: 'none'; readonly reason: string; readonly message: string })
  | (KnownAccount & { readonly type: 'end'; readonly end: DesiredEnd });

/** `unknown` where the directory could not be asked; `code` says why. */
export type SeenLocation = ServiceLocation | { readonly type: 'unknown'; readonly code: string };

/** Ours by the invite that it was made with. */
export interface LateAccount {
  readonly intent: OpenIntent;
  readonly account: PdsAccount;
}

export interface ActualAccount {
  readonly recorded: AccountRecord | undefined;
  /** The account that the document names in fields of before `atproto`, where that names none. */
  readonly oldAccount?: { readonly did: Did | undefined } | undefined;
  /** The account of the DID that the document or the log names, or that the document named before; undefined when there is none. */
  readonly linked: PdsAccount | 'missing' | undefined;
  readonly linkedDid: Did | undefined;
  /**
   * The PDS that the DID of an inactive or missing account names: of the linked one, or else of the one to be adopted.
   * Undefined where it was not asked, as for an active account.
   */
  readonly location: SeenLocation | undefined;
  /** Who holds the handle of the open intent. */
  readonly intended: Holder | undefined;
  /** An account of a creation that had been given up, where no account is linked. */
  readonly late: LateAccount | undefined;
  /** Who holds the preferred handle, where an account will be created. */
  readonly preferred: Holder | undefined;
  /** The account that a person decided is the user's. */
  readonly adoptable: PdsAccount | 'missing' | undefined;
  /** Who else has one of the wanted addresses. */
  readonly emailHolders: AddressHolders;
  /** The user is one of a ring of users who wait for each other's addresses. */
  readonly isInRing: boolean;
  /** The account that the PDS does not show and that carries the handle made of the code. */
  readonly codeHolder: HiddenAccount | undefined;
  /** How old the index of inactive accounts is; undefined where that decides nothing. */
  readonly listing: InactiveListing | undefined;
  /** Users in Auth0 who may be the same person; searched where the user is deleted and has an account. */
  readonly successors: readonly Successor[];
  readonly code: Code | undefined;
}

export type CreationAction =
  | { readonly resource: 'account'; readonly type: 'list-inactive-accounts' }
  | {
      readonly resource: 'account';
      readonly type: 'create-account';
      readonly handle: AccountHandle;
      readonly email: string;
    }
  | {
      readonly resource: 'account';
      readonly type: 'complete-creation';
      readonly intent: OpenIntent;
      readonly account: PdsAccount;
    }
  | {
      readonly resource: 'account';
      readonly type: 'abandon-creation';
      readonly intent: OpenIntent;
      readonly leaked: boolean;
    }
  | {
      /** Records that the account of an open intent exists, and writes nothing else. */
      readonly resource: 'account';
      readonly type: 'resolve-creation';
      readonly intent: OpenIntent;
      readonly account: PdsAccount;
      /** The users document names the account. */
      readonly documented: boolean;
    };

export interface AdoptAccount {
  readonly resource: 'account';
  readonly type: 'adopt-account';
  readonly account: PdsAccount;
  /** The decision, which a password of ours is kept under until it is recorded. */
  readonly grant: EventId;
  readonly evidence: readonly string[];
  /** The document has a password for the account, which stays. */
  readonly keepsPassword: boolean;
}

export type AccountAction =
  | CreationAction
  | EndAction
  | {
      readonly resource: 'account';
      readonly type: 'record-account';
      readonly account: PdsAccount;
      /** Our intent that created it, where its invite proves that. */
      readonly intent: OpenIntent | undefined;
    }
  | AdoptAccount
  | { readonly resource: 'account'; readonly type: 'reset-password'; readonly did: Did }
  | { readonly resource: 'account'; readonly type: 'reactivate-account'; readonly did: Did }
  | { readonly resource: 'account'; readonly type: 'delete-remnant'; readonly did: Did }
  | { readonly resource: 'account'; readonly type: 'drop-account-record'; readonly did: Did };

export interface AccountDeps {
  readonly accounts: AccountHost;
  readonly inactive: InactiveAccounts;
  readonly settings: ListingDeps['settings'];
  readonly documents: DocumentStore;
  readonly vault: PasswordVault;
  readonly random: Random;
}

export type DesiredEnd =
  | {
      readonly type: 'kept';
      readonly reason: 'UserBlocked' | 'UserGone' | 'UserGoneOnce';
      readonly message: string;
    }
  | { readonly type: 'suspended' }
  | {
      readonly type: 'removed';
      readonly how: 'deactivate' | 'delete';
      readonly notBefore: Date;
      readonly granted: boolean;
      readonly gap: Gap | undefined;
    };

export type EndAction =
  | {
      readonly resource: 'account';
      readonly type: 'deactivate-account';
      readonly did: Did;
      readonly because: 'blocked' | 'removed';
    }
  | { readonly resource: 'account'; readonly type: 'delete-account'; readonly did: Did };

/** An account that the PDS does not show, as it has just been read. */
export interface HiddenAccount {
  readonly account: PdsAccount;
  /** The users of ours whose account it is, as the read model showed them. */
  readonly owners: readonly Claimant[];
}

export interface ListingDeps {
  readonly accounts: Pick<AccountReader, 'accounts' | 'repositories'>;
  readonly inactive: InactiveAccounts;
  /** `listInactiveMs`: milliseconds between two listings that failed creations ask for. */
  readonly settings: { readonly listInactiveMs: number };
}
