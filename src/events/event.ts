/**
 * The lines of the event log. Past tense; a fact from outside, or an intent or outcome of ours.
 *
 * An event is written once and never changed. `_id` is its deduplication: `tenant:log_id` for an
 * Auth0 log entry or event, a uuidv7 for everything else. `data` holds JSON values only: dates are ISO 8601
 * strings in UTC, and a foreign payload is one string, so that no key of it ever becomes a field name.
 */
import type { Upstream } from '../errors.ts';
import type { AccountHandle, Auth0UserId, Code, Did, EventId, TenantId, UserKey } from '../identity.ts';

/** The resources of a user, in the order in which they are reconciled. */
export const RESOURCES = ['verification', 'user-document', 'account', 'email', 'handle'] as const;
export type Resource = (typeof RESOURCES)[number];

/** The fields of an Auth0 user that Concord goes by, apart from the id, by Auth0's names. */
export const AUTH0_FIELDS = ['email', 'email_verified', 'blocked', 'created_at', 'identities'] as const;
export type Auth0Field = (typeof AUTH0_FIELDS)[number];

/**
 * Why a listing of a tenant's users may lack some of them, or show some who are gone. It is used for what it shows, and
 * says nothing about who is missing. `lacks-many`: so few are listed of those who are known that it is cut off.
 */
export const INEXACT_REASONS = [
  'total-too-high',
  'total-too-low',
  'repeated-rows',
  'changed-meanwhile',
  'unreadable-rows',
  'lacks-many',
] as const;
export type InexactReason = (typeof INEXACT_REASONS)[number];

/** Whether a sweep compared every listed user, even where the listing was not exact. */
export function isListedToEnd({ complete, inexact }: EventData['sweep.finished']): boolean {
  return complete || (inexact !== undefined && inexact !== 'lacks-many');
}

export function inexactSentence(reason: InexactReason): string {
  switch (reason) {
    case 'total-too-high':
      return 'Auth0 counted more users than it listed.';
    case 'total-too-low':
      return 'Auth0 listed more users than it counted.';
    case 'repeated-rows':
      return 'Auth0 listed users twice, so it may have left others out.';
    case 'changed-meanwhile':
      return 'Users were deleted while Auth0 listed them, so it may have left others out.';
    case 'unreadable-rows':
      return 'Auth0 listed rows without a user id that can be used.';
    case 'lacks-many':
      return 'Auth0 listed far fewer users than are known.';
  }
}

/** The condition of one resource of one user. Changes only when status, reason or message change. */
export interface Condition {
  readonly type: Resource | 'auth0' | 'pause';
  /** True: in sync. False: out of sync. Unknown: could not be observed, so nothing was decided. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** One CamelCase word, stable, for programs. */
  readonly reason: string;
  /** A sentence for people. Names the command where an action is needed. Contains no email address. */
  readonly message: string;
  /** True when only a person can resolve it: another reconciliation would find the same. */
  readonly held: boolean;
  /** Another user whose change may end this condition; the user is reconciled again when that user changes. */
  readonly waitsFor?: UserKey;
  readonly since: string;
  /** The event this rests on. */
  readonly event: EventId;
}

/** Why the last reconciliation of a user failed. */
export interface LastFailure {
  readonly code: string;
  /** Null where no other system's answer was the reason. */
  readonly upstream: Upstream | null;
  readonly message: string;
  /** The first of the failed reconciliations in a row. */
  readonly since: string;
  /** The last one. */
  readonly at: string;
}

/** The condition reasons for a step that failed, and for what could not be observed. */
export const FAILURE_REASONS = { failing: 'Failing', notObserved: 'NotObserved' } as const;

/** What others may remove. A removed `account-record` is `users.atproto`; a removed `handle` is a row of `@handles`. */
export type Removable = 'verification' | 'user-document' | 'code' | 'account-record' | 'account' | 'handle';

/** Why a condition is not True: something that was there is missing, and it takes a decision to bring it back. */
export const REMOVED_REASONS = ['DocumentRemoved', 'AccountMissing'] as const;
export type RemovedReason = (typeof REMOVED_REASONS)[number];

export function isRemovedReason(reason: string): reason is RemovedReason {
  return REMOVED_REASONS.some((one) => one === reason);
}

/** The condition reason for an account that moved to another PDS, and is not changed. */
export const MIGRATED_REASON = 'AccountMigrated';

export function isMigrated({ reason }: Pick<Condition, 'reason'>): boolean {
  return reason === MIGRATED_REASON;
}

/** The condition reason for a user that the configuration excludes: no action is the desired state. */
export const EXCLUDED_REASON = 'Excluded';

export function excludedMessage(entry: string): string {
  return `The configuration excludes this user (exclude: ${entry}), so Concord does nothing.`;
}

export function isExcludedReason({ reason }: Pick<Condition, 'reason'>): boolean {
  return reason === EXCLUDED_REASON;
}

/** Since when something that was removed has been missing; undefined when nothing is. */
export function lackedSince(conditions: readonly Pick<Condition, 'reason' | 'since'>[]): Date | undefined {
  const times = conditions.flatMap(({ reason, since }) => (isRemovedReason(reason) ? Date.parse(since) : []));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/**
 * What a deleted user may give to another one: the account, the handle with its row of `@handles`, the permanent code, or
 * the address that an account which stays has.
 */
export const TRANSFER_PARTS = ['account', 'handle', 'code', 'address'] as const;
export type TransferPart = (typeof TRANSFER_PARTS)[number];

/** One planned step in the words of the log: enough to recognise its effect after a crash. */
export interface IntendedAction {
  readonly resource: Resource;
  readonly type: string;
  /** The handle carried and the handle to be carried, of a `change-handle`. */
  readonly from?: AccountHandle;
  readonly to?: AccountHandle;
}

export type RefusalReason =
  /** Someone holds it, hidden or not. */
  | 'taken'
  /** The PDS does not allow it: too short, reserved, a slur, a disposable email domain. */
  | 'not-allowed';

export type CloseReason =
  /** The other user has it. */
  | 'taken'
  /** The account gave up its handle or its address, and there was nothing to take. */
  | 'released'
  /** The other user does not take it. */
  | 'declined'
  /** The log of the other user has no grant of it. */
  | 'not-granted'
  /** It is not as it was when it was promised: another handle, or the handle of another user. */
  | 'changed';

export type DeclineReason =
  /** The user is deleted in Auth0. */
  | 'deleted'
  /** The log of the deleted user does not promise it, or no longer. */
  | 'not-promised'
  | 'account-missing'
  /** The account is recorded for a third user. */
  | 'account-of-another'
  /** The user got something of its own meanwhile. */
  | 'has-account'
  | 'has-handle'
  | 'has-code'
  /** Another user has the handle or the code meanwhile. */
  | 'handle-taken'
  | 'code-taken';

export type GapCause =
  /** Entries have been lost: they were older than Auth0 keeps them when the log was read again. */
  | 'retention-passed'
  /** Entries may have been lost: Auth0 does not know the position to read the log on from. */
  | 'checkpoint-gone'
  /** The log could not be read for as long as Auth0 is sure to keep it. */
  | 'pull-failing'
  /** The log stream does not deliver: a person paused it, Auth0 gave it up, it is no longer there. */
  | 'stream-paused'
  | 'stream-suspended'
  | 'stream-missing';

/** Who decided something, and why. */
export interface Decided {
  /** A name as the person gave it. */
  readonly by: string;
  /** Absent where none was given, as in all that was written before it could be. */
  readonly reason?: string;
}

export interface EventData {
  'auth0.log-received': {
    readonly logId: string;
    readonly code: string;
    readonly hint: 'deleted' | null;
    readonly raw: string;
  };
  /** Of an event stream, which says the same as a log entry in other words, and of some users more. */
  'auth0.event-received': {
    readonly eventId: string;
    readonly name: string;
    readonly hint: 'deleted' | null;
    readonly raw: string;
  };
  'auth0.user-observed': {
    readonly userId: Auth0UserId;
    readonly email: string | null;
    readonly emailVerified: boolean;
    readonly blocked: boolean;
    /** Null where Auth0 has none that can be used. */
    readonly createdAt: string | null;
    /** The users that are linked into this one, sorted. Absent when there are none, as in all that was written before they were read. */
    readonly linked?: readonly Auth0UserId[];
    /** Fields with a value that cannot be used, by their names alone; each counts as not set. Absent when there are none. */
    readonly unusable?: readonly Auth0Field[];
  };
  'auth0.user-absent': { readonly userId: Auth0UserId };
  /** Auth0 says that no user has this id, and none ever had: there is nothing to reconcile. */
  'auth0.user-invalid': { readonly userId: Auth0UserId };
  /** Not in a listing that was complete: one of the two proofs of a removal, and none by itself. */
  'auth0.user-unlisted': { readonly run: EventId };
  'handle.observed': { readonly handle: string | null };
  /** The linked user, and the handle that this user has; null where there is none. */
  'sister.observed': { readonly user: UserKey | null; readonly handle: string | null };
  /** A reconciliation of `by`, of the linked tenant, found that this user is the same person. Null once `by` is forgotten. */
  'sister.named': { readonly by: UserKey | null };
  /** Auth0 says that the user of this `sister.named` is not the same person, or is deleted. */
  'sister.dismissed': { readonly named: EventId };
  /**
   * What was found and no other event records: it is older than the log, or others changed it. That an account
   * exists does not prove that it is this user's; that something existed decides that it is not created again.
   */
  'subject.observed': {
    /** Null when the users document has no code, or the one that the log knows. */
    readonly code: Code | null;
    readonly account: {
      readonly did: Did;
      readonly handle: AccountHandle;
      readonly email: string | null;
    } | null;
    /** First sight of the `verifications` document, with its count. Absent when it is missing or known. */
    readonly verification?: number;
    /** First sight of the `users` document. `when` is ISO 8601, null when it has no readable one. */
    readonly document?: { readonly when: string | null };
    /** First sight of the account that the `users` document names. */
    readonly record?: Did;
    /** A sweep found the user in sync. */
    readonly inSync?: true;
  };
  /** Something that was there is missing. A deletion in the change stream also proves that it was there. */
  'resource.removed': { readonly what: Removable; readonly seenBy: 'change-stream' | 'read' };

  'actions.intended': { readonly actions: readonly IntendedAction[] };
  'verification.recorded': { readonly count: number; readonly recovered?: true };
  /** `when` is the sign-up time that was written; absent in older events. */
  'user-document.created': { readonly when?: string; readonly recovered?: true };
  'code.assigned': { readonly code: Code; readonly recovered?: true };
  'account.creation-intended': {
    readonly handle: AccountHandle;
    readonly email: string;
    /** SHA-256 of the single-use invite code: the account that used that code is ours. */
    readonly inviteHash: string;
  };
  'account.creation-refused': {
    readonly intent: EventId;
    readonly field: 'handle' | 'email';
    readonly value: string;
    readonly reason: RefusalReason;
  };
  /** The call did not answer, or with a failure: the account may have been created all the same. */
  'account.creation-failed': { readonly intent: EventId; readonly code: string };
  'account.creation-abandoned': {
    readonly intent: EventId;
    readonly reason: 'not-applied' | 'no-account-came-of-it';
  };
  /** After a creation that failed, the inactive accounts of the PDS were listed: so many. */
  'inactive-accounts.listed': { readonly accounts: number };
  'account.created': {
    readonly did: Did;
    readonly handle: AccountHandle;
    readonly email: string;
    readonly recovered?: true;
    /** The account of an open intent was found, and the users document does not name it yet. */
    readonly documented?: false;
  };
  /** The users document no longer names this account, which the PDS does not have. */
  'account.record-dropped': { readonly did: Did };
  'account.recorded': { readonly did: Did; readonly handle: AccountHandle };
  'handle.changed': {
    readonly did: Did;
    readonly from: AccountHandle;
    readonly to: AccountHandle;
    readonly recovered?: true;
  };
  'handle.recorded': { readonly did: Did; readonly handle: AccountHandle };
  'handle.refused': { readonly handle: AccountHandle; readonly reason: RefusalReason };

  /** What a row without a repository left behind was deleted, so that the account can be created again. */
  'account.remnant-deleted': { readonly did: Did };
  'account.adopted': {
    readonly did: Did;
    readonly handle: AccountHandle;
    readonly email: string | null;
    /** The evidence that the person saw before the decision. */
    readonly evidence: readonly string[];
    readonly recovered?: true;
  };
  'account.deactivated': { readonly did: Did; readonly because: 'blocked' | 'removed' };
  'account.reactivated': { readonly did: Did };
  'account.deleted': { readonly did: Did };
  /** The PDS did not let us in with the password that is stored; and that it does again. */
  'password.refused': { readonly did: Did };
  'password.accepted': { readonly did: Did };
  'password.reset': { readonly did: Did };
  'email.changed': { readonly did: Did; readonly to: string; readonly recovered?: true };
  'email.refused': { readonly email: string; readonly reason: RefusalReason };
  /** The account gives up its address for the time being, so that users who exchange addresses can go on. */
  'email.parking-intended': { readonly did: Did; readonly from: string; readonly to: string };
  'email.parked': {
    readonly did: Did;
    readonly from: string;
    /** An address that nothing can be delivered to. */
    readonly to: string;
    readonly recovered?: true;
  };

  // A transfer, in the log of the deleted user. `promise` is the event `transfer.promised` that began it.

  /** The user dropped its record of an account that another user has now. */
  'account.released': { readonly promise: EventId; readonly to: UserKey; readonly did: Did };
  /** The row of `@handles` is about to be removed, so that another user can have it. */
  'handle.release-intended': {
    readonly promise: EventId;
    readonly to: UserKey;
    /** The whole row but its key, as extended JSON. */
    readonly row: string;
  };
  /** The row is the user's again, because the other user did not take it. */
  'handle.returned': { readonly promise: EventId; readonly to: UserKey };
  'code.release-intended': { readonly promise: EventId; readonly to: UserKey; readonly code: Code };
  'code.released': { readonly promise: EventId; readonly to: UserKey; readonly code: Code };
  /** These parts of the transfer are over for this user. */
  'transfer.closed': {
    readonly promise: EventId;
    readonly to: UserKey;
    readonly what: readonly TransferPart[];
    readonly because: CloseReason;
  };

  // The same transfer, in the log of the user who gets it.

  'account.transferred': {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly did: Did;
    readonly handle: AccountHandle;
    readonly email: string | null;
    /** The account that the user had before. */
    readonly replaced?: Did;
    /** Why we had deactivated the account. */
    readonly deactivated?: 'blocked' | 'removed';
  };
  /** An account that was replaced: deactivated, with a handle and an address that are in no user's way. */
  'account.retired': { readonly did: Did };
  'handle.transferred': { readonly promise: EventId; readonly from: UserKey; readonly handle: string };
  /** These parts are not taken, and the deleted user keeps them. */
  'transfer.declined': {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly what: readonly TransferPart[];
    readonly because: DeclineReason;
  };

  /** Decisions of a person, which the next reconciliation applies. */
  /** In the log of the user who gets a transfer: what it has not taken stays with the deleted user. */
  'transfer.cancelled': Decided & {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly what: readonly TransferPart[];
  };
  /** A transfer is about to be granted to this user. Without the grant in that user's log it means nothing. */
  'transfer.promised': Decided & {
    readonly to: UserKey;
    readonly what: readonly TransferPart[];
    readonly account?: Did;
    /** The platform handle whose row moves; absent where the account only gives up its handle. */
    readonly handle?: string;
    readonly code?: Code;
  };
  'transfer.granted': Decided & {
    readonly promise: EventId;
    readonly from: UserKey;
    readonly what: readonly TransferPart[];
    readonly account?: Did;
    readonly handle?: string;
    readonly code?: Code;
    /** The account of the user that the transferred one takes the place of. */
    readonly replaces?: Did;
    /** What was shown to the person who decided. */
    readonly evidence: readonly string[];
  };
  'adoption.granted': Decided & { readonly did: Did; readonly evidence: readonly string[] };
  /** A grant that was not carried out is void. */
  'adoption.withdrawn': Decided & { readonly did: Did };
  /** Within the safety limit, or approved by a person: this user's account may be removed. */
  'removal.granted': Decided & { readonly run: EventId };
  'password-reset.granted': { readonly by: string };
  /** What was removed may be created again. `account` names the lost account that a new one replaces. */
  'restore.granted': Decided & { readonly what: readonly Removable[]; readonly account?: Did };
  /** The code that the users document has is the user's from now on. */
  'code.accepted': Decided & { readonly code: Code };
  /**
   * `concord import` found or wrote what the platform kept in older places: the code of `@handles`, and the account that
   * the users document now names. Null for what it says nothing about.
   */
  'user-document.imported': {
    readonly by: string;
    readonly code: Code | null;
    readonly record: Did | null;
  };
  'user.paused': { readonly by: string; readonly reason: string; readonly until: string | null };
  'user.resumed': Decided;
  /** Failures, refusals and quarantine are forgotten, and everything is tried once more. */
  'user.retried': Decided;
  /** A person requests a reconciliation now. It decides nothing, and resets nothing. */
  'reconcile.requested': { readonly by: string; readonly reason: string };
  'user.forgotten': { readonly by: string };

  converged: {
    readonly conditions: readonly ConditionDraft[];
    readonly actions: number;
    /** Milliseconds from the first trigger of this reconciliation to its end. */
    readonly latencyMs: number;
  };
  'converge.deferred': { readonly conditions: readonly ConditionDraft[]; readonly retryAt: string };
  'converge.failed': {
    readonly conditions: readonly ConditionDraft[];
    readonly code: string;
    /** The upstream whose answer failed the step; absent where there was none, and in older events. */
    readonly upstream?: Upstream;
    readonly message: string;
    readonly attempt: number;
    readonly retryAt: string | null;
  };
  'user.quarantined': { readonly attempts: number; readonly code: string };
  /** The configuration excludes the user, by this entry. Nothing is done until a reconciliation finds that it no longer does. */
  'user.excluded': { readonly entry: string };
  'sweep.started': { readonly users: number | null };
  /** A safety limit stopped the run before its first write of that kind. */
  'sweep.halted': {
    readonly run: EventId;
    readonly kind: 'removals' | 'renames' | 'source' | 'disappearances';
    readonly limit: number;
    readonly count: number;
    /** Of so many users. */
    readonly of: number;
    /** Those concerned: an approval covers exactly them. */
    readonly users: readonly UserKey[];
  };
  'sweep.approved': Decided & { readonly run: EventId };
  'sweep.finished': {
    readonly users: number;
    readonly drifted: number;
    /** In the listing, and not as Auth0 documents a user; absent for zero. */
    readonly unreadable?: number;
    /** In the listing, and excluded by the configuration; absent for zero. */
    readonly excluded?: number;
    /** False when the listing broke off, or was not exact: then nothing was concluded about who was not in it. */
    readonly complete: boolean;
    /** Why a listing that was read to its end was not exact. Absent where it was, or broke off. */
    readonly inexact?: InexactReason;
    readonly durationMs: number;
    /** How often it was taken up again after it had broken off. */
    readonly resumes: number;
    /** As they were found, before anything was repaired. */
    readonly totals: ResourceTotals;
    readonly situations: readonly Situation[];
    /** By the listings alone; null where they were not complete. */
    readonly orphans: { readonly documents: number; readonly accounts: number | null } | null;
  };
  /** Events of this tenant may have been missed; until the gap is closed, no account is removed. */
  'gap.opened': {
    readonly cause: GapCause;
    readonly from: string;
    /** Null while the period has not ended. */
    readonly until: string | null;
  };
  'gap.closed': { readonly gap: EventId; readonly by: 'sweep' | 'pull' };
}

export interface Share {
  readonly have: number;
  readonly of: number;
}

/** How many users have what they should have. */
export interface ResourceTotals {
  readonly verifications: Share;
  readonly users: Share;
  readonly codes: Share;
  readonly handles: Share;
  /** Of those with a verified email: the only ones who should have an account. */
  readonly accounts: Share;
  readonly waitingForEmailVerification: number;
}

/** How many users are out of sync in one resource, for one reason. */
export interface Situation {
  readonly resource: ConditionDraft['type'];
  readonly reason: string;
  readonly users: number;
}

/** A condition before it is known since when it holds. */
export type ConditionDraft = Omit<Condition, 'since' | 'event'>;

export type EventType = keyof EventData;

const eventTypes: Readonly<Record<EventType, true>> = {
  'auth0.log-received': true,
  'auth0.event-received': true,
  'auth0.user-observed': true,
  'auth0.user-absent': true,
  'auth0.user-invalid': true,
  'auth0.user-unlisted': true,
  'handle.observed': true,
  'sister.observed': true,
  'sister.named': true,
  'sister.dismissed': true,
  'subject.observed': true,
  'resource.removed': true,
  'actions.intended': true,
  'verification.recorded': true,
  'user-document.created': true,
  'code.assigned': true,
  'account.creation-intended': true,
  'account.creation-refused': true,
  'account.creation-failed': true,
  'account.creation-abandoned': true,
  'inactive-accounts.listed': true,
  'account.created': true,
  'account.record-dropped': true,
  'account.recorded': true,
  'account.remnant-deleted': true,
  'account.adopted': true,
  'account.deactivated': true,
  'account.reactivated': true,
  'account.deleted': true,
  'password.refused': true,
  'password.accepted': true,
  'password.reset': true,
  'password-reset.granted': true,
  'restore.granted': true,
  'code.accepted': true,
  'user-document.imported': true,
  'email.changed': true,
  'email.refused': true,
  'email.parking-intended': true,
  'email.parked': true,
  'transfer.promised': true,
  'transfer.granted': true,
  'transfer.declined': true,
  'transfer.cancelled': true,
  'transfer.closed': true,
  'account.transferred': true,
  'account.released': true,
  'account.retired': true,
  'handle.release-intended': true,
  'handle.returned': true,
  'handle.transferred': true,
  'code.release-intended': true,
  'code.released': true,
  'handle.changed': true,
  'handle.recorded': true,
  'handle.refused': true,
  converged: true,
  'converge.deferred': true,
  'converge.failed': true,
  'user.quarantined': true,
  'user.excluded': true,
  'adoption.granted': true,
  'adoption.withdrawn': true,
  'removal.granted': true,
  'user.paused': true,
  'user.resumed': true,
  'user.retried': true,
  'reconcile.requested': true,
  'user.forgotten': true,
  'sweep.halted': true,
  'sweep.approved': true,
  'sweep.started': true,
  'sweep.finished': true,
  'gap.opened': true,
  'gap.closed': true,
};

/** Every type there is. */
export const EVENT_TYPES: readonly EventType[] = Object.keys(eventTypes).filter(
  (type): type is EventType => type in eventTypes,
);

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

/** Dated by the clock of Auth0 or of MongoDB, and not by ours as everything else is. */
export function isReceived(event: ConcordEvent): boolean {
  if (event.type === 'resource.removed') return event.data.seenBy === 'change-stream';
  return event.type === 'auth0.log-received' || event.type === 'auth0.event-received';
}
