/** The steps of a transfer. */
import type { CloseReason, DeclineReason, TransferPart } from '../../events/data/transfer.ts';
import type { Facts } from '../../events/facts.ts';
import type { AccountHandle, Code, Did, EventId, UserKey } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';

export type TransferResource = 'account' | 'handle' | 'user-document' | 'email';

export const RESOURCE_OF = {
  account: 'account',
  handle: 'handle',
  code: 'user-document',
  address: 'email',
} as const satisfies Record<TransferPart, TransferResource>;

export type TransferAction =
  | {
      readonly resource: 'account';
      readonly type: 'take-account';
      readonly promise: EventId;
      readonly from: UserKey;
      readonly account: PdsAccount;
      /** The account that the users document names instead. */
      readonly over: Did | undefined;
      /** The account of this user that the log or the grant knows, where it is another one. */
      readonly replaced: Did | undefined;
      readonly deactivated: Facts['deactivated'];
    }
  | {
      readonly resource: 'account';
      readonly type: 'retire-account';
      readonly account: PdsAccount | { readonly did: Did };
      /** Undefined where no user needs the handle or the address of the account. */
      readonly handle: AccountHandle | undefined;
      readonly email: string | undefined;
      readonly isActive: boolean;
    }
  | {
      readonly resource: 'account';
      readonly type: 'release-account';
      readonly promise: EventId;
      readonly to: UserKey;
      readonly did: Did;
    }
  | {
      readonly resource: 'handle';
      readonly type: 'release-handle';
      readonly promise: EventId;
      readonly to: UserKey;
      readonly handle: string;
    }
  | {
      readonly resource: 'handle';
      readonly type: 'return-handle';
      readonly promise: EventId;
      readonly to: UserKey;
      readonly row: string;
    }
  | {
      readonly resource: 'handle';
      readonly type: 'take-handle';
      readonly promise: EventId;
      readonly from: UserKey;
      readonly handle: string;
      readonly row: string;
    }
  | {
      readonly resource: 'user-document';
      readonly type: 'release-code';
      readonly promise: EventId;
      readonly to: UserKey;
      readonly code: Code;
    }
  | {
      /** The users document has the code, and the log does not say so yet. */
      readonly resource: 'user-document';
      readonly type: 'record-code';
      readonly code: Code;
    }
  | {
      /** Writes to the log alone. */
      readonly resource: TransferResource;
      readonly type: 'decline-transfer';
      readonly promise: EventId;
      readonly from: UserKey;
      readonly what: readonly TransferPart[];
      readonly because: DeclineReason;
    }
  | {
      /** Writes to the log alone. */
      readonly resource: TransferResource;
      readonly type: 'close-transfer';
      readonly promise: EventId;
      readonly to: UserKey;
      readonly what: readonly TransferPart[];
      readonly because: CloseReason;
    };
