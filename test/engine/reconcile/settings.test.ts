import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/engine/reconcile/settings.ts';

const backoff = { firstMs: 1_000, factor: 2, maxMs: 3_600_000, jitter: 0.2 };

describe('the wait after a failure', () => {
  it.each([
    [1, 1_000, 'the first is short'],
    [2, 2_000, 'each is longer'],
    [4, 8_000, 'by the factor'],
    [12, 2_048_000, 'up to the most'],
    [13, 3_600_000, 'and never longer than that'],
    [5_000, 3_600_000, 'also where the power is infinite'],
    [0, 1_000, 'nor shorter than the first'],
  ])('after try %i is %i ms: %s', (attempt, ms) => {
    expect(backoffMs(backoff, attempt, 0)).toBe(ms);
  });

  it('is shortened by chance, by no more than the share, so that what failed together comes back apart', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(fc.nat(40), share, share, (attempt, random, jitter) => {
        const full = backoffMs({ ...backoff, jitter: 0 }, attempt, random);
        const wait = backoffMs({ ...backoff, jitter }, attempt, random);
        expect(wait).toBeLessThanOrEqual(full);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(full * (1 - jitter)));
        expect(Number.isInteger(wait)).toBe(true);
      }),
    );
    expect(backoffMs(backoff, 1, 0.5)).toBe(900);
  });
});
