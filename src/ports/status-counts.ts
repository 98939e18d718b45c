/** Users counted by condition. */
import type { Condition, LastFailure } from '../events/condition.ts';
import type { TenantId, UserKey } from '../identity.ts';
import type { Health, Sync } from './subjects.ts';

/** A user who is out of sync or not healthy, in short. */
export interface AffectedUser {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly health: Health;
  readonly conditions: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'held' | 'since'>[];
  readonly attempts: number;
  readonly quarantined: boolean;
  readonly failure: LastFailure | undefined;
  readonly dueAt: Date | undefined;
}

interface Counted {
  readonly tenant: TenantId;
  readonly users: number;
}

/** How many users have which status, by tenant. */
export interface StatusCounts {
  /** Users who have been reconciled. */
  readonly seen: readonly (Counted & { readonly sync: Sync; readonly health: Health })[];
  /** Known users whose first reconciliation has not ended. */
  readonly unseen: readonly Counted[];
  /** Due at a later time: after a failure, or because only time can resolve it. */
  readonly waiting: number;
  /** What is out of sync, whether it needs action, and the user with the longest duration. */
  readonly situations: readonly (Counted &
    Example & {
      readonly resource: Condition['type'];
      readonly reason: string;
      readonly held: boolean;
      /** The health of these users is Deleted. */
      readonly deleted: boolean;
      /** What the condition of `example` says. */
      readonly message: string;
    })[];
  /** Who is not Synced, or is Degraded: each user in one of these. */
  readonly affected: readonly (Counted & {
    /** Why the last reconciliation failed, and who has failed so for longest; undefined for those whose last did not. */
    readonly failure: (Pick<LastFailure, 'code' | 'upstream' | 'message'> & Example) | undefined;
    /** Backing off: not due before a later time. */
    readonly waits: boolean;
    readonly quarantined: boolean;
    readonly held: boolean;
    readonly paused: boolean;
  })[];
  /** Not all users in trouble were read: the numbers of situations and of troubled users are lower bounds. */
  readonly isPartial: boolean;
}

interface Example {
  readonly example: UserKey;
  readonly since: Date;
}

export interface StatusReader {
  /**
   * By indexes, and by what users in trouble have in common: of at most `limit` of them, or of all. The server does
   * the counting. Throws TIMEOUT where that takes too long.
   */
  counts(now: Date, limit?: number): Promise<StatusCounts>;
  /** Users who are not Synced, or are Degraded; at most `limit`. */
  affected(limit: number): Promise<readonly AffectedUser[]>;
}
