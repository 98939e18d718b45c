/**
 * Long synchronous work in slices, between which the process answers others: a loop over what others sent asks after each
 * item whether its slice is used up.
 */
import { setImmediate } from 'node:timers/promises';

/** Short enough that no other request notices it. */
const SLICE_MS = 10;

export class Slices {
  #begunAt = performance.now();

  get isUsedUp(): boolean {
    return performance.now() - this.#begunAt >= SLICE_MS;
  }

  /** Lets everything that waits run first. */
  async next(): Promise<void> {
    await setImmediate();
    this.#begunAt = performance.now();
  }
}
