/** What an entry of `exclude` excludes, and which entries are refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exclusionOf, exclusionProblem } from '../src/exclusion.ts';

const excludes = (text: string, key: string, keyPrefix = '') =>
  exclusionOf([{ text, keyPrefix }])(key) !== undefined;

describe('an entry', () => {
  it.each([
    ['guest-art', 'guest-art', true],
    ['guest-art', 'guest-arts', false],
    ['guest-*', 'guest-', true],
    ['guest-*', 'a-guest-1', false],
    ['*@example.com', 'samlp|x@example.com', true],
    ['*@example.com', '@example.com.org', false],
    ['samlp|*|kiosk-*', 'samlp|acme|kiosk-7', true],
    ['samlp|*|kiosk-*', 'samlp|kiosk-7', false],
    ['a*b*a', 'aba', true],
    ['a*b*a', 'ab', false],
    ['a*a', 'a', false],
    ['a**b', 'ab', true],
    ['a.c', 'abc', false],
  ])('%s and the key %s: %s', (text, key, expected) => {
    expect(excludes(text, key)).toBe(expected);
  });

  it('of a tenant stands behind its key prefix', () => {
    expect(excludes('auth0|1', 'sister-auth0|1', 'sister-')).toBe(true);
    expect(excludes('auth0|*', 'sister-auth0|1', 'sister-')).toBe(true);
    expect(excludes('auth0|1', 'auth0|1', 'sister-')).toBe(false);
  });

  it('is named as it is written', () => {
    const excludedBy = exclusionOf([
      { text: 'auth0|1', keyPrefix: 'sister-' },
      { text: 'guest-*', keyPrefix: '' },
    ]);
    expect([excludedBy('sister-auth0|1'), excludedBy('guest-7'), excludedBy('auth0|7')]).toEqual([
      'auth0|1',
      'guest-*',
      undefined,
    ]);
  });

  it('excludes what the regular expression for it does, whatever both are', () => {
    const short = fc.array(fc.constantFrom('a', 'b', '|', '*'), { maxLength: 7 }).map((all) => all.join(''));
    const keys = fc.array(fc.constantFrom('a', 'b', '|'), { maxLength: 9 }).map((all) => all.join(''));
    fc.assert(
      fc.property(short, keys, (text, key) => {
        const parts = text.split('*').map((part) => part.replaceAll('|', '\\|'));
        expect(excludes(text, key)).toBe(new RegExp(`^${parts.join('.*')}$`).test(key));
      }),
    );
  });
});

it.each([
  ['*', /must not be \*, which excludes every user: name a key/],
  ['**', /excludes every user/],
  ['*|*', /excludes every user/],
  ['', /must be a key or a pattern/],
  [' auth0|1', /without spaces around it/],
  ['a\u0000', /control characters/],
  ['a'.repeat(301), /at most 300 characters/],
  ['a*a*a*a*a*a*a*a*a*', /more than 8 \*/],
  [7, /must be a text/],
])('%j is refused', (entry, problem) => {
  expect(exclusionProblem(entry)).toMatch(problem);
});

it('whatever is accepted does not exclude every user', () => {
  fc.assert(
    fc.property(fc.string(), (entry) => {
      if (exclusionProblem(entry) !== undefined) return;
      const excludedBy = exclusionOf([{ text: entry, keyPrefix: '' }]);
      const keys = ['auth0|0', 'google-oauth2|1', 'samlp|\u00e9', 'sms|x y'];
      expect(keys.every((key) => excludedBy(key) !== undefined)).toBe(false);
    }),
  );
});
