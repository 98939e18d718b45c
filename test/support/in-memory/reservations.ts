/** Reservations in memory. */
import type { HeldValue, Reservation, Reservations, UniqueValue } from '../../../src/ports/reservations.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { type Kept, saveMap } from './kept.ts';

export interface InMemoryReservations extends Reservations, Kept {
  /** By kind and value, such as `email:alice@example.com`, for a test to look at. */
  readonly stored: Map<string, Reservation>;
}

export function reservationKey({ kind, value }: UniqueValue): string {
  return `${kind}:${value}`;
}

export function inMemoryReservations(hooks?: Hooks): InMemoryReservations {
  const stored = new Map<string, Reservation>();
  const find = (values: readonly UniqueValue[]): HeldValue[] =>
    values.flatMap((value) => {
      const by = stored.get(reservationKey(value));
      return by === undefined ? [] : { ...value, by };
    });
  const reservations: InMemoryReservations = {
    stored,
    save: () => saveMap(stored),
    find: async (values) => find(values),
    ofUser: async (user) => [...stored.values()].filter((one) => one.user === user),
    async *all() {
      const page = [...stored.values()];
      if (page.length > 0) yield page;
    },
    async reserve(values, by, over = []) {
      const held = find(values).filter(
        ({ by: { user, intent } }) => user !== by.user && !over.includes(intent),
      );
      if (held.length > 0) return held;
      for (const value of values) stored.set(reservationKey(value), by);
      return [];
    },
    async release(user, intents) {
      for (const [key, one] of stored)
        if (one.user === user && (intents === undefined || intents.includes(one.intent))) stored.delete(key);
    },
  };
  return hooked('reservations', reservations, CALLS.reservations, hooks);
}
