/** A saved plan, carried out later: exactly those for whom it still holds, and within the limits. */
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import { type ApplyDeps, carryOut, exceeded, recheck } from '../../../src/engine/operations/apply-plan.ts';
import { restsOn, SAVED_PLAN_VERSION, type SavedPlan } from '../../../src/engine/operations/saved-plan.ts';
import { dryRun } from '../../../src/engine/reconcile/dry-run.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { alice, bob, type Person, tenant } from '../../mongo/subjects/people.ts';
import { LIMITS, mainTenant, populate, sweepDeps } from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  choose,
  createWorld,
  eventsOf,
  reconcileUser,
  SETTINGS,
  snapshot,
  type World,
} from '../../support/in-memory/world.ts';

function depsOf(world: World, limits: Partial<ApplyDeps['limits']> = {}): ApplyDeps {
  const { deps: reconcile, subjects } = world;
  const all = { ...LIMITS, ...limits };
  return { assess: sweepDeps(world), reconcile, subjects, tenants: [mainTenant(world)], limits: all };
}

/** As `concord plan --out` makes it. */
async function planFor(
  world: World,
  people: readonly Person[],
  users: number | null = 100,
): Promise<SavedPlan> {
  const salt = 'salt';
  const saved: SavedPlan['users'][number][] = [];
  for (const { user, userId } of people) {
    const { facts, view } = await dryRun(
      sweepDeps(world),
      mainTenant(world),
      user,
      userId,
      world.clock.now(),
    );
    expect(view.actions).not.toEqual([]);
    saved.push({ user, tenant, actions: [], mayFollow: null, rests: restsOn(facts, view, salt) });
  }
  return {
    ...{
      format: 'concord-plan',
      version: SAVED_PLAN_VERSION,
      concord: '0',
      madeAt: '',
      salt,
      database: 'db',
      pds: 'pds',
    },
    ...{ tenants: [{ id: tenant, domain: 'auth0', keyPrefix: '', users }], users: saved },
  };
}

async function newcomers(): Promise<World> {
  const world = createWorld();
  for (const who of [alice, bob]) world.directory.put(auth0User(who));
  return world;
}

/** What may happen to alice between the plan and its application, and what is said of it then. */
const CHANGES: readonly {
  readonly reason: string;
  readonly happens: (world: World) => unknown;
  readonly says: string;
}[] = [
  {
    reason: 'a pass was faster',
    happens: (world) => reconcileUser(world, alice),
    says: 'MovedOn: the log has newer events of this user',
  },
  {
    reason: 'another address in Auth0',
    happens: ({ directory }) => directory.put(auth0User(alice, { email: 'new@example.com' })),
    says: 'MovedOn: the user has changed in Auth0',
  },
  {
    reason: 'gone from Auth0',
    happens: ({ directory }) => directory.remove(alice.userId),
    says: 'MovedOn: the user has changed in Auth0',
  },
  {
    reason: 'another handle',
    happens: (world) => choose(world, alice, 'alix'),
    says: 'MovedOn: the documents have changed',
  },
  {
    reason: 'somebody wrote the document',
    happens: ({ documents }) => documents.verifications.set(alice.user, 1),
    says: 'MovedOn: the documents have changed',
  },
  {
    reason: 'somebody took the handle',
    happens: ({ accounts }) => accounts.put({ handle: 'alice.at.test' as never, email: 'other@example.com' }),
    says: 'MovedOn: the plan has changed',
  },
  {
    reason: 'a person paused the user',
    happens: (world) =>
      decide(world.deps, alice, 'user.paused', { by: 'carol', reason: 'a test', until: null }),
    says: 'Withheld: Paused by carol until resumed: a test',
  },
  {
    reason: 'Auth0 is out of reach',
    happens: (world) => {
      world.hooks.before = ({ port, args }) => {
        if (port === 'auth0' && args[0] === alice.userId)
          throw new UpstreamError('away', { upstream: 'auth0', code: 'UNREACHABLE', retryable: true });
      };
    },
    says: 'NotRead: the user could not be read again (UNREACHABLE)',
  },
];

describe('a plan that is applied later', () => {
  test.each(CHANGES)('leaves alice out: $reason', async ({ happens, says }) => {
    const world = await newcomers();
    choose(world, alice, 'alice');
    const plan = await planFor(world, [alice, bob]);
    await happens(world);
    const before = snapshot(world);

    const { fit, leftOut } = await recheck(depsOf(world), plan);
    expect(snapshot(world)).toEqual(before);
    expect(leftOut.map(({ user, reason, message }) => [user, `${reason}: ${message}`])).toEqual([
      [alice.user, says],
    ]);
    const ofAlice = eventsOf(world, alice);
    const { outcomes } = await carryOut(depsOf(world), fit);

    expect(outcomes).toMatchObject([{ user: bob.user, end: 'converged', failures: [] }]);
    expect(outcomes[0]?.actions).toEqual(['record-verification', 'create-user-document', 'create-account']);
    expect(eventsOf(world, alice)).toEqual(ofAlice);
  });

  test('is carried out for everybody for whom it holds', async () => {
    const world = await newcomers();
    const plan = await planFor(world, [alice, bob]);
    const { fit, leftOut } = await recheck(depsOf(world), plan);
    const { outcomes, leftOut: later } = await carryOut(depsOf(world), fit);
    expect({ leftOut, later }).toEqual({ leftOut: [], later: [] });
    expect(outcomes.map(({ end }) => end)).toEqual(['converged', 'converged']);
    expect(await recheck(depsOf(world), plan)).toMatchObject({ fit: [], leftOut: [{}, {}] });
  });

  test('leaves alone whom another worker has, and who moved on after the second look', async () => {
    const world = await newcomers();
    const plan = await planFor(world, [alice, bob]);
    const { fit } = await recheck(depsOf(world), plan);
    await reconcileUser(world, alice);
    await world.queue.claimUser(bob, world.clock.now(), 60_000);
    const before = snapshot(world);

    const { outcomes, leftOut } = await carryOut(depsOf(world), fit);

    expect(outcomes).toEqual([]);
    expect(leftOut).toMatchObject([
      { user: alice.user, reason: 'MovedOn' },
      { user: bob.user, reason: 'Busy' },
    ]);
    expect(snapshot(world)).toEqual(before);
    expect(await world.queue.claimUser(alice, world.clock.now(), 60_000)).toBeDefined();
  });

  test('stops after those at hand', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    for (const { user } of people) world.documents.verifications.set(user, 0);
    const plan = await planFor(world, people);
    const { fit } = await recheck(depsOf(world), plan);
    const stopped = new AbortController();

    const { outcomes, leftOut } = await carryOut(depsOf(world), fit, {
      signal: stopped.signal,
      onUser: () => stopped.abort(),
    });

    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.every(({ end }) => end === 'converged')).toBe(true);
    expect(leftOut.every(({ reason }) => reason === 'NotBegun')).toBe(true);
    expect(leftOut.length).toBe(20 - SETTINGS.concurrency);
    expect(outcomes.length + leftOut.length).toBe(20);
    for (const { user } of leftOut) expect(world.documents.verifications.get(user as never)).toBe(0);
  });

  test.each([
    ['log', 'append'],
    ['queue', 'claimUser'],
  ])('names whose pass broke off at %s.%s, and goes on with the rest', async (at, call) => {
    const world = await newcomers();
    const plan = await planFor(world, [alice, bob]);
    const { fit } = await recheck(depsOf(world), plan);
    world.hooks.before = ({ port, method, args }) => {
      const isOfAlice = JSON.stringify(args).includes('auth0|alice');
      if (port === at && method === call && isOfAlice)
        throw new UpstreamError('full', { upstream: 'mongodb', code: 'NOT_WRITABLE', retryable: true });
    };
    const { outcomes } = await carryOut(depsOf(world), fit);
    expect(outcomes).toMatchObject([
      { user: alice.user, end: 'broke-off', failures: [{ code: 'NOT_WRITABLE' }] },
      { user: bob.user, end: 'converged' },
    ]);
  });
});

describe('the safety limits', () => {
  test('hold against renames, of everybody who was listed, or of everybody who is known', async () => {
    const world = createWorld();
    const people = await populate(world, 10);
    const renamed = people.slice(0, 3);
    for (const [at, who] of renamed.entries()) choose(world, who, `another-${at}`);
    const limits = { renames: { share: 0.2, count: 100 } };
    for (const [users, says] of [
      [100, []],
      [10, [{ kind: 'renames', tenant, limit: 2, count: 3, of: 10 }]],
      [null, [{ kind: 'renames', tenant, limit: 2, count: 3, of: 10 }]],
    ] as const) {
      const plan = await planFor(world, renamed, users);
      const { fit } = await recheck(depsOf(world, limits), plan);
      expect(await exceeded(depsOf(world, limits), plan, fit)).toEqual(says);
    }
  });

  test('hold against removals, and one rename is somebody’s wish', async () => {
    const world = createWorld({ policy: { removal: 'delete', removalGraceMs: 0 } });
    const people = await populate(world, 4);
    const [first, second] = people;
    if (first === undefined || second === undefined) throw new Error('There is nobody.');
    choose(world, second, 'another');
    world.directory.remove(first.userId);
    await reconcileUser(world, first);
    await decide(world.deps, first, 'auth0.user-unlisted', { run: 'run' as never });
    await reconcileUser(world, first);
    await decide(world.deps, first, 'removal.granted', { run: 'run' as never, by: 'carol' });

    await world.clock.advance(1_000);
    const plan = await planFor(world, [first, second], 10);
    const { fit } = await recheck(depsOf(world), plan);

    expect(await exceeded(depsOf(world), plan, fit)).toEqual([
      { kind: 'removals', tenant, limit: 0, count: 1, of: 10 },
    ]);
    expect(await exceeded(depsOf(world, { removals: { share: 0.5, count: 5 } }), plan, fit)).toEqual([]);
  });
});
