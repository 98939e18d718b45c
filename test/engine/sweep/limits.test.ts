import { describe, expect, it } from 'vitest';
import { allowed, isShrunken } from '../../../src/engine/sweep/limits.ts';

describe('how many are allowed', () => {
  it.each([
    { reason: 'the share, where that is less', share: 0.05, count: 25, users: 400, gives: 20 },
    { reason: 'the count, where that is less', share: 0.05, count: 25, users: 1_000, gives: 25 },
    { reason: 'rounded down', share: 0.05, count: 25, users: 39, gives: 1 },
    { reason: 'nobody in a small tenant', share: 0.05, count: 25, users: 10, gives: 0 },
    { reason: 'nobody of nobody', share: 0.05, count: 25, users: 0, gives: 0 },
    { reason: 'nobody where the count is nothing', share: 1, count: 0, users: 1_000, gives: 0 },
    { reason: 'everybody where both say so', share: 1, count: 1_000, users: 1_000, gives: 1_000 },
  ])('$reason', ({ share, count, users, gives }) => {
    expect(allowed({ share, count }, users)).toBe(gives);
  });
});

describe('whether a listing has shrunk too far', () => {
  it.each([
    { reason: 'as many as are known', listed: 100, known: 100, gives: false },
    { reason: 'more than are known', listed: 120, known: 100, gives: false },
    { reason: 'a tenth less, which is the limit', listed: 90, known: 100, gives: false },
    { reason: 'more than a tenth less', listed: 89, known: 100, gives: true },
    { reason: 'one missing, however few there are', listed: 4, known: 5, gives: false },
    { reason: 'two missing of five', listed: 3, known: 5, gives: true },
    { reason: 'nobody where one is known', listed: 0, known: 1, gives: true },
    { reason: 'nobody where nobody is known', listed: 0, known: 0, gives: false },
  ])('$reason', ({ listed, known, gives }) => {
    expect(isShrunken({ sourceShrink: 0.1 }, listed, known)).toBe(gives);
  });

  it('an empty listing is never believed, whatever the limit', () => {
    expect(isShrunken({ sourceShrink: 1 }, 0, 3)).toBe(true);
    expect(isShrunken({ sourceShrink: 1 }, 1, 3)).toBe(false);
  });
});
