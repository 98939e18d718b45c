/** Time and randomness, handed in so that tests decide them. */
import type { EventId } from '../identity.ts';

export interface Clock {
  now(): Date;
  /** Resolves after `ms` milliseconds or as soon as the signal aborts; never rejects. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
  /** The same for a timer beside the work, which no caller waits for: a clock that skips waits does not skip this one. */
  timer(ms: number, signal: AbortSignal): Promise<void>;
}

/** The clock of the database. All processes share it, so one that differs from it is wrong, or the database is. */
export interface DatabaseClock {
  /** Milliseconds by which ours is ahead of it; negative where ours is behind. Throws UpstreamError. */
  aheadMs(): Promise<number>;
}

export interface Random {
  /** A whole number from 0 up to, not including, `below`. Unpredictable. */
  int(below: number): number;
  /** A time-ordered id, unique across processes (uuidv7). */
  id(): EventId;
}

// ── The event log ──
