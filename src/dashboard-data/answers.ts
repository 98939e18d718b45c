/**
 * The dashboard's questions and their answers, as JSON: the contract between the server and the page. Moments are
 * ISO 8601 in UTC, durations milliseconds. No answer holds an email address, a password or a raw log entry.
 *
 * It imports nothing, because the page is compiled for a browser.
 */

export type Sync = 'Synced' | 'OutOfSync' | 'Unknown';
/** Deleted: Auth0 does not have the user any more, or the user was forgotten. Never counted as in sync. */
export type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Deleted' | 'Excluded';
export type Resource = 'verification' | 'user-document' | 'account' | 'email' | 'handle';
/** What a condition is about. */
export type Subject = Resource | 'auth0' | 'pause';

// ── The overview ──

export interface OverviewAnswer {
  readonly asOf: string;
  /** The two axes, for the whole. */
  readonly sync: Sync;
  readonly health: Health;
  /** More users are in trouble than were read: the counts of troubles are lower bounds. */
  readonly isPartial: boolean;
  /** Each known user is one of synced, outOfSync, unknown, unseen and deleted. */
  readonly users: {
    readonly known: number;
    readonly synced: number;
    readonly outOfSync: number;
    readonly unknown: number;
    /** Known, and never fully reconciled. */
    readonly unseen: number;
    /** Health Deleted, in sync or not; a pending removal is in `situations`. */
    readonly deleted: number;
    readonly failing: number;
    /** Failed, with an automatic retry later. */
    readonly backingOff: number;
    readonly quarantined: number;
    /** Only a person can resolve them. */
    readonly held: number;
    readonly paused: number;
  };
  /** How many reconciled users, without deleted users, have each resource in sync. */
  readonly resources: readonly { readonly resource: Resource; readonly have: number; readonly of: number }[];
  /** Why users are out of sync, the most frequent reason first. */
  readonly situations: readonly SituationAnswer[];
  /** Why reconciliations failed, the most frequent reason first. */
  readonly failures: readonly FailureAnswer[];
  readonly queue: {
    readonly due: number;
    readonly oldestDueSince: string | null;
    /** Due at a later time. */
    readonly waiting: number;
  };
  readonly tenants: readonly TenantAnswer[];
  /** The platform's indexes that Concord depends on. */
  readonly indexes: readonly { readonly status: 'fit' | 'missing' | 'unfit'; readonly message: string }[];
  /** Open ones, the newest first. */
  readonly alerts: readonly AlertAnswer[];
  /** When a service last checked the whole; null when none ever did. */
  readonly lookedAt: string | null;
  /** What was not checked for too long, so that its status is old. */
  readonly stale: readonly {
    readonly what: 'service' | 'log' | 'sweep';
    readonly tenant: string | null;
    readonly since: string | null;
    readonly message: string;
  }[];
  /** The remaining quotas of Auth0 and the PDS, by their last answers. Empty before the first. */
  readonly upstreams: readonly UpstreamAnswer[];
}

export interface SituationAnswer {
  readonly resource: Subject;
  readonly reason: string;
  readonly users: number;
  /** How many of them need action. */
  readonly held: number;
  /** The key of the user who has been so for longest, and since when. */
  readonly example: string;
  readonly since: string;
  /** The command. */
  readonly command: string;
}

export interface FailureAnswer {
  readonly code: string;
  readonly upstream: 'auth0' | 'mongodb' | 'pds' | 'plc' | null;
  readonly message: string;
  readonly users: number;
  readonly quarantined: number;
  readonly example: string;
  readonly since: string;
}

export interface TenantAnswer {
  readonly tenant: string;
  readonly gaps: readonly { readonly since: string; readonly message: string }[];
  /** Null when it never delivered. */
  readonly stream: { readonly deliveredAt: string; readonly isSilent: boolean } | null;
  /** Null when it was never read. */
  readonly log: { readonly until: string; readonly readAt: string | null } | null;
  /** When a sweep last covered all users. */
  readonly sweptAt: string | null;
  readonly running: RunningSweep | null;
  /** How many halts are open: not approved, and not closed by a later complete sweep. */
  readonly halts: number;
}

export interface AlertAnswer {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string | null;
  readonly what: string;
  readonly command: string;
  readonly since: string;
  /** Null where it concerns no user in particular. */
  readonly users: number | null;
  readonly orMore: boolean;
  readonly example: string | null;
}

export interface UpstreamAnswer {
  readonly upstream: 'auth0' | 'pds';
  readonly tenant: string | null;
  /** Which of the upstream's limits; empty for the only one. */
  readonly bucket: string;
  readonly remaining: number;
  /** Null where the upstream does not say. */
  readonly limit: number | null;
  readonly resetAt: string | null;
  /** How many calls wait for quota. */
  readonly waiting: number;
}

// ── What happened over time ──

export const HISTORY_RANGES = ['1h', '6h', '24h', '7d'] as const;
export type HistoryRange = (typeof HISTORY_RANGES)[number];

export interface HistoryAnswer {
  readonly asOf: string;
  readonly range: HistoryRange;
  readonly bucketMs: number;
  /** Oldest first, without a break; the last one is still running. Empty while events are being counted. */
  readonly buckets: readonly HistoryBucket[];
}

export interface HistoryBucket {
  readonly at: string;
  /** Events of the log: ingested ones, effects, and failed reconciliations. */
  readonly heard: number;
  readonly effects: number;
  readonly failed: number;
  readonly converged: number;
  /** From the first trigger to in sync; null where no reconciliation ended in sync. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

// ── Users ──

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
  readonly unread: readonly { readonly upstream: string; readonly code: string }[];
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
  readonly total: number;
}

export interface TimelineEvent {
  readonly event: string;
  readonly type: string;
  readonly at: string;
  /**
   * What kind of line it is: heard, learned, decided, intended, step, effect, end, run. Undefined for a type that only a
   * newer version knows.
   */
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

/** The evidence for and against an account being this user's. */
export interface AdoptionAnswer {
  readonly did: string;
  readonly handle: string;
  readonly state: string;
  readonly evidence: readonly { readonly says: 'for' | 'against'; readonly what: string }[];
  /** What becomes of the password of the account; `what` is a sentence. */
  readonly password: { readonly type: 'kept' | 'new'; readonly what: string };
}

export const REMOVABLES = [
  'verification',
  'user-document',
  'code',
  'account-record',
  'account',
  'handle',
] as const;
export type Removable = (typeof REMOVABLES)[number];

/** What was removed of a user, and what a restore writes. */
export interface RestorationAnswer {
  readonly what: readonly Removable[];
  /** The account that is gone, and that a new one replaces. */
  readonly lostAccount: string | null;
  readonly writes: readonly { readonly resource: string; readonly type: string; readonly what: string }[];
  /** What a person must know before the decision. */
  readonly warnings: readonly string[];
}

// ── Sweeps ──

export interface SweepsAnswer {
  readonly asOf: string;
  readonly tenants: readonly {
    readonly tenant: string;
    readonly sweptAt: string | null;
    readonly running: RunningSweep | null;
  }[];
  /** Those of the last seven days, approved and closed ones too, the newest first. */
  readonly halts: readonly HaltAnswer[];
  /** The newest first; at most 50. */
  readonly runs: readonly SweepRun[];
}

export interface RunningSweep {
  readonly startedAt: string;
  /** How many users it has compared; null before it first records that. */
  readonly users: number | null;
  /** The expected total, as the last complete sweep counted; null before there was one. */
  readonly of: number | null;
  readonly drifted: number | null;
  readonly resumes: number;
  /** False when no process runs it any more: the next sweep resumes it. */
  readonly isAlive: boolean;
}

export interface SweepRun {
  readonly run: string;
  readonly tenant: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly users: number | null;
  readonly drifted: number | null;
  readonly unreadable: number;
  /** False when the listing broke off or was not exact; null before the end. */
  readonly complete: boolean | null;
  /** Why a listing that was read to its end was not exact. */
  readonly inexact: string | null;
  readonly durationMs: number | null;
  readonly resumes: number;
  readonly halted: readonly HaltKind[];
}

export type HaltKind = 'removals' | 'renames' | 'source' | 'disappearances';

export interface HaltAnswer {
  readonly run: string;
  readonly tenant: string;
  readonly kind: HaltKind;
  readonly at: string;
  readonly limit: number;
  readonly count: number;
  readonly of: number;
  /** What was halted, in a sentence. */
  readonly what: string;
  /** Some of those concerned, by key. */
  readonly sample: readonly string[];
  readonly approved: { readonly by: string; readonly at: string; readonly reason: string | null } | null;
  /** The later complete sweep of the tenant that closed the halt, and when it finished. It cannot be approved any more. */
  readonly closed: { readonly run: string; readonly at: string } | null;
  readonly approvableUntil: string;
}

// ── What a person decides ──

/** Everything is recorded with who (1 to 80 characters) and why (1 to 500). */
export interface Decider {
  readonly by: string;
  readonly reason: string;
}

export type Decision = Decider &
  (
    | { readonly type: 'reconcile'; readonly user: string }
    /** Until a moment in the future, or null for until resumed. */
    | { readonly type: 'pause'; readonly user: string; readonly until: string | null }
    | { readonly type: 'resume'; readonly user: string }
    | { readonly type: 'retry'; readonly user: string }
    | { readonly type: 'adopt'; readonly user: string; readonly did: string }
    /** `what` is what the person was shown: refused when it is something else by then. */
    | { readonly type: 'restore'; readonly user: string; readonly what: readonly Removable[] }
    | { readonly type: 'approve'; readonly run: string }
  );

export interface DecisionAnswer {
  /** How many users are due because of it. */
  readonly users: number;
  /** What was done, in a sentence. */
  readonly what: string;
}

// ── Live ──

/** What the stream of `/api/live` brings, by the name of the event. */
export interface LiveMessages {
  /** At once, and whenever it has changed. */
  readonly overview: OverviewAnswer;
  /**
   * The users whose history has grown, and whether that of sweeps has; at most a few times a second. `users` is null
   * where they are unknown: once at the beginning, since earlier answers may be old, and whenever the log could not be
   * followed for a while.
   */
  readonly changed: { readonly users: readonly string[] | null; readonly sweeps: boolean };
}

/**
 * The event of the stream that says only that it is alive, and how often. A connection may end silently, for example
 * when a machine slept: a client that receives nothing for several of these has lost it.
 */
export const BEAT = { name: 'beat', everyMs: 10_000 } as const;

// ── The session, and what goes wrong ──

export interface SessionAnswer {
  /** Sent back as `x-concord-csrf` with every decision. */
  readonly csrf: string;
  /** Whether there is a token, so that one can sign out. */
  readonly hasToken: boolean;
  readonly version: string;
}

/** Every refusal and failure (RFC 9457). */
export interface ProblemAnswer {
  /** `urn:concord:problem:<code>` */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}
