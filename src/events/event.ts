/**
 * The lines of the event log. Past tense; a fact from outside, or an intent or outcome of ours.
 *
 * An event is written once and never changed. `_id` is its deduplication: `tenant:log_id` for an
 * Auth0 log entry, a uuidv7 for everything else. `data` holds JSON values only: dates are ISO 8601
 * strings in UTC, and a foreign payload is one string, so that no key of it ever becomes a field name.
 */
import type { AccountHandle, Auth0UserId, Code, Did, EventId, TenantId, UserKey } from '../identity.ts';

/** The parts of a user that Concord keeps whole, in the order in which a pass looks at them. */
export const RESOURCES = ['verification', 'user-document', 'account', 'handle'] as const;
export type Resource = (typeof RESOURCES)[number];

/** How one resource of one user stands. Changes only when status, reason or message change. */
export interface Condition {
  readonly type: Resource | 'auth0';
  /** True: as desired. False: not as desired. Unknown: could not be observed, so nothing was decided. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** One CamelCase word, stable, for programs. */
  readonly reason: string;
  /** A sentence for people that says what to do where something is to be done. Names no email address. */
  readonly message: string;
  /** True when only a person can move it: another pass would find the same. */
  readonly held: boolean;
  readonly since: string;
  /** The event this rests on. */
  readonly event: EventId;
}

/** One planned step in the words of the log: enough to recognise its effect after a crash. */
export interface IntendedAction {
  readonly resource: Resource;
  readonly type: string;
  /** The handle to be carried, of a `change-handle`. */
  readonly to?: AccountHandle;
}

export type RefusalReason =
  /** Someone holds it, hidden or not. */
  | 'taken'
  /** The PDS does not allow it: too short, reserved, a slur, a disposable email domain. */
  | 'not-allowed';

export interface EventData {
  'auth0.log-received': {
    readonly logId: string;
    readonly code: string;
    readonly hint: 'deleted' | null;
    readonly raw: string;
  };
  'auth0.user-observed': {
    readonly userId: Auth0UserId;
    readonly email: string | null;
    readonly emailVerified: boolean;
    readonly blocked: boolean;
    readonly createdAt: string;
  };
  'auth0.user-absent': { readonly userId: Auth0UserId };
  'handle.observed': { readonly handle: string | null };

  'actions.intended': { readonly actions: readonly IntendedAction[] };
  'verification.recorded': { readonly count: number; readonly recovered?: true };
  'user-document.created': { readonly recovered?: true };
  'code.assigned': { readonly code: Code; readonly recovered?: true };
  'account.creation-intended': {
    readonly handle: AccountHandle;
    readonly email: string;
    /** SHA-256 of the single-use invite code: whoever used that code is ours. */
    readonly inviteHash: string;
  };
  'account.creation-refused': {
    readonly intent: EventId;
    readonly field: 'handle' | 'email';
    readonly value: string;
    readonly reason: RefusalReason;
  };
  'account.creation-abandoned': {
    readonly intent: EventId;
    readonly reason: 'never-sent' | 'not-applied' | 'no-account-came-of-it';
  };
  'account.created': {
    readonly did: Did;
    readonly handle: AccountHandle;
    readonly email: string;
    readonly recovered?: true;
  };
  'account.recorded': { readonly did: Did; readonly handle: AccountHandle };
  'handle.changed': {
    readonly did: Did;
    readonly from: AccountHandle;
    readonly to: AccountHandle;
    readonly recovered?: true;
  };
  'handle.recorded': { readonly did: Did; readonly handle: AccountHandle };
  'handle.refused': { readonly handle: AccountHandle; readonly reason: RefusalReason };

  converged: {
    readonly conditions: readonly ConditionDraft[];
    readonly actions: number;
    /** Milliseconds from the first trigger of this pass to its end. */
    readonly latencyMs: number;
  };
  'converge.deferred': { readonly conditions: readonly ConditionDraft[]; readonly retryAt: string };
  'converge.failed': {
    readonly conditions: readonly ConditionDraft[];
    readonly code: string;
    readonly message: string;
    readonly attempt: number;
    readonly retryAt: string | null;
  };
  'user.quarantined': { readonly attempts: number; readonly code: string };
  'sweep.started': { readonly users: number | null };
  'sweep.finished': {
    readonly users: number;
    readonly drifted: number;
    readonly complete: boolean;
    readonly durationMs: number;
  };
}

/** A condition before it is known since when it holds. */
export type ConditionDraft = Omit<Condition, 'since' | 'event'>;

export type EventType = keyof EventData;

export interface EventOf<T extends EventType> {
  readonly _id: EventId;
  /** Null for what concerns no single user: a sweep. */
  readonly user: UserKey | null;
  readonly tenant: TenantId;
  readonly type: T;
  /** When it happened. Of one user's events of ours, each is later than the one before. */
  readonly at: Date;
  /** When it was written. */
  readonly recordedAt: Date;
  /** The events it follows from. */
  readonly cause: readonly EventId[];
  readonly data: EventData[T];
}

export type ConcordEvent = { [T in EventType]: EventOf<T> }[EventType];
