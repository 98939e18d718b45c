/** What an answer says about the quota of its upstream. */

/** What one answer reported about limits; undefined where it reported nothing usable. */
export interface Limits {
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** Milliseconds until there is more; 0 when that moment has passed. */
  readonly resetInMs: number | undefined;
  /** Milliseconds that a refused caller should wait, from `Retry-After` or else the reset. */
  readonly retryAfterMs: number | undefined;
}

/** The wait after a refusal that names none. */
export const UNNAMED_WAIT_MS = 1_000;

/** No header can stop us for longer: wrong clocks and absurd values end here. It is the PDS's longest short window. */
const MAX_STALL_MS = 300_000;

/** The longest window that is believed where no policy names one. Auth0 counts by the second and the minute. */
const DEFAULT_WINDOW_MS = 60_000;

const MIN_CLOCK_SKEW_MS = 2_000;
const MAX_CLOCK_SKEW_MS = 3_600_000;

/**
 * Reads what an answer says about limits. A reset is a moment on the upstream's clock, so it is
 * measured against the answer's own `Date` where there is one, and is never believed beyond its window.
 */
export function readLimits(headers: Headers, nowMs: number): Limits {
  const theirNowMs = theirClock(readDate(headers.get('date')), nowMs);
  const windowS = wholeNumber(/(?:^|;)\s*w=(\d+)/.exec(headers.get('ratelimit-policy') ?? '')?.[1]);
  const windowMs = windowS === undefined ? DEFAULT_WINDOW_MS : windowS * 1000;
  const resetS = wholeNumber(headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset'));
  const resetInMs =
    resetS === undefined
      ? undefined
      : Math.min(Math.max(0, resetS * 1000 - theirNowMs), windowMs, MAX_STALL_MS);
  const retryAfter = headers.get('retry-after');
  const retryAfterS = wholeNumber(retryAfter);
  const retryDateMs = retryAfterS === undefined ? readDate(retryAfter) : undefined;
  const namedMs = retryAfterS === undefined ? (retryDateMs ?? Number.NaN) - theirNowMs : retryAfterS * 1000;
  const retryAfterMs = namedMs > 0 ? Math.min(namedMs, MAX_STALL_MS) : resetInMs;
  return {
    limit: wholeNumber(headers.get('x-ratelimit-limit') ?? headers.get('ratelimit-limit')),
    remaining: wholeNumber(headers.get('x-ratelimit-remaining') ?? headers.get('ratelimit-remaining')),
    resetInMs,
    // A wait of nothing after a refusal would be an endless loop.
    retryAfterMs: retryAfterMs === 0 ? UNNAMED_WAIT_MS : retryAfterMs,
  };
}

/**
 * A `Date` has whole seconds, so it replaces our finer clock only where the two disagree by more than that. One
 * that is hours away was not set by the clock that the resets are counted on.
 */
function theirClock(dateMs: number | undefined, nowMs: number): number {
  const skewMs = Math.abs((dateMs ?? nowMs) - nowMs);
  return dateMs !== undefined && skewMs > MIN_CLOCK_SKEW_MS && skewMs < MAX_CLOCK_SKEW_MS ? dateMs : nowMs;
}

function wholeNumber(text: string | null | undefined): number | undefined {
  return text != null && /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
}

function readDate(text: string | null): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
