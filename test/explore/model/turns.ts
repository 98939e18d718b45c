/**
 * Who goes on: with two workers, each call through a port is a place where another one may be let
 * go first. Which one is drawn from a seed. Only promises are used and no timers, so that the same
 * seed gives the same order, and a turn costs a microtask.
 */
export class Turns {
  readonly #parked: (() => void)[] = [];
  readonly #draw: (below: number) => number;

  constructor(draw: (below: number) => number) {
    this.#draw = draw;
  }

  /** Waits for a turn, and lets somebody else have this one. */
  park(): Promise<void> {
    return new Promise((resolve) => {
      this.#parked.push(resolve);
      this.pass();
    });
  }

  /** Waits for a turn without giving one away: for somebody who has not begun yet. */
  queue(): Promise<void> {
    return new Promise((resolve) => {
      this.#parked.push(resolve);
    });
  }

  /** Gives a turn to somebody who waits: called by whoever ends, or dies. */
  pass(): void {
    if (this.#parked.length === 0) return;
    const [next] = this.#parked.splice(this.#draw(this.#parked.length), 1);
    next?.();
  }
}

/** Numbers from a seed (mulberry32), apart from those that the engine draws. */
export function drawFrom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
