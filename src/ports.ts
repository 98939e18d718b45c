/**
 * What the core needs from outside, as types. Adapters implement them; the simulator's fakes pass
 * the same contract tests. Every method throws `UpstreamError` when the other side cannot be
 * reached or answers with a failure: nothing here returns "missing" for "could not be read".
 */

import type {
  Auth0Field,
  ConcordEvent,
  Condition,
  InexactReason,
  LastFailure,
  Removable,
} from './events/event.ts';
import type { Auth0Facts } from './events/fold.ts';
import type { IgnoredCounts, IgnoreReason } from './events/ignored.ts';
import type { AccountHandle, Auth0UserId, Code, Did, EventId, TenantId, UserKey } from './identity.ts';
import type { Alert, Notice } from './ports/alerts.ts';

export interface Clock {
  now(): Date;
  /** Resolves after `ms` milliseconds or as soon as the signal aborts; never rejects. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** A whole number from 0 up to, not including, `below`. Unpredictable. */
  int(below: number): number;
  /** A time-ordered id, unique across processes (uuidv7). */
  id(): EventId;
}

// ── The event log ──

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
  /** All events of one user, in no promised order. */
  ofUser(user: UserKey): Promise<ConcordEvent[]>;
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
  /** Of those who converged, how many took how long, in milliseconds and in classes a tenth wide. */
  readonly latencies: ReadonlyMap<number, number>;
}

export interface ActivityReader {
  /**
   * Every stretch from one moment to another, not including it, in which anything happened; both are multiples of
   * `stretchMs`. Of all tenants in the database. Throws TIMEOUT rather than look for long.
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
}

export interface HistoryPage {
  readonly events: readonly ConcordEvent[];
  /** Whether there are earlier ones. */
  readonly isLast: boolean;
  readonly total: number;
}

/** The log as it grows. */
export interface EventTail {
  /**
   * Resolves once nothing can be missed any more: whoever reads the log now and then goes on with what comes here has
   * everything. Some of it may be in both, and is told by its id. Ends when the signal aborts.
   */
  follow(user: UserKey | undefined, signal: AbortSignal): Promise<AsyncIterable<ConcordEvent>>;
}

/** A log entry that could not be read, kept with the reason. */
export interface Reject {
  readonly tenant: TenantId;
  readonly reason: string;
  /** The entry as it came, as one string, cut at a limit. */
  readonly raw: string;
  readonly receivedAt: Date;
}

export interface Rejects {
  /** Keeps rejects; the same tenant, reason and raw text is kept once. Majority and journaled. */
  add(rejects: readonly Reject[]): Promise<void>;
}

/** How many entries and changes of a tenant were ignored for one reason. */
export interface Ignored {
  readonly tenant: TenantId;
  readonly reason: IgnoreReason;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export interface IgnoredReader {
  /** Of these tenants, each tenant and reason once. */
  read(tenants: readonly TenantId[]): Promise<readonly Ignored[]>;
}

/** What was ignored is counted and not kept; what comes twice is counted twice. */
export interface IgnoredTotals extends IgnoredReader {
  add(tenant: TenantId, counts: IgnoredCounts, at: Date): Promise<void>;
}

/** The codes of Auth0's log that this version does not know and that came before, over restarts. */
export interface SeenCodes {
  /** True for one caller, once for each code; false for all beyond the two hundredth. */
  isFirst(code: string): Promise<boolean>;
}

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

export interface Trigger {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  /** The event that made the user due, where there is one. */
  readonly cause?: EventId;
  /** It tells of nothing that Concord acts on, such as a login. Default: false. */
  readonly isRoutine?: boolean;
}

/** Fresh triggers go before the safety net. */
export type DuePriority = 'trigger' | 'sweep';

export interface Lease {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  readonly token: string;
  readonly until: Date;
  /** The number of times this user had been marked due when the lease was taken. */
  readonly dueCount: number;
  /** When the first trigger that this pass answers arrived; undefined for a pass nobody asked for. */
  readonly dueSince: Date | undefined;
  /** When the last of those triggers arrived: what was read before that does not answer it. */
  readonly dueLatest: Date | undefined;
  /** Only routine triggers made this user due: a user in sync need not be read. Never so for `claimUser`. */
  readonly isRoutine: boolean;
  /** When Auth0 was last read for this user; undefined if never. */
  readonly observedAt: Date | undefined;
  readonly causes: readonly EventId[];
  /** What the read model showed when the lease was taken; only its holder replaces that. Undefined for a new user. */
  readonly shown: SubjectView | undefined;
}

/**
 * Deleted: Auth0 does not have the user any more, or the user was forgotten. Excluded: the configuration says that nothing
 * is done. Neither is ever counted as in sync.
 */
export type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Deleted' | 'Excluded';
export type Sync = 'Synced' | 'OutOfSync' | 'Unknown';

/** What has been there since the user's present life in Auth0 began; see `Sights` in events/fold.ts. */
export type Sight = 'verification' | 'document' | 'record' | 'account';

/** What a pass writes back into the read model. Everything in it can be rebuilt from the log. */
export interface SubjectView {
  /** In this order; `did` is the account of `record` and `account`. */
  readonly sights: readonly Sight[];
  /** Sights, code, DID, linked identities and unusable fields as one text, so that a look at many users at once reads no more of those who are unchanged. */
  readonly mark: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  /** The address of a user in Auth0 that is verified, or was before the flag went off; lower-case: what `successorsOf` searches. */
  readonly verifiedEmail: string | undefined;
  /** The users that Auth0 has linked into this one, sorted; none once the user is deleted. */
  readonly linked: readonly Auth0UserId[];
  /** Fields in Auth0 that cannot be used; none once the user is deleted. */
  readonly unusable: readonly Auth0Field[];
  readonly code: Code | undefined;
  readonly did: Did | undefined;
  readonly accountHandle: AccountHandle | undefined;
  /** The address of the PDS account, lower-case: what `holdersOfEmail` searches. May differ from `email`. */
  readonly accountEmail: string | undefined;
  /** The user's own, or else the sister's. */
  readonly platformHandle: string | undefined;
  /** The same person in the sister tenant. */
  readonly sister: UserKey | undefined;
  readonly conditions: readonly Condition[];
  readonly sync: Sync;
  readonly health: Health;
  readonly attempts: number;
  readonly quarantined: boolean;
  /** Why the last pass failed; undefined when it did not. */
  readonly failure: LastFailure | undefined;
}

export interface Subject extends SubjectView {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  readonly dueAt: Date | undefined;
}

/** As much of a subject as a look at everyone needs. */
export interface Standing {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly did: Did | undefined;
  readonly conditions: readonly Pick<Condition, 'type' | 'reason'>[];
  /** When Auth0 was last read for this user; undefined if never. */
  readonly observedAt: Date | undefined;
}

/** A user who is not Synced, and whom nothing makes due. */
export interface OpenUser extends Pick<Trigger, 'user' | 'tenant' | 'userId'> {
  /** The last reconciliation found something that only a person can resolve. */
  readonly needsAction: boolean;
  /** When Auth0 was last read for this user; undefined if never. */
  readonly observedAt: Date | undefined;
}

/** What is known of a user, for a look at many at once. */
export interface KnownSubject extends Pick<SubjectView, 'sights' | 'code' | 'did' | 'linked' | 'unusable'> {
  /** False for a user who is due and whom nothing has looked at yet. */
  readonly isSeen: boolean;
  /** Since when reconciliations have found that something was removed; undefined where the last one did not. */
  readonly lackedSince: Date | undefined;
  /** The last reconciliation found something that only a person can resolve. */
  readonly needsAction: boolean;
  /** The configuration excluded the user at the last reconciliation. */
  readonly wasExcluded: boolean;
  /** The last reconciliation found that the account moved to another PDS. */
  readonly hasMigrated: boolean;
}

/** A deleted user, by all that another user may have as well. */
export interface DeletedUser extends Omit<Trigger, 'cause'> {
  /** The last verified address, and the address of the account, as they were spelled. */
  readonly emails: readonly string[];
}

/** A user in Auth0 who may be the same person as a deleted one. */
export interface Successor {
  readonly user: UserKey;
  /** `identity`: Auth0 has linked the deleted user into this one. `address`: this user has verified the same address. */
  readonly by: 'identity' | 'address';
}

/** A user whom a sweep found in sync, and of whom the read model does not know that. */
export interface FirstSeen extends Omit<Trigger, 'cause'> {
  readonly view: SubjectView;
}

/** As much of a user whose account has a value that others want as their plans need. */
export type Claimant = Pick<
  Subject,
  | 'user'
  | 'tenant'
  | 'did'
  | 'accountHandle'
  | 'accountEmail'
  | 'email'
  | 'emailVerified'
  | 'health'
  | 'conditions'
>;

export interface SubjectReader {
  /** The marks of those of these users whom something has looked at. */
  marksOf(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, string>>;
  /** Those of these users of whom anything is known. */
  known(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, KnownSubject>>;
  get(user: UserKey): Promise<Subject | undefined>;
  /** Those of these users of whom anything is known. */
  read(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, Subject>>;
  /** Users whose account carries one of these handles, as far as is known. */
  carriersOf(handles: readonly AccountHandle[]): Promise<ReadonlyMap<AccountHandle, readonly UserKey[]>>;
  /** Users whose `accountEmail` is this lower-case address, in the order of their keys. */
  holdersOfEmail(email: string): Promise<readonly Claimant[]>;
  /** Users whose account carries this handle, in the order of their keys. */
  holdersOfHandle(handle: AccountHandle): Promise<readonly Claimant[]>;
  /** Users with a condition that waits for this user, in the order of their keys. */
  waitingFor(user: UserKey): Promise<readonly Trigger[]>;
  /**
   * Users in Auth0 who have one of these addresses, verified, or into whom the deleted user is linked, as far as
   * reconciliations have seen; those by identity first, then in the order of their keys. Never the user itself.
   */
  successorsOf(deleted: DeletedUser): Promise<readonly Successor[]>;
  /** Users of this tenant who are in Auth0 and have verified this address, as far as reconciliations have seen, by key. */
  verifiedIn(tenant: TenantId, email: string): Promise<readonly UserKey[]>;
  /** The sisters of those of these users who have one. */
  sistersOf(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, UserKey>>;
  /** Users whose account has this DID, in the order of their keys. */
  holdersOfDid(did: Did): Promise<readonly UserKey[]>;
  /** Every subject of a tenant, by key, in pages; with `unsettled`, only those that are not Synced. */
  list(tenant: TenantId, only?: { readonly unsettled?: boolean }): AsyncIterable<Subject>;
  /** Every subject of a tenant, by key, in pages and in short. */
  standings(tenant: TenantId): AsyncIterable<readonly Standing[]>;
  /**
   * Users of a tenant who are not Synced, and neither due nor quarantined, in pages; also those whose reconciliation
   * died although nothing had made them due. Users in sync are not looked at, however many there are.
   */
  open(tenant: TenantId, now: Date): AsyncIterable<readonly OpenUser[]>;
  /** How many are due now or leased, and since when the oldest waits. */
  backlog(now: Date): Promise<{ readonly due: number; readonly oldestDueSince: Date | undefined }>;
}

/** What has to hold of a user, all of it. What is left out may be anything. */
export interface UserFilter {
  readonly among?: readonly UserKey[] | undefined;
  readonly tenant?: TenantId | undefined;
  /** Without users whose health is Deleted, unless `health` or `situation` asks for these. */
  readonly sync?: Sync | undefined;
  readonly health?: Health | undefined;
  readonly situation?:
    | 'failing'
    | 'backing-off'
    | 'quarantined'
    | 'held'
    | 'paused'
    | 'unseen'
    | 'deleted'
    | undefined;
  /** With a condition that is not True, of this resource and for this reason. */
  readonly resource?: Condition['type'] | undefined;
  readonly reason?: string | undefined;
}

/** As much of a subject as a list of users shows: nothing personal. */
export type ListedUser = Pick<
  Subject,
  | 'user'
  | 'tenant'
  | 'code'
  | 'accountHandle'
  | 'did'
  | 'sync'
  | 'health'
  | 'attempts'
  | 'quarantined'
  | 'conditions'
  | 'dueAt'
>;

export interface UserPages {
  /** The first so many of whom this holds, by key, after this one. Throws TIMEOUT rather than look for long. */
  page(
    filter: UserFilter,
    after: UserKey | undefined,
    limit: number,
    now: Date,
  ): Promise<readonly ListedUser[]>;
}

/** The queue: who is to be looked at, and who is looking. One document a user, so a user is due once. */
export interface WorkQueue {
  /** Marks users due at `at`, or leaves an earlier due time. Returns when a majority has it on disk. */
  markDue(triggers: readonly Trigger[], at: Date, priority: DuePriority): Promise<void>;
  /** Takes the lease of the most urgent due user, or undefined when nobody is due. */
  claim(now: Date, leaseMs: number): Promise<Lease | undefined>;
  /** Takes the lease of this user whether due or not, or undefined while another worker holds it. */
  claimUser(trigger: Trigger, now: Date, leaseMs: number): Promise<Lease | undefined>;
  /** Extends a lease. Throws LeaseLostError when it is no longer ours. */
  renew(lease: Lease, now: Date, leaseMs: number): Promise<Lease>;
  /**
   * Ends a pass and gives the lease back. The user stays due if it was marked due again meanwhile,
   * and becomes due at `retryAt` if that is given. Throws LeaseLostError, writing nothing, when the
   * lease is no longer ours.
   */
  complete(lease: Lease, view: SubjectView, observedAt: Date | undefined, retryAt?: Date): Promise<void>;
  /**
   * Ends a pass in which nothing was looked at, and gives the lease back: the read model stays as it is, and the user
   * is due only if it was marked due meanwhile. Throws LeaseLostError, writing nothing, when the lease is no longer ours.
   */
  skip(lease: Lease): Promise<void>;
  /**
   * Shows first sights of users who are neither leased nor waiting for their first reconciliation; the others are left
   * as they are. Of a user who was looked at before, only what was seen is shown anew.
   */
  showSeen(seen: readonly FirstSeen[], now: Date): Promise<void>;
  /**
   * Ends a pass that found no user: what is shown, and that the user is known at all, goes. One that was marked due
   * again meanwhile stays due, and nothing is shown of it. Throws LeaseLostError, writing nothing, when the lease is no
   * longer ours.
   */
  drop(lease: Lease): Promise<void>;
  /** Gives a lease back with nothing changed: the user is due as before. */
  release(lease: Lease): Promise<void>;
  /** When the next user becomes due; undefined when none is waiting. */
  nextDueAt(): Promise<Date | undefined>;
}

/** Subjects that are no users: from before their ids were told from those of users, or of a pass that broke off. */
export interface NoUserReader {
  /** By key: whose id is not `provider|id`, or is one that Auth0 calls invalid, as the log says last. */
  noUsers(tenants: readonly TenantId[]): Promise<readonly Omit<Trigger, 'cause'>[]>;
}

// ── Reservations ──

/** What only one account can have, lower-case: an address, or a handle on the PDS. */
export interface UniqueValue {
  readonly kind: 'email' | 'handle';
  readonly value: string;
}

/** One account creation or change of a user, which is to take some unique values. */
export interface Reservation {
  readonly user: UserKey;
  /** The id of the creation's intent in the log of the user; of a change an id that is in no log. */
  readonly intent: EventId;
  readonly at: Date;
  /** When it ends, if the log of the user has no event with the id of the intent. */
  readonly until: Date;
}

export interface HeldValue extends UniqueValue {
  readonly by: Reservation;
}

export interface ReservationReader {
  /** Those of these values that are reserved, also by reservations that are over. */
  find(values: readonly UniqueValue[]): Promise<readonly HeldValue[]>;
  ofUser(user: UserKey): Promise<readonly Reservation[]>;
  /** All that there are, in pages; one that is for two values may come twice. */
  all(): AsyncIterable<readonly Reservation[]>;
}

/** One document for each reserved value, under a unique key. Every write returns when a majority has it on disk. */
export interface Reservations extends ReservationReader {
  /**
   * Reserves all of these values, and returns nothing; or reserves none of them, and returns those that others have.
   * Replaced are reservations of the same user, and those with one of the intents `over`. Throws WRITE_CONFLICT where
   * others go on taking and releasing them meanwhile.
   */
  reserve(
    values: readonly UniqueValue[],
    by: Reservation,
    over?: readonly EventId[],
  ): Promise<readonly HeldValue[]>;
  /** Ends the reservations of this user with one of these intents; all of the user's by default. Repeatable. */
  release(user: UserKey, intents?: readonly EventId[]): Promise<void>;
}

// ── The whole, in short ──

/** Somebody who is not as desired or in poor health, in short. */
export interface Troubled {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly health: Health;
  readonly conditions: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'held' | 'since'>[];
  readonly attempts: number;
  readonly quarantined: boolean;
  readonly failure: LastFailure | undefined;
  readonly dueAt: Date | undefined;
}

interface Counted {
  readonly tenant: TenantId;
  readonly users: number;
}

/** How many users stand how, each tenant's apart. */
export interface Standings {
  /** Those who have been looked at. */
  readonly seen: readonly (Counted & { readonly sync: Sync; readonly health: Health })[];
  /** Known of, and never looked at to the end. */
  readonly unseen: readonly Counted[];
  /** Due at a later time: after a failure, or because only time can tell. */
  readonly waiting: number;
  /** What is not as desired, whether only a person can move it, and who has been so for longest. */
  readonly situations: readonly (Counted &
    Example & {
      readonly resource: Condition['type'];
      readonly reason: string;
      readonly held: boolean;
      /** The health of these users is Deleted. */
      readonly deleted: boolean;
    })[];
  /** Who is not Synced, or is Degraded: each user in one of these. */
  readonly troubled: readonly (Counted & {
    /** Why the last pass failed, and who has failed so for longest; undefined for those whose last did not. */
    readonly failure: (Pick<LastFailure, 'code' | 'upstream' | 'message'> & Example) | undefined;
    /** Not to be looked at before a later time. */
    readonly waits: boolean;
    readonly quarantined: boolean;
    readonly held: boolean;
    readonly paused: boolean;
  })[];
  /** More are in trouble than were looked through: of situations and troubled there are at least so many. */
  readonly isPartial: boolean;
}

interface Example {
  readonly example: UserKey;
  readonly since: Date;
}

export interface StandingReader {
  /**
   * By indexes, and by what those in trouble have in common: of so many at most, or of all of them. The server does
   * the counting. Throws TIMEOUT rather than look for long.
   */
  standings(now: Date, limit?: number): Promise<Standings>;
  /** Everyone who is not Synced, or is Degraded; at most so many. */
  troubled(limit: number): Promise<readonly Troubled[]>;
}

/** What is kept of a source that is read on, or of work that takes long. */
export interface KeptPosition {
  readonly position: string | undefined;
  /** When it was last set, by the server's clock; undefined for work. */
  readonly at: Date | undefined;
  /** Until when somebody has said to be at this work. */
  readonly heldUntil: Date | undefined;
}

export interface PositionReader {
  read(name: string): Promise<KeptPosition | undefined>;
}

export interface AlertReader {
  /** Every alert that is kept, pending and closed ones too. */
  all(): Promise<readonly Alert[]>;
}

/** A notice that one receiver has not taken yet. */
export interface Delivery {
  readonly notice: Notice;
  readonly receiver: string;
  readonly tries: number;
  readonly nextAt: Date;
}

/** One document a cause. Every change is made by whoever holds the lease on alerting, and survives a restart. */
export interface AlertStore extends AlertReader {
  /** Keeps alerts, with what is to be told of each and to whom, in one write each. */
  keep(alerts: readonly Alert[], deliveries: readonly Delivery[]): Promise<void>;
  /** Drops what nobody was ever told of. */
  drop(ids: readonly string[]): Promise<void>;
  /** Everything that is to be told, the oldest first. */
  deliveries(): Promise<readonly Delivery[]>;
  /** A receiver has taken it, or never will; a closed alert whose last it was goes with it. */
  done(delivery: Delivery): Promise<void>;
  /** To be tried again. */
  later(delivery: Delivery, nextAt: Date): Promise<void>;
}

// ── Long runs ──

/** Whoever holds it is the one that does this work. */
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
  /** Gives the lease back; the work is `done`, or is to be taken up from the position that was kept. */
  end(lease: RunLease, as: 'done' | 'broken-off'): Promise<void>;
}

// ── Rebuilding and forgetting ──

/** What a rebuild of the read model goes by. */
export interface HistoryReader {
  /** Everyone with an event, once each, in the order of keys and in pages. */
  users(): AsyncIterable<UserKey>;
  countSubjects(): Promise<number>;
}

/** The read model apart from a pass. */
export interface ReadModel {
  /**
   * Replaces what is shown of a user, and nothing of the queue; undefined shows nothing. Throws
   * LeaseLostError, writing nothing, when the lease is no longer ours.
   */
  show(lease: Lease, view: SubjectView | undefined): Promise<void>;
}

/** Somebody who is to be forgotten, and what a text is recognised by that names them. */
export interface Forgotten {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  /** Every address that was ever known to be the user's, lower-case. */
  readonly addresses: readonly string[];
}

/** The one writer that changes events; see `mongo/log/erasure.ts`. Each may be repeated, and ends what a first call began. */
export interface Eraser {
  /** Blanks what is personal in the events of this user. Returns how many were changed. */
  blankEvents(user: UserKey): Promise<number>;
  /** Blanks the raw text of other log entries and of rejects that name this user, and why a run was approved. Returns how many were changed. */
  blankMentions(who: Forgotten): Promise<{ readonly events: number; readonly rejects: number }>;
}

// ── Auth0 ──

export type Auth0User = Auth0Facts;

/** `absent` only when Auth0 says 404 of the user; `invalid` only when it says that the id is none of a user. */
export type Auth0Answer = Auth0User | 'absent' | 'invalid';

/** A row of a listing that names no user. Holds no personal data. */
export interface UnreadableRow {
  /** What is wrong, by the names of the fields. */
  readonly fields: readonly string[];
}

export interface UserPage {
  /** Empty while a listing is being made ready. */
  readonly users: readonly Auth0User[];
  /** Rows of which it cannot be told whose they are: no reason to leave the others alone. */
  readonly unreadable?: readonly UnreadableRow[];
  /** How many users the listing has, where that is known. */
  readonly total?: number | undefined;
  /** The listing so far is not exact: it is used for what it shows, and says nothing about who is not in it. */
  readonly inexact?: InexactReason | undefined;
  /** What `everyone` takes to read this same listing once more, from its beginning, where that can be had. */
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
   * Everyone, in pages, eventually consistent: hints, never proofs. Throws rather than end early, so a listing that ends
   * with no page that says `inexact` is complete. An earlier listing is read again in the same order, and throws
   * LISTING_GONE when it is not to be had any more.
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

export interface AccountRecord {
  /** Undefined when the document names an account and no readable DID: never a reason to create one. */
  readonly did: Did | undefined;
  readonly handle: AccountHandle | undefined;
  readonly hasPassword: boolean;
}

export interface Documents {
  /** `verifications.count`; undefined when there is no document. */
  readonly verificationCount: number | undefined;
  /** The `users` document; undefined when there is none. */
  readonly user:
    | {
        readonly code: Code | undefined;
        /** There is something in place of a code that is no text. */
        readonly hasUnreadableCode?: true;
        /** The sign-up time; undefined where there is none that can be read. */
        readonly when: Date | undefined;
        readonly account: AccountRecord | undefined;
        /**
         * Where `atproto` names no account: the one that the platform named in fields of their own (`atproto_did`), which
         * `concord import` moves. Without a DID when that cannot be read.
         */
        readonly oldAccount?: { readonly did: Did | undefined };
        /** The sealed password kept beside an account creation that was intended. */
        readonly pending: { readonly intent: EventId; readonly password: string } | undefined;
      }
    | undefined;
  /** The platform handle in `@handles`. */
  readonly handle: string | undefined;
  /** A code in `@handles`, where the platform kept codes before. */
  readonly legacyCode: Code | undefined;
}

/** That there is a document, whose it says it is, and which account it names. */
export interface DocumentOwner {
  readonly collection: 'users' | 'verifications' | '@handles';
  /** The `_id` as text: a UserKey, unless somebody else wrote it. */
  readonly key: string;
  /** The account of a `users` document, where it names one legibly. */
  readonly did: Did | undefined;
}

export interface DocumentReader {
  /** Reads these users' documents. Every key asked for is in the answer, with what is not there undefined. */
  read(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, Documents>>;
  /** The indexes that the platform's guarantees rest on, as they are. */
  indexes(): Promise<readonly IndexState[]>;
  /** How many codes of one year (`ac25`) are in use. */
  codesInYear(prefix: string): Promise<number>;
  /** Finds users by code, DID or platform handle, for a person who types one. */
  findUsers(by: {
    readonly code?: string;
    readonly did?: string;
    readonly handle?: string;
  }): Promise<readonly UserKey[]>;
  /** Which of these codes or platform handles there are, in no promised order: asked by an index, and not for long. */
  namesAmong(kind: 'code' | 'handle', names: readonly string[]): Promise<readonly string[]>;
  /** Every document's owner, collection by collection, in pages. A listing that ends is complete. */
  owners(): AsyncIterable<readonly DocumentOwner[]>;
  /** Those of these DIDs that some `users` document names. */
  namedDids(dids: readonly Did[]): Promise<ReadonlySet<Did>>;
}

/** Something that others did to a document, or that nothing has been done for a while. */
export interface DocumentChange {
  /** Whose document it is: the owner of its `_id`, whoever that may be. */
  readonly user: UserKey | undefined;
  /** What of the user's is no longer there. */
  readonly removed: readonly Removable[];
  /** Where to go on after this; undefined while there is nothing to go on from. */
  readonly position: string | undefined;
  /** When it was done, by the server's clock and to the second. */
  readonly at: Date | undefined;
  /** A collection was dropped or renamed: it concerns everybody, and nobody by name. */
  readonly isWhole: boolean;
}

export interface ChangedHandle {
  readonly user: UserKey;
  readonly handle: string | undefined;
  /** What the row says of when it was made or changed. */
  readonly at: Date;
}

/** What others change in the platform's documents. Triggers only: what is there is read by the pass. */
export interface DocumentChanges {
  /**
   * Each change after this position, or from now on, as it happens, and about every second that there is
   * none; ends when the signal aborts. Throws UpstreamError: NO_CHANGE_STREAMS where the server has none,
   * POSITION_LOST where it cannot go on from there.
   */
  follow(from: string | undefined, signal: AbortSignal): AsyncIterable<DocumentChange>;
  /** The handles whose rows say that they were made or changed since then, in pages. Rows without a date are not found. */
  handlesSince(since: Date): AsyncIterable<readonly ChangedHandle[]>;
}

export interface DocumentStore extends DocumentReader {
  /** Inserts a `verifications` document. One that is there already is left as it is. */
  createVerification(user: UserKey, count: number): Promise<'created' | 'exists'>;
  /** Raises the count of a `verifications` document that is there; never lowers it. Repeatable. */
  raiseVerification(user: UserKey, atLeast: number): Promise<'raised' | 'missing'>;
  /** Inserts a `users` document. Not applied when the user or the code is there already. */
  createUser(user: UserKey, code: Code, when: Date): Promise<'created' | 'user-exists' | 'code-taken'>;
  /** Sets the code of a `users` document that has none. */
  assignCode(user: UserKey, code: Code): Promise<'assigned' | 'has-code' | 'code-taken'>;
  /** Keeps the sealed password of an account that is about to be created. Replaces an older one. */
  keepPendingPassword(user: UserKey, intent: EventId, sealedPassword: string): Promise<void>;
  /**
   * Writes `users.atproto` and drops the pending password. A document that names the account already keeps every field
   * that is not given here, and its `createdAt`. Refused as `other` when the document names another DID, holds another
   * password, or names a handle that is neither this one nor among `over`, those that it may be written over: a write
   * that comes late does not undo what has been set on the PDS since.
   */
  recordAccount(
    user: UserKey,
    account: {
      readonly did: Did;
      readonly handle: AccountHandle;
      readonly password?: string;
      /** Written where the document names no account yet. */
      readonly createdAt: Date;
    },
    over: readonly AccountHandle[],
  ): Promise<'recorded' | 'other'>;
  /** The password, as stored, of a document that names this DID. */
  storedPassword(user: UserKey, did: Did): Promise<string | undefined>;
  /**
   * Stores a new password in a document that names this DID and still holds `over`; undefined for none. Throws
   * UpstreamError DOCUMENT_CHANGED, writing nothing, for any other document.
   */
  replacePassword(user: UserKey, did: Did, over: string | undefined, password: string): Promise<void>;
  /** Password, as stored, and sign-up time in `users.atproto` of a document that names this DID. */
  storedRecord(user: UserKey, did: Did): Promise<StoredRecord | undefined>;
  /**
   * Writes `users.atproto` over that of the account `over`, in one step. Refused as `other` for a document that names
   * neither account.
   */
  replaceAccount(
    user: UserKey,
    over: Did,
    account: Parameters<DocumentStore['recordAccount']>[1],
  ): Promise<'recorded' | 'other'>;
  /** Removes this code from a `users` document. Repeatable; another code is left. */
  removeCode(user: UserKey, code: Code): Promise<void>;
  /** The row of `@handles` with this handle, all but its key, as extended JSON. */
  handleRow(user: UserKey, handle: string): Promise<string | undefined>;
  /** Removes the row if it is this one. */
  removeHandleRow(user: UserKey, row: string): Promise<'removed' | 'missing' | 'other'>;
  /**
   * Inserts a row for this user. `exists` when the user has a row with this handle already; `taken` when the user has
   * another row, or another user the handle.
   */
  insertHandleRow(user: UserKey, row: string): Promise<'inserted' | 'exists' | 'taken'>;
  /** Drops `users.atproto` of a document that names this DID, whose account is gone. Repeatable. */
  dropAccount(user: UserKey, did: Did): Promise<void>;
  /**
   * Updates `users.atproto.handle` of a document that names this DID, where that names no handle or one of `over`.
   * Repeatable. Throws UpstreamError DOCUMENT_CHANGED when the document has gone on.
   */
  recordAccountHandle(
    user: UserKey,
    did: Did,
    handle: AccountHandle,
    over: readonly AccountHandle[],
    at: Date,
  ): Promise<void>;
  /** Creates an index. Refused by the server when an unfit one is in the way. */
  createIndex(wanted: WantedIndex): Promise<void>;
}

export interface StoredRecord {
  readonly password: string | undefined;
  readonly createdAt: Date | undefined;
}

export interface WantedIndex {
  readonly collection: 'users' | '@handles';
  readonly field: string;
  readonly sparse: boolean;
}

export interface IndexState {
  readonly collection: 'users' | '@handles';
  readonly name: string;
  /** Field and direction, in order. */
  readonly key: readonly (readonly [field: string, direction: number | string])[];
  readonly unique: boolean;
  readonly partial: boolean;
}

// ── Accounts on the PDS ──

export interface PdsAccount {
  readonly did: Did;
  readonly handle: AccountHandle;
  readonly email: string | undefined;
  /** SHA-256 of the invite code it was created with. */
  readonly inviteHash: string | undefined;
  /** `no-repo`: the account row is there and its repository is not, which only delete and recreate heals. */
  readonly state: 'active' | 'deactivated' | 'takendown' | 'no-repo' | 'unknown';
}

export interface Repository {
  readonly did: Did;
  /** `active` also of an account that has lost its repository. */
  readonly state: 'active' | 'deactivated' | 'takendown' | 'unknown';
}

export type HandleHolder =
  | { readonly type: 'nobody' }
  | { readonly type: 'account'; readonly did: Did }
  /** Held by an account that the PDS hides: deactivated or taken down. */
  | { readonly type: 'hidden' };

export type CreateAccountResult =
  | { readonly type: 'created'; readonly did: Did; readonly handle: AccountHandle }
  | {
      readonly type: 'refused';
      readonly field: 'handle' | 'email';
      readonly reason: 'taken' | 'not-allowed';
      readonly message: string;
    };

export interface AccountReader {
  /** One account with the state of its repository; `missing` only when the PDS says that it has none. */
  account(did: Did): Promise<PdsAccount | 'missing'>;
  /**
   * Many accounts at once; those that are not in the answer do not exist, and those whose row cannot be read are unknown.
   * `state` is `unknown` here.
   */
  accounts(dids: readonly Did[]): Promise<ReadonlyMap<Did, PdsAccount | 'unreadable'>>;
  /** Every repository, in pages. A listing that ends is complete, but for the rows that name no account. */
  repositories(): AsyncIterable<readonly (Repository | 'unreadable')[]>;
  /** Who holds a handle, also when the PDS hides the holder. Changes nothing. */
  holderOf(handle: AccountHandle): Promise<HandleHolder>;
  /** The domains that handles live under, each starting with a dot. */
  handleDomains(): Promise<readonly string[]>;
}

export interface AccountHost extends AccountReader {
  /** A single-use invite code. */
  createInvite(): Promise<string>;
  /**
   * Creates an account. Never repeated by the adapter. Throws with `effect: 'unknown'` when the
   * account may exist although the call failed.
   */
  createAccount(account: {
    readonly handle: AccountHandle;
    readonly email: string;
    readonly password: string;
    readonly inviteCode: string;
  }): Promise<CreateAccountResult>;
  /** Whether a handle would be allowed for a new account, as the PDS itself says. Creates nothing. */
  allowsHandle(handle: AccountHandle): Promise<boolean>;
  changeHandle(did: Did, handle: AccountHandle): Promise<'changed' | 'taken' | 'not-allowed'>;
  /** Sets the address of an account; `refused` when another account, hidden or not, has it. Repeatable. */
  changeEmail(did: Did, email: string): Promise<'changed' | 'refused'>;
  /** Deactivates an account, or activates it again. Repeatable. */
  setActive(did: Did, active: boolean): Promise<void>;
  /** Deletes an account for good; also for one that is not there. Its DID stays in the directory. Repeatable. */
  deleteAccount(did: Did): Promise<void>;
  setPassword(did: Did, password: string): Promise<void>;
  /** Logs in once and ends the session; false when identifier and password do not fit. */
  canLogIn(did: Did, password: string): Promise<boolean>;
}

// ── DIDs ──

/** The PDS that the document of a DID names. */
export type ServiceLocation =
  | { readonly type: 'here' }
  /** Another PDS, as scheme, host and port. */
  | { readonly type: 'elsewhere'; readonly origin: string }
  /** The DID is not registered, is deactivated, or names no PDS. */
  | { readonly type: 'nowhere' };

export interface DidDirectory {
  /** Read-only. An answer may be some minutes old, and up to a day old where it is `elsewhere`. */
  serviceOf(did: Did): Promise<ServiceLocation>;
}

// ── Accounts that the PDS does not show ──

/** A deactivated or taken down account, as a listing found it. Its address and handle are taken, and the PDS hides that. */
export interface InactiveAccount {
  readonly did: Did;
  readonly email: string | undefined;
  readonly handle: AccountHandle;
  readonly state: 'deactivated' | 'takendown';
}

/** How old the index of inactive accounts is. */
export interface InactiveListing {
  /** When the newest complete listing was begun; undefined while there has been none. */
  readonly refreshedAt: Date | undefined;
  /** When the newest listing was begun that a failed creation asked for, whatever became of it. */
  readonly begunAt: Date | undefined;
  /** Until then no failed creation may ask for another one. */
  readonly nextAt: Date | undefined;
}

/**
 * An index of the PDS's inactive accounts by address and handle. A hint: who acts on it reads the account first. Holds
 * hashes, and nothing of an account that a newer listing does not have.
 */
export interface InactiveAccountReader {
  /** The accounts with one of these addresses (lower-case) or handles, by that. What no account has is left out. */
  holdersOf(
    emails: readonly string[],
    handles: readonly AccountHandle[],
  ): Promise<ReadonlyMap<string, readonly Did[]>>;
  listing(): Promise<InactiveListing>;
}

export interface InactiveAccounts extends InactiveAccountReader {
  /** Says that a listing is begun for a failed creation; false, writing nothing, before the time that the last one set. */
  claimListing(now: Date, nextAt: Date): Promise<boolean>;
  /** Keeps what the listing that was begun then has found. What a newer one has found stays. Repeatable. */
  keep(found: readonly InactiveAccount[], begunAt: Date): Promise<void>;
  /** The listing that was begun then is complete: what only older ones have found goes. Repeatable. */
  complete(begunAt: Date): Promise<void>;
}

// ── Passwords at rest ──

export interface PasswordVault {
  /** A new random password, in the clear. */
  generate(): string;
  /** What may be stored for this user. */
  seal(password: string, user: UserKey): string;
  /** The password again; reads what was sealed with any key on the ring, and plaintext. */
  open(stored: string, user: UserKey): string;
}

export interface StoredPassword {
  readonly user: UserKey;
  /** Of the account, or of one whose creation was intended. */
  readonly field: 'atproto' | 'atprotoPending';
  readonly stored: string;
}

/** The account that a users document names, with its password as it is stored. */
export interface StoredLogin {
  readonly user: UserKey;
  /** Undefined where there is something in place of a DID that is none. */
  readonly did: Did | undefined;
  readonly stored: string | undefined;
}

export interface StoredPasswordReader {
  /** Every account that a users document names, by user, in pages, after this one. */
  logins(after: UserKey): AsyncIterable<StoredLogin>;
  /** How many there are. */
  countLogins(): Promise<number>;
  /** Every stored password, by user, in pages. */
  all(): AsyncIterable<StoredPassword>;
  /** Up to `limit` passwords whose stored text matches this regular expression. */
  sample(pattern: string, limit: number): Promise<readonly StoredPassword[]>;
}

export interface StoredPasswords extends StoredPasswordReader {
  /** Stores another text for the same password; false, writing nothing, when it is no longer stored as it was read. */
  replace(password: StoredPassword, text: string): Promise<boolean>;
}
