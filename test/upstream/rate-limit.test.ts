import { expect, test } from 'vitest';
import { readLimits } from '../../src/upstream/limits.ts';
import { RateLimiter, type RateLimiterOptions } from '../../src/upstream/rate-limit.ts';
import { settled, type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

function limiterOf(clock: VirtualClock, options: Partial<RateLimiterOptions> = {}): RateLimiter {
  return new RateLimiter({ upstream: 'auth0', clock, ...options });
}

/** Notes when each of several callers got through, in milliseconds, or why it did not. */
function callers(clock: VirtualClock, limiter: RateLimiter, count: number): (number | string)[] {
  const outcomes: (number | string)[] = [];
  for (let caller = 0; caller < count; caller += 1) {
    limiter.acquire().then(
      () => outcomes.push(clock.elapsedMs()),
      (error: { code: string }) => outcomes.push(error.code),
    );
  }
  return outcomes;
}

function inSeconds(clock: VirtualClock, seconds: number): string {
  return String(Math.floor(clock.now().getTime() / 1000) + seconds);
}

function auth0Headers(clock: VirtualClock, remaining: number | string, resetInS: number): Headers {
  return new Headers({
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': inSeconds(clock, resetInS),
  });
}

test('nothing is known at first, so everybody goes', async () => {
  const clock = virtualClock();
  const outcomes = callers(clock, limiterOf(clock), 20);
  await settled();
  expect(outcomes).toEqual(Array(20).fill(0));
});

test('the calls that are left go, and the others wait for the reset', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await limiter.acquire();
  limiter.observe({ status: 200, headers: auth0Headers(clock, 2, 3) });

  const outcomes = callers(clock, limiter, 3);
  await settled();
  expect(outcomes).toEqual([0, 0]);

  await clock.advance(3_000);
  expect(outcomes).toEqual([0, 0, 3_000]);
});

test('how much room there is can be seen, once the other side has spoken of it', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await limiter.acquire();
  expect(limiter.quota()).toEqual([]);
  const headers = auth0Headers(clock, 1, 3);
  headers.set('x-ratelimit-limit', '10');
  limiter.observe({ status: 200, headers });
  const outcomes = callers(clock, limiter, 3);
  await settled();
  const resetAt = new Date(clock.now().getTime() + 3_000);
  expect(limiter.quota()).toEqual([{ bucket: '', remaining: 0, limit: 10, resetAt, waiting: 2 }]);
  // An answer that says less takes nothing back.
  limiter.observe({ status: 200, headers: auth0Headers(clock, 5, 3) });
  await settled();
  expect(outcomes).toHaveLength(3);
  expect(limiter.quota()).toMatchObject([{ limit: 10, waiting: 0 }]);
});

test('after a reset one call finds out how many there are now', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await limiter.acquire();
  limiter.observe({ status: 200, headers: auth0Headers(clock, 0, 1) });
  const outcomes = callers(clock, limiter, 4);
  await clock.advance(1_500);
  expect(outcomes).toEqual([1_000]);

  limiter.observe({ status: 200, headers: auth0Headers(clock, 2, 1) });
  await clock.advance(0);
  expect(outcomes).toEqual([1_000, 1_500, 1_500]);
});

test('a call to find out that got no answer is followed by another', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await limiter.acquire();
  limiter.observe({ status: 200, headers: auth0Headers(clock, 0, 1) });
  const outcomes = callers(clock, limiter, 2);
  await clock.advance(1_000);
  limiter.observe({ status: 0 });
  await settled();
  expect(outcomes).toEqual([1_000, 1_000]);
});

test('calls under way are counted before the other side has counted them', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await Promise.all([limiter.acquire(), limiter.acquire(), limiter.acquire()]);
  limiter.observe({ status: 200, headers: auth0Headers(clock, 3, 1) });
  const outcomes = callers(clock, limiter, 3);
  await settled();
  expect(outcomes).toEqual([0]);
});

test('a wait that would be too long is refused at once, with its length', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await limiter.acquire();
  limiter.observe({ status: 200, headers: auth0Headers(clock, 0, 20) });
  await expect(limiter.acquire()).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    retryable: true,
    retryAfterMs: 20_000,
    effect: 'none',
    upstream: 'auth0',
  });
  expect(clock.elapsedMs()).toBe(0);
});

test('nobody is kept longer than the longest wait, wherever they stand in the line', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock, { perSecond: 1, burst: 1, maxWaitMs: 2_000 });
  const outcomes = callers(clock, limiter, 5);
  await clock.advance(2_000);
  expect(outcomes).toEqual([0, 1_000, 2_000, 'RATE_LIMITED', 'RATE_LIMITED']);
});

test('a refusal stops everybody, and an answer to an older call does not lift it', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await Promise.all([limiter.acquire(), limiter.acquire()]);
  limiter.observe({ status: 429, headers: new Headers({ 'retry-after': '2' }) });
  limiter.observe({ status: 200, headers: auth0Headers(clock, 9, 1) });
  const outcomes = callers(clock, limiter, 1);
  await clock.advance(2_000);
  expect(outcomes).toEqual([2_000]);
});

test('a ceiling of our own holds before anything is known', async () => {
  const clock = virtualClock();
  const outcomes = callers(clock, limiterOf(clock, { perSecond: 2, burst: 3 }), 6);
  await clock.advance(5_000);
  expect(outcomes).toEqual([0, 0, 0, 500, 1_000, 1_500]);
});

test('a clock that is set back neither adds calls nor loses them', async () => {
  let nowMs = 10_000;
  const clock = { now: () => new Date(nowMs), delay: async () => {}, timer: async () => {} };
  const limiter = new RateLimiter({ upstream: 'pds', clock, perSecond: 1, burst: 2, maxWaitMs: 0 });
  await limiter.acquire();
  nowMs = 0;
  await limiter.acquire();
  await expect(limiter.acquire()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1_000 });
});

test('buckets are counted apart', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock, { maxWaitMs: 0 });
  await limiter.acquire({ bucket: 'logs' });
  limiter.observe({ bucket: 'logs', status: 429, headers: new Headers() });
  await limiter.acquire({ bucket: 'users' });
  await expect(limiter.acquire({ bucket: 'logs' })).rejects.toMatchObject({ retryAfterMs: 1_000 });
});

test('a signal ends the wait and takes nothing', async () => {
  const clock = virtualClock();
  const limiter = limiterOf(clock);
  await limiter.acquire();
  limiter.observe({ status: 200, headers: auth0Headers(clock, 0, 2) });
  const stop = new AbortController();
  const stopped = expect(limiter.acquire({ signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  await settled();
  stop.abort();
  await stopped;
  const outcomes = callers(clock, limiter, 1);
  await clock.advance(2_000);
  expect(outcomes).toEqual([2_000]);
});

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const nowS = nowMs / 1000;

test.each([
  ['no headers', {}, { remaining: undefined, resetInMs: undefined, retryAfterMs: undefined }],
  [
    'Auth0',
    { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '4', 'x-ratelimit-reset': `${nowS + 7}` },
    { remaining: 4, resetInMs: 7_000, retryAfterMs: 7_000 },
  ],
  [
    'the PDS, whose policy names a longer window',
    { 'ratelimit-remaining': '0', 'ratelimit-reset': `${nowS + 200}`, 'ratelimit-policy': '100;w=300' },
    { remaining: 0, resetInMs: 200_000, retryAfterMs: 200_000 },
  ],
  [
    'a day’s window is not waited for',
    { 'ratelimit-reset': `${nowS + 80_000}`, 'ratelimit-policy': '300;w=86400' },
    { resetInMs: 300_000 },
  ],
  [
    'Retry-After goes before the reset',
    { 'retry-after': '3', 'x-ratelimit-reset': `${nowS + 30}` },
    { retryAfterMs: 3_000, resetInMs: 30_000 },
  ],
  [
    'Retry-After as a date',
    { 'retry-after': new Date(nowMs + 4_000).toUTCString() },
    { retryAfterMs: 4_000 },
  ],
  ['Retry-After of a day', { 'retry-after': '86400' }, { retryAfterMs: 300_000 }],
  ['a reset in the past', { 'x-ratelimit-reset': `${nowS - 90}` }, { resetInMs: 0, retryAfterMs: 1_000 }],
  ['a reset in milliseconds', { 'x-ratelimit-reset': `${nowMs}` }, { resetInMs: 60_000 }],
  [
    'their clock is four minutes ahead of ours, and their date says so',
    { date: new Date(nowMs + 240_000).toUTCString(), 'x-ratelimit-reset': `${nowS + 242}` },
    { resetInMs: 2_000 },
  ],
  [
    'their clock is four minutes behind ours, and their date says so',
    { date: new Date(nowMs - 240_000).toUTCString(), 'x-ratelimit-reset': `${nowS - 238}` },
    { resetInMs: 2_000 },
  ],
  [
    'their clock is ours, cut down to whole seconds',
    { date: new Date(nowMs - 1_000).toUTCString(), 'x-ratelimit-reset': `${nowS + 1}` },
    { resetInMs: 1_000 },
  ],
  [
    'a date of another day tells nothing',
    { date: new Date(nowMs - 86_400_000).toUTCString(), 'x-ratelimit-reset': `${nowS + 1}` },
    { resetInMs: 1_000 },
  ],
  [
    'their clock is four minutes ahead of ours and there is no date',
    { 'x-ratelimit-reset': `${nowS + 242}` },
    { resetInMs: 60_000 },
  ],
  [
    'nonsense',
    { 'x-ratelimit-remaining': '-3', 'x-ratelimit-reset': 'soon', 'retry-after': 'NaN', date: 'today' },
    { remaining: undefined, resetInMs: undefined, retryAfterMs: undefined },
  ],
] as const)('limits: %s', (_reason, headers, limits) => {
  expect(readLimits(new Headers(headers), nowMs)).toMatchObject(limits);
});
