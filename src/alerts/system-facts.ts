import type { TenantState } from '../engine/reports/tenant-state.ts';
import type { Upstream } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { IndexState } from '../ports/documents.ts';
import type { Troubled } from '../ports/standings.ts';

/** How another system answered when it was last asked. */

export interface Probe {
  readonly upstream: Upstream;
  /** Of Auth0's, each has its own. */
  readonly tenant: TenantId | undefined;
  readonly answer:
    | { readonly type: 'unknown' }
    /** Without a failure since. */
    | { readonly type: 'well'; readonly since: Date }
    | { readonly type: 'failing'; readonly code: string; readonly message: string; readonly since: Date };
}
export interface SystemFacts {
  readonly people: readonly Troubled[];
  /** There are more than were read. */
  readonly isPartial: boolean;
  readonly tenants: readonly TenantState[];
  readonly indexes: readonly IndexState[];
  readonly probes: readonly Probe[];
  /** Short codes of this year in use; undefined when they have not been counted. */
  readonly codes: { readonly prefix: string; readonly used: number } | undefined;
}
/** What is to be expected; durations in milliseconds. */

export interface Expectations {
  /** The log is read on a schedule; null when nobody does. */
  readonly logUnreadAfterMs: number | null;
  /** Everyone is swept on a schedule. */
  readonly sweepOverdueAfterMs: number | null;
  /** Since when this process is up: what it has to do first is not overdue. */
  readonly upSince: Date;
  readonly pdsUrl: string;
}
