import { expect, it } from 'vitest';
import { dropsRecord, isLeftAfter, limitOf, RESOURCES, SHARING } from '../../src/reconcilers/registry.ts';

it('lists a resource after those whose failures leave it undone', () => {
  const waits = SHARING.flatMap(({ name, after = [] }) => after.map((before) => ({ name, before })));
  expect(waits).toEqual([{ name: 'account', before: 'user-document' }]);
  for (const { name, before } of waits)
    expect(RESOURCES.indexOf(before)).toBeLessThan(RESOURCES.indexOf(name));
  expect(isLeftAfter('account', 'user-document')).toBe(true);
  expect(isLeftAfter('handle', 'user-document')).toBe(false);
  expect(isLeftAfter('account', 'auth0')).toBe(false);
});

it('counts what takes an account away from its user as a removal, and not what a block suspends', () => {
  const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as never;
  const deactivate = { resource: 'account', type: 'deactivate-account', did } as const;
  expect(limitOf({ ...deactivate, because: 'removed' })).toBe('removals');
  expect(limitOf({ ...deactivate, because: 'blocked' })).toBeUndefined();
  expect(limitOf({ resource: 'account', type: 'delete-account', did })).toBe('removals');
  expect(limitOf({ resource: 'account', type: 'delete-remnant', did })).toBeUndefined();
});

it('knows the steps that take the account out of the users document, also by the words of an old log', () => {
  const types = SHARING.flatMap(({ actions }) => Object.keys(actions));
  expect(types.filter(dropsRecord).sort()).toEqual([
    'delete-account',
    'delete-remnant',
    'drop-account-record',
  ]);
  expect(['release-account', 'a-step-of-before'].map(dropsRecord)).toEqual([true, false]);
});
