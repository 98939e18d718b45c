/** Every event type there is: those of Concord itself, and those that independent resources add. */
import type { EventDefinition, EventDefinitions, EventMeaning } from './definition.ts';
import type { EventOf, EventType, OwnEventData } from './event.ts';
import type { Facts } from './facts.ts';
import type { FactsDraft } from './fold-draft.ts';
import { accountEvents } from './types/account.ts';
import { accountCreationEvents } from './types/account-creation.ts';
import { auth0Events } from './types/auth0.ts';
import { decisionEvents } from './types/decisions.ts';
import { documentEvents } from './types/documents.ts';
import { emailEvents } from './types/email.ts';
import { handleEvents } from './types/handle.ts';
import { linkedUserEvents } from './types/linked-users.ts';
import { observationEvents } from './types/observations.ts';
import { reconciliationEvents } from './types/reconciliation.ts';
import { runEvents } from './types/runs.ts';
import { transferEvents } from './types/transfer.ts';

/** A type that is in no family does not compile. */
const OWN: EventDefinitions<OwnEventData> = {
  ...auth0Events,
  ...linkedUserEvents,
  ...observationEvents,
  ...documentEvents,
  ...accountCreationEvents,
  ...accountEvents,
  ...emailEvents,
  ...handleEvents,
  ...transferEvents,
  ...decisionEvents,
  ...reconciliationEvents,
  ...runEvents,
};

const definitions = new Map<string, EventDefinition<EventType>>(Object.entries(OWN));

/** Undefined for a type that only a newer version knows, whose events stay as they are. */
export function definitionOf(type: EventType): EventDefinition<EventType> | undefined {
  return definitions.get(type);
}

export function eventDefinitions(): readonly (readonly [EventType, EventDefinition<EventType>])[] {
  return [...definitions] as [EventType, EventDefinition<EventType>][];
}

export function eventTypes(): readonly EventType[] {
  return [...definitions.keys()] as EventType[];
}

/** The event types of independent resources. */
export type AddedEventType = Exclude<EventType, keyof OwnEventData>;

/** An event type of an independent resource, which sees and changes the state of that resource alone. */
export interface IndependentEvent<T extends EventType, State> extends EventMeaning<T> {
  /** Pure: returns the state after the event. */
  evolve(state: State, event: EventOf<T>): State;
}

export interface IndependentEvents<T extends EventType, State> {
  /** What is known before the first event. */
  readonly initial: State;
  readonly events: { readonly [K in T]: IndependentEvent<K, State> };
}

/**
 * Adds the event types of a resource, once, when it is defined; their data is added to `EventData` with `declare module`.
 * Its state is in `Facts.independent`. An effect ends the open actions that it follows from. Throws for a type that is
 * defined already. Returns what takes them away again, for a test that shares the modules with others.
 */
export function addEvents<T extends AddedEventType, State>(
  resource: string,
  { initial, events }: IndependentEvents<T, State>,
): () => void {
  const added = Object.entries(events) as [T, IndependentEvent<T, State>][];
  const known = added.find(([type]) => definitions.has(type));
  if (known !== undefined) throw new Error(`${resource}: the event type ${known[0]} is defined already`);
  for (const [type, definition] of added) {
    definitions.set(type, {
      ...definition,
      evolve(facts, event) {
        const { independent } = facts;
        const state = stateIn(independent, resource, initial);
        independent.set(resource, definition.evolve(state, event as EventOf<T>));
        if (definition.part === 'effect') closeActions(facts, resource, definition.follows ?? []);
      },
    } as EventDefinition<EventType>);
  }
  return () => {
    for (const [type] of added) definitions.delete(type);
  };
}

/** The state of an independent resource, which is the initial one before its first event. */
export function stateIn<State>(independent: Facts['independent'], resource: string, initial: State): State {
  return independent.has(resource) ? (independent.get(resource) as State) : initial;
}

function closeActions(facts: FactsDraft, resource: string, types: readonly string[]): void {
  facts.openActions = facts.openActions.filter(
    (action) => action.resource !== resource || !types.includes(action.type),
  );
}
