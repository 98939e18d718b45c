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
}

/** Work that takes long, is done by one process at a time, and is taken up where it broke off. */
export interface Runs {
  /** Takes the lease of this work; while another process holds it, says until when. */
  begin(name: string, now: Date, leaseMs: number): Promise<RunLease | { readonly heldUntil: Date }>;
  /** Extends the lease, and keeps how far the work has come, if given. Throws LeaseLostError when it is not ours. */
  keep(lease: RunLease, now: Date, leaseMs: number, position?: string): Promise<void>;
  /** Gives the lease back; the work is `done`, or will continue from the stored position. */
  end(lease: RunLease, as: 'done' | 'broken-off'): Promise<void>;
}

// ── Rebuilding and forgetting ──
