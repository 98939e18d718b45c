import type { Clock } from '../../ports.ts';

const MAX_TRIES = 10;
const WINDOW_MS = 60_000;

/** Wrong tokens, of everybody together: ten a minute. Behind a proxy, one address is as good as any other. */
export class Tries {
  readonly #clock: Pick<Clock, 'now'>;
  #failedAtMs: readonly number[] = [];

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Milliseconds until another token may be tried; 0 for now. */
  get waitMs(): number {
    const now = this.#clock.now().getTime();
    this.#failedAtMs = this.#failedAtMs.filter((at) => now - at < WINDOW_MS);
    const [oldest] = this.#failedAtMs;
    return oldest === undefined || this.#failedAtMs.length < MAX_TRIES ? 0 : oldest + WINDOW_MS - now;
  }

  fail(): void {
    this.#failedAtMs = [...this.#failedAtMs, this.#clock.now().getTime()];
  }
}
