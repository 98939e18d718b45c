/** Accounts that moved to another PDS: left alone whatever becomes of the user, and taken up again when they are back. */
import { describe, expect, it } from 'vitest';
import type { Owned } from '../../../src/engine/intake/owner.ts';
import { proposeAdoption } from '../../../src/engine/operations/adoption.ts';
import { viewOf } from '../../../src/engine/operations/replay.ts';
import { grantRestore, proposeRestore } from '../../../src/engine/operations/restore.ts';
import { dryRun } from '../../../src/engine/reconcile/dry-run.ts';
import type { AssessedTenant } from '../../../src/engine/reconcile/read-side.ts';
import type { Policy } from '../../../src/engine/reconcile/settings.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { alice, handle, type Person } from '../../mongo/subjects/people.ts';
import { ELSEWHERE } from '../../support/in-memory/accounts.ts';
import { dashboardDeps } from '../../support/in-memory/deciding.ts';
import {
  accountOf,
  aliceEvent,
  countCalls,
  DAY,
  deleted,
  dueUsers,
  mainTenant,
  populate,
  reconcileDue,
  sweepOnce,
  write,
} from '../../support/in-memory/sweeps.ts';
import {
  arrive,
  auth0User,
  choose,
  createWorld,
  reconcileUser,
  shownConditions,
  signUp,
  snapshot,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const { user } = alice;

const MIGRATED = {
  ...{ account: 'True AccountMigrated', email: 'True NotManaged', handle: 'True NotManaged' },
};

async function whole(policy: Partial<Policy> = {}) {
  const world = createWorld({ policy });
  choose(world, alice, 'alice');
  await signUp(world, alice);
  await untilQuiet(world);
  const did = accountOf(world, alice)?.did;
  if (did === undefined) throw new Error('alice has no account');
  return { world, did };
}

async function moved(policy?: Partial<Policy>) {
  const { world, did } = await whole(policy);
  world.accounts.moveAway(did);
  await reconcileUser(world, alice);
  return { world, did };
}

function away(world: World): void {
  world.hooks.before = ({ port }) => {
    if (port === 'dids')
      throw new UpstreamError('plc document could not be reached', {
        ...{ upstream: 'plc', code: 'UNREACHABLE', retryable: true },
      });
  };
}

function owned(world: World, who: Person = alice): Owned<AssessedTenant> {
  return { user: who.user, userId: who.userId, tenant: mainTenant(world) };
}

function deps(world: World) {
  const { assess, ...rest } = dashboardDeps(world);
  return { ...assess, ...rest, events: world.log };
}

async function messageOf(world: World, type: string): Promise<string> {
  const subject = await world.subjects.get(user);
  return subject?.conditions.find((condition) => condition.type === type)?.message ?? '';
}

/** Everything outside of the log. */
function outside(world: World) {
  const { events: _events, ...rest } = snapshot(world);
  return rest;
}

describe('an account that moved', () => {
  it('is in order, and the user is in sync', async () => {
    const { world, did } = await moved();
    expect(await shownConditions(world, user)).toMatchObject({
      ...MIGRATED,
      'user-document': 'True HasCode',
    });
    expect(await world.subjects.get(user)).toMatchObject({ sync: 'Synced', health: 'Healthy' });
    expect(await messageOf(world, 'account')).toContain(`${did} moved to ${ELSEWHERE}`);
    expect(await messageOf(world, 'email')).toMatch(/moved to another PDS.+address no longer follows/);
    expect(await messageOf(world, 'handle')).toMatch(/moved to another PDS.+handle no longer follows/);
    const {
      userId: _id,
      tenant: _tenant,
      user: _user,
      dueAt: _due,
      ...view
    } = (await world.subjects.get(user)) ?? {};
    expect(viewOf(await world.log.ofUser(user))).toEqual(view);
  });

  it('keeps its handle and address, its document and its password, whatever the user changes', async () => {
    const { world } = await moved();
    const before = outside(world);
    choose(world, alice, 'alix');
    world.directory.put(auth0User(alice, { email: 'alice.new@example.com' }));
    await arrive(world, alice, 'sce');
    await untilQuiet(world);
    expect(outside(world)).toEqual({ ...before, handles: new Map([[user, 'alix']]) });
    expect(await shownConditions(world, user)).toMatchObject(MIGRATED);
  });

  it('is in order too once the PDS has deleted it, and is not restored', async () => {
    const { world, did } = await moved();
    world.accounts.stored.delete(did);
    await reconcileUser(world, alice);
    expect(await shownConditions(world, user)).toMatchObject(MIGRATED);
    expect(world.documents.users.get(user)?.account?.did).toBe(did);
    await expect(proposeRestore(deps(world), owned(world), world.clock.now())).rejects.toMatchObject({
      code: 'ACCOUNT_MIGRATED',
    });
    expect(world.accounts.stored.size).toBe(0);
  });

  it('is not replaced by a new one, though a person decided so before it moved', async () => {
    const { world, did } = await whole();
    const stored = world.accounts.stored.get(did);
    if (stored === undefined) throw new Error('There is no account.');
    world.accounts.stored.delete(did);
    await reconcileUser(world, alice);
    await grantRestore(deps(world), owned(world), ['account'], { by: 'carol' });
    world.accounts.moveAway(did);
    await untilQuiet(world);
    expect(await shownConditions(world, user)).toMatchObject({ account: 'True AccountMigrated' });
    expect(world.accounts.stored.size).toBe(0);
    expect(world.documents.users.get(user)?.account?.did).toBe(did);
  });

  it('follows again when it is back', async () => {
    const { world, did } = await moved();
    choose(world, alice, 'alix');
    await arrive(world, alice);
    await untilQuiet(world);
    world.accounts.moveBack(did);
    await arrive(world, alice);
    await untilQuiet(world);
    expect(accountOf(world, alice)?.handle).toBe(handle('alix'));
    expect(await shownConditions(world, user)).toMatchObject({
      account: 'True AccountActive',
      handle: 'True PlatformHandle',
    });
  });

  it('is not adopted', async () => {
    const { world, did } = await moved();
    const { account: _account, ...rest } = world.documents.users.get(user) ?? {};
    world.documents.users.set(user, rest);
    await expect(proposeAdoption(deps(world), owned(world), did, world.clock.now())).rejects.toMatchObject({
      code: 'ACCOUNT_MIGRATED',
    });
  });

  it.each(['deactivate', 'delete'] as const)(
    'is left alone after the user is deleted, policy %s',
    async (removal) => {
      const { world, did } = await moved({ removal, removalGraceMs: DAY });
      const before = outside(world);
      await deleted(world, alice);
      for (let night = 0; night < 3; night += 1) {
        await world.clock.advance(DAY + 1);
        await sweepOnce(world, { removals: { share: 1, count: 9 }, sourceShrink: 1 });
        await untilQuiet(world);
      }
      expect(outside(world)).toEqual(before);
      expect(await shownConditions(world, user)).toMatchObject({ account: 'True UserGone' });
      expect(await messageOf(world, 'account')).toContain(`${did} moved to ${ELSEWHERE}`);
      expect(aliceEvent(world, 'removal.granted')).toEqual([]);
    },
  );

  it('is left alone while the user is blocked, and after', async () => {
    const { world } = await whole({ blocked: 'deactivate' });
    world.directory.put(auth0User(alice, { blocked: true }));
    await reconcileUser(world, alice);
    const did = accountOf(world, alice)?.did;
    if (did === undefined) throw new Error('There is no account.');
    world.accounts.moveAway(did);
    await reconcileUser(world, alice);
    expect(await shownConditions(world, user)).toMatchObject({ account: 'True UserBlocked' });
    expect(await messageOf(world, 'account')).toContain(ELSEWHERE);
    world.directory.put(auth0User(alice));
    await reconcileUser(world, alice);
    expect(accountOf(world, alice)?.status).toBe('deactivated');
    expect(await shownConditions(world, user)).toMatchObject(MIGRATED);
  });
});

describe('while the directory cannot be asked', () => {
  it('an account that moved before is as it was, and nothing is written', async () => {
    const { world } = await moved();
    away(world);
    const events = world.log.events.length;
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'deferred', failures: [] });
    expect(world.log.events.length).toBe(events);
  });

  it('a deactivated account needs action, says so, and the reconciliation does not fail', async () => {
    const { world, did } = await whole();
    world.accounts.change(did, { status: 'deactivated' });
    away(world);
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'deferred', failures: [] });
    expect(await shownConditions(world, user)).toMatchObject({ account: 'False AccountDeactivated' });
    expect(await messageOf(world, 'account')).toContain('could not be asked (UNREACHABLE)');
    // It may have moved, which is found without a trigger once the directory answers.
    world.accounts.moveAway(did);
    world.hooks.before = undefined;
    await untilQuiet(world);
    expect(await shownConditions(world, user)).toMatchObject(MIGRATED);
  });

  it('an account that we deactivated is not activated until it answers', async () => {
    const { world } = await whole({ blocked: 'deactivate' });
    world.directory.put(auth0User(alice, { blocked: true }));
    await reconcileUser(world, alice);
    world.directory.put(auth0User(alice));
    away(world);
    const failed = await reconcileUser(world, alice);
    expect(failed).toMatchObject({ end: 'failed', failures: [{ code: 'UNREACHABLE', resource: 'account' }] });
    expect(await shownConditions(world, user)).toMatchObject({ account: 'Unknown NotObserved' });
    expect(await world.subjects.get(user)).toMatchObject({
      failure: { upstream: 'plc' },
      quarantined: false,
    });
    expect(accountOf(world, alice)?.status).toBe('deactivated');
    world.hooks.before = undefined;
    await untilQuiet(world);
    expect(accountOf(world, alice)?.status).toBe('active');
  });

  it('a restore of a missing account is not proposed', async () => {
    const { world, did } = await whole();
    world.accounts.stored.delete(did);
    away(world);
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'deferred', failures: [] });
    expect(await messageOf(world, 'account')).toContain('could not be asked (UNREACHABLE)');
    await expect(proposeRestore(deps(world), owned(world), world.clock.now())).rejects.toMatchObject({
      upstream: 'plc',
    });
  });

  it('a missing account is not replaced', async () => {
    const { world, did } = await whole();
    world.accounts.stored.delete(did);
    await reconcileUser(world, alice);
    await write(world, 'restore.granted', { by: 'carol', what: ['account'], account: did }, alice);
    away(world);
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'failed' });
    expect(world.documents.users.get(user)?.account?.did).toBe(did);
  });
});

describe('a sweep', () => {
  it('asks the directory about those who moved, and finds nothing to do', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    for (const who of people.slice(0, 12)) {
      const did = accountOf(world, who)?.did;
      if (did !== undefined) world.accounts.moveAway(did);
    }
    await sweepOnce(world);
    await reconcileDue(world, people);
    // Some of them are deleted here, which is no disappearance.
    for (const who of people.slice(0, 11)) {
      const did = accountOf(world, who)?.did;
      if (did !== undefined) world.accounts.stored.delete(did);
    }
    const calls = countCalls(world);
    const events = world.log.events.length;
    expect(await sweepOnce(world)).toMatchObject({
      drifted: 0,
      halts: [],
      totals: { accounts: { have: 20, of: 20 } },
    });
    expect(calls()).toMatchObject({ 'dids.serviceOf': 12 });
    expect(await dueUsers(world)).toEqual([]);
    expect(world.log.events.slice(events).map(({ type }) => type)).toEqual([
      'sweep.started',
      'sweep.finished',
    ]);
  });

  it('finds those who are back, and asks the directory about nobody else', async () => {
    const world = createWorld();
    const [first, second, third] = await populate(world, 3);
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('Nobody is there.');
    const [one, two] = [accountOf(world, first)?.did, accountOf(world, second)?.did];
    if (one === undefined || two === undefined) throw new Error('There are no accounts.');
    for (const did of [one, two]) world.accounts.moveAway(did);
    await sweepOnce(world);
    await reconcileDue(world, [first, second]);
    world.accounts.moveBack(one);
    // The DID is back, and its owner has not activated the account yet.
    world.accounts.moveBack(two);
    world.accounts.change(two, { status: 'deactivated' });
    await sweepOnce(world);
    expect(await dueUsers(world)).toEqual([first.user, second.user].sort());
    await reconcileDue(world, [first, second]);
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'True AccountActive' });
    expect(await shownConditions(world, second.user)).toMatchObject({ account: 'False AccountDeactivated' });
    const calls = countCalls(world);
    await sweepOnce(world);
    expect(calls()).not.toHaveProperty('dids.serviceOf');
  });

  it('halts all the same where many accounts are missing that nobody knew to have moved, as at another PDS', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    for (const who of people.slice(0, 12)) {
      const did = accountOf(world, who)?.did;
      if (did === undefined) continue;
      world.accounts.moveAway(did);
      world.accounts.stored.delete(did);
    }
    expect(await sweepOnce(world)).toMatchObject({ halts: [{ kind: 'disappearances', count: 12 }] });
  });
});

it('a look says where the account is now', async () => {
  const { world } = await moved();
  const { view } = await dryRun(deps(world), mainTenant(world), user, alice.userId, world.clock.now());
  expect(view).toMatchObject({ movedTo: ELSEWHERE, actions: [], failures: [] });
});
