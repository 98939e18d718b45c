/**
 * The lines of the event log. Past tense; a fact from outside, or an intent or outcome of ours.
 *
 * An event is written once and never changed. `_id` is its deduplication: `tenant:log_id` for an
 * Auth0 log entry or event, a uuidv7 for everything else. `data` holds JSON values only: dates are ISO 8601
 * strings in UTC, and a foreign payload is one string, so that no key of it ever becomes a field name.
 */

import type { EventId, TenantId, UserKey } from '../identity.ts';
import type { AccountEventData } from './data/account.ts';
import type { AccountCreationEventData } from './data/account-creation.ts';
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
    AccountCreationEventData,
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

/** What Auth0 sent, as it came. Every other event is ours. */
export const RECEIVED_TYPES = [
  'auth0.log-received',
  'auth0.event-received',
] as const satisfies readonly EventType[];

export type ReceivedEvent = Extract<ConcordEvent, { readonly type: (typeof RECEIVED_TYPES)[number] }>;

export function isReceivedEvent(event: ConcordEvent): event is ReceivedEvent {
  return RECEIVED_TYPES.some((type) => type === event.type);
}

/** By the clock of Auth0 or of MongoDB, and not by ours as everything else is. */
export function isDatedByOthers(event: ConcordEvent): boolean {
  if (event.type === 'resource.removed') return event.data.seenBy === 'change-stream';
  return isReceivedEvent(event);
}
