/** Sisters when a tenant is away, when one of them goes, and when nobody told of a change. */
import { describe, expect, it } from 'vitest';
import type { AssessedTenant } from '../../../src/engine/reconcile/read-side.ts';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import { fold } from '../../../src/events/fold.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, code, handle, type Person, tenant } from '../../mongo/subjects/people.ts';
import type { PortCall } from '../../support/in-memory/hooks.ts';
import {
  chooses,
  createLinkedWorld,
  linkedAlice,
  outOfReach,
  put,
  resolved,
} from '../../support/in-memory/linked-users.ts';
import { accountOf, countCalls, deleted, sweepDeps, write } from '../../support/in-memory/sweeps.ts';
import {
  carried,
  choose,
  codeHandleOf,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

describe('a sister tenant that cannot be read', () => {
  it('leaves the handle undecided and everything else done, and is asked again', async () => {
    const world = createWorld({ areLinked: true });
    await signUp(world, linkedAlice);
    await untilQuiet(world);
    await chooses(world, linkedAlice, 'cedar');
    const usersByEmail = world.otherDirectory.usersByEmail;
    outOfReach(world, linkedAlice);
    await signUp(world, alice, { email: 'other@example.com' });

    const result = await reconcileUser(world, alice);

    expect(result).toMatchObject({ end: 'failed', failures: [{ resource: 'handle', code: 'UNREACHABLE' }] });
    expect(await shownConditions(world, alice.user)).toMatchObject({
      account: 'True AccountActive',
      'user-document': 'True HasCode',
      handle: 'Unknown NotObserved',
    });
    expect(result.retryAt).toBeDefined();
    Object.assign(world.otherDirectory, { usersByEmail });
    await untilQuiet(world);
    expect((await shownConditions(world, alice.user))['handle']).toBe('True NoPlatformHandle');
  });

  it('takes no handle from an account that carries it', async () => {
    const world = createWorld({ areLinked: true });
    await signUp(world, alice, { blocked: true });
    await signUp(world, linkedAlice);
    await untilQuiet(world);
    await chooses(world, alice, 'cedar');
    outOfReach(world, alice);
    const result = await reconcileUser(world, linkedAlice);
    expect(result.applied).toEqual([]);
    expect(carried(world, linkedAlice)).toBe(handle('cedar'));
    expect(await resolved(world, linkedAlice)).toBe('cedar');
  });

  it('is no reason to leave the own handle alone', async () => {
    const world = await createLinkedWorld();
    outOfReach(world, linkedAlice);
    choose(world, alice, 'cedar');
    await reconcileUser(world, alice);
    expect(carried(world, alice)).toBe(handle('cedar'));
    expect((await shownConditions(world, alice.user))['handle']).toBe('True PlatformHandle');
  });
});

describe('a person who goes', () => {
  async function goes(world: World): Promise<void> {
    await deleted(world, alice);
    await untilQuiet(world);
  }

  it('from the tenant of the handle leaves the other with the code', async () => {
    const world = await createLinkedWorld();
    await chooses(world, alice, 'cedar');
    await goes(world);
    expect(await resolved(world, linkedAlice)).toBeUndefined();
    expect(carried(world, linkedAlice)).toBe(codeHandleOf(world, linkedAlice));
    expect(fold(eventsOf(world, linkedAlice)).sister).toBeUndefined();
    // No document is ever deleted, and the account is left as the policy says.
    expect(world.documents.handles.get(alice.user)).toBe('cedar');
    expect(carried(world, alice)).toBe(handle('cedar'));
  });

  it('gives the handle on when the platform moves its row, and the account is no longer kept for the other', async () => {
    const world = await createLinkedWorld({ policy: { removal: 'delete', removalGraceMs: 0 } });
    await chooses(world, alice, 'cedar');
    await goes(world);
    world.documents.handles.delete(alice.user);
    await chooses(world, linkedAlice, 'cedar');
    expect((await shownConditions(world, linkedAlice.user))['handle']).toBe('False HandleHeldByDeletedUser');
    await write(world, 'removal.granted', { run: eventId('run'), by: 'alice' }, alice);
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect((await shownConditions(world, alice.user))['account']).toBe('True KeptForSuccessor');
    put(world, linkedAlice, { email: 'alice.new@example.com' });
    await world.queue.markDue([linkedAlice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect(world.documents.users.get(alice.user)?.account).toBeUndefined();
    expect(carried(world, linkedAlice)).toBe(handle('cedar'));
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
    const world = await createLinkedWorld();
    await chooses(world, alice, 'cedar');
    const counts = countCalls(world);
    expect(await sweepOf(world, linkedAlice)).toMatchObject({ users: 1, drifted: 0 });
    const calls = counts();
    expect(calls).toMatchObject({ 'auth0.everyone': 1, 'subjects.sistersOf': 1, 'documents.read': 2 });
    expect(calls['auth0.usersByEmail']).toBeUndefined();
    expect(calls['log.ofUser']).toBeUndefined();
  });

  it('finds an account that carries what is the sister’s to carry', async () => {
    const world = await createLinkedWorld();
    await chooses(world, alice, 'cedar');
    const { user } = linkedAlice;
    const account = accountOf(world, linkedAlice);
    const did = world.documents.users.get(user)?.account?.did;
    if (account === undefined || did === undefined) throw new Error('There is no account.');
    world.accounts.change(did, { handle: handle('willow') });
    expect(await sweepOf(world, linkedAlice)).toMatchObject({ drifted: 1 });
    await untilQuiet(world);
    expect(carried(world, linkedAlice)).toBe(codeHandleOf(world, linkedAlice));
  });

  it('asks for a sister whom nobody knows before it counts a rename', async () => {
    const world = createWorld({ areLinked: true });
    const did = world.accounts.put({ handle: handle('cedar'), email: 'alice@example.com' });
    const account = { did, handle: handle('cedar'), password: 'kept' };
    world.documents.users.set(linkedAlice.user, { code: code('ac26nobeb'), account });
    world.documents.verifications.set(linkedAlice.user, 1);
    // The platform has given her the handle of a person whose account in the first tenant was never made.
    choose(world, alice, 'cedar');
    put(world, alice, { blocked: true });
    put(world, linkedAlice, {});
    const counts = countCalls(world);

    expect(await sweepOf(world, linkedAlice)).toMatchObject({ drifted: 1, halts: [] });

    expect(counts()['auth0.usersByEmail']).toBe(1);
    await untilQuiet(world);
    expect(world.accounts.stored.get(did)?.handle).toBe(handle('cedar'));
    expect(eventsOf(world, linkedAlice).map(({ type }) => type)).not.toContain('handle.changed');
    expect(await resolved(world, linkedAlice)).toBe('cedar');
  });
});

it('a pass asks for the sister when it reads Auth0, and not while that is fresh', async () => {
  const world = await createLinkedWorld();
  await chooses(world, alice, 'cedar');
  const calls: string[] = [];
  world.hooks.before = ({ port, method }: PortCall) => {
    if (port === 'auth0') calls.push(method);
  };
  await world.queue.markDue([linkedAlice], world.clock.now(), 'trigger');
  await world.clock.advance(1);
  await untilQuiet(world);
  expect(calls).toEqual(['user', 'usersByEmail']);
});
