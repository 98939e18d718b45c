/**
 * The lines of the event log. Past tense; a fact from outside, or an intent or outcome of ours.
 *
 * An event is written once and never changed. `_id` is its deduplication: `tenant:log_id` for an
 * Auth0 log entry or event, a uuidv7 for everything else. `data` holds JSON values only: dates are ISO 8601
 * strings in UTC, and a foreign payload is one string, so that no key of it ever becomes a field name.
 */

import type { EventId, TenantId, UserKey } from '../identity.ts';
import type { AccountEventData } from './data/account.ts';
import type { Auth0EventData } from './data/auth0.ts';
import type { DecisionEventData } from './data/decisions.ts';
import type { DocumentEventData } from './data/documents.ts';
import type { EmailEventData } from './data/email.ts';
import type { HandleEventData } from './data/handle.ts';
import type { LinkedUserEventData } from './data/linked-users.ts';
import type { ObservationEventData } from './data/observations.ts';
import type { ReconciliationEventData } from './data/reconciliation.ts';
import type { RunEventData } from './data/runs.ts';
import type { TransferEventData } from './data/transfer.ts';

/** The data of the event types of Concord itself. */
export interface OwnEventData
  extends Auth0EventData,
    LinkedUserEventData,
    ObservationEventData,
    DocumentEventData,
    AccountEventData,
    EmailEventData,
    HandleEventData,
    TransferEventData,
    DecisionEventData,
    ReconciliationEventData,
    RunEventData {}

/** By event type. A resource with event types of its own adds them with `declare module`. */
export interface EventData extends OwnEventData {}

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
