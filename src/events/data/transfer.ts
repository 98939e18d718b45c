/** Transfers from a deleted user to another one. */
import type { AccountHandle, Code, Did, EventId, UserKey } from '../../identity.ts';
import type { Decided } from './decisions.ts';

/**
 * What a deleted user may give to another one: the account, the handle with its row of `@handles`, the permanent code, or
 * the address that an account which stays has.
 */
export const TRANSFER_PARTS = ['account', 'handle', 'code', 'address'] as const;

export type TransferPart = (typeof TRANSFER_PARTS)[number];

export type CloseReason =
  /** The other user has it. */
  | 'taken'
  /** The account gave up its handle or its address, and there was nothing to take. */
  | 'released'
  /** The other user does not take it. */
  | 'declined'
  /** The log of the other user has no grant of it. */
  | 'not-granted'
  /** It is not as it was when it was promised: another handle, or the handle of another user. */
  | 'changed';

export type DeclineReason =
  /** The user is deleted in Auth0. */
  | 'deleted'
  /** The log of the deleted user does not promise it, or no longer. */
  | 'not-promised'
  | 'account-missing'
  /** The account is recorded for a third user. */
  | 'account-of-another'
  /** The user got something of its own meanwhile. */
  | 'has-account'
  | 'has-handle'
  | 'has-code'
  /** Another user has the handle or the code meanwhile. */
  | 'handle-taken'
  | 'code-taken';

export interface TransferEventData {
  // In the log of the deleted user. `promise` is the event `transfer.promised` that began it.

  /** A transfer is about to be granted to this user. Without the grant in that user's log it means nothing. */
  'transfer.promised': Decided & {
    readonly to: UserKey;
    readonly what: readonly TransferPart[];
    readonly account?: Did;
    /** The platform handle whose row moves; absent where the account only gives up its handle. */
    readonly handle?: string;
    readonly code?: Code;
  };
  /** The user dropped its record of an account that another user has now. */
  'account.released': { readonly promise: EventId; readonly to: UserKey; readonly did: Did };
  /** The row of `@handles` is about to be removed, so that another user can have it. */
  'handle.release-intended': {
    readonly promise: EventId;
    readonly to: UserKey;
    /** The whole row but its key, as extended JSON. */
    readonly row: string;
  };
  /** The row is the user's again, because the other user did not take it. */
  'handle.returned': { readonly promise: EventId; readonly to: UserKey };
  'code.release-intended': { readonly promise: EventId; readonly to: UserKey; readonly code: Code };
  'code.released': { readonly promise: EventId; readonly to: UserKey; readonly code: Code };
  /** These parts of the transfer are over for this user. */
  'transfer.closed': {
    readonly promise: EventId;
    readonly to: UserKey;
    readonly what: readonly TransferPart[];
    readonly because: CloseReason;
  };

  // The same transfer, in the log of the user who gets it.

  'transfer.granted': Decided & {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly what: readonly TransferPart[];
    readonly account?: Did;
    readonly handle?: string;
    readonly code?: Code;
    /** The account of the user that the transferred one takes the place of. */
    readonly replaces?: Did;
    /** What was shown to the person who decided. */
    readonly evidence: readonly string[];
  };
  'account.transferred': {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly did: Did;
    readonly handle: AccountHandle;
    readonly email: string | null;
    /** The account that the user had before. */
    readonly replaced?: Did;
    /** Why we had deactivated the account. */
    readonly deactivated?: 'blocked' | 'removed';
  };
  /** An account that was replaced: deactivated, with a handle and an address that are in no user's way. */
  'account.retired': { readonly did: Did };
  'handle.transferred': { readonly promise: EventId; readonly from: UserKey; readonly handle: string };
  /** These parts are not taken, and the deleted user keeps them. */
  'transfer.declined': {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly what: readonly TransferPart[];
    readonly because: DeclineReason;
  };
  /** In the log of the user who gets a transfer: what it has not taken stays with the deleted user. */
  'transfer.cancelled': Decided & {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly what: readonly TransferPart[];
  };
}
