/** What a sweep needs, and what it found and did. */

import type { ResourceTotals, Situation } from '../../events/data/runs.ts';
import type { InexactReason } from '../../events/inexact.ts';
import type { Logger } from '../../logger.ts';
import type { InactiveAccounts } from '../../ports/accounts.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { Occasion, Runs } from '../../ports/runs.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { AssessDeps } from '../reconcile/read-side.ts';
import type { Halt } from './conclusions.ts';
import type { SafetyLimits } from './limits.ts';
import type { OrphanCounts, ReverseDeps } from './orphans/count-orphans.ts';

export interface SweepDeps extends AssessDeps {
  readonly log: Pick<EventLog, 'append' | 'ofUser'>;
  readonly queue: Pick<WorkQueue, 'markDue' | 'showSeen'>;
  readonly subjects: SubjectReader;
  readonly inactive: InactiveAccounts;
  readonly runs: Runs;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: SafetyLimits;
  readonly keySpaces: ReverseDeps['keySpaces'];
}

export interface SweepOptions {
  /** Called at every page; `total` where the directory knows how many there are. */
  readonly onProgress?: (users: number, drifted: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
  /** Does nothing where a sweep was done for this. */
  readonly occasion?: Occasion;
}

export interface SweepResult {
  readonly type: 'over';
  readonly users: number;
  readonly drifted: number;
  /** Granted removals. */
  readonly removals: number;
  /** Rows of the listing that name no readable user. */
  readonly unreadable: number;
  /** Users in the listing that the configuration excludes: counted in no other figure here. */
  readonly excluded: number;
  /** False when the listing broke off or was not exact: then no user is concluded to be missing. */
  readonly complete: boolean;
  /** Why a listing that was read to its end was not exact. */
  readonly inexact: InexactReason | undefined;
  /** What a safety limit stopped; it needs `approve`. */
  readonly halts: readonly Halt[];
  /** As the users were found, before any repair. */
  readonly totals: ResourceTotals;
  readonly situations: readonly Situation[];
  /** Null when the listing was not complete. */
  readonly orphans: OrphanCounts | null;
  readonly durationMs: number;
}

export type SweepEnd =
  | SweepResult
  /** Another process sweeps this tenant, or died while it did so a moment ago. */
  | { readonly type: 'under-way'; readonly until: Date }
  /** A sweep was done for the occasion already. */
  | { readonly type: 'done-before' }
  /** Stopped on request; the next sweep continues from there. */
  | { readonly type: 'stopped'; readonly users: number };
