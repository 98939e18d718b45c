/** An Auth0 tenant's users in memory: by id and by address at once, the list as late as a test wants it. */
import { UpstreamError } from '../../../src/errors.ts';
import type { Auth0UserId } from '../../../src/identity.ts';
import type { Auth0User, Directory } from '../../../src/ports.ts';
import { type Hooks, hooked } from './hooks.ts';

export interface InMemoryDirectory extends Directory {
  put(user: Auth0User): void;
  remove(id: Auth0UserId): void;
  /** Keeps the list as it is now, while reads by id go on to see every change: lists are late. */
  freezeList(): void;
  /** The next listing breaks off after this many pages. */
  breakListAfter(pages: number): void;
  /** From now on a listing can be read again, until they are forgotten. */
  keepListings(): void;
  forgetListings(): void;
}

const PAGE = 100;

export function inMemoryDirectory(hooks?: Hooks): InMemoryDirectory {
  const users = new Map<Auth0UserId, Auth0User>();
  let list: readonly Auth0User[] | undefined;
  let pagesLeft = Number.POSITIVE_INFINITY;
  let kept: Map<string, readonly Auth0User[]> | undefined;
  const directory: InMemoryDirectory = {
    put: (user) => void users.set(user.userId, user),
    remove: (id) => void users.delete(id),
    freezeList: () => {
      list = [...users.values()];
    },
    breakListAfter: (pages) => {
      pagesLeft = pages;
    },
    user: async (id) => users.get(id) ?? 'absent',
    usersByEmail: async (email) =>
      [...users.values()].filter((user) => user.email?.toLowerCase() === email.toLowerCase()),
    keepListings: () => {
      kept = new Map();
    },
    forgetListings: () => kept?.clear(),
    async *everyone(again) {
      const earlier = again === undefined ? undefined : kept?.get(again);
      if (again !== undefined && earlier === undefined) throw failed('LISTING_GONE');
      const listed = earlier ?? list ?? [...users.values()];
      const listing = again ?? (kept === undefined ? undefined : `listing-${kept.size}`);
      if (listing !== undefined) kept?.set(listing, listed);
      for (let from = 0; from < listed.length; from += PAGE) {
        if (pagesLeft <= 0) throw failed('LISTING_UNSTABLE');
        pagesLeft -= 1;
        yield { users: listed.slice(from, from + PAGE), total: listed.length, listing };
      }
    },
    async *changedSince(since) {
      yield { users: [...users.values()].filter(({ createdAt }) => createdAt >= since) };
    },
  };
  const kinds = { user: 'read', usersByEmail: 'read', everyone: 'stream', changedSince: 'stream' } as const;
  return hooked('auth0', directory, kinds, hooks);
}

function failed(code: string): UpstreamError {
  return new UpstreamError('the listing broke off', { upstream: 'auth0', code, retryable: true });
}
