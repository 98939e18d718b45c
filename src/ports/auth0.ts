/**
 * Auth0, as the core sees it. Every method throws UpstreamError when the upstream cannot be reached
 * or answers with a failure: no method returns "missing" for "could not be read".
 */

import type { Auth0Facts } from '../events/facts.ts';
import type { InexactReason } from '../events/inexact.ts';
import type { Auth0UserId, UserKey } from '../identity.ts';

export type Auth0User = Auth0Facts;

/** `absent` only when Auth0 answers 404 for the user; `invalid` only when it answers that no user can have the id. */
export type Auth0Answer = Auth0User | 'absent' | 'invalid';

/** A row of a listing that names no user. Holds no personal data. */
export interface UnreadableRow {
  /** What is wrong, by the names of the fields. */
  readonly fields: readonly string[];
}

export interface UserPage {
  /** Empty while a listing is being made ready. */
  readonly users: readonly Auth0User[];
  /** Rows whose user is not readable: no reason to stop for the others. */
  readonly unreadable?: readonly UnreadableRow[];
  /** How many users the listing has, where that is known. */
  readonly total?: number | undefined;
  /** The listing so far is not exact: it is used for what it shows, and says nothing about who is not in it. */
  readonly inexact?: InexactReason | undefined;
  /** What `everyone` needs to read this same listing once more, from its beginning, where Auth0 offers that. */
  readonly listing?: string | undefined;
}

/** The users of every tenant. */
export interface People {
  /** Reads one user by id, immediately consistent; undefined for a key of no configured tenant. */
  user(key: UserKey): Promise<Auth0Answer | undefined>;
}

export interface Directory {
  /** Reads one user by id, immediately consistent. */
  user(id: Auth0UserId): Promise<Auth0Answer>;
  /** Users with this email, immediately consistent. */
  usersByEmail(email: string): Promise<readonly Auth0User[]>;
  /** The user with this id, and users whose `linked` names it, eventually consistent: a hint, never a proof of absence. */
  usersByIdentity(id: Auth0UserId): Promise<readonly Auth0User[]>;
  /**
   * All users, in pages, eventually consistent: hints, never proofs. Throws rather than end early, so a listing that ends
   * with no page that says `inexact` is complete. An earlier listing is read again in the same order, and throws
   * LISTING_GONE when it no longer exists.
   */
  everyone(listing?: string): AsyncIterable<UserPage>;
  /** The newest sign-ups, the newest first, at most 1,000; eventually consistent. Also of a tenant that is larger than that. */
  newest(count: number): Promise<UserPage>;
  /** Who was created or changed since, in pages, eventually consistent. Complete and exact as `everyone` is. */
  changedSince(since: Date): AsyncIterable<UserPage>;
}

export interface LogPage {
  /** Entries as Auth0 gives them, in the order of their ids, which is not that of their dates. */
  readonly entries: readonly unknown[];
  /** The place from which to read on. Undefined when there is none: then the old one holds. */
  readonly next: string | undefined;
}

export interface LogStream {
  readonly id: string;
  /** Where it delivers; undefined for a stream that is no webhook. */
  readonly endpoint: string | undefined;
  /** `suspended` is Auth0's doing, after a week of failures; only a person resumes it. */
  readonly status: 'active' | 'paused' | 'suspended';
}

/** A tenant's log, which Auth0 keeps for some days, and the streams that deliver it. */
export interface TenantLogs {
  /** The oldest entry that is kept, from which to read on; nothing, and no place, while there is none. */
  oldest(): Promise<LogPage>;
  /** The entries that follow a place, at most a hundred; none when all have been read. */
  after(place: string): Promise<LogPage>;
  /** Whether this entry is still kept. False only when Auth0 says that there is none. */
  has(logId: string): Promise<boolean>;
  streams(): Promise<readonly LogStream[]>;
}

// ── The platform's documents in MongoDB ──
