/** One answer for all who ask at about the same time. */
import { expect, test } from 'vitest';
import { sharedAnswer } from '../../src/dashboard-data/shared-answer.ts';
import { virtualClock } from '../support/virtual-clock.ts';

function world() {
  const clock = virtualClock();
  let running = 0;
  let [most, begun] = [0, 0];
  let fails = false;
  const shared = sharedAnswer(async () => {
    begun += 1;
    const answer = begun;
    running += 1;
    most = Math.max(most, running);
    await clock.delay(300);
    running -= 1;
    if (fails) throw new Error('away');
    return answer;
  }, clock);
  const ago = (ms: number) => new Date(clock.now().getTime() - ms);
  return {
    ...{ clock, shared, ago },
    counts: () => ({ begun, most }),
    fail: (does: boolean) => {
      fails = does;
    },
  };
}

test('whoever asks for what is there or under way is given that', async () => {
  const { clock, shared, ago, counts } = world();
  const first = shared.since(ago(1_000));
  await clock.advance(200);
  const second = shared.since(ago(1_000));
  await clock.advance(200);
  expect(await Promise.all([first, second, shared.since(ago(1_000))])).toEqual([1, 1, 1]);
  await clock.advance(1_000);
  const later = shared.since(ago(1_000));
  await clock.advance(300);
  expect(await later).toBe(2);
  expect(counts()).toEqual({ begun: 2, most: 1 });
});

test('whoever needs one that begins later waits for the one under way, and then all such share the next', async () => {
  const { clock, shared, ago, counts } = world();
  const first = shared.since(ago(0));
  await clock.advance(100);
  const [second, third] = [shared.since(ago(0)), shared.since(ago(50))];
  await clock.advance(600);
  expect(await Promise.all([first, second, third])).toEqual([1, 2, 2]);
  expect(counts()).toEqual({ begun: 2, most: 1 });
});

test('a failure is told to those who waited for it, and not kept', async () => {
  const { clock, shared, ago, fail } = world();
  fail(true);
  const asked = [shared.since(ago(0)), shared.since(ago(0))].map((answer) =>
    expect(answer).rejects.toThrow('away'),
  );
  await clock.advance(300);
  await Promise.all(asked);
  fail(false);
  const again = shared.since(ago(1_000));
  await clock.advance(300);
  expect(await again).toBe(2);
});

test('an answer from before the clock was set back is not taken for a young one', async () => {
  let now = new Date('2026-03-01T12:00:00Z');
  let begun = 0;
  const shared = sharedAnswer(async () => ++begun, { now: () => now });
  await shared.since(now);
  now = new Date('2026-03-01T11:00:00Z');
  expect(await shared.since(now)).toBe(2);
});
