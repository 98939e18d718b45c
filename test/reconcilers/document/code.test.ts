import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseCode } from '../../../src/identity.ts';
import {
  CODES_A_YEAR,
  codePrefix,
  drawCode,
  SHORT_CODE_TRIES,
} from '../../../src/reconcilers/document/code.ts';
import { seededRandom } from '../../support/in-memory/random.ts';

const CONSONANT = '[bcdfghjkmnprstvwxyz]';
const VOWEL = '[aeou]';
const SHORT = new RegExp(`^ac[0-9]{2}(${CONSONANT}${VOWEL}){2}${CONSONANT}$`);
const LONG = new RegExp(`^ac[0-9]{2}(${CONSONANT}${VOWEL}){3}${CONSONANT}$`);
/** What the platform's own check has always asked for. */
const PLATFORM = /^ac[0-9]{2}[a-z]{5}$/;

const signedUpAt = fc.date({
  min: new Date('2000-01-01T00:00:00Z'),
  max: new Date('2099-12-31T23:59:59Z'),
  noInvalidDate: true,
});

describe('a code', () => {
  it('has the format, whatever the draw and the date', () => {
    fc.assert(
      fc.property(fc.integer(), signedUpAt, fc.nat(SHORT_CODE_TRIES - 1), (seed, date, attempt) => {
        const code = drawCode(seededRandom(seed), date, attempt);
        expect(code).toMatch(SHORT);
        expect(code).toMatch(PLATFORM);
        expect(parseCode(code)).toBe(code);
      }),
    );
  });

  it('is longer after sixteen tries, and still a code and a label that the PDS allows', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        signedUpAt,
        fc.integer({ min: SHORT_CODE_TRIES, max: 63 }),
        (seed, date, attempt) => {
          const code = drawCode(seededRandom(seed), date, attempt);
          expect(code).toMatch(LONG);
          expect(parseCode(code)).toBe(code);
          expect(code.length).toBeLessThanOrEqual(18);
        },
      ),
    );
    expect(drawCode(seededRandom(), new Date(0), SHORT_CODE_TRIES - 1)).toHaveLength(9);
    expect(drawCode(seededRandom(), new Date(0), SHORT_CODE_TRIES)).toHaveLength(11);
  });

  it('uses every letter at every place, and no letter far more than its share', () => {
    const random = seededRandom(42);
    const draws = 20_000;
    const counts = Array.from({ length: 5 }, () => new Map<string, number>());
    for (let draw = 0; draw < draws; draw += 1) {
      const letters = drawCode(random, new Date(), 0).slice(4);
      for (const [place, count] of counts.entries()) {
        const letter = letters.charAt(place);
        count.set(letter, (count.get(letter) ?? 0) + 1);
      }
    }
    expect(counts.map((count) => count.size)).toEqual([19, 4, 19, 4, 19]);
    for (const count of counts) {
      const share = draws / count.size;
      for (const times of count.values()) expect(Math.abs(times - share) / share).toBeLessThan(0.25);
    }
    expect(19 * 4 * 19 * 4 * 19).toBe(CODES_A_YEAR);
  });
});

describe('the year of a code', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['2025-12-31T23:59:59.999Z', 'ac25', 'the last moment of a year'],
    ['2026-01-01T00:00:00.000Z', 'ac26', 'the first of the next'],
    ['2026-01-01T13:59:59.999+14:00', 'ac25', 'already the next year on Kiritimati'],
    ['2025-12-31T13:00:00.000-11:00', 'ac26', 'still the old year on Samoa'],
    ['2009-06-15T12:00:00.000Z', 'ac09', 'two digits'],
    ['2100-06-15T12:00:00.000Z', 'ac00', 'and no more'],
  ])('of %s is %s: %s', (moment, prefix) => {
    // Wherever the machine stands, and whatever year it has there.
    vi.spyOn(Date.prototype, 'getFullYear').mockReturnValue(1999);
    expect(codePrefix(new Date(moment))).toBe(prefix);
    expect(drawCode(seededRandom(), new Date(moment), 0).slice(0, 4)).toBe(prefix);
  });
});
