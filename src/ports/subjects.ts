/** The read model: one document for each user, rebuilt from the log. */

import type { Condition, LastFailure } from '../events/condition.ts';
import type { Auth0Field } from '../events/data/auth0.ts';
import type { AccountHandle, Auth0UserId, Code, Did, TenantId, UserKey } from '../identity.ts';
import type { Trigger } from './trigger.ts';

/**
 * Deleted: Auth0 does not have the user any more, or the user was forgotten. Excluded: the configuration says that nothing
 * is done. Neither is ever counted as in sync.
 */
export type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Deleted' | 'Excluded';

export type Sync = 'Synced' | 'OutOfSync' | 'Unknown';

/** What has been there since the user's present life in Auth0 began; see `SeenResources` in events/fold.ts. */
export type SeenResource = 'verification' | 'document' | 'record' | 'account';

/** What a reconciliation writes back into the read model. Everything in it can be rebuilt from the log. */
export interface SubjectView {
  /** In this order; `did` is the account of `record` and `account`. */
  readonly sights: readonly SeenResource[];
  /** Sights, code, DID, linked identities and unusable fields as one text: of unchanged users, a full sweep reads only this. */
  readonly mark: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  /** The address of a user in Auth0 that is verified, or was before the flag went off; lower-case: what `successorsOf` searches. */
  readonly verifiedEmail: string | undefined;
  /** The users that Auth0 has linked into this one, sorted; none once the user is deleted. */
  readonly linked: readonly Auth0UserId[];
  /** Fields in Auth0 that cannot be used; none once the user is deleted. */
  readonly unusable: readonly Auth0Field[];
  readonly code: Code | undefined;
  readonly did: Did | undefined;
  readonly accountHandle: AccountHandle | undefined;
  /** The address of the PDS account, lower-case: what `holdersOfEmail` searches. May differ from `email`. */
  readonly accountEmail: string | undefined;
  /** The user's own, or else the linked user's. */
  readonly platformHandle: string | undefined;
  /** The linked user: the same person in the linked tenant. */
  readonly sister: UserKey | undefined;
  readonly conditions: readonly Condition[];
  readonly sync: Sync;
  readonly health: Health;
  readonly attempts: number;
  readonly quarantined: boolean;
  /** Why the last reconciliation failed; undefined when it did not. */
  readonly failure: LastFailure | undefined;
}

export interface Subject extends SubjectView {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  readonly dueAt: Date | undefined;
}

/** As much of a subject as a full sweep needs. */
export interface SubjectSummary {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly did: Did | undefined;
  readonly conditions: readonly Pick<Condition, 'type' | 'reason'>[];
  /** When Auth0 was last read for this user; undefined if never. */
  readonly observedAt: Date | undefined;
}

/** A user who is not Synced, and has no trigger. */
export interface OpenUser extends Pick<Trigger, 'user' | 'tenant' | 'userId'> {
  /** The last reconciliation found something that only a person can resolve. */
  readonly needsAction: boolean;
  /** When Auth0 was last read for this user; undefined if never. */
  readonly observedAt: Date | undefined;
}

/** What is known of a user, for a comparison of many at once. */
export interface KnownSubject extends Pick<SubjectView, 'sights' | 'code' | 'did' | 'linked' | 'unusable'> {
  /** False for a user who is due and has never been reconciled. */
  readonly isSeen: boolean;
  /** Since when reconciliations have found that something was removed; undefined where the last one did not. */
  readonly lackedSince: Date | undefined;
  /** The last reconciliation found something that only a person can resolve. */
  readonly needsAction: boolean;
  /** The configuration excluded the user at the last reconciliation. */
  readonly wasExcluded: boolean;
  /** The last reconciliation found that the account moved to another PDS. */
  readonly hasMigrated: boolean;
}

/** A deleted user, with the data by which another user may be the same person. */
export interface DeletedUser extends Omit<Trigger, 'cause'> {
  /** The last verified address, and the address of the account, as they were spelled. */
  readonly emails: readonly string[];
}

/** A user in Auth0 who may be the same person as a deleted one. */
export interface Successor {
  readonly user: UserKey;
  /** `identity`: Auth0 has linked the deleted user into this one. `address`: this user has verified the same address. */
  readonly by: 'identity' | 'address';
}

/** A user that a sweep found in sync, which the read model does not show yet. */
export interface FirstSeen extends Omit<Trigger, 'cause'> {
  readonly view: SubjectView;
}

/** The data of a user whose account has a value that others need, as far as their plans use it. */
export type Claimant = Pick<
  Subject,
  | 'user'
  | 'tenant'
  | 'did'
  | 'accountHandle'
  | 'accountEmail'
  | 'email'
  | 'emailVerified'
  | 'health'
  | 'conditions'
>;

export interface SubjectReader {
  /** The marks of those of these users who have been reconciled. */
  marksOf(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, string>>;
  /** Those of these users that are known. */
  known(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, KnownSubject>>;
  get(user: UserKey): Promise<Subject | undefined>;
  /** Those of these users that are known. */
  read(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, Subject>>;
  /** Users whose account carries one of these handles, as far as is known. */
  carriersOf(handles: readonly AccountHandle[]): Promise<ReadonlyMap<AccountHandle, readonly UserKey[]>>;
  /** Users whose `accountEmail` is this lower-case address, in the order of their keys. */
  holdersOfEmail(email: string): Promise<readonly Claimant[]>;
  /** Users whose account carries this handle, in the order of their keys. */
  holdersOfHandle(handle: AccountHandle): Promise<readonly Claimant[]>;
  /** Users with a condition that waits for this user, in the order of their keys. */
  waitingFor(user: UserKey): Promise<readonly Trigger[]>;
  /**
   * Users in Auth0 who have one of these addresses, verified, or whose identities include the deleted user, as far as
   * reconciliations have seen; those by identity first, then in the order of their keys. Never the user itself.
   */
  successorsOf(deleted: DeletedUser): Promise<readonly Successor[]>;
  /** Users of this tenant who are in Auth0 and have verified this address, as far as reconciliations have seen, by key. */
  verifiedIn(tenant: TenantId, email: string): Promise<readonly UserKey[]>;
  /** The linked users of those of these users who have one. */
  sistersOf(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, UserKey>>;
  /** Users whose account has this DID, in the order of their keys. */
  holdersOfDid(did: Did): Promise<readonly UserKey[]>;
  /** Every subject of a tenant, by key, in pages; with `unsettled`, only those that are not Synced. */
  list(tenant: TenantId, only?: { readonly unsettled?: boolean }): AsyncIterable<Subject>;
  /** Every subject of a tenant, by key, in pages and in short. */
  standings(tenant: TenantId): AsyncIterable<readonly SubjectSummary[]>;
  /**
   * Users of a tenant who are not Synced, and neither due nor quarantined, in pages; also those whose reconciliation
   * died although nothing had made them due. Users in sync are not read, however many there are.
   */
  open(tenant: TenantId, now: Date): AsyncIterable<readonly OpenUser[]>;
  /** How many are due now or leased, and since when the oldest waits. */
  backlog(now: Date): Promise<{ readonly due: number; readonly oldestDueSince: Date | undefined }>;
}

/** What has to hold of a user, all of it. What is left out may be anything. */
export interface UserFilter {
  readonly among?: readonly UserKey[] | undefined;
  readonly tenant?: TenantId | undefined;
  /** Without users whose health is Deleted, unless `health` or `situation` asks for these. */
  readonly sync?: Sync | undefined;
  readonly health?: Health | undefined;
  readonly situation?:
    | 'failing'
    | 'backing-off'
    | 'quarantined'
    | 'held'
    | 'paused'
    | 'unseen'
    | 'deleted'
    | undefined;
  /** With a condition that is not True, of this resource and for this reason. */
  readonly resource?: string | undefined;
  readonly reason?: string | undefined;
}

/** As much of a subject as a list of users shows: nothing personal. */
export type ListedUser = Pick<
  Subject,
  | 'user'
  | 'tenant'
  | 'code'
  | 'accountHandle'
  | 'did'
  | 'sync'
  | 'health'
  | 'attempts'
  | 'quarantined'
  | 'conditions'
  | 'dueAt'
>;

export interface UserPages {
  /** The first so many matching users, by key, after this one. Throws TIMEOUT where that takes too long. */
  page(
    filter: UserFilter,
    after: UserKey | undefined,
    limit: number,
    now: Date,
  ): Promise<readonly ListedUser[]>;
}

/** Subjects that are no users: from older versions that took their ids for user ids, or of an interrupted reconciliation. */
export interface NoUserReader {
  /** By key: whose id is not `provider|id`, or is one that Auth0 calls invalid, as the log says last. */
  noUsers(tenants: readonly TenantId[]): Promise<readonly Omit<Trigger, 'cause'>[]>;
}

// ── Reservations ──
