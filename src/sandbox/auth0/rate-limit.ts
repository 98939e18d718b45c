import type { Clock } from './clock.ts';

export interface RateLimit {
  readonly requestsPerSecond: number;
  /** How many requests may come at once when the bucket is full. */
  readonly burst: number;
}

export interface Admission {
  readonly admitted: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** When tokens are next added, epoch seconds, rounded up. */
  readonly resetS: number;
}

/** Auth0's token bucket: one for the whole Management API, refilled steadily. */
export class TokenBucket {
  #limit: RateLimit;
  readonly #clock: Clock;
  #tokens: number;
  #filledAtMs: number;

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#tokens = limit.burst;
    this.#filledAtMs = clock().getTime();
  }

  change(limit: RateLimit, left: number): void {
    this.#limit = limit;
    this.#tokens = left;
    this.#filledAtMs = this.#clock().getTime();
  }

  take(): Admission {
    const { requestsPerSecond, burst } = this.#limit;
    const nowMs = this.#clock().getTime();
    // A clock that was set back adds nothing, and takes nothing away.
    const elapsedS = Math.max(0, nowMs - this.#filledAtMs) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + elapsedS * requestsPerSecond);
    this.#filledAtMs = nowMs;
    const admitted = this.#tokens >= 1;
    if (admitted) this.#tokens -= 1;
    const untilNextMs = ((1 - (this.#tokens % 1)) / requestsPerSecond) * 1000;
    return {
      admitted,
      limit: burst,
      remaining: Math.floor(this.#tokens),
      resetS: Math.ceil((nowMs + untilNextMs) / 1000),
    };
  }
}
