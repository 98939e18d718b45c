/** What a person decides is in the log before anything happens, and the next pass carries it out. */
import { describe, expect, it } from 'vitest';
import { decide, draft } from '../../../src/engine/intake/decision.ts';
import { withdrawAdoption } from '../../../src/engine/operations/adoption.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { EventData, EventType } from '../../../src/events/event.ts';
import { alice, code, handle, tenant } from '../../mongo/subjects/people.ts';
import { accountOf, aliceEvent, dueUsers, write } from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  carried,
  choose,
  codeHandleOf,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  signUp,
  snapshot,
  untilQuiet,
  type World,
  type WorldOptions,
} from '../../support/in-memory/world.ts';

const HOUR = 3_600_000;

function decides<T extends EventType>(world: World, type: T, data: EventData[T]): Promise<unknown> {
  return decide(world, alice, type, data);
}

function pause(world: World, until: Date | null = null): Promise<unknown> {
  return decides(world, 'user.paused', {
    by: 'bob',
    reason: 'she asked',
    until: until?.toISOString() ?? null,
  });
}

async function whole(options: WorldOptions = {}): Promise<World> {
  const world = createWorld(options);
  await signUp(world, alice);
  await untilQuiet(world);
  return world;
}

describe('a decision', () => {
  it('is in the log before its user is due, and is the cause of the pass', async () => {
    const world = createWorld();
    const order: string[] = [];
    world.hooks.before = ({ port, method }) => void order.push(`${port}.${method}`);
    const id = await decides(world, 'user.retried', { by: 'bob' });
    world.hooks.before = undefined;
    expect(order).toEqual(['log.ofUser', 'log.append', 'queue.markDue']);
    expect(aliceEvent(world, 'user.retried')).toMatchObject([
      { _id: id, user: alice.user, tenant, data: { by: 'bob' } },
    ]);
    expect(await world.queue.claim(world.clock.now(), 1_000)).toMatchObject({ causes: [id] });
  });

  it('leaves nobody due when it could not be written', async () => {
    const world = createWorld();
    world.hooks.before = ({ method }) => {
      if (method === 'append') throw new Error('the log is out of reach');
    };
    await expect(pause(world)).rejects.toThrow('out of reach');
    world.hooks.before = undefined;
    expect(await dueUsers(world)).toEqual([]);
  });

  it('is later than all that we wrote of the user, though the clock has gone back', async () => {
    const world = await whole();
    const ahead = new Date(world.clock.now().getTime() + HOUR);
    const event = draft(world, alice.user, tenant, 'user.paused', { by: 'bob', reason: 'x', until: null });
    await world.log.append([{ ...event, at: ahead }]);
    await decides(world, 'user.resumed', { by: 'bob' });
    const [resumed] = aliceEvent(world, 'user.resumed');
    expect(resumed?.at.getTime()).toBe(ahead.getTime() + 1);
    expect(resumed?.recordedAt).toEqual(world.clock.now());
    choose(world, alice, 'alice');
    await untilQuiet(world);
    expect(carried(world, alice)).toBe('alice.at.test');
  });

  it('does not wait for the date of a log entry, which is Auth0’s and may be ahead', async () => {
    const world = createWorld();
    const entry = draft(world, alice.user, tenant, 'auth0.log-received', {
      logId: '1',
      code: 'ss',
      hint: null,
      raw: '{}',
    });
    await world.log.append([{ ...entry, at: new Date(world.clock.now().getTime() + HOUR) }]);
    await pause(world);
    expect(aliceEvent(world, 'user.paused')[0]?.at).toEqual(world.clock.now());
  });
});

describe('a pause', () => {
  it('keeps every change waiting, and is never green', async () => {
    const world = await whole();
    await pause(world);
    await untilQuiet(world);
    choose(world, alice, 'alice');
    world.documents.verifications.set(alice.user, 0);
    const { events: _events, ...before } = snapshot(world);

    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'held', applied: [], retryAt: undefined });

    const { events: _later, ...after } = snapshot(world);
    expect(after).toEqual(before);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      pause: 'False Paused',
      handle: 'False HandleDiffers',
      verification: 'False NotRecorded',
    });
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'OutOfSync', health: 'Suspended' });
    const message = (await world.subjects.get(alice.user))?.conditions.find(({ type }) => type === 'pause');
    expect(message?.message).toBe('Paused by bob until resumed: she asked');
  });

  it('is not green either where there is nothing to do', async () => {
    const world = await whole();
    await pause(world);
    await untilQuiet(world);
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'OutOfSync', health: 'Suspended' });
  });

  it('ended by a person, is followed by all that had waited', async () => {
    const world = await whole();
    await pause(world);
    choose(world, alice, 'alice');
    await untilQuiet(world);
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
    await decides(world, 'user.resumed', { by: 'bob' });
    await untilQuiet(world);
    expect(carried(world, alice)).toBe('alice.at.test');
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'Synced', health: 'Healthy' });
    expect((await shownConditions(world, alice.user))['pause']).toBeUndefined();
  });

  it('with an end, ends by itself, and what had waited is done then', async () => {
    const world = await whole();
    const until = new Date(world.clock.now().getTime() + HOUR);
    await pause(world, until);
    choose(world, alice, 'alice');
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'deferred', applied: [], retryAt: until });
    expect(await world.queue.nextDueAt()).toEqual(until);
    await untilQuiet(world);
    expect(world.clock.now()).toEqual(until);
    expect(carried(world, alice)).toBe('alice.at.test');
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'Synced', health: 'Healthy' });
  });

  it('covers a sign-up: nothing is created meanwhile', async () => {
    const world = createWorld();
    await pause(world);
    await signUp(world, alice);
    await untilQuiet(world);
    expect([world.documents.users.size, world.accounts.stored.size]).toEqual([0, 0]);
    await decides(world, 'user.resumed', { by: 'bob' });
    await untilQuiet(world);
    expect([world.documents.users.size, world.accounts.stored.size]).toEqual([1, 1]);
  });

  it('covers a removal that was granted', async () => {
    const world = await whole({ policy: { removal: 'delete', removalGraceMs: 0 } });
    world.directory.remove(alice.userId);
    await write(world, 'auth0.log-received', { logId: '9', code: 'sdu', hint: 'deleted', raw: '{}' }, alice);
    await reconcileUser(world, alice);
    await pause(world);
    await decides(world, 'removal.granted', {
      run: draft(world, null, tenant, 'sweep.started', { users: null })._id,
      by: 'bob',
    });
    await untilQuiet(world);
    expect(accountOf(world, alice)?.status).toBe('active');
    await decides(world, 'user.resumed', { by: 'bob' });
    await untilQuiet(world);
    expect(accountOf(world, alice)).toBeUndefined();
  });

  it('of everyone is the policy to observe only', async () => {
    const world = createWorld({ policy: { observeOnly: true } });
    await signUp(world, alice);
    await untilQuiet(world);
    expect([world.documents.users.size, world.accounts.stored.size]).toEqual([0, 0]);
    expect(await shownConditions(world, alice.user)).toMatchObject({ pause: 'False ObserveOnly' });
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'OutOfSync', health: 'Suspended' });
  });
});

describe('a retry', () => {
  it('takes a user out of quarantine, and counts failures from the beginning', async () => {
    const world = createWorld({ settings: { quarantineAfter: 2 } });
    world.hooks.before = ({ method }) => {
      if (method !== 'createInvite') return;
      throw new UpstreamError('broken', { upstream: 'pds', code: 'SERVER_ERROR', retryable: true });
    };
    await signUp(world, alice);
    await untilQuiet(world);
    expect(await world.subjects.get(alice.user)).toMatchObject({ quarantined: true, attempts: 2 });
    world.hooks.before = undefined;
    expect(await dueUsers(world)).toEqual([]);

    await decides(world, 'user.retried', { by: 'bob' });
    await untilQuiet(world);

    expect(await world.subjects.get(alice.user)).toMatchObject({
      quarantined: false,
      attempts: 0,
      sync: 'Synced',
    });
  });

  it('forgets what was refused: the handle is asked for again at once', async () => {
    const world = await whole();
    choose(world, alice, 'music');
    await reconcileUser(world, alice);
    expect(await shownConditions(world, alice.user)).toMatchObject({ handle: 'True HandleNotAllowed' });
    await decides(world, 'user.retried', { by: 'bob' });
    const asked: unknown[] = [];
    world.hooks.before = ({ method, args }) => {
      if (method === 'allowsHandle') asked.push(args[0]);
    };
    await untilQuiet(world);
    expect(asked).toEqual([handle('music')]);
  });
});

describe('an adoption', () => {
  it('gives the account that a person named to the user, with a password of ours that works', async () => {
    const world = createWorld();
    const did = world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
    choose(world, alice, 'alice');
    await signUp(world, alice);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False UnownedAccountFound' });

    await decides(world, 'adoption.granted', { did, by: 'bob', evidence: ['for: it has the address'] });
    await untilQuiet(world);

    const recorded = world.documents.users.get(alice.user)?.account;
    expect(recorded).toMatchObject({ did, handle: 'alice.at.test' });
    const password = world.vault.open(recorded?.password ?? '', alice.user);
    expect(await world.accounts.canLogIn(did, password)).toBe(true);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
    expect(eventsOf(world, alice).map(({ type }) => type)).toContain('account.adopted');
    expect(world.accounts.stored.size).toBe(1);
  });

  it('of an account that is gone by then changes nothing, and is over when it is withdrawn', async () => {
    const world = createWorld();
    const did = world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
    world.directory.put(auth0User(alice));
    await decides(world, 'adoption.granted', { did, by: 'bob', evidence: [] });
    world.accounts.stored.delete(did);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False AdoptionImpossible' });
    expect(world.accounts.stored.size).toBe(0);

    const owned = { user: alice.user, userId: alice.userId, tenant: { id: alice.tenant } };
    expect(await withdrawAdoption(world.deps, owned, { by: 'bob' })).toBe(did);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
    await expect(withdrawAdoption(world.deps, owned, { by: 'bob' })).rejects.toMatchObject({
      code: 'NO_ADOPTION',
    });
  });

  it('of the account that the document names, gone by then, is void once another one replaces it', async () => {
    const world = createWorld();
    const did = world.accounts.put({ handle: handle('alice'), email: 'other@example.com' });
    world.documents.users.set(alice.user, { code: code('ac26nobeb'), account: { did, password: 'p' } });
    world.directory.put(auth0User(alice));
    await reconcileUser(world, alice);
    await decides(world, 'adoption.granted', { did, by: 'bob', evidence: [] });
    world.accounts.stored.delete(did);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False AccountMissing' });

    await decides(world, 'restore.granted', { what: ['account'], account: did, by: 'bob' });
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
    expect(world.accounts.stored.size).toBe(1);
  });
});
