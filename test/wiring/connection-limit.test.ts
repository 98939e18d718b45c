import { expect, it } from 'vitest';
import { connectionLimit, descriptorLimit } from '../../src/wiring/connection-limit.ts';

it.each([
  ['a limit of 1,024 leaves room for MongoDB and the upstreams', 1_024, 896],
  ['few descriptors are shared', 120, 30],
  ['very few are enough for one connection', 2, 1],
  ['no limit of the system is one of memory', Number.MAX_SAFE_INTEGER, 4_096],
  ['an unknown limit is none', undefined, undefined],
])('%s', (_reason, descriptors, expected) => {
  expect(connectionLimit(descriptors)).toBe(expected);
});

it.each([
  ['fewer than the descriptors allow', 1_024, 100, 100],
  ['more than the descriptors allow', 1_024, 5_000, 896],
  ['more than is a limit of memory', Number.MAX_SAFE_INTEGER, 10_000, 10_000],
  ['any number where the descriptors are unknown', undefined, 5_000, 5_000],
])('what is set holds: %s', (_reason, descriptors, set, expected) => {
  expect(connectionLimit(descriptors, set)).toBe(expected);
});

it.each([
  [
    'a number',
    'Max processes  7 7 processes\nMax open files            1024                 524288               files\n',
    1_024,
  ],
  [
    'no limit',
    'Max open files            unlimited            unlimited            files',
    Number.MAX_SAFE_INTEGER,
  ],
  ['another system', 'nothing of the kind', undefined],
])('the number of descriptors is read: %s', (_reason, text, expected) => {
  expect(descriptorLimit(() => text)).toBe(expected);
});

it('the number of descriptors is unknown where there is no such file', () => {
  const missing = () => {
    throw new Error('ENOENT');
  };
  expect(descriptorLimit(missing)).toBeUndefined();
});
