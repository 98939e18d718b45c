/** Sweeps and what halted them. */

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
