/**
 * Limits for what may take long on a slow machine: it may take any time while it goes on, and fails when nothing has
 * happened for a while.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

/** For tests that have such a limit: none of vitest's own. */
export const WITHOUT_LIMIT = { timeout: 0 } as const;
/** Longer than any single step takes, on a machine many times slower. */
const QUIET_MS = 240_000;
const INTERVAL_MS = 25;
const WATCH_MS = 1_000;

class Watch {
  #seen: unknown;
  #changedAt = performance.now();

  /** Throws where the measure has not changed for too long. */
  note(what: string, measured: unknown): void {
    if (!isDeepStrictEqual(measured, this.#seen)) this.#changedAt = performance.now();
    this.#seen = measured;
    if (performance.now() - this.#changedAt <= QUIET_MS) return;
    throw new Error(`${what}: no progress for ${QUIET_MS / 1_000} s at ${JSON.stringify(measured)}.`);
  }
}

/** Runs `work`; `measure` gives a value that changes while it goes on, such as a number of calls. */
export async function whileProgressing<T>(measure: () => unknown, work: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const watch = new Watch();
  const watching = async (): Promise<never> => {
    for (;;) {
      watch.note('The work', measure());
      await delay(WATCH_MS, undefined, { signal: ended.signal });
    }
  };
  const stalled = watching();
  // Aborting it is how the work ends the watch.
  stalled.catch(() => undefined);
  try {
    return await Promise.race([work(), stalled]);
  } finally {
    ended.abort();
  }
}

/** Looks again and again until there is something to be seen, while the measure changes. */
export async function untilSettled<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  measure: () => Promise<unknown>,
): Promise<T> {
  const watch = new Watch();
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    watch.note(what, await measure());
    await delay(INTERVAL_MS);
  }
}
