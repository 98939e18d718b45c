/** Many users looked at in batches: the same findings as one by one, at a fraction of the calls. */
import { describe, expect, it } from 'vitest';
import { assess, isDrifted } from '../../../src/engine/sweep/assess.ts';
import type { Assessment } from '../../../src/engine/sweep/assessment.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { Did } from '../../../src/identity.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import { bobDid, handle, type Person, person } from '../../mongo/subjects/people.ts';
import {
  accountOf,
  countCalls,
  DAY,
  mainTenant,
  nameOf,
  populate,
  sweepDeps,
  sweepOnce,
} from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  choose,
  codeHandleOf,
  createWorld,
  reconcileUser,
  type World,
} from '../../support/in-memory/world.ts';

function look(world: World, users: readonly Auth0User[], depth: 'batch' | 'full'): Promise<Assessment[]> {
  return assess(sweepDeps(world), mainTenant(world), users, world.clock.now(), depth);
}

/** Ways in which one user comes to differ, or seems to until the last pass is asked. */
const CASES: readonly {
  readonly reason: string;
  readonly drifts: boolean;
  readonly happen: (world: World, who: Person) => unknown;
}[] = [
  { reason: 'nothing happened', drifts: false, happen: () => undefined },
  {
    reason: 'no verification',
    drifts: true,
    happen: ({ documents }, { user }) => void documents.verifications.delete(user),
  },
  {
    reason: 'no users document',
    drifts: true,
    happen: ({ documents }, { user }) => void documents.users.delete(user),
  },
  { reason: 'another handle chosen', drifts: true, happen: (world, who) => choose(world, who, 'another') },
  {
    reason: 'another address in Auth0',
    drifts: true,
    happen: ({ directory }, who) => directory.put(auth0User(who, { email: 'new@example.com' })),
  },
  {
    reason: 'an account that is gone from the PDS',
    drifts: true,
    happen: (world, who) => {
      const did = accountOf(world, who)?.did;
      if (did !== undefined) world.accounts.stored.delete(did);
    },
  },
  {
    reason: 'an account that somebody deactivated',
    drifts: true,
    happen: (world, who) => {
      const did = accountOf(world, who)?.did;
      if (did !== undefined) world.accounts.change(did, { status: 'deactivated' });
    },
  },
  {
    reason: 'a users document that names another account than the log',
    drifts: true,
    happen: ({ documents, accounts }, { user }) => {
      accounts.put({ did: bobDid, handle: handle('bob'), email: 'bob@example.com' });
      const found = documents.users.get(user);
      documents.users.set(user, { ...found, account: { ...found?.account, did: bobDid } });
    },
  },
  {
    reason: 'a handle that an account of nobody has, so that the code is used',
    drifts: false,
    happen: takenByNobody,
  },
  {
    reason: 'the same, and the handle is free again after a while',
    drifts: true,
    happen: async (world, who) => {
      const holder = await takenByNobody(world, who);
      world.accounts.stored.delete(holder);
      await world.clock.advance(2 * DAY);
    },
  },
  {
    reason: 'the same, and another handle was chosen since',
    drifts: true,
    happen: async (world, who) => {
      await takenByNobody(world, who);
      choose(world, who, 'another');
    },
  },
  {
    reason: 'the same, and the account was renamed by hand since',
    drifts: true,
    happen: async (world, who) => {
      await takenByNobody(world, who);
      const did = accountOf(world, who)?.did;
      if (did !== undefined) world.accounts.change(did, { handle: handle('by-hand') });
    },
  },
  {
    reason: 'a handle that comes to the same as the one of another user',
    drifts: false,
    happen: async (world, who) => {
      const other = person('dotted');
      for (const [name, each] of [
        ['a.b', other],
        ['a_b', who],
      ] as const) {
        world.directory.put(auth0User(each));
        choose(world, each, name);
        await reconcileUser(world, each);
      }
      expect(accountOf(world, who)?.handle).toBe(codeHandleOf(world, who));
    },
  },
  {
    reason: 'a handle that the PDS does not allow',
    drifts: false,
    happen: async (world, who) => {
      choose(world, who, 'music');
      await reconcileUser(world, who);
      expect(accountOf(world, who)?.handle).toBe(codeHandleOf(world, who));
    },
  },
  {
    reason: 'a handle that is taken, and something else as well',
    drifts: true,
    happen: async (world, who) => {
      await takenByNobody(world, who);
      world.documents.verifications.delete(who.user);
    },
  },
  {
    reason: 'blocked, and reported',
    drifts: false,
    happen: ({ directory }, who) => directory.put(auth0User(who, { blocked: true })),
  },
  {
    reason: 'an address that is not verified any more',
    drifts: false,
    happen: ({ directory }, who) => directory.put(auth0User(who, { emailVerified: false })),
  },
  {
    reason: 'an account deactivated by us, of somebody who is blocked',
    drifts: false,
    happen: async (world, who) => {
      const did = accountOf(world, who)?.did;
      if (did !== undefined) world.accounts.change(did, { status: 'deactivated' });
      world.directory.put(auth0User(who, { blocked: true }));
    },
  },
];

async function takenByNobody(world: World, who: Person): Promise<Did> {
  const holder = world.accounts.put({ handle: handle('taken'), email: 'bob@example.com' });
  choose(world, who, 'taken');
  await reconcileUser(world, who);
  expect(accountOf(world, who)?.handle).toBe(codeHandleOf(world, who));
  return holder;
}

describe('a batch and a closer look', () => {
  it.each(CASES)('agree: $reason', async ({ drifts, happen }) => {
    const world = createWorld();
    const people = await populate(world, 3);
    const [who] = people;
    if (who === undefined) throw new Error('Nobody is there.');
    await happen(world, who);
    const users = (await Promise.all(people.map(({ userId }) => world.directory.user(userId)))).flatMap(
      (user) => (typeof user === 'object' ? user : []),
    );

    const batch = await look(world, users, 'batch');
    const full = await look(world, users, 'full');

    expect(batch.map(({ user }) => user)).toEqual(people.map(({ user }) => user));
    expect(batch.map(isDrifted)).toEqual([drifts, false, false]);
    expect(full.map(isDrifted)).toEqual([drifts, false, false]);
    // What a pass does is what the closer look had planned.
    const before = full[0]?.view.actions.map(({ type }) => type);
    expect((await reconcileUser(world, who)).applied.map(({ type }) => type)).toEqual(before);
  });

  it('of a user who is blocked and whose account is active, where that is to be deactivated', async () => {
    const world = createWorld({ policy: { blocked: 'deactivate' } });
    const [who] = await populate(world, 1);
    if (who === undefined) throw new Error('Nobody is there.');
    const user = auth0User(who, { blocked: true });
    for (const depth of ['batch', 'full'] as const) {
      const [assessment] = await look(world, [user], depth);
      expect(assessment?.view.actions.map(({ type }) => type)).toEqual(['deactivate-account']);
    }
  });

  it('of users whose accounts cannot be read say unknown, and plan nothing for them', async () => {
    const world = createWorld();
    const people = await populate(world, 3);
    world.hooks.before = ({ port }) => {
      if (port !== 'accounts') return;
      throw new UpstreamError('out of reach', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
    };
    for (const depth of ['batch', 'full'] as const) {
      const found = await look(
        world,
        people.map((who) => auth0User(who)),
        depth,
      );
      for (const { view } of found) {
        expect(view.actions).toEqual([]);
        expect(view.conditions.filter(({ status }) => status === 'Unknown').map(({ type }) => type)).toEqual([
          'account',
          'email',
          'handle',
        ]);
      }
    }
  });

  it('do not go on when the documents cannot be read', async () => {
    const world = createWorld();
    const [who] = await populate(world, 1);
    world.hooks.before = ({ port }) => {
      if (port !== 'documents') return;
      throw new UpstreamError('out of reach', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
    };
    if (who === undefined) throw new Error('Nobody is there.');
    await expect(look(world, [auth0User(who)], 'batch')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('the calls of a sweep', () => {
  const COUNT = 400;
  /** As many users as the directory in memory lists at once. */
  const PAGES = COUNT / 100;

  it('over people who are well: one listing, three calls a page, and nobody by name', async () => {
    const world = createWorld();
    await populate(world, COUNT);
    const counts = countCalls(world);
    expect(await sweepOnce(world)).toMatchObject({ users: COUNT, drifted: 0 });
    expect(counts()).toEqual({
      'auth0.everyone': 1,
      'documents.read': PAGES,
      'accounts.handleDomains': PAGES,
      'accounts.accounts': PAGES,
      'accounts.repositories': 1,
      'inactive.complete': 1,
      'subjects.marksOf': PAGES,
      'subjects.standings': 1,
      'documents.owners': 1,
      'runs.begin': 1,
      'runs.keep': 2,
      'runs.end': 1,
      // Whether a gap is open.
      'log.read': 1,
      'log.append': 2,
    });
  });

  it('over some who differ: no read of Auth0 by id, and a closer look at none but those who may be renamed', async () => {
    const world = createWorld();
    const people = await populate(world, COUNT);
    const drifted = people.slice(0, 8);
    for (const { user } of drifted) world.documents.verifications.delete(user);
    const renamed = people.slice(8, 12);
    for (const who of renamed) choose(world, who, `other-${nameOf(who)}`);
    const counts = countCalls(world);
    expect(await sweepOnce(world)).toMatchObject({ users: COUNT, drifted: 12 });
    const calls = counts();
    expect(calls).toMatchObject({
      'auth0.everyone': 1,
      'log.ofUser': 4,
      'accounts.account': 4,
      'accounts.holderOf': 4,
    });
    expect(calls['auth0.user']).toBeUndefined();
    expect(calls['documents.read']).toBe(PAGES);
  });

  it('of an audit: a closer look at whoever differs, and at nobody else', async () => {
    const world = createWorld();
    const people = await populate(world, 100);
    for (const { user } of people.slice(0, 3)) world.documents.verifications.delete(user);
    const counts = countCalls(world);
    const found = await look(
      world,
      people.map((who) => auth0User(who)),
      'full',
    );
    expect(found.filter(isDrifted)).toHaveLength(3);
    expect(counts()).toMatchObject({ 'log.ofUser': 3, 'accounts.account': 3, 'accounts.accounts': 1 });
  });
});
