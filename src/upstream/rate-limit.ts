/**
 * How fast another system may be called, learnt from what it says of itself.
 *
 * Auth0 sends `x-ratelimit-limit/-remaining/-reset` and sometimes `Retry-After`; the PDS sends
 * `ratelimit-limit/-remaining/-reset/-policy`. One limiter guards one upstream. Within it a bucket is
 * a set of calls that the upstream counts together.
 */

import { type Upstream, UpstreamError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { BucketQuota } from '../ports/upstreams.ts';
import { readLimits, UNNAMED_WAIT_MS } from './limits.ts';

export interface RateLimiterOptions {
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** A ceiling of our own over all buckets, in calls per second. Default: none. */
  readonly perSecond?: number | undefined;
  /** How many calls may go at once under that ceiling. Default: `perSecond`, at least 1. */
  readonly burst?: number | undefined;
  /** Milliseconds that a call may wait for its turn before it is turned away. Default 5,000. */
  readonly maxWaitMs?: number | undefined;
}

export interface Answer {
  readonly bucket?: string | undefined;
  /** 0 when no answer came. */
  readonly status: number;
  /** Left out when no answer came, or when its limits concern something narrower than the bucket. */
  readonly headers?: Headers | undefined;
}

interface Bucket {
  /** Calls that are known to be left; undefined until an answer reports it. */
  remaining: number | undefined;
  /** How many there are in a window, by the last answer that reported it. */
  limit: number | undefined;
  resetAtMs: number;
  /** Set by a refusal: an answer to an older call, which may still arrive, does not lift it. */
  blockedUntilMs: number;
  /** Calls sent and not answered. The other side may not have counted them yet. */
  inFlight: number;
  waiting: number;
  /** One call has been let through after a reset, to learn how many there are now. */
  probing: boolean;
  /** Resolves when the caller before has left, so that callers go in the order they came. */
  turn: Promise<void>;
  /** Aborted at every answer, which wakes the caller that waits. */
  changed: AbortController;
}

const DEFAULT_MAX_WAIT_MS = 5_000;

export class RateLimiter {
  readonly #upstream: Upstream;
  readonly #clock: Clock;
  readonly #maxWaitMs: number;
  readonly #ceiling: Ceiling | undefined;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimiterOptions) {
    this.#upstream = options.upstream;
    this.#clock = options.clock;
    this.#maxWaitMs = options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS;
    this.#ceiling =
      options.perSecond === undefined
        ? undefined
        : new Ceiling(options.perSecond, options.burst ?? options.perSecond, options.clock.now().getTime());
  }

  /**
   * Takes one call, waiting for it if none is left. Each call taken is given back by one `observe`.
   * Throws RATE_LIMITED (retryable, with `retryAfterMs`) when the wait would be longer than
   * `maxWaitMs`, and ABORTED when the signal aborts; then nothing was taken.
   */
  async acquire(
    options: { readonly bucket?: string | undefined; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const bucket = this.#bucket(options.bucket);
    const latestMs = this.#nowMs() + this.#maxWaitMs;
    const before = bucket.turn;
    let leave = (): void => {};
    bucket.turn = new Promise((resolve) => {
      leave = resolve;
    });
    bucket.waiting += 1;
    await before;
    try {
      await this.#take(bucket, latestMs, options.signal);
    } finally {
      bucket.waiting -= 1;
      leave();
    }
  }

  /** Calls that are known to be left; undefined until an answer reports it. */
  remaining(bucket?: string): number | undefined {
    return this.#buckets.get(bucket ?? '')?.remaining;
  }

  /** The buckets that an answer has reported. */
  quota(): readonly BucketQuota[] {
    return [...this.#buckets].flatMap(([bucket, { remaining, limit, resetAtMs, waiting }]) =>
      remaining === undefined ? [] : [{ bucket, remaining, limit, resetAt: new Date(resetAtMs), waiting }],
    );
  }

  /** Takes note of how a call ended. Never throws, whatever the headers say. */
  observe(answer: Answer): void {
    const bucket = this.#bucket(answer.bucket);
    const nowMs = this.#nowMs();
    bucket.inFlight = Math.max(0, bucket.inFlight - 1);
    bucket.probing = false;
    const limits = answer.headers === undefined ? undefined : readLimits(answer.headers, nowMs);
    bucket.limit = limits?.limit ?? bucket.limit;
    if (limits !== undefined && answer.status === 429) {
      bucket.blockedUntilMs = nowMs + (limits.retryAfterMs ?? UNNAMED_WAIT_MS);
      bucket.remaining = 0;
      bucket.resetAtMs = bucket.blockedUntilMs;
    } else if (limits?.remaining !== undefined) {
      bucket.remaining = Math.max(0, limits.remaining - bucket.inFlight);
      bucket.resetAtMs = nowMs + (limits.resetInMs ?? UNNAMED_WAIT_MS);
    } else if (limits !== undefined) {
      bucket.remaining = undefined;
    }
    bucket.changed.abort();
    bucket.changed = new AbortController();
  }

  async #take(bucket: Bucket, latestMs: number, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (signal?.aborted) throw this.#aborted();
      const nowMs = this.#nowMs();
      const waitMs = Math.max(waitOf(bucket, nowMs), this.#ceiling?.waitMs(nowMs) ?? 0);
      if (waitMs <= 0) {
        this.#ceiling?.take();
        takeFrom(bucket);
        return;
      }
      // Where only an answer can show the quota, the remaining time is waited out.
      const known = Number.isFinite(waitMs);
      const leftMs = latestMs - nowMs;
      if (leftMs <= 0 || (known && waitMs > leftMs)) {
        throw this.#turnedAway(known ? Math.ceil(waitMs) : UNNAMED_WAIT_MS);
      }
      const wakes = [bucket.changed.signal, ...(signal === undefined ? [] : [signal])];
      await this.#clock.delay(Math.ceil(Math.min(waitMs, leftMs)), AbortSignal.any(wakes));
    }
  }

  #bucket(name = ''): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const bucket: Bucket = {
      remaining: undefined,
      limit: undefined,
      resetAtMs: 0,
      blockedUntilMs: 0,
      inFlight: 0,
      waiting: 0,
      probing: false,
      turn: Promise.resolve(),
      changed: new AbortController(),
    };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }

  #turnedAway(retryAfterMs: number): UpstreamError {
    return new UpstreamError(`The quota of ${this.#upstream} is used up for now; nothing was sent.`, {
      upstream: this.#upstream,
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterMs,
    });
  }

  #aborted(): UpstreamError {
    return new UpstreamError(`The wait for quota of ${this.#upstream} was aborted; nothing was sent.`, {
      upstream: this.#upstream,
      code: 'ABORTED',
      retryable: true,
    });
  }
}

/** Milliseconds until a call may go: 0 is now, Infinity is when an answer says so. */
function waitOf(bucket: Bucket, nowMs: number): number {
  if (bucket.blockedUntilMs > nowMs) return bucket.blockedUntilMs - nowMs;
  if (bucket.remaining === undefined || bucket.remaining > 0) return 0;
  if (bucket.resetAtMs > nowMs) return bucket.resetAtMs - nowMs;
  // A reset may have added a single call (Auth0) or all of them (PDS). One goes first to find out.
  return bucket.probing ? Number.POSITIVE_INFINITY : 0;
}

function takeFrom(bucket: Bucket): void {
  bucket.inFlight += 1;
  if (bucket.remaining === undefined) return;
  if (bucket.remaining > 0) bucket.remaining -= 1;
  else bucket.probing = true;
}

/** A plain token bucket: `burst` at once, refilled evenly. */
class Ceiling {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, burst);
    this.#tokens = this.#burst;
    this.#atMs = nowMs;
  }

  waitMs(nowMs: number): number {
    // A clock that is set back adds nothing and takes nothing.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.#perSecond) / 1000);
    this.#atMs = nowMs;
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) * 1000) / this.#perSecond;
  }

  take(): void {
    this.#tokens -= 1;
  }
}
