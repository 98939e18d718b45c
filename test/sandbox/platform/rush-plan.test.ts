import { expect, test } from 'vitest';
import { middleOfLeaving, planRush } from '../../../src/sandbox/platform/rush-plan.ts';

const SIZE = { people: 20, leaving: 10, seed: 1 };

test('the same seed plans the same rush, and another seed another one', () => {
  expect(planRush(SIZE)).toEqual(planRush(SIZE));
  expect(planRush({ ...SIZE, seed: 2 })).not.toEqual(planRush(SIZE));
});

test('as many leave as were asked for, but not more than there are', () => {
  const leavers = (size: typeof SIZE) => planRush(size).filter(({ leaves }) => leaves !== undefined).length;
  expect(leavers(SIZE)).toBe(10);
  expect(leavers({ ...SIZE, leaving: 0 })).toBe(0);
  expect(leavers({ ...SIZE, people: 5, leaving: 50 })).toBe(5);
});

test('both ways of leaving occur, with and without the users document, and each step has a pause', () => {
  const leaving = planRush({ people: 200, leaving: 200, seed: 3 }).flatMap(({ leaves }) => leaves ?? []);
  const ways = new Set(
    leaving.map((one) => (one.how === 'erasure' ? `erasure, document ${one.userDocument}` : one.how)),
  );
  expect([...ways].sort()).toEqual(['erasure, document goes', 'erasure, document stays', 'purge']);
  // A purge has six steps, of which the grace period is the first pause.
  const pauses = { 'erasure, document goes': 5, 'erasure, document stays': 4, purge: 4 };
  for (const one of leaving) {
    const way = one.how === 'erasure' ? (`erasure, document ${one.userDocument}` as const) : one.how;
    expect(one.pausesMs).toHaveLength(pauses[way]);
  }
});

test('the engine is killed while people leave', () => {
  const plan = planRush(SIZE);
  const begin = plan.flatMap(({ signsUpAfterMs, handlerAfterMs, verifiesAfterMs, leaves }) =>
    leaves === undefined ? [] : [signsUpAfterMs + handlerAfterMs + verifiesAfterMs + leaves.afterMs],
  );
  const middle = middleOfLeaving(plan);
  expect(begin.filter((ms) => ms < middle)).toHaveLength(5);
  expect(middleOfLeaving(planRush({ ...SIZE, leaving: 0 }))).toBeGreaterThan(0);
});
