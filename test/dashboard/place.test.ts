import { expect, test } from 'vitest';
import { placeOf, searchOf, titleOf, userHref, usersHref } from '../../dashboard/place.ts';

const NOTHING = {
  search: undefined,
  tenant: undefined,
  sync: undefined,
  health: undefined,
  situation: undefined,
  resource: undefined,
  reason: undefined,
  after: undefined,
};

test.each([
  ['/', '', { page: 'overview' }],
  ['/sweeps', '', { page: 'sweeps' }],
  ['/users', '', { page: 'users', query: NOTHING }],
  [
    '/users',
    '?sync=OutOfSync&resource=account&reason=EmailTaken',
    {
      page: 'users',
      query: { ...NOTHING, sync: 'OutOfSync', resource: 'account', reason: 'EmailTaken' },
    },
  ],
  ['/users', '?search=%20@alice%20', { page: 'users', query: { ...NOTHING, search: '@alice' } }],
  ['/users', '?sync=Fine&situation=lost&search=', { page: 'users', query: NOTHING }],
  ['/users/auth0%7Calice', '', { page: 'user', key: 'auth0|alice' }],
  ['/users/eu%3Aauth0%7Ca%2Fb', '', { page: 'user', key: 'eu:auth0|a/b' }],
  ['/users/%E0%A4%A', '', { page: 'nowhere' }],
  ['/users/', '', { page: 'nowhere' }],
  ['/users/a/b', '', { page: 'nowhere' }],
  ['/elsewhere', '', { page: 'nowhere' }],
])('%s%s', (pathname, search, place) => {
  expect(placeOf(pathname, search)).toEqual(place);
});

test('an address leads back to what it was made of', () => {
  const query = { search: 'a b&c', situation: 'backing-off', after: 'auth0|é/?#' } as const;
  const { pathname, search } = new URL(usersHref(query), 'http://desk');
  expect(placeOf(pathname, search)).toEqual({ page: 'users', query: { ...NOTHING, ...query } });

  const user = new URL(userHref('auth0|é/?#%'), 'http://desk');
  expect(placeOf(user.pathname, user.search)).toEqual({ page: 'user', key: 'auth0|é/?#%' });
});

test('what is not asked for is not in the address', () => {
  expect(searchOf({})).toBe('');
  expect(searchOf({ search: '', tenant: undefined })).toBe('');
  expect(searchOf({ after: 'x', sync: 'Synced' })).toBe('?sync=Synced&after=x');
});

test('a page is called by what it shows', () => {
  expect(titleOf(placeOf('/users/auth0%7Calice', ''))).toBe('auth0|alice');
  expect(titleOf(placeOf('/', ''))).toBe('Overview');
});
