/** Buckets without a break, counted once, by one question at a time, and no page that waits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HistoryAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { createHistory } from '../../src/dashboard-data/history.ts';
import type { ConcordEvent } from '../../src/events/event.ts';
import { createLogger } from '../../src/logger.ts';
import { converged } from '../mongo/log/activity.contract.ts';
import { alice, assigned, at, signedUp } from '../mongo/subjects/people.ts';
import { inMemoryActivity } from '../support/in-memory/activity.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const HOUR_S = 3_600;
const WEEK_S = 7 * 24 * HOUR_S;

/** Time begins a week after the tests' own. */
function world(options: { readonly tookMs?: number } = {}) {
  const clock = virtualClock(at(WEEK_S));
  const events: ConcordEvent[] = [];
  const { activity } = inMemoryActivity(() => events);
  const asked: { readonly from: Date; readonly until: Date }[] = [];
  let [running, most] = [0, 0];
  let isAway = false;
  const history = createHistory({
    activity: {
      activity: async (from, until, stretchMs) => {
        asked.push({ from, until });
        running += 1;
        most = Math.max(most, running);
        if (options.tookMs !== undefined) await clock.delay(options.tookMs);
        running -= 1;
        if (isAway) throw new Error('away');
        return activity(from, until, stretchMs);
      },
    },
    clock,
    logger: createLogger({ level: 'silent' }),
  });
  return {
    ...{ clock, events, history, asked },
    most: () => most,
    away: (is: boolean) => {
      isAway = is;
    },
    now: () => (clock.now().getTime() - at(0).getTime()) / 1_000,
  };
}

const total = ({ buckets }: HistoryAnswer) => buckets.reduce((all, { heard }) => all + heard, 0);

test.each([
  ['1h', 60, 60_000],
  ['6h', 72, 300_000],
  ['24h', 96, 900_000],
  ['7d', 84, 7_200_000],
] as const)('%s is %i buckets without a break, the last of which is now', async (range, count, bucketMs) => {
  const { history, clock } = world();
  await clock.advance(1_234_567);
  const answer = await history(range);
  expect(answer).toMatchObject({ range, bucketMs, asOf: clock.now().toISOString() });
  const times = answer.buckets.map((bucket) => Date.parse(bucket.at));
  expect(times).toHaveLength(count);
  for (const [index, ms] of times.entries()) expect(ms).toBe((times[0] ?? 0) + index * bucketMs);
  const sinceMs = clock.now().getTime() - (times.at(-1) ?? 0);
  expect(sinceMs).toBeGreaterThanOrEqual(0);
  expect(sinceMs).toBeLessThan(bucketMs);
});

test('a bucket says what happened in it and how long it took', async () => {
  const { history, events, now } = world();
  const then = now() - 600;
  events.push(signedUp('main:1', alice, at(then)), assigned('e-1', alice, at(then + 1)));
  for (let index = 0; index < 100; index += 1) events.push(converged(then + index / 10, (index + 1) * 100));
  const { buckets } = await history('1h');
  const bucket = buckets.find(({ converged: count }) => count > 0);
  expect(bucket).toMatchObject({
    at: at(then).toISOString(),
    heard: 1,
    effects: 1,
    failed: 0,
    converged: 100,
  });
  expect(Math.abs((bucket?.p50Ms ?? 0) - 5_000)).toBeLessThan(250);
  expect(Math.abs((bucket?.p95Ms ?? 0) - 9_500)).toBeLessThan(475);
  expect(buckets[0]).toMatchObject({ converged: 0, p50Ms: null, p95Ms: null });
});

test('what is over is counted once, and what comes late into the last minutes is in it', async () => {
  const { history, events, asked, clock, now } = world();
  await history('1h');
  const first = asked.splice(0);
  expect(first.at(-1)?.until).toEqual(new Date(clock.now().getTime() + 60_000));
  await clock.advance(30_000);
  events.push(signedUp('main:1', alice, at(now() - 100)));
  expect(total(await history('1h'))).toBe(1);
  await clock.advance(600_000);
  expect(total(await history('1h'))).toBe(1);
  // Of the hour nothing but what lay open when it was last asked for.
  for (const { from } of asked) expect(clock.now().getTime() - from.getTime()).toBeLessThan(13 * 60_000);
});

test('however it is asked for, it is what the log says', async () => {
  const asks = fc.record({
    ranges: fc.array(fc.constantFrom('1h' as const, '6h' as const, '24h' as const, '7d' as const), {
      maxLength: 4,
    }),
    written: fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 5 }),
    waitS: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 2 * WEEK_S })),
  });
  const property = fc.asyncProperty(fc.array(asks, { maxLength: 8 }), async (turns) => {
    const { history, events, clock, now } = world();
    for (const { ranges, written, waitS } of turns) {
      for (const secondsAgo of written)
        events.push(signedUp(`main:${events.length}`, alice, at(now() - secondsAgo)));
      const answers = await Promise.all(ranges.map((range) => history(range)));
      for (const answer of answers) {
        const since = Date.parse(answer.buckets[0]?.at ?? '');
        expect(total(answer)).toBe(events.filter((event) => event.at.getTime() >= since).length);
      }
      await clock.advance(waitS * 1_000 + 1_001);
    }
  });
  await fc.assert(property, { numRuns: 200 });
});

test('nobody waits for a long count, which goes on behind and one question at a time', async () => {
  const { history, clock, most, asked } = world({ tookMs: 400 });
  const all = Promise.all([history('7d'), history('24h'), history('1h'), history('7d')]);
  await clock.advance(100);
  for (const { buckets } of await all) expect(buckets).toEqual([]);
  await clock.advance(20_000);
  const counted = asked.length;
  // A day at a time, once for each length of cells, and what lies open.
  expect(counted).toBeLessThanOrEqual(7 + 1 + 1 + 4);
  const again = Promise.all([history('7d'), history('1h')]);
  await clock.advance(2_000);
  expect((await again).map(({ buckets }) => buckets.length)).toEqual([84, 60]);
  expect(most()).toBe(1);
});

test('a count that failed is told to whoever waits for it, and begun again', async () => {
  const { history, away } = world();
  away(true);
  await expect(history('24h')).rejects.toThrow('away');
  away(false);
  expect((await history('24h')).buckets).toHaveLength(96);
});
