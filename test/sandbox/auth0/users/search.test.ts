import { describe, expect, it } from 'vitest';
import { matches } from '../../../../src/sandbox/auth0/users/search-match.ts';
import { parseSearch, SearchSyntaxError } from '../../../../src/sandbox/auth0/users/search-syntax.ts';

const ALICE = {
  user_id: 'auth0|alice',
  email: 'alice@example.com',
  email_verified: true,
  logins_count: 12,
  created_at: '2025-10-14T13:29:20.565Z',
  identities: [{ connection: 'Username-Password-Authentication' }, { connection: 'github' }],
  username: 'Alice',
};
const CASELESS = new Set(['email']);

describe('search', () => {
  it.each([
    ['email:"alice@example.com"', true, 'an exact value'],
    ['email:ALICE@example.com', true, 'email ignores case'],
    ['username:"alice"', false, 'other fields do not'],
    ['email:alice*', true, 'a wildcard at the end'],
    ['email:"alice*"', false, 'quotes switch wildcards off'],
    ['user_id:auth0\\|alice', true, 'an escaped character'],
    ['email_verified:true', true, 'a boolean'],
    ['blocked:false', false, 'a missing field has no value, also not false'],
    ['NOT blocked:true', true, 'negation'],
    ['-email_verified:true', false, 'negation by a minus'],
    ['_exists_:username', true, 'existence'],
    ['_exists_:blocked', false, 'absence'],
    ['identities.connection:"github"', true, 'any member of a list'],
    ['logins_count:[10 TO *]', true, 'a number in a range'],
    ['logins_count:{12 TO 20]', false, 'a number outside one'],
    ['created_at:[2025-10-14 TO *]', true, 'from the beginning of a day'],
    ['created_at:{2025-10-14 TO *]', false, 'after the end of a day'],
    ['created_at:[* TO 2025-10-14]', true, 'up to the end of a day'],
    ['created_at:[* TO 2025-10-14}', false, 'before the beginning of a day'],
    [
      'created_at:[2025-10-14T13:29:20.565Z TO 2025-10-14T13:29:20.565Z]',
      true,
      'inclusive to the millisecond',
    ],
    ['created_at:{2025-10-14T13:29:20.565Z TO *]', false, 'exclusive to the millisecond'],
    ['created_at:["2025-10-14T13:29:20.565Z" TO "2025-10-15"}', true, 'quoted bounds'],
    ['created_at:[2025 TO 2026}', true, 'a year'],
    ['username:[2025 TO *]', false, 'text is in no range'],
    ['email_verified:false OR email:alice*', true, 'either'],
    ['email_verified:false AND (email:alice* OR email:bob*)', false, 'both, with brackets'],
    ['username:(Bob OR Alice)', true, 'a group of values'],
  ])('%s: %s (%s)', (query, expected) => {
    expect(matches(parseSearch(query), ALICE, CASELESS)).toBe(expected);
  });

  it.each([
    'created_at:[',
    'alice',
    'email:',
    '(email:a',
    'email:a email:b',
    'AND email:a',
    'created_at:[2025 TO]',
    'created_at:[soon TO *]',
  ])('refuses %s', (query) => {
    expect(() => parseSearch(query)).toThrow(SearchSyntaxError);
  });
});
