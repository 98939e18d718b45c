/** Values that only one account can have, held before an effect takes them. */
import type { EventId, UserKey } from '../identity.ts';

/** What only one account can have, lower-case: an address, or a handle on the PDS. */
export interface UniqueValue {
  readonly kind: 'email' | 'handle';
  readonly value: string;
}

/** One account creation or change of a user, which will take some unique values. */
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
