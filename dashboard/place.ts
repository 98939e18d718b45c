/** Where one is in the dashboard, and its address. Every address can be linked to, filters and all. */

import type { Health, Sync } from '../src/dashboard-data/answers/status.ts';
import { SITUATIONS, type Situation, type UsersQuery } from '../src/dashboard-data/answers/users.ts';

export type Place =
  | { readonly page: 'overview' }
  | { readonly page: 'users'; readonly query: UsersQuery }
  | { readonly page: 'user'; readonly key: string }
  | { readonly page: 'sweeps' }
  | { readonly page: 'nowhere' };

export const SYNCS: readonly Sync[] = ['Synced', 'OutOfSync', 'Unknown'];
export const HEALTHS: readonly Health[] = ['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Deleted'];

const FILTERS = ['search', 'tenant', 'sync', 'health', 'situation', 'resource', 'reason', 'after'] as const;

export function placeOf(pathname: string, search: string): Place {
  if (pathname === '/') return { page: 'overview' };
  if (pathname === '/sweeps') return { page: 'sweeps' };
  if (pathname === '/users') return { page: 'users', query: queryOf(new URLSearchParams(search)) };
  const encoded = /^\/users\/([^/]+)$/.exec(pathname)?.[1];
  const key = encoded === undefined ? undefined : decoded(encoded);
  return key === undefined ? { page: 'nowhere' } : { page: 'user', key };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** What is no known word is left out: an old link shows more users then, and never an error. */
function queryOf(search: URLSearchParams): UsersQuery {
  const text = (name: string): string | undefined => search.get(name)?.trim() || undefined;
  const word = <T extends string>(name: string, words: readonly T[]): T | undefined =>
    words.find((each) => each === search.get(name));
  return {
    search: text('search'),
    tenant: text('tenant'),
    sync: word('sync', SYNCS),
    health: word('health', HEALTHS),
    situation: word<Situation>('situation', SITUATIONS),
    resource: text('resource'),
    reason: text('reason'),
    after: text('after'),
  };
}

/** `?sync=OutOfSync`, always in the same order, or nothing. */
export function searchOf(query: UsersQuery): string {
  const given = FILTERS.flatMap((name) => {
    const value = query[name];
    return value === undefined || value === '' ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  return given.length === 0 ? '' : `?${given.join('&')}`;
}

export function usersHref(query: UsersQuery): string {
  return `/users${searchOf(query)}`;
}

export function userHref(key: string): string {
  return `/users/${encodeURIComponent(key)}`;
}

export function titleOf(place: Place): string {
  switch (place.page) {
    case 'overview':
      return 'Overview';
    case 'users':
      return 'Users';
    case 'user':
      return place.key;
    case 'sweeps':
      return 'Sweeps';
    case 'nowhere':
      return 'Not found';
  }
}
