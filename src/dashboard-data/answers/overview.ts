/** The whole, now and over time. */
import type { Health, Resource, Subject, Sync } from './status.ts';
import type { RunningSweep } from './sweeps.ts';

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
  readonly upstream: string | null;
  /** Of the upstream, as it stands in the middle of a sentence. */
  readonly title: string | null;
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
  readonly upstream: string;
  /** As it stands in the middle of a sentence. */
  readonly title: string;
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
