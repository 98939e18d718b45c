import { describe, expect, it } from 'vitest';
import { isMet } from '../../bench/claim.ts';
import {
  compare,
  compareAt,
  isVoid,
  median,
  orderOf,
  percentile,
  type Round,
  takeTurns,
} from '../../bench/measure.ts';

const round = (ours: number, against: number, control = against): Round => ({ ours, against, control });

describe('taking turns', () => {
  it('runs ours once and the other side twice in every round, and leaves the first out', async () => {
    const ran: string[] = [];
    const side = (name: string) => async () => {
      ran.push(name);
      return ran.length;
    };
    const rounds = await takeTurns({ ours: side('ours'), against: side('against') }, 4);
    expect(rounds).toHaveLength(4);
    for (let from = 0; from < ran.length; from += 3) {
      expect(ran.slice(from, from + 3).sort()).toEqual(['against', 'against', 'ours']);
    }
    expect(ran).toHaveLength(15);
    expect(Math.min(...rounds.flatMap(({ ours, against, control }) => [ours, against, control]))).toBe(4);
  });

  it('has each side in each place equally often', () => {
    const places = new Map<string, number>();
    for (let at = 0; at < 6; at += 1) {
      for (const [place, side] of orderOf(at).entries()) {
        places.set(`${side} ${place}`, (places.get(`${side} ${place}`) ?? 0) + 1);
      }
    }
    expect([...places.values()]).toEqual(Array<number>(9).fill(2));
  });

  it('ends with the error of a side that failed', async () => {
    const failing = { ours: async () => 1, against: () => Promise.reject(new Error('lost an entry')) };
    await expect(takeTurns(failing, 3)).rejects.toThrow('lost an entry');
  });
});

describe('comparing', () => {
  it('takes the median of the ratios, and not the ratio of the medians', () => {
    const result = compare([round(10, 10), round(40, 20), round(90, 30)]);
    expect(result).toMatchObject({ ours: 40, against: 20, ratio: 2, rounds: 3 });
    expect(compare([round(1, 1), round(30, 10), round(4, 8)]).ratio).toBe(1);
  });

  it('is not moved by one round that something else disturbed', () => {
    const rounds = [...Array<Round>(9).fill(round(80, 100)), round(1, 100), round(80, 1)];
    expect(compare(rounds).ratio).toBe(0.8);
  });

  it('gives the quartiles of the ratios as the spread', () => {
    expect(compare([1, 2, 3, 4, 5].map((ours) => round(ours, 1))).spread).toEqual([2, 4]);
  });

  it('holds the other side against itself', () => {
    expect(compare([round(1, 10, 11), round(1, 10, 12), round(1, 10, 20)]).control).toBe(1.2);
  });

  it('takes the slowest of both sides over all rounds', () => {
    const rounds = Array.from({ length: 101 }, (_, at) => round(2 * at + 1, at + 1));
    expect(compareAt(0.99, rounds)).toMatchObject({ ours: 199, ratio: 199 / 100, control: 1 });
  });

  it.each([
    ['a side that did nothing', round(0, 1)],
    ['a side that took no time', round(Number.POSITIVE_INFINITY, 1)],
    ['a control that is no figure', round(1, 1, Number.NaN)],
  ])('refuses %s', (_name, bad) => {
    expect(() => compare([round(1, 1), bad])).toThrow('no figure');
  });

  it('refuses to compare nothing', () => {
    expect(() => compare([])).toThrow('nothing');
  });
});

describe('percentiles', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 2, 3], 0.5, 2.5],
    [[1, 2, 3, 4, 5], 1, 5],
    [[1, 2, 3, 4, 5], 0, 1],
    [[7], 0.99, 7],
  ])('of %j at %d is %d', (figures, share, expected) => {
    expect(percentile(figures, share)).toBe(expected);
  });

  it('leave the figures in their order', () => {
    const figures = [3, 1, 2];
    expect(median(figures)).toBe(2);
    expect(figures).toEqual([3, 1, 2]);
  });
});

it.each([
  [0.92, true],
  [0.93, false],
  [1, false],
  [1.07, false],
  [1.08, true],
  [Number.NaN, true],
])('a run whose control is %d is void: %s', (control, expected) => {
  expect(isVoid(control)).toBe(expected);
});

it.each([
  [{ atLeast: 0.8 }, 0.8, true],
  [{ atLeast: 0.8 }, 0.79, false],
  [{ atMost: 2 }, 2, true],
  [{ atMost: 2 }, 2.01, false],
])('an aim of %j is met by %d: %s', (aim, ratio, expected) => {
  expect(isMet(aim, ratio)).toBe(expected);
});
