/** What is known of one user, as a fold of the user's events. fold.ts shows the source of each fact. */

import type { AccountHandle, Auth0UserId, Code, Did, EventId, UserKey } from '../identity.ts';
import type { Condition, LastFailure } from './condition.ts';
import type { RefusalReason } from './data/account-creation.ts';
import type { Auth0Field } from './data/auth0.ts';
import type { IntendedAction } from './data/reconciliation.ts';
import type { TransferPart } from './data/transfer.ts';
import type { Removable } from './resources.ts';

export interface Auth0Facts {
  readonly userId: Auth0UserId;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly blocked: boolean;
  /** Undefined where Auth0 has none that can be used. */
  readonly createdAt: Date | undefined;
  /** The users that Auth0 has linked into this one, sorted: they exist only as its identities. Absent when there are none. */
  readonly linked?: readonly Auth0UserId[];
  /** Fields with a value that cannot be used; each counts as not set. Absent when there are none. */
  readonly unusable?: readonly Auth0Field[];
}

/** An intended account creation whose outcome is not known. */
export interface OpenIntent {
  readonly event: EventId;
  readonly at: Date;
  readonly handle: AccountHandle;
  readonly email: string;
  readonly inviteHash: string;
}

export interface SeenAccount {
  readonly did: Did;
  readonly handle: AccountHandle;
  readonly email: string | undefined;
}

/**
 * What has been there since the user's present life in Auth0 began. What is in here and missing now was removed by
 * others, and only a decision brings it back.
 */
export interface SeenResources {
  readonly verification: boolean;
  /** The `users` document. */
  readonly document: boolean;
  /** The account that the `users` document named. */
  readonly record: Did | undefined;
  /** The account that the PDS had. */
  readonly account: Did | undefined;
}

export interface Parking {
  readonly did: Did;
  readonly from: string;
  readonly to: string;
  readonly at: Date;
}

/** A hint, which Auth0 has to prove: by id, because a lookup by address may miss another spelling. */
export interface NamedBy {
  readonly event: EventId;
  readonly user: UserKey;
  /** The address that this user had then, lower-case: with another one it is not the same person any more. */
  readonly email: string | undefined;
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly at: Date;
}

export interface Facts {
  /** Undefined until Auth0 has been read once. Kept when the user is gone, as the last that was known. */
  readonly auth0: Auth0Facts | undefined;
  /** The last address of this life that Auth0 called verified, as it was spelled. Kept when the user is gone. */
  readonly verifiedEmail: string | undefined;
  /** When Auth0 was first read in this life and had the user: the sign-up time where Auth0 has none. */
  readonly firstReadAt: Date | undefined;
  /** The event of the newest read of Auth0, present or absent. */
  readonly auth0Event: EventId | undefined;
  /** Set when the newest read of Auth0 by id found no such user. */
  readonly absentSince: Date | undefined;
  /** Set when the newest read of Auth0 by id found that no user can have this id. */
  readonly invalidSince: Date | undefined;
  /** The newest log entry that speaks of a deletion. A hint: never a proof by itself. */
  readonly deletionHintAt: Date | undefined;
  /** The newest read of Auth0 that found the user there and was worth a line. */
  readonly presentAt: Date | undefined;
  /** When the user was first missing from a complete listing, since it was last seen. Never a proof by itself. */
  readonly unlistedSince: Date | undefined;
  /** A grant to remove the account, given after the user was found to be gone. */
  readonly removalGrantedAt: Date | undefined;
  /** Set while a person keeps Concord's hands off this user. */
  readonly paused:
    | { readonly by: string; readonly reason: string; readonly until: Date | undefined }
    | undefined;
  /** A person decided that this account is the user's. `grant` is the first decision that named this account. */
  readonly adoption:
    | { readonly did: Did; readonly grant: EventId; readonly evidence: readonly string[] }
    | undefined;
  /** Set while the account is deactivated by us. */
  readonly deactivated: 'blocked' | 'removed' | undefined;
  /** The PDS refused the stored password when it was last tried. */
  readonly passwordRefused: boolean;
  /** A person decided that the stored password must be set on the PDS once more. */
  readonly passwordResetGranted: boolean;
  /** The account was removed by us, and nothing is left. */
  readonly accountDeleted: boolean;
  readonly forgotten: boolean;
  /** The user's own row in `@handles`. */
  readonly platformHandle: string | undefined;
  /** The linked user, and the handle they have there. */
  readonly sister: { readonly user: UserKey; readonly handle: string | undefined } | undefined;
  /** Users of the linked tenant whose reconciliations found that this user is the same person; the newest last. */
  readonly namedBy: readonly NamedBy[];
  /** The user's permanent code: the first that the log assigned, or that was found. */
  readonly code: Code | undefined;
  readonly sights: SeenResources;
  /** A sweep found the user in sync. */
  readonly seenInSync: boolean;
  /** What is restored with a document: its count, and its sign-up time. Undefined where it is not known. */
  readonly kept: { readonly count: number | undefined; readonly when: Date | undefined };
  /** What the log says was removed, and has not been there since. */
  readonly removed: ReadonlySet<Removable>;
  /** The latest that the newest deletion in the change stream may have happened, by MongoDB's clock. */
  readonly removedAt: Date | undefined;
  /** An account that is lost, by a person's decision: another one may take its place. */
  readonly lostAccount: Did | undefined;
  readonly account:
    | { readonly did: Did; readonly handle: AccountHandle; readonly email?: string }
    | undefined;
  /** What was found and no other event records: a code is in here when it is not the user's permanent one. */
  readonly seen: {
    readonly code: Code | undefined;
    readonly account: SeenAccount | undefined;
  };
  readonly intent: OpenIntent | undefined;
  /**
   * The newest creations that were given up with no account to show, the newest last. The call of one may still
   * arrive, and the account that used its invite is ours: the code was made by us for this one call.
   */
  readonly givenUp: readonly OpenIntent[];
  /** The account's address before it was parked, and the one that it was parked on. */
  readonly parked: Parking | undefined;
  /** When an account last got back the address from before it was parked. */
  readonly parkingEndedAt: Date | undefined;
  /** What is promised to another user and not over yet. */
  readonly outgoing: Outgoing | undefined;
  /** What is granted to this user and not over yet. */
  readonly incoming: Incoming | undefined;
  /** An account that was replaced by a transferred one, and still has its handle or address. */
  readonly retiring: Did | undefined;
  /** The account that another user has got from this one. */
  readonly transferred: { readonly did: Did; readonly to: UserKey } | undefined;
  readonly refusedHandles: ReadonlyMap<string, Refusal>;
  readonly refusedEmails: ReadonlyMap<string, Refusal>;
  /** createAccount calls that failed on the far side with no account to show: each may have left a DID behind. */
  readonly possiblyLeakedDids: number;
  /** When the newest of all such creations was begun, and what the PDS answered to the newest that failed. */
  readonly creationFailedAt: Date | undefined;
  readonly creationFailure: string | undefined;
  /** When this user's reconciliation last listed the PDS's inactive accounts. */
  readonly inactiveListedAt: Date | undefined;
  /** Steps that were intended and have no recorded outcome: a reconciliation was interrupted. */
  readonly openActions: readonly (IntendedAction & { readonly event: EventId })[];
  /** A reconciliation has begun to act, and no event records its end. */
  readonly isUnfinished: boolean;
  readonly conditions: readonly Condition[];
  /** Failed reconciliations since the last one that ended without a failure. */
  readonly attempts: number;
  /** Those of them that are in the log, and those that a rate limit put off: identical ones are counted and not logged. */
  readonly loggedFailures: number;
  readonly quarantined: boolean;
  /** Undefined when the last reconciliation did not fail. */
  readonly failure: LastFailure | undefined;
  /** The states of independent resources, by their names. None until there is an event of the resource. */
  readonly independent: ReadonlyMap<string, unknown>;
  /** The newest `at` of all events, so that the next one can be later. */
  readonly newestAt: Date | undefined;
  readonly newestEvent: EventId | undefined;
}

export interface Transfer {
  /** The event `transfer.promised` that began it. */
  readonly promise: EventId;
  /** What is not over yet. */
  readonly open: ReadonlySet<TransferPart>;
  readonly account: Did | undefined;
  /** The platform handle whose row of `@handles` moves; undefined where none does. */
  readonly handle: string | undefined;
  readonly code: Code | undefined;
}

export interface Outgoing extends Transfer {
  readonly to: UserKey;
  /** The row of `@handles`, as extended JSON, once its removal is intended. */
  readonly row: string | undefined;
  readonly isCodeReleased: boolean;
}

export interface Incoming extends Transfer {
  readonly from: UserKey;
  /** The account of this user that the transferred one takes the place of. */
  readonly replaces: Did | undefined;
}
