/** What a mistyped name may have been meant for. */
import { expect, test } from 'vitest';
import { nearNames } from '../../../src/engine/reports/near-names.ts';

test.each([
  ['cedr', 'cedar', 'a letter left out'],
  ['ceddar', 'cedar', 'one too many'],
  ['cedae', 'cedar', 'the wrong one'],
  ['cdear', 'cedar', 'two of them swapped'],
  ['xcedar', 'cedar', 'in the first place'],
  ['cedarx', 'cedar', 'in the last place'],
  ['Cedar', 'cedar', 'a capital'],
  ['Cedr', 'cedar', 'a capital and a letter left out'],
  ['ac25babe', 'ac25babeb', 'a code cut short'],
])('%s may be %s: %s', (typed, meant) => {
  expect(nearNames(typed)).toContain(meant);
});

test('two slips are another name, and the name itself is none', () => {
  expect(nearNames('cedar')).not.toContain('cedr-x');
  expect(nearNames('cedar')).not.toContain('cedar');
  expect(nearNames('a')).not.toContain('');
});

test('a question to the database stays short, whatever is typed', () => {
  expect(nearNames('a'.repeat(40)).length).toBeLessThan(4_000);
  expect(nearNames('a'.repeat(41))).toEqual([]);
  expect(nearNames('')).toEqual([]);
});
