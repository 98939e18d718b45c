/**
 * The append-only event log, and the little that may change in it. Every method throws UpstreamError when the upstream cannot be reached
 * or answers with a failure: no method returns "missing" for "could not be read".
 */
import type { ConcordEvent, ReceivedEvent } from '../events/event.ts';
import type { Auth0UserId, EventId, TenantId, UserKey } from '../identity.ts';

export interface AppendResult {
  readonly appended: number;
  /** The ids that were in the log already. */
  readonly duplicates: readonly EventId[];
}

export interface EventQuery {
  readonly user?: UserKey;
  readonly types?: readonly ConcordEvent['type'][];
  readonly since?: Date;
  /** Newest first when true; oldest first by default. */
  readonly newestFirst?: boolean;
  /** 0 and undefined mean no limit. */
  readonly limit?: number;
  /** Of a halted run, which may concern fifty thousand users, only the first so many are read. Default: all. */
  readonly usersOfHalts?: number;
}

export interface EventReader {
  /**
   * What decides about one user, in no promised order: every event of ours, and of the entries that Auth0 sent the newest
   * deletion hint. However often Auth0 reports a user, this reads no more. Given a time, only what was recorded by then.
   */
  ofUser(user: UserKey, by?: Date): Promise<ConcordEvent[]>;
  /** A stream of events in the order of `at`. */
  read(query: EventQuery): AsyncIterable<ConcordEvent>;
}

export interface EventLog extends EventReader {
  /**
   * Appends; returns when a majority has it on disk. An `_id` that is there already is left as it
   * is and reported, so a repeated append is harmless.
   */
  append(events: readonly ConcordEvent[]): Promise<AppendResult>;
}

/** What came into the log in one stretch of time. */
export interface Activity {
  /** When the stretch begins: a multiple of its length since 1970. */
  readonly at: Date;
  readonly heard: number;
  readonly effects: number;
  readonly failed: number;
  readonly converged: number;
  /** Latencies of `converged` events, in milliseconds, counted in classes a tenth wide. */
  readonly latencies: ReadonlyMap<number, number>;
}

export interface ActivityReader {
  /**
   * Every stretch from one moment to another, not including it, in which anything happened; both are multiples of
   * `stretchMs`. Of all tenants in the database. Throws TIMEOUT where that takes too long.
   */
  activity(from: Date, until: Date, stretchMs: number): Promise<readonly Activity[]>;
}

/** One user's part of the log, for a person who reads it from its end: however long it is, as much as is shown. */
export interface HistoryPages {
  /**
   * The newest first, at most so many, of those before this event, and how many there are at all. Undefined when the
   * user has no such event.
   */
  page(user: UserKey, before: EventId | undefined, limit: number): Promise<HistoryPage | undefined>;
  /** Those of these events that are in the log, whosever they are, in no promised order. */
  find(ids: readonly EventId[]): Promise<readonly ConcordEvent[]>;
  /** What Auth0 sent about one user, in short; given a time, only what was recorded by then. */
  entries(user: UserKey, by: Date | undefined): Promise<EntrySummary>;
}

/** Counted up to a limit, because a user may have hundreds of thousands of events. */
export interface LimitedCount {
  readonly count: number;
  /** There are more than were counted. */
  readonly isMore: boolean;
}

export interface EntrySummary extends LimitedCount {
  readonly newest: ReceivedEvent | undefined;
}

export interface HistoryPage {
  readonly events: readonly ConcordEvent[];
  /** Whether there are earlier ones. */
  readonly isLast: boolean;
  readonly total: LimitedCount;
}

/** The log as it grows. */
export interface EventTail {
  /**
   * Resolves once nothing can be missed any more: a caller that then reads the log and goes on with these events has
   * them all. Some may be in both; their ids show which. Ends when the signal aborts.
   */
  follow(user: UserKey | undefined, signal: AbortSignal): Promise<AsyncIterable<ConcordEvent>>;
}

/** What a rebuild of the read model goes by. */
export interface HistoryReader {
  /** All users with an event, once each, in the order of keys and in pages. */
  users(): AsyncIterable<UserKey>;
  countSubjects(): Promise<number>;
}

/** A user to forget, and the values that identify the user in a text. */
export interface Forgotten {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  /** Every address that was ever known to be the user's, lower-case. */
  readonly addresses: readonly string[];
}

/**
 * The one writer that changes events; see `mongo/log/erasure.ts`. Each may be repeated, and ends what a first call began.
 * The whole log may be searched, which takes long: `ensure` is called before every write, and what it throws ends the call.
 */
export interface Eraser {
  /** Blanks what is personal in the events of this user. Returns how many were changed. */
  blankEvents(user: UserKey, ensure: () => Promise<void>): Promise<number>;
  /** Blanks the raw text of other log entries and of rejects that name this user, and why a run was approved. Returns how many were changed. */
  blankMentions(
    who: Forgotten,
    ensure: () => Promise<void>,
  ): Promise<{ readonly events: number; readonly rejects: number }>;
}

// ── Auth0 ──
