import { expect, test } from 'vitest';
import { formatDuration, formatRelative } from '../../src/terminal/duration.ts';

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

test.each([
  [0, '0 ms'],
  [-5, '0 ms'],
  [0.4, '0 ms'],
  [820, '820 ms'],
  [999.6, '1 s'],
  [1000, '1 s'],
  [3210, '3.2 s'],
  [9960, '10 s'],
  [42_400, '42 s'],
  [59_600, '1 min'],
  [4 * MIN + 10 * S, '4 min 10 s'],
  [59 * MIN + 59.9 * S, '1 h'],
  [2 * H + 5 * MIN + 29 * S, '2 h 5 min'],
  [23 * H + 59 * MIN + 59 * S, '23 h 59 min'],
  [3 * D + 4 * H, '3 d 4 h'],
  [400 * D, '400 d'],
  [Number.NaN, 'unknown'],
  [Number.POSITIVE_INFINITY, 'unknown'],
])('%d ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [0, 'just now'],
  [999, 'just now'],
  [-999, 'just now'],
  [42 * S, '42 s ago'],
  [119 * S, '1 min ago'],
  [2 * MIN, '2 min ago'],
  [5 * H + 59 * MIN, '5 h ago'],
  [8 * D, '8 d ago'],
  [-3 * MIN, 'in 3 min'],
  [Number.NaN, 'unknown'],
])('%d ms before now is %s', (ms, text) => {
  const now = new Date('2025-11-22T12:00:00Z');
  expect(formatRelative(new Date(now.getTime() - ms), now)).toBe(text);
});
