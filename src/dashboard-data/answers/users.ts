/** Lists of users, and one user with the events. */
import type { Health, Resource, Subject, Sync } from './status.ts';

export const SITUATIONS = [
  'failing',
  'backing-off',
  'quarantined',
  'held',
  'paused',
  'unseen',
  'deleted',
] as const;

/** How a user stands apart from the two axes. */
export type Situation = (typeof SITUATIONS)[number];

/** A user must match all given filters. */
export interface UsersQuery {
  /** An Auth0 id, @handle, code, email or DID, matched exactly. */
  readonly search?: string | undefined;
  readonly tenant?: string | undefined;
  /** Without users whose health is Deleted, unless `health` or `situation` asks for these. */
  readonly sync?: Sync | undefined;
  readonly health?: Health | undefined;
  readonly situation?: Situation | undefined;
  /** With a condition of this resource that is not True. */
  readonly resource?: Subject | undefined;
  /** With a condition of this reason that is not True. */
  readonly reason?: string | undefined;
  /** The last key of the page before. */
  readonly after?: string | undefined;
}

export interface UsersAnswer {
  /** By key; at most 50. */
  readonly users: readonly UserRow[];
  /** The value of `after` for more; null at the end. */
  readonly next: string | null;
  /** Similar names, for a search without a match. */
  readonly suggestions: readonly string[];
  /** The tenants that Auth0 could not be asked about, so that a search by email may have found too few. */
  readonly unasked: readonly { readonly tenant: string; readonly code: string }[];
}

export interface UserRow {
  readonly user: string;
  readonly tenant: string;
  readonly code: string | null;
  /** Of the account. */
  readonly handle: string | null;
  readonly did: string | null;
  readonly sync: Sync;
  readonly health: Health;
  readonly attempts: number;
  readonly quarantined: boolean;
  /** When the next reconciliation is due; in the past while it is queued. */
  readonly dueAt: string | null;
  /** Those that are not True. */
  readonly troubles: readonly ConditionAnswer[];
}

export interface ConditionAnswer {
  readonly resource: Subject;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly held: boolean;
  /** Null for what a dry run has just found. */
  readonly since: string | null;
}

/** One user, from the log and the read model; or, for a dry run, as observed. */
export interface UserAnswer extends UserRow {
  readonly asOf: string;
  readonly source: 'log' | 'look';
  /** The upstreams that could not be read. */
  readonly unread: readonly { readonly upstream: string; readonly title: string; readonly code: string }[];
  readonly platformHandle: string | null;
  readonly sister: string | null;
  /** Null for a user who is in Auth0, as far as is known. `since`: when Auth0 first did not have the user. */
  readonly deleted: { readonly since: string | null; readonly forgotten: boolean } | null;
  readonly pause: {
    readonly by: string;
    readonly reason: string;
    readonly until: string | null;
    readonly at: string;
  } | null;
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly since: string;
    readonly at: string;
  } | null;
  readonly conditions: readonly ConditionAnswer[];
  /** Desired and actual state, in words. */
  readonly resources: readonly {
    readonly resource: Resource;
    readonly desired: string;
    readonly actual: string;
    /** Null where that is not known. */
    readonly differs: boolean | null;
  }[];
  /** What a reconciliation would do if nothing withheld it; null without an observation. */
  readonly plan:
    | readonly { readonly resource: string; readonly type: string; readonly detail: string }[]
    | null;
  /** Why none of it would be done. */
  readonly withheld: { readonly reason: string; readonly message: string } | null;
  /** When the user would be reconciled again. */
  readonly retryAt: string | null;
  /** What the dry run found and the log does not have yet. */
  readonly untold: readonly string[];
}

export interface TimelineAnswer {
  /** Newest first; at most 50. */
  readonly events: readonly TimelineEvent[];
  /** The value of `before` for earlier ones; null at the beginning. */
  readonly next: string | null;
  /** All of the user's; counted up to a limit. */
  readonly total: { readonly count: number; readonly isMore: boolean };
}

export interface TimelineEvent {
  readonly event: string;
  readonly type: string;
  readonly at: string;
  /** What kind of line it is: heard, learned, decided, intended, step, effect, end, run. */
  readonly part: string | undefined;
  /** The gist, without personal data. */
  readonly what: string;
  /** What caused it, the nearest cause first. */
  readonly because: readonly {
    readonly event: string;
    readonly type: string;
    readonly at: string;
    readonly what: string;
  }[];
}
