/**
 * The shape that every reconciler file has: a truth table, the types, `desired` (the desired state,
 * from the facts), `observe` (the actual state), `plan` (pure: the drift as actions, and the
 * condition of the resource) and `apply` (one action, recorded as events).
 */
import type { ConditionDraft } from '../events/condition.ts';
import type { EventData, EventType } from '../events/event.ts';
import type { Facts } from '../events/facts.ts';
import type { EventId, UserKey } from '../identity.ts';
import type { UniqueValue } from '../ports/reservations.ts';
import type { ActionNeeded } from './needs-action.ts';

/** An action that was intended, of which the log has no outcome. */
export type OpenAction = Facts['openActions'][number];

/** The plan for one resource. No actions and no `retryAt` means: nothing left to do by itself. */
export interface Plan<Action> {
  readonly actions: readonly Action[];
  readonly condition: ConditionDraft;
  /** Set when only time can resolve it: reconcile again then. */
  readonly retryAt?: Date;
  /** Something was removed by others. Until a person decides, nothing is created, recorded or renamed for this user. */
  readonly holdsUser?: true;
}

/** An outcome as a reconciler returns it; the reconciliation adds the user, the time and the causes. */
export type EventDraft = {
  [T in EventType]: { readonly type: T; readonly data: EventData[T]; readonly id?: EventId };
}[EventType];

/**
 * The result of an action. Only `applied` is counted and shown as done.
 *
 * - `applied`: it changed something in another system, or appended to the log what only the log lacked.
 * - `unchanged`: there was nothing to change any more. Where the state is the desired one, the log records it; otherwise
 *   the next observation of the user shows what is left.
 * - `refused`: another system does not accept the value, and the log records it.
 * - `reserved`: nothing was done, because another user has reserved what it takes.
 */
export type Applied = 'applied' | 'unchanged' | 'refused' | 'reserved';

/** What a reconciliation provides to `apply`. */
export interface ApplyContext {
  readonly user: UserKey;
  now(): Date;
  /** Throws LeaseLostError unless this user is still ours for the time one effect may take. Called before each effect. */
  ensureLease(): Promise<void>;
  /** Writes events to the log at once, where the next step may rest on them. */
  append(...drafts: readonly EventDraft[]): Promise<void>;
  /**
   * Keeps other users from taking these values meanwhile. Undefined where another user has one of them. `intent` is the
   * id of the event that records the intent before the effect begins, where there is one.
   */
  reserve(values: readonly UniqueValue[], intent?: EventId): Promise<Reserved | undefined>;
}

type Saying = Pick<ConditionDraft, 'type' | 'reason' | 'message'>;

// Field by field: a sweep makes five of these a user, and a spread takes several times as long.
export function inSync({ type, reason, message }: Saying): ConditionDraft {
  return { type, reason, message, status: 'True', held: false };
}

/** Out of sync, and the actions of the plan or time will resolve it. */
export function pending({ type, reason, message }: Saying): ConditionDraft {
  return { type, reason, message, status: 'False', held: false };
}

/** Out of sync, and only a person can resolve it. The message names a command that does. */
export function needsAction({ type, reason, message }: ActionNeeded): ConditionDraft {
  return { type, reason, message, status: 'False', held: true };
}

/** Something that was there is missing, and only a decision brings it back. */
export function removedByOthers(saying: ActionNeeded): Plan<never> {
  return { actions: [], condition: needsAction(saying), holdsUser: true };
}

export function unknown({ type, reason, message }: Saying): ConditionDraft {
  return { type, reason, message, status: 'Unknown', held: false };
}

/** A reservation of this reconciliation's. */
export interface Reserved {
  readonly intent: EventId;
  /** Throws UpstreamError RESERVATION_EXPIRED unless it is sure to outlast an effect that begins now. */
  ensure(): void;
  /** It is over with the reconciliation: by then the read model shows what became of it. */
  done(): void;
  /** It is over now: the values were not taken. */
  release(): Promise<void>;
}
