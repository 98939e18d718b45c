/** One person in two tenants: one handle, two accounts, and no pass that undoes what another did. */
import { describe, expect, it } from 'vitest';
import type { AssessedTenant } from '../../src/engine/assess.ts';
import { sweep } from '../../src/engine/sweep.ts';
import { UpstreamError } from '../../src/errors.ts';
import { fold } from '../../src/events/fold.ts';
import { eventId } from '../../src/identity.ts';
import type { Auth0User } from '../../src/ports.ts';
import { alice, code, handle, otherTenant, type Person, person, tenant } from '../mongo/people.ts';
import type { PortCall } from '../support/in-memory/hooks.ts';
import { accountOf, countCalls, deleted, sweepDeps, write } from '../support/in-memory/sweeps.ts';
import {
  auth0User,
  carried,
  choose,
  codeHandleOf,
  createWorld,
  eventsOf,
  passOver,
  signUp,
  snapshot,
  standing,
  untilQuiet,
  type World,
  type WorldOptions,
} from '../support/in-memory/world.ts';

/** The same person: the same address in the second tenant, under an id that means nothing in the first. */
const sister = person('alice', otherTenant);

async function sisters(options: WorldOptions = {}): Promise<World> {
  const world = createWorld({ sisters: true, ...options });
  await signUp(world, alice);
  await signUp(world, sister);
  await untilQuiet(world);
  return world;
}

function put(world: World, who: Person, changes: Partial<Auth0User>): void {
  const directory = who.tenant === tenant ? world.directory : world.otherDirectory;
  directory.put(auth0User(who, changes));
}

/** A handle is chosen, and the database tells of it. */
async function chooses(world: World, who: Person, name: string): Promise<void> {
  choose(world, who, name);
  await world.queue.markDue([who], world.clock.now(), 'trigger');
  await untilQuiet(world);
}

function outOfReach(world: World, who: Person): void {
  const directory = who.tenant === tenant ? world.directory : world.otherDirectory;
  const fail = () => {
    throw new UpstreamError('out of reach', { upstream: 'auth0', code: 'UNREACHABLE', retryable: true });
  };
  Object.assign(directory, { usersByEmail: fail });
}

async function resolved(world: World, who: Person): Promise<string | undefined> {
  return (await world.subjects.get(who.user))?.platformHandle;
}

/** Nothing is left to be done: a pass over either writes nothing, and makes nobody due. */
async function isAtRest(world: World): Promise<void> {
  const before = snapshot(world);
  for (const who of [alice, sister]) expect((await passOver(world, who)).applied).toEqual([]);
  expect(snapshot(world)).toEqual(before);
  expect(await world.queue.nextDueAt()).toBeUndefined();
}

describe('two tenants, one person, one handle', () => {
  it('without a handle each account carries its code, and the second address its tag', async () => {
    const world = await sisters();
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
    expect(carried(world, sister)).toBe(codeHandleOf(world, sister));
    const addresses = [...world.accounts.stored.values()].map(({ email }) => email).sort();
    expect(addresses).toEqual(['alice+second@example.com', 'alice@example.com']);
    await isAtRest(world);
  });

  it.each([
    { where: 'the first tenant', owner: alice, other: sister },
    { where: 'the second tenant', owner: sister, other: alice },
  ])('chosen in $where, both resolve to it and one account carries it', async ({ owner, other }) => {
    const world = await sisters();
    await chooses(world, owner, 'cedar');
    expect([await resolved(world, alice), await resolved(world, sister)]).toEqual(['cedar', 'cedar']);
    expect(carried(world, owner)).toBe(handle('cedar'));
    expect(carried(world, other)).toBe(codeHandleOf(world, other));
    expect((await standing(world, other.user))['handle']).toBe('True SisterHasHandle');
    await isAtRest(world);
  });

  it.each([
    { first: alice, second: sister },
    { first: sister, second: alice },
  ])(
    'the end is the same in whatever order they are looked at ($first.user first)',
    async ({ first, second }) => {
      const world = createWorld({ sisters: true });
      choose(world, alice, 'cedar');
      put(world, alice, {});
      put(world, sister, {});
      await passOver(world, first);
      await passOver(world, second);
      await untilQuiet(world);
      const carrying = [...world.accounts.stored.values()].filter(
        (account) => account.handle === handle('cedar'),
      );
      expect(carrying).toHaveLength(1);
      expect([await resolved(world, alice), await resolved(world, sister)]).toEqual(['cedar', 'cedar']);
      await isAtRest(world);
    },
  );

  it('a change of the handle reaches both, and only one account', async () => {
    const world = await sisters();
    await chooses(world, alice, 'cedar');
    await chooses(world, alice, 'oak');
    expect([await resolved(world, alice), await resolved(world, sister)]).toEqual(['oak', 'oak']);
    expect([carried(world, alice), carried(world, sister)]).toEqual([
      handle('oak'),
      codeHandleOf(world, sister),
    ]);
    await isAtRest(world);
  });

  it('each with a handle of their own has that one', async () => {
    const world = await sisters();
    await chooses(world, alice, 'cedar');
    await chooses(world, sister, 'oak');
    expect([carried(world, alice), carried(world, sister)]).toEqual([handle('cedar'), handle('oak')]);
    expect(await resolved(world, sister)).toBe('oak');
    await isAtRest(world);
  });

  it('an account carries the handle of a sister who is to have none, until she has one', async () => {
    const world = createWorld({ sisters: true, policy: { blocked: 'report' } });
    await signUp(world, alice, { blocked: true });
    await signUp(world, sister);
    await untilQuiet(world);
    await chooses(world, alice, 'cedar');
    expect(carried(world, sister)).toBe(handle('cedar'));
    expect([...world.accounts.stored.values()]).toHaveLength(1);
    await isAtRest(world);

    put(world, alice, { blocked: false });
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    // The account that was there has the plain address, and the first tenant has no tag: so she is held, and it stays.
    expect((await standing(world, alice.user))['account']).toBe('False EmailHeldByUser');
    expect(carried(world, sister)).toBe(handle('cedar'));
    await isAtRest(world);
  });
});

describe('who is a sister', () => {
  it.each([
    { reason: 'not verified there', changes: { emailVerified: false } },
    { reason: 'another address there', changes: { email: 'alicia@example.com' } },
  ])('nobody: $reason', async ({ changes }) => {
    const world = createWorld({ sisters: true });
    await signUp(world, alice);
    await signUp(world, sister, changes);
    await untilQuiet(world);
    await chooses(world, alice, 'cedar');
    expect(await resolved(world, sister)).toBeUndefined();
    expect(fold(eventsOf(world, alice)).sister).toBeUndefined();
  });

  it('nobody, where the tenants are none', async () => {
    const world = await sisters({ sisters: false });
    await chooses(world, alice, 'cedar');
    expect(await resolved(world, sister)).toBeUndefined();
  });

  it('the same address in other letters', async () => {
    const world = createWorld({ sisters: true });
    await signUp(world, alice);
    await signUp(world, sister, { email: 'Alice@Example.com' });
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister?.user).toBe(sister.user);
    expect(fold(eventsOf(world, sister)).sister?.user).toBe(alice.user);
  });

  it('of two in the other tenant the one with the handle', async () => {
    const world = await sisters();
    const google = person('alice-by-google', otherTenant);
    choose(world, google, 'cedar');
    await signUp(world, google, { email: 'alice@example.com', createdAt: new Date('2026-04-01') });
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister).toEqual({ user: google.user, handle: 'cedar' });
    expect(await resolved(world, alice)).toBe('cedar');
  });

  it('nobody any more, once the address is another: both learn it from the one who changed', async () => {
    const world = await sisters();
    await chooses(world, alice, 'cedar');
    put(world, alice, { email: 'alicia@example.com' });
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect([await resolved(world, alice), await resolved(world, sister)]).toEqual(['cedar', undefined]);
    expect((await standing(world, sister.user))['handle']).toBe('True NoPlatformHandle');
    await isAtRest(world);
  });

  it('is still the sister when a search by address misses her and she can be read by id', async () => {
    const world = await sisters();
    await chooses(world, alice, 'cedar');
    Object.assign(world.directory, { usersByEmail: async () => [] });
    await passOver(world, sister);
    expect(await resolved(world, sister)).toBe('cedar');
  });
});

describe('a sister tenant that cannot be read', () => {
  it('leaves the handle undecided and everything else done, and is asked again', async () => {
    const world = createWorld({ sisters: true });
    await signUp(world, sister);
    await untilQuiet(world);
    await chooses(world, sister, 'cedar');
    const usersByEmail = world.otherDirectory.usersByEmail;
    outOfReach(world, sister);
    await signUp(world, alice, { email: 'other@example.com' });

    const result = await passOver(world, alice);

    expect(result).toMatchObject({ end: 'failed', failures: [{ resource: 'handle', code: 'UNREACHABLE' }] });
    expect(await standing(world, alice.user)).toMatchObject({
      account: 'True AccountActive',
      'user-document': 'True HasCode',
      handle: 'Unknown NotObserved',
    });
    expect(result.retryAt).toBeDefined();
    Object.assign(world.otherDirectory, { usersByEmail });
    await untilQuiet(world);
    expect((await standing(world, alice.user))['handle']).toBe('True NoPlatformHandle');
  });

  it('takes no handle from an account that carries it', async () => {
    const world = createWorld({ sisters: true });
    await signUp(world, alice, { blocked: true });
    await signUp(world, sister);
    await untilQuiet(world);
    await chooses(world, alice, 'cedar');
    outOfReach(world, alice);
    const result = await passOver(world, sister);
    expect(result.applied).toEqual([]);
    expect(carried(world, sister)).toBe(handle('cedar'));
    expect(await resolved(world, sister)).toBe('cedar');
  });

  it('is no reason to leave the own handle alone', async () => {
    const world = await sisters();
    outOfReach(world, sister);
    choose(world, alice, 'cedar');
    await passOver(world, alice);
    expect(carried(world, alice)).toBe(handle('cedar'));
    expect((await standing(world, alice.user))['handle']).toBe('True PlatformHandle');
  });
});

describe('a person who goes', () => {
  async function goes(world: World): Promise<void> {
    await deleted(world, alice);
    await untilQuiet(world);
  }

  it('from the tenant of the handle leaves the other with the code', async () => {
    const world = await sisters();
    await chooses(world, alice, 'cedar');
    await goes(world);
    expect(await resolved(world, sister)).toBeUndefined();
    expect(carried(world, sister)).toBe(codeHandleOf(world, sister));
    expect(fold(eventsOf(world, sister)).sister).toBeUndefined();
    // No document is ever deleted, and the account is left as the policy says.
    expect(world.documents.handles.get(alice.user)).toBe('cedar');
    expect(carried(world, alice)).toBe(handle('cedar'));
  });

  it('gives the handle on when the platform moves its row, and the account is deleted', async () => {
    const world = await sisters({ policy: { removal: 'delete', removalGraceMs: 0 } });
    await chooses(world, alice, 'cedar');
    await goes(world);
    world.documents.handles.delete(alice.user);
    await chooses(world, sister, 'cedar');
    expect((await standing(world, sister.user))['handle']).toBe('True HandleTaken');
    await write(world, 'removal.granted', { run: eventId('run'), by: 'alice' }, alice);
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect(world.documents.users.get(alice.user)?.account).toBeUndefined();
    expect(carried(world, sister)).toBe(handle('cedar'));
  });
});

describe('a sweep over sisters', () => {
  const tenantOf = (world: World, { tenant: id }: Person): AssessedTenant => {
    const configured = world.deps.tenants.get(id);
    if (configured === undefined) throw new Error(`There is no tenant ${id}.`);
    return { id, keyPrefix: id === tenant ? '' : `${id}-`, ...configured };
  };
  const sweepOf = (world: World, who: Person) => sweep(sweepDeps(world), tenantOf(world, who));

  it('that are well asks nobody for them', async () => {
    const world = await sisters();
    await chooses(world, alice, 'cedar');
    const counts = countCalls(world);
    expect(await sweepOf(world, sister)).toMatchObject({ users: 1, drifted: 0 });
    const calls = counts();
    expect(calls).toMatchObject({ 'auth0.everyone': 1, 'subjects.sistersOf': 1, 'documents.read': 2 });
    expect(calls['auth0.usersByEmail']).toBeUndefined();
    expect(calls['log.ofUser']).toBeUndefined();
  });

  it('finds an account that carries what is the sister’s to carry', async () => {
    const world = await sisters();
    await chooses(world, alice, 'cedar');
    const { user } = sister;
    const account = accountOf(world, sister);
    const did = world.documents.users.get(user)?.account?.did;
    if (account === undefined || did === undefined) throw new Error('There is no account.');
    world.accounts.change(did, { handle: handle('willow') });
    expect(await sweepOf(world, sister)).toMatchObject({ drifted: 1 });
    await untilQuiet(world);
    expect(carried(world, sister)).toBe(codeHandleOf(world, sister));
  });

  it('asks for a sister whom nobody knows before it counts a rename', async () => {
    const world = createWorld({ sisters: true });
    const did = world.accounts.put({ handle: handle('cedar'), email: 'alice@example.com' });
    const account = { did, handle: handle('cedar'), password: 'kept' };
    world.documents.users.set(sister.user, { code: code('ac26nobeb'), account });
    world.documents.verifications.set(sister.user, 1);
    // The platform has given her the handle of a person whose account in the first tenant was never made.
    choose(world, alice, 'cedar');
    put(world, alice, { blocked: true });
    put(world, sister, {});
    const counts = countCalls(world);

    expect(await sweepOf(world, sister)).toMatchObject({ drifted: 1, halts: [] });

    expect(counts()['auth0.usersByEmail']).toBe(1);
    await untilQuiet(world);
    expect(world.accounts.stored.get(did)?.handle).toBe(handle('cedar'));
    expect(eventsOf(world, sister).map(({ type }) => type)).not.toContain('handle.changed');
    expect(await resolved(world, sister)).toBe('cedar');
  });
});

it('a pass asks for the sister when it reads Auth0, and not while that is fresh', async () => {
  const world = await sisters();
  await chooses(world, alice, 'cedar');
  const calls: string[] = [];
  world.hooks.before = ({ port, method }: PortCall) => {
    if (port === 'auth0') calls.push(method);
  };
  await world.queue.markDue([sister], world.clock.now(), 'trigger');
  await world.clock.advance(1);
  await untilQuiet(world);
  expect(calls).toEqual(['user', 'usersByEmail']);
});
