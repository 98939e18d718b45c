/**
 * The timers of one process. They ring while a call of this process takes long, and at no other time: a process that is
 * held up as a whole rings none, and a timer that comes late has to do no harm.
 */

interface Wait {
  readonly atMs: number;
  wake(): void;
}

/** Enough for what a timer does: one call through a port, also one that is struck. */
const MICROTASKS = 60;

export class Timers {
  #waits: readonly Wait[] = [];

  wait(atMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waits = this.#waits.filter((other) => other !== wait);
        resolve();
      };
      const wait = { atMs, wake };
      if (signal.aborted) resolve();
      else this.#waits = [...this.#waits, wait];
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** When the next one rings. */
  nextMs(): number {
    return Math.min(...this.#waits.map(({ atMs }) => atMs));
  }

  /** Rings the next one, and lets it do what it does. Only promises are waited for, so a run stays the same by its seed. */
  async ring(): Promise<void> {
    const atMs = this.nextMs();
    this.#waits.find((wait) => wait.atMs === atMs)?.wake();
    for (let left = MICROTASKS; left > 0; left -= 1) await Promise.resolve();
  }
}
