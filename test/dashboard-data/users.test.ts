/** Whom a search and a filter find, and what is said where somebody could not be asked. */
import { describe, expect, it } from 'vitest';
import type { UsersQuery } from '../../src/dashboard-data/answers/users.ts';
import { type UsersDeps, usersAnswer } from '../../src/dashboard-data/users.ts';
import type { AssessedTenant } from '../../src/engine/reconcile/read-side.ts';
import { UpstreamError } from '../../src/errors.ts';
import type { SubjectView } from '../../src/ports/subjects.ts';
import {
  aliceDid,
  at,
  bob,
  code,
  otherTenant,
  type Person,
  person,
  tenant,
  view,
} from '../mongo/subjects/people.ts';
import { inMemoryUserPages } from '../support/in-memory/user-pages.ts';
import { inMemoryWorkQueue } from '../support/in-memory/work-queue.ts';
import { auth0User, createWorld, type World } from '../support/in-memory/world.ts';

const alice = person('alice');
const carol = person('carol', otherTenant);

interface Desk {
  readonly world: World;
  ask(query: UsersQuery): ReturnType<typeof usersAnswer>;
  keys(query: UsersQuery): Promise<readonly string[]>;
}

/** Alice and Bob in the first tenant, of whom one is known; Carol in the second, by email alone. */
async function dashboardData(options: { readonly away?: boolean } = {}): Promise<Desk> {
  const world = createWorld();
  const { queue, subjects, stored } = inMemoryWorkQueue();
  const show = async (who: Person, changes: Partial<SubjectView>) => {
    const lease = await queue.claimUser(who, at(0), 1_000);
    if (lease === undefined) throw new Error('Somebody else is at work.');
    await queue.complete(lease, { ...view, ...changes }, at(0));
  };
  await show(alice, {});
  world.documents.users.set(alice.user, {
    code: code('ac26nobeb'),
    account: { did: aliceDid },
  });
  world.documents.handles.set(alice.user, 'cedar');
  world.documents.handles.set(bob.user, 'oak');
  world.directory.put(auth0User(alice));
  world.otherDirectory.put(auth0User(carol, { email: 'alice@example.com' }));
  world.hooks.before = ({ method }) => {
    if (method === 'usersByEmail' && options.away)
      throw new UpstreamError('Auth0 is away', { upstream: 'auth0', code: 'UNREACHABLE', retryable: true });
  };
  const directories: readonly AssessedTenant[] = [
    { id: tenant, keyPrefix: '', directory: world.directory, emailTag: undefined },
    { id: otherTenant, keyPrefix: `${otherTenant}-`, directory: world.otherDirectory, emailTag: undefined },
  ];
  const everyone = () =>
    [...stored.values()].map(({ user, tenant: of, view: shown, due }) => ({
      user,
      tenant: of,
      view: shown,
      dueAt: due?.at,
    }));
  const deps: UsersDeps = {
    ...{ pages: inMemoryUserPages(everyone), documents: world.documents, subjects, directories },
    clock: world.clock,
  };
  const ask = (query: UsersQuery) => usersAnswer(deps, query);
  return { world, ask, keys: async (query) => (await ask(query)).users.map(({ user }) => user) };
}

describe('a search', () => {
  it.each([
    ['an id', alice.user, [alice.user]],
    ['a handle', '@cedar', [alice.user]],
    ['a handle without its @', ' cedar ', [alice.user]],
    ['a code', 'ac26nobeb', [alice.user]],
    ['a DID', aliceDid, [alice.user]],
    ['an email, which is more than one user', 'alice@example.com', [alice.user, carol.user]],
    ['what nobody has', 'yew', []],
  ])('finds by %s', async (_what, search, expected) => {
    const { keys } = await dashboardData();
    expect(await keys({ search })).toEqual(expected);
  });

  it('finds somebody of whom nothing is known yet, and says so', async () => {
    const { ask, keys } = await dashboardData();
    expect((await ask({ search: '@oak' })).users).toMatchObject([
      { user: bob.user, tenant, sync: 'Unknown', health: 'Progressing', dueAt: null, troubles: [] },
    ]);
    expect(await keys({ search: '@oak', sync: 'Synced' })).toEqual([]);
    expect(await keys({ search: '@oak', tenant: otherTenant })).toEqual([]);
  });

  it('says what may have been meant', async () => {
    const { ask } = await dashboardData();
    expect(await ask({ search: 'ceder' })).toEqual({
      users: [],
      next: null,
      suggestions: ['@cedar'],
      unasked: [],
    });
  });

  it('by email finds whom the read model knows while Auth0 is away, and never nobody', async () => {
    const { ask } = await dashboardData({ away: true });
    const known = await ask({ search: 'alice@example.com' });
    expect(known.users.map(({ user }) => user)).toEqual([alice.user]);
    expect(known.unasked).toEqual([
      { tenant, code: 'UNREACHABLE' },
      { tenant: otherTenant, code: 'UNREACHABLE' },
    ]);
    await expect(ask({ search: 'mallory@example.com' })).rejects.toThrow('Auth0 is away');
  });
});

describe('a list', () => {
  it('is of those who stand so, in short', async () => {
    const { ask, keys } = await dashboardData();
    const answer = await ask({ sync: 'Synced' });
    expect(answer.users).toMatchObject([
      {
        user: alice.user,
        code: 'ac26nobeb',
        did: aliceDid,
        handle: 'alice.at.test',
        attempts: 0,
        quarantined: false,
      },
    ]);
    expect(JSON.stringify(answer)).not.toContain('@');
    expect(await keys({ sync: 'Unknown' })).toEqual([]);
    expect(await keys({ tenant: 'nobodys' })).toEqual([]);
  });

  it('goes on where the page before ended', async () => {
    const people = Array.from({ length: 120 }, (_, index) =>
      person(`user-${String(index).padStart(3, '0')}`),
    );
    const pages = inMemoryUserPages(() => people.map((who) => ({ ...who, view, dueAt: undefined })));
    const { world } = await dashboardData();
    const deps: UsersDeps = {
      ...{ pages, documents: world.documents, subjects: world.subjects, directories: [] },
      clock: world.clock,
    };
    const sizes: number[] = [];
    const seen: string[] = [];
    for (let after: string | undefined | null; after !== null; ) {
      const answer = await usersAnswer(deps, { after });
      sizes.push(answer.users.length);
      seen.push(...answer.users.map(({ user }) => user));
      after = answer.next;
    }
    expect(sizes).toEqual([50, 50, 20]);
    expect(seen).toEqual(people.map(({ user }) => user));
  });
});
