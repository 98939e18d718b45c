import type { TenantState } from '../engine/reports/tenant-state.ts';
import type { Upstream } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { IndexState } from '../ports/documents.ts';
import type { AffectedUser } from '../ports/status-counts.ts';

/** How an upstream answered the last probe. */

export interface Probe {
  readonly upstream: Upstream;
  /** Each tenant of Auth0 has its own. */
  readonly tenant: TenantId | undefined;
  readonly answer:
    | { readonly type: 'unknown' }
    /** Without a failure since. */
    | { readonly type: 'well'; readonly since: Date }
    | { readonly type: 'failing'; readonly code: string; readonly message: string; readonly since: Date };
}
export interface SystemFacts {
  readonly people: readonly AffectedUser[];
  /** More users are in trouble than were read. */
  readonly isPartial: boolean;
  readonly tenants: readonly TenantState[];
  readonly indexes: readonly IndexState[];
  readonly probes: readonly Probe[];
  /** By how much our clock is ahead of the database's; undefined where they agree. */
  readonly clockAheadMs: number | undefined;
  /** Short codes of this year in use; undefined when they have not been counted. */
  readonly codes: { readonly prefix: string; readonly used: number } | undefined;
}
/** The expected schedules; durations in milliseconds. */

export interface Expectations {
  /** The log is read on a schedule; null without one. */
  readonly logUnreadAfterMs: number | null;
  /** Everyone is swept on a schedule. */
  readonly sweepOverdueAfterMs: number | null;
  /** Since when this process is up: its first work is not overdue. */
  readonly upSince: Date;
  readonly pdsUrl: string;
}
