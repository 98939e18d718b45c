/** Randomness that is the same in every run: mulberry32 for numbers, a counter for ids. */
import { eventId } from '../../../src/identity.ts';
import type { Random } from '../../../src/ports/clock.ts';

export interface SeededOptions {
  /** No number is this large or larger, whatever is asked for: makes collisions likely. */
  readonly numbersBelow?: number;
}

export interface SeededRandom extends Random {
  /** Draws the same numbers again for each `round`, from the first one on. Ids go on: no two events have one. */
  restart(round?: number): void;
}

export function seededRandom(
  seed = 1,
  { numbersBelow = Number.POSITIVE_INFINITY }: SeededOptions = {},
): SeededRandom {
  let state = seed | 0;
  let ids = 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    restart: (round = 0) => {
      state = (seed + round) | 0;
    },
    int: (below) => Math.floor(fraction() * Math.min(below, numbersBelow)),
    id: () => {
      ids += 1;
      return eventId(`event-${String(ids).padStart(8, '0')}`);
    },
  };
}
