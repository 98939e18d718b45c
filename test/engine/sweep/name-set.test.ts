import { expect, it } from 'vitest';
import { NameSet } from '../../../src/engine/sweep/listings/name-set.ts';

const names = Array.from({ length: 150_000 }, (_, at) => `auth0|${at}`);

it('has what was added, and nothing else, before and after it grows', () => {
  const set = new NameSet();
  for (const name of names.slice(0, 70_000)) set.add(name);
  expect(names.filter((name) => set.has(name))).toEqual(names.slice(0, 70_000));
  for (const name of names.slice(70_000)) set.add(name);
  expect(names.every((name) => set.has(name))).toBe(true);
  expect(names.some((name) => set.has(`${name}x`))).toBe(false);
});

it('counts a name once, and gives each a place of its own', () => {
  const set = new NameSet();
  for (const name of [...names, ...names.slice(0, 1_000)]) set.add(name);
  expect(set.size).toBe(names.length);
  expect(new Set(names.map((name) => set.indexOf(name))).size).toBe(names.length);
  expect(set.indexOf('auth0|nobody')).toBe(-1);
});

it('of nothing has nothing', () => {
  expect(new NameSet().has('auth0|0')).toBe(false);
  expect(new NameSet().size).toBe(0);
});
