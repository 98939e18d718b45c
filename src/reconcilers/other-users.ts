/** What the reconciliation of one user sees of others. */

import type { Facts, Outgoing } from '../events/facts.ts';
import type { TransferAnswer } from '../events/fold-transfer.ts';
import type { UserKey } from '../identity.ts';
import type { PdsAccount } from '../ports/accounts.ts';
import type { Claimant } from '../ports/subjects.ts';

/** The deleted user, as the one who gets the transfer sees it. */
export interface IncomingSeen {
  /** What the log of the deleted user still promises. */
  readonly promise: Outgoing | undefined;
  /** Why we had deactivated the account. */
  readonly deactivated: Facts['deactivated'];
  /** Undefined where no account is open. */
  readonly account: PdsAccount | 'missing' | undefined;
  /** Third users whose documents name the account. */
  readonly thirds: readonly UserKey[];
  /** The deleted user still has its row of `@handles`. */
  readonly hasRow: boolean;
  readonly other: Claimant | undefined;
}

/** The user who gets the transfer, as the deleted one sees it. */
export interface OutgoingSeen {
  readonly answer: TransferAnswer;
  /** In Auth0, verified and not blocked, as far as its reconciliations have seen. */
  readonly isReady: boolean;
  readonly isGone: boolean;
  /** Its users document names the account. */
  readonly hasRecord: boolean;
  /** The account of the deleted user, where that should give up its handle or its address. */
  readonly account: PdsAccount | 'missing' | undefined;
  readonly other: Claimant | undefined;
}

export interface TransferSeen {
  readonly incoming: IncomingSeen | undefined;
  readonly outgoing: OutgoingSeen | undefined;
  /** The account that was replaced. */
  readonly retiring: PdsAccount | 'missing' | undefined;
}

/** The linked user: the same person in the linked tenant. */
export interface LinkedUser {
  readonly user: UserKey;
  /** The linked user's own row in `@handles`. */
  readonly platformHandle: string | undefined;
  /** That handle is for the linked user's own account, existing or future. Undefined until it is observed. */
  readonly carries: boolean | undefined;
}

/** `unknown` where the linked tenant could not be read: then there may be a linked user. */
export type ObservedLinkedUser = LinkedUser | 'none' | 'unknown';

/** Also a deleted user with something that needs action, whose health says that first. */
export function isDeleted({ health, conditions }: Claimant): boolean {
  return (
    health === 'Deleted' || conditions.some(({ type, reason }) => type === 'auth0' && reason === 'UserGone')
  );
}
