/** Positions of listings and logs, and runs of which there is one at a time. */

/** How far sources have been read, kept over restarts. */
export interface Cursors {
  /** The position as it was set, or undefined when none ever was. */
  get(name: string): Promise<string | undefined>;
  /**
   * Replaces the position; returns when a majority has it on disk. Set it only after what lies before it is
   * durable. Of several readers the last one to write wins, so a position may go back, never past what was read.
   */
  set(name: string, position: string): Promise<void>;
}

// ── Subjects: the read model and the queue ──

/** What is kept of a source that is read on, or of work that takes long. */
export interface KeptPosition {
  readonly position: string | undefined;
  /** When it was last set, by the server's clock; undefined for work. */
  readonly at: Date | undefined;
  /** When the lease of the process that does this work expires. */
  readonly heldUntil: Date | undefined;
}

export interface PositionReader {
  read(name: string): Promise<KeptPosition | undefined>;
}

/** Only its holder does this work. */
export interface RunLease {
  readonly name: string;
  readonly token: string;
  /** How far an earlier holder came that did not get to the end, in its own words. */
  readonly position: string | undefined;
  /** Stored when the work is done. */
  readonly tick?: Date | undefined;
}

/** Why work is wanted that several processes want for the same reason, and that need be done only once for it. */
export type Occasion =
  /** A time of the schedule. All processes have the same one, however their clocks differ. */
  | { readonly tick: Date }
  /** A run that ends after so many others. */
  | { readonly endedAbove: number };

/** Ticks this far apart are of clocks that differ; a later one is of a clock that is wrong, and counts for no other process. */
export const MAX_TICK_SKEW_MS = 5 * 60_000;

export interface RunState {
  /** How many runs have ended as done. */
  readonly ended: number;
  readonly isUnderWay: boolean;
}

/** Another process does this work, or died while it did so a moment ago. */
export interface HeldRun {
  readonly heldUntil: Date;
}

/** Work that takes long, is done by one process at a time, and is taken up where it broke off. */
export interface Runs {
  /** Takes the lease of this work; while another process holds it, says until when. */
  begin(name: string, now: Date, leaseMs: number): Promise<RunLease | HeldRun>;
  /** The same, unless the work was done for this occasion. */
  beginOnce(
    name: string,
    occasion: Occasion,
    now: Date,
    leaseMs: number,
  ): Promise<RunLease | HeldRun | 'done'>;
  /** Extends the lease, and keeps how far the work has come, if given. Throws LeaseLostError when it is not ours. */
  keep(lease: RunLease, now: Date, leaseMs: number, position?: string): Promise<void>;
  /** Gives the lease back; the work is `done`, or will continue from the stored position. */
  end(lease: RunLease, as: 'done' | 'broken-off'): Promise<void>;
  state(name: string, now: Date): Promise<RunState>;
}

// ── Rebuilding and forgetting ──
