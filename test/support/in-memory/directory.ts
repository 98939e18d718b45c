/** An Auth0 tenant's users in memory: by id and by address at once, the list as late as a test wants it. */
import { UpstreamError } from '../../../src/errors.ts';
import type { InexactReason } from '../../../src/events/inexact.ts';
import { type Auth0UserId, parseAuth0UserId } from '../../../src/identity.ts';
import type { Auth0User, Directory, UnreadableRow } from '../../../src/ports/auth0.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { all, type Kept, saveMap, saveSet } from './kept.ts';

export interface InMemoryDirectory extends Directory, Kept {
  put(user: Auth0User): void;
  remove(id: Auth0UserId): void;
  /** Keeps the list as it is now, while reads by id go on to see every change: lists are late. */
  freezeList(): void;
  /** Keeps it no longer. */
  thawList(): void;
  listed(): readonly Auth0User[];
  /** Every user as it is now, without a call. */
  all(): readonly Auth0User[];
  /** The user as it is now, without a call. */
  get(id: Auth0UserId): Auth0User | undefined;
  /** The users, by id and as they are listed, as one text. */
  form(): string;
  /** Auth0 says from now on that this id is none of a user. */
  refuse(id: Auth0UserId): void;
  /** In every listing beside the users, and not readable there. */
  addUnreadable(row: UnreadableRow): void;
  /** From now on the listings are not exact, and leave these users out; undefined: exact. */
  lie(reason: InexactReason | undefined, without?: readonly Auth0UserId[]): void;
  isLying(): boolean;
  /** The next listing breaks off after this many pages. */
  breakListAfter(pages: number): void;
  /** From now on a listing can be read again, until they are forgotten. */
  keepListings(): void;
  forgetListings(): void;
}

export function inMemoryDirectory(hooks?: Hooks, pageSize = 100): InMemoryDirectory {
  const users = new Map<Auth0UserId, Auth0User>();
  let list: readonly Auth0User[] | undefined;
  let pagesLeft = Number.POSITIVE_INFINITY;
  let kept: Map<string, readonly Auth0User[]> | undefined;
  const unreadable: UnreadableRow[] = [];
  const refused = new Set<Auth0UserId>();
  let lie: { readonly reason: InexactReason; readonly without: readonly Auth0UserId[] } | undefined;
  const shown = (rows: readonly Auth0User[]): readonly Auth0User[] => {
    const kept = rows.filter(({ userId }) => lie?.without.includes(userId) !== true);
    return lie?.reason === 'repeated-rows' ? [...kept, ...kept.slice(-1)] : kept;
  };
  const directory: InMemoryDirectory = {
    put: (user) => void users.set(user.userId, user),
    remove: (id) => void users.delete(id),
    refuse: (id) => void refused.add(id),
    freezeList: () => {
      list = [...users.values()];
    },
    breakListAfter: (pages) => {
      pagesLeft = pages;
    },
    lie: (reason, without = []) => {
      lie = reason === undefined ? undefined : { reason, without };
    },
    isLying: () => lie !== undefined,
    addUnreadable: (row) => void unreadable.push(row),
    thawList: () => {
      list = undefined;
    },
    get: (id) => users.get(id),
    all: () => [...users.values()],
    listed: () => list ?? [...users.values()],
    save() {
      const [listBefore, pagesBefore, lieBefore] = [list, pagesLeft, lie];
      const restore = all([saveMap(users), saveSet(refused)]);
      return () => {
        restore();
        [list, pagesLeft, lie] = [listBefore, pagesBefore, lieBefore];
      };
    },
    form: () =>
      [
        [...users.values(), '|', ...(list ?? [])].map(textOf).join(),
        ...[String(pagesLeft), [...refused].join(), JSON.stringify(lie ?? null)],
      ].join('|'),
    user: async (id) => (isInvalid(id, refused) ? 'invalid' : (users.get(id) ?? 'absent')),
    // Letter by letter, as Auth0 compares addresses of some connections.
    usersByEmail: async (email) => [...users.values()].filter((user) => user.email === email),
    usersByIdentity: async (id) =>
      [...users.values()].filter(({ userId, linked = [] }) => userId === id || linked.includes(id)),
    keepListings: () => {
      kept = new Map();
    },
    forgetListings: () => kept?.clear(),
    async *everyone(again) {
      const earlier = again === undefined ? undefined : kept?.get(again);
      if (again !== undefined && earlier === undefined) throw failed('LISTING_GONE');
      const listed = earlier ?? shown(directory.listed());
      const listing = again ?? (kept === undefined ? undefined : `listing-${kept.size}`);
      if (listing !== undefined) kept?.set(listing, listed);
      if (unreadable.length > 0) yield { users: [], unreadable, listing };
      for (let from = 0; from < listed.length; from += pageSize) {
        if (pagesLeft <= 0) {
          pagesLeft = Number.POSITIVE_INFINITY;
          throw failed('LISTING_UNSTABLE');
        }
        pagesLeft -= 1;
        yield { users: listed.slice(from, from + pageSize), total: listed.length, listing };
      }
      if (lie !== undefined) yield { users: [], listing, inexact: lie.reason };
    },
    newest: async (count) => {
      const byAge = [...directory.listed()].sort(
        (a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0),
      );
      return { users: byAge.slice(0, count), unreadable };
    },
    async *changedSince(since) {
      // Of whom it cannot be told when they were created, it may have been since.
      const changed = [...users.values()].filter(
        ({ createdAt }) => createdAt === undefined || createdAt >= since,
      );
      yield { users: shown(changed), inexact: lie?.reason };
    },
  };
  return hooked('auth0', directory, CALLS.auth0, hooks);
}

/** As Auth0 does, also an id that an earlier version took for one of a user. */
function isInvalid(id: Auth0UserId, refused: ReadonlySet<Auth0UserId>): boolean {
  return refused.has(id) || parseAuth0UserId(id) === undefined;
}

function failed(code: string): UpstreamError {
  return new UpstreamError('the listing broke off', { upstream: 'auth0', code, retryable: true });
}

const texts = new WeakMap<Auth0User, string>();

function textOf(user: Auth0User | string): string {
  if (typeof user === 'string') return user;
  const text = texts.get(user) ?? JSON.stringify(user);
  texts.set(user, text);
  return text;
}
