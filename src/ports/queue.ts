/** Due users, and who works on one. */

import type { Auth0UserId, EventId, TenantId, UserKey } from '../identity.ts';
import type { FirstSeen, SubjectView } from './subjects.ts';
import type { DuePriority, Trigger } from './trigger.ts';

export interface Lease {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  readonly token: string;
  readonly until: Date;
  /** The number of times this user had been marked due when the lease was taken. */
  readonly dueCount: number;
  /** When the first trigger that this reconciliation answers arrived; undefined where there was no trigger. */
  readonly dueSince: Date | undefined;
  /** When the last of those triggers arrived: what was read before that does not answer it. */
  readonly dueLatest: Date | undefined;
  /** Only routine triggers made this user due: a user in sync need not be read. Never so for `claimUser`. */
  readonly isRoutine: boolean;
  /** When Auth0 was last read for this user; undefined if never. */
  readonly observedAt: Date | undefined;
  readonly causes: readonly EventId[];
  /**
   * Leases of this user in a row, before this one, whose holders never gave them back: their processes died, or their
   * reconciliations outlasted them. A user with any is a suspect: the cause may be the user.
   */
  readonly unfinished: number;
  /** The lease before this one ran out. False where it was given back, also for a suspect. */
  readonly isTakeover: boolean;
  /** What the read model showed when the lease was taken; only its holder replaces that. Undefined for a new user. */
  readonly shown: SubjectView | undefined;
}

/** Which of the due users a worker takes. */
export interface ClaimFilter {
  /** Users that this process still works on, even if their leases ran out. */
  readonly except: readonly UserKey[];
  /** Leaves out users with unfinished reconciliations. */
  readonly noSuspects: boolean;
}

/** The queue: which users are due, and which are leased. One document a user, so a user is due once. */
export interface WorkQueue {
  /** Marks users due at `at`, or leaves an earlier due time. Returns when a majority has it on disk. */
  markDue(triggers: readonly Trigger[], at: Date, priority: DuePriority): Promise<void>;
  /** Takes the lease of the most urgent due user, or undefined when no user is due. */
  claim(now: Date, leaseMs: number, filter?: ClaimFilter): Promise<Lease | undefined>;
  /** Takes the lease of this user whether due or not, or undefined while another worker holds it. */
  claimUser(trigger: Trigger, now: Date, leaseMs: number): Promise<Lease | undefined>;
  /** Extends a lease. Throws LeaseLostError when it is no longer ours. */
  renew(lease: Lease, now: Date, leaseMs: number): Promise<Lease>;
  /**
   * Ends a reconciliation and gives the lease back. The user stays due if it was marked due again meanwhile,
   * and becomes due at `retryAt` if that is given. It is no suspect any more, unless `staysSuspect`. Throws
   * LeaseLostError, writing nothing, when the lease is no longer ours.
   */
  complete(
    lease: Lease,
    view: SubjectView,
    observedAt: Date | undefined,
    retryAt?: Date,
    staysSuspect?: boolean,
  ): Promise<void>;
  /**
   * Ends a reconciliation that observed nothing, and gives the lease back: the read model stays as it is, and the user
   * is due only if it was marked due meanwhile. Throws LeaseLostError, writing nothing, when the lease is no longer ours.
   */
  skip(lease: Lease): Promise<void>;
  /**
   * Shows first sights of users who are neither leased nor waiting for their first reconciliation; the others are left
   * as they are. Of a user who was reconciled before, only the new sights are shown.
   */
  showSeen(seen: readonly FirstSeen[], now: Date): Promise<void>;
  /**
   * Ends a reconciliation that found no user: removes the user from the read model and from the known users. One that was
   * marked due again meanwhile stays due, and nothing is shown of it. Throws LeaseLostError, writing nothing, when the
   * lease is no longer ours.
   */
  drop(lease: Lease): Promise<void>;
  /** Gives a lease back with nothing changed: the user is due as before, and a suspect if it was one. */
  release(lease: Lease): Promise<void>;
  /** When the next of these users becomes due; undefined when none is waiting. */
  nextDueAt(filter?: ClaimFilter): Promise<Date | undefined>;
}

/** The read model, outside of a reconciliation. */
export interface ReadModel {
  /**
   * Replaces what is shown of a user, and nothing of the queue; undefined shows nothing. Throws
   * LeaseLostError, writing nothing, when the lease is no longer ours.
   */
  show(lease: Lease, view: SubjectView | undefined): Promise<void>;
}
