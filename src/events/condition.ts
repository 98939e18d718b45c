/** The conditions of a user, and the reasons that more than one module knows. */

import type { Upstream } from '../errors.ts';
import type { EventId, UserKey } from '../identity.ts';
import type { Resource } from './resources.ts';

/** The condition of one resource of one user. Changes only when status, reason or message change. */
export interface Condition {
  readonly type: Resource | 'auth0' | 'pause';
  /** True: in sync. False: out of sync. Unknown: could not be observed, so nothing was decided. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** One CamelCase word, stable, for programs. */
  readonly reason: string;
  /** A sentence for people. Names the command where an action is needed. Contains no email address. */
  readonly message: string;
  /** True when only a person can resolve it: another reconciliation would find the same. */
  readonly held: boolean;
  /** Another user whose change may end this condition; the user is reconciled again when that user changes. */
  readonly waitsFor?: UserKey;
  readonly since: string;
  /** The event this rests on. */
  readonly event: EventId;
}

/** A condition before it is known since when it holds. */
export type ConditionDraft = Omit<Condition, 'since' | 'event'>;

/** Why the last reconciliation of a user failed. */
export interface LastFailure {
  readonly code: string;
  /** Null where no other system's answer was the reason. */
  readonly upstream: Upstream | null;
  readonly message: string;
  /** The first of the failed reconciliations in a row. */
  readonly since: string;
  /** The last one. */
  readonly at: string;
}

/** The condition reasons for a step that failed, and for what could not be observed. */
export const FAILURE_REASONS = { failing: 'Failing', notObserved: 'NotObserved' } as const;

/** Why a condition is not True: something that was there is missing, and it takes a decision to bring it back. */
export const REMOVED_REASONS = ['DocumentRemoved', 'AccountMissing'] as const;

export type RemovedReason = (typeof REMOVED_REASONS)[number];

export function isRemovedReason(reason: string): reason is RemovedReason {
  return REMOVED_REASONS.some((one) => one === reason);
}

/** The condition reason for an account that moved to another PDS, and is not changed. */
export const MIGRATED_REASON = 'AccountMigrated';

export function isMigrated({ reason }: Pick<Condition, 'reason'>): boolean {
  return reason === MIGRATED_REASON;
}

/** The condition reason for a user that the configuration excludes: no action is the desired state. */
export const EXCLUDED_REASON = 'Excluded';

export function excludedMessage(entry: string): string {
  return `The configuration excludes this user (exclude: ${entry}), so Concord does nothing.`;
}

export function isExcludedReason({ reason }: Pick<Condition, 'reason'>): boolean {
  return reason === EXCLUDED_REASON;
}

/** Since when something that was removed has been missing; undefined when nothing is. */
export function lackedSince(conditions: readonly Pick<Condition, 'reason' | 'since'>[]): Date | undefined {
  const times = conditions.flatMap(({ reason, since }) => (isRemovedReason(reason) ? Date.parse(since) : []));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

type Saying = Pick<Condition, 'status' | 'reason' | 'message' | 'held' | 'waitsFor'>;

export function saysTheSame(a: Saying, b: Saying): boolean {
  const isSame = a.status === b.status && a.reason === b.reason && a.message === b.message;
  return isSame && a.held === b.held && a.waitsFor === b.waitsFor;
}
