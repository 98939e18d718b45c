/** What every page needs: the session, the stream of what is new, and refusals. */
import type { OverviewAnswer } from './overview.ts';

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
