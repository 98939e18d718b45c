/**
 * What an event type means: everything that the readers of the log do with an event of it.
 *
 * No member has a default, but for `follows`: a new event type does not compile until it is decided what it changes in
 * the facts of a user, what in it is personal, and where it may name others.
 */
import type { EventData, EventOf, EventType } from './event.ts';
import type { FactsDraft } from './fold-draft.ts';
import type { Pseudonyms } from './pseudonyms.ts';

/** What an event is in a chain of causes. */
export type Part =
  /** Another system reported something about the user. */
  | 'heard'
  /** Something outside was read, and was new. */
  | 'learned'
  /** A person decided it, or a sweep within its limit. */
  | 'decided'
  | 'intended'
  /** On the way to an effect: an intent of its own, or a refusal. */
  | 'step'
  /** Something was changed in a document or an account. */
  | 'effect'
  /** How a reconciliation ended. */
  | 'end'
  /** Of a sweep or a gap, and of no single user. */
  | 'run';

/** Where an event of another user, or of none, may name a person: what `export` searches and `forget` blanks. */
export interface Mention {
  /** The field below `data`; of an array of objects, the field of each. */
  readonly field: string;
  /**
   * `payload`: text from outside, with an id of the tenant, or with an address where the event is no user's: an address
   * may be another living user's too, whose own entries are not this person's.
   * `text`: text that we or people wrote, with the id or an address. `key` and `id`: exactly that, or a list of it.
   */
  readonly names: 'payload' | 'text' | 'key' | 'id';
  /**
   * What `forget` sets. Absent where the mention stays, because a key identifies no person without other data, and
   * says why something happened to the other user.
   */
  readonly blank?: Readonly<Record<string, string | null>>;
}

export interface EventMeaning<T extends EventType> {
  readonly part: Part;
  /** The actions that may have caused it, where it is an effect or a step on the way to one. */
  readonly follows?: readonly string[];
  /**
   * The gist in a few words, for a list of events: no address, and no payload. What a person gave as the reason of a
   * decision is shown as it was given.
   */
  summary(data: EventData[T]): string;
  /** The data without what is personal in it. Blank data comes back equal, so that blanking may be repeated. */
  blank(data: EventData[T]): EventData[T];
  readonly mentions: readonly Mention[];
  /** The data under other names. Words of a fixed set stay; a raw payload is left out. */
  pseudonymise(data: EventData[T], as: Pseudonyms): EventData[T];
}

export interface EventDefinition<T extends EventType> extends EventMeaning<T> {
  /** Changes what is known of the user. */
  evolve(facts: FactsDraft, event: EventOf<T>): void;
}

/** Of every type of a family, by the interface that has their data. */
export type EventDefinitions<Family> = {
  readonly [T in keyof Family & EventType]: EventDefinition<T>;
};

export function defineEvents<Family>(definitions: EventDefinitions<Family>): EventDefinitions<Family> {
  return definitions;
}
