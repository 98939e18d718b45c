import { describe, expect, it } from 'vitest';
import {
  type Deliveries,
  delivered,
  formatDeliveries,
  parseDeliveries,
  patienceMs,
} from '../../../src/engine/intake/silence.ts';
import { at } from '../../mongo/subjects/people.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SETTINGS = { leastMs: HOUR, mostMs: DAY };

/** Deliveries at these seconds of the test's time. */
function heard(...seconds: readonly number[]): Deliveries {
  const [first = 0, ...others] = seconds;
  return others.reduce((before, second) => delivered(before, at(second)), delivered(undefined, at(first)));
}

function pausing(...hours: readonly number[]): Deliveries {
  const pauses = new Map(
    hours.map((each, day) => [`2026-01-${String(day + 1).padStart(2, '0')}`, each * HOUR]),
  );
  return { last: at(0), pauses };
}

describe('how long a stream may be silent', () => {
  it.each([
    { reason: 'nothing is known of its past', of: pausing(), ms: DAY },
    { reason: 'two days are no past', of: pausing(1, 1), ms: DAY },
    { reason: 'twice as long as it usually is', of: pausing(3, 3, 3, 3, 3), ms: 6 * HOUR },
    { reason: 'one day of trouble teaches nothing', of: pausing(3, 3, 3, 3, 20), ms: 6 * HOUR },
    { reason: 'two quiet days a week do', of: pausing(2, 2, 2, 2, 2, 9, 9), ms: 18 * HOUR },
    { reason: 'busy as it is, nobody wants to know of less', of: pausing(0.1, 0.1, 0.1), ms: HOUR },
    { reason: 'a day, at the latest', of: pausing(20, 20, 20), ms: DAY },
  ])('$reason', ({ of, ms }) => {
    expect(patienceMs(of, SETTINGS)).toBe(ms);
  });
});

describe('what is kept of deliveries', () => {
  it('is the longest pause of each day', () => {
    const { last, pauses } = heard(0, 60, 660, 700, 86_400 + 60);
    expect(last).toEqual(at(86_460));
    expect([...pauses]).toEqual([
      ['2026-01-01', 600_000],
      ['2026-01-02', 85_760_000],
    ]);
  });

  it('does not go back with a clock that does', () => {
    expect(heard(100, 50)).toEqual(heard(100));
  });

  it('is four weeks', () => {
    const days = Array.from({ length: 40 }, (_, day) => day * 86_400);
    expect([...heard(...days).pauses.keys()].slice(-1)).toEqual(['2026-02-09']);
    expect(heard(...days).pauses.size).toBe(28);
  });

  it('is read as it was written, and learned anew where it was not', () => {
    const known = heard(0, 60, 86_460);
    expect(parseDeliveries(formatDeliveries(known))).toEqual(known);
    for (const text of [undefined, '', '{}', '{"last":"yesterday","pauses":{}}'])
      expect(parseDeliveries(text)).toBeUndefined();
  });
});
