import type { DatabaseClock } from '../../../src/ports/clock.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';

/** A clock of the database that agrees with ours, until a test changes it. */
export interface InMemoryDatabaseClock extends DatabaseClock {
  /** Milliseconds by which ours is ahead of it. */
  oursAheadMs: number;
}

export function inMemoryDatabaseClock(hooks?: Hooks): InMemoryDatabaseClock {
  const clock: InMemoryDatabaseClock = { oursAheadMs: 0, aheadMs: async () => clock.oursAheadMs };
  return hooked('databaseClock', clock, CALLS.databaseClock, hooks);
}
