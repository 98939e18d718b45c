/** Deleted users whose address or identity a user in Auth0 has: in every order nothing is taken from a person. */
import { describe, expect, it } from 'vitest';
import { successorSearch } from '../../../src/engine/reconcile/claims/successors.ts';
import { dryRun } from '../../../src/engine/reconcile/dry-run.ts';
import type { Policy } from '../../../src/engine/reconcile/settings.ts';
import { approveRun } from '../../../src/engine/sweep/approval.ts';
import { isListedOtherwise } from '../../../src/engine/sweep/assess.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { eventId } from '../../../src/identity.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import { alice, bob, otherTenant, type Person, person, tenant } from '../../mongo/subjects/people.ts';
import {
  accountOf,
  aliceEvent,
  countCalls,
  DAY,
  deleted,
  dueUsers,
  mainTenant,
  populate,
  sweepDeps,
  sweepOnce,
  write,
} from '../../support/in-memory/sweeps.ts';
import {
  arrive,
  auth0User,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const GRACE = DAY;
const DELETE: Partial<Policy> = { removal: 'delete', removalGraceMs: GRACE };
const ADDRESS = 'alice@example.com';

async function worldOf(policy: Partial<Policy> = DELETE): Promise<World> {
  const world = createWorld({ policy });
  await populate(world, 20);
  await signUp(world, alice);
  await untilQuiet(world);
  return world;
}

/** What Auth0 does when users are linked: the second one is an identity of the first, and no user any more. */
function link(world: World, primary: Person, secondary: Person): void {
  const user = world.directory.get(primary.userId) ?? auth0User(primary);
  world.directory.put({ ...user, linked: [...(user.linked ?? []), secondary.userId].sort() });
  world.directory.remove(secondary.userId);
}

async function messageOf(world: World, who: Person): Promise<string> {
  const subject = await world.subjects.get(who.user);
  return subject?.conditions.find(({ type }) => type === 'account')?.message ?? '';
}

async function isKept(world: World, who: Person): Promise<void> {
  expect(await shownConditions(world, who.user)).toMatchObject({ account: 'True KeptForSuccessor' });
  expect(accountOf(world, who)?.status).toBe('active');
  expect(aliceEvent(world, 'account.deleted')).toEqual([]);
}

async function sweepsAndRests(world: World): Promise<void> {
  await sweepOnce(world);
  await untilQuiet(world, 40);
}

describe('a user who signs up with the address of a deleted user', () => {
  it.each([
    ['before the deletion', ['signs up', 'is deleted', 'grace', 'sweep', 'sweep']],
    ['in the grace', ['is deleted', 'signs up', 'grace', 'sweep', 'sweep']],
    ['after the grace, before the grant', ['is deleted', 'grace', 'signs up', 'sweep', 'sweep']],
    ['in the grace, unheard', ['is deleted', 'signs up unheard', 'grace', 'sweep', 'sweep']],
    ['after the grant, unheard', ['is deleted', 'grace', 'granted', 'signs up unheard', 'wake', 'sweep']],
  ] as const)('keeps the account of the other: %s', async (_when, steps) => {
    const world = await worldOf();
    for (const step of steps) {
      if (step === 'signs up') await signUp(world, bob, { email: ADDRESS });
      if (step === 'signs up unheard') world.directory.put(auth0User(bob, { email: ADDRESS }));
      if (step === 'is deleted') await deleted(world, alice);
      if (step === 'grace') await world.clock.advance(2 * GRACE);
      if (step === 'granted')
        await write(world, 'removal.granted', { run: eventId('run'), by: 'carol' }, alice);
      if (step === 'wake') await world.queue.markDue([alice], world.clock.now(), 'trigger');
      if (step === 'sweep') await sweepOnce(world);
      if (step !== 'granted' && step !== 'signs up unheard') await untilQuiet(world, 40);
    }
    await isKept(world, alice);
    expect(await messageOf(world, alice)).toContain(`concord transfer '${alice.user}' '${bob.user}'`);
    expect(await messageOf(world, alice)).not.toContain('@');
  });

  it('in another tenant and another spelling as well', async () => {
    const world = await worldOf();
    await deleted(world, alice);
    world.otherDirectory.put(auth0User(person('ann', otherTenant), { email: ADDRESS }));
    await world.clock.advance(2 * GRACE);
    await untilQuiet(world);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'carol' }, alice);
    await reconcileUser(world, alice);
    await isKept(world, alice);
    world.otherDirectory.put(auth0User(person('ann', otherTenant), { email: 'Alice@Example.com' }));
    await signUp(world, person('ann', otherTenant), { email: 'Alice@Example.com' });
    await untilQuiet(world, 40);
    await reconcileUser(world, alice);
    await isKept(world, alice);
  });

  it('is named under the policy report too, and is not when the address is not verified', async () => {
    const world = await worldOf({ removal: 'report' });
    await deleted(world, alice);
    await signUp(world, bob, { email: ADDRESS, emailVerified: false });
    await untilQuiet(world);
    expect(await messageOf(world, alice)).not.toContain(bob.user);
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    await arrive(world, bob, 'sv');
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True UserGone' });
    expect(await messageOf(world, alice)).toContain(`concord transfer '${alice.user}' '${bob.user}'`);
  });

  it.each([
    ['is deleted', (world: World) => deleted(world, bob)],
    [
      'has another address',
      async (world: World) => {
        world.directory.put(auth0User(bob));
        await arrive(world, bob, 'sce');
      },
    ],
  ] as const)('who then %s is in the way no longer', async (_what, leaves) => {
    const world = await worldOf();
    await signUp(world, bob, { email: ADDRESS });
    await deleted(world, alice);
    await untilQuiet(world);
    await isKept(world, alice);
    await leaves(world);
    await untilQuiet(world, 40);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False RemovalDue' });
    await sweepsAndRests(world);
    expect(accountOf(world, alice)).toBeUndefined();
  });

  it('and is known to Auth0 alone is asked for again at each sweep, until nothing is in the way', async () => {
    const world = await worldOf();
    await deleted(world, alice);
    await world.clock.advance(2 * GRACE);
    await untilQuiet(world);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'carol' }, alice);
    const ann = person('ann', otherTenant);
    world.otherDirectory.put(auth0User(ann, { email: ADDRESS }));
    await reconcileUser(world, alice);
    await isKept(world, alice);
    await sweepsAndRests(world);
    await isKept(world, alice);
    world.otherDirectory.remove(ann.userId);
    await sweepsAndRests(world);
    expect(accountOf(world, alice)).toBeUndefined();
  });
});

describe('a user who was linked into another one', () => {
  it.each([true, false])('keeps the account, whatever becomes of the address (told: %s)', async (isTold) => {
    const world = await worldOf();
    await signUp(world, bob);
    await untilQuiet(world);
    link(world, bob, alice);
    if (isTold) await arrive(world, bob, 'sapi');
    await untilQuiet(world);
    // No entry names the secondary user: the primary one, or the sweep, tells that it is gone.
    if (isTold)
      expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True UserGoneOnce' });
    await sweepsAndRests(world);
    await world.clock.advance(2 * GRACE);
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await sweepsAndRests(world);
    await isKept(world, alice);
    expect(await messageOf(world, alice)).toContain(`Auth0 has linked this user into '${bob.user}'.`);
    expect(aliceEvent(world, 'removal.granted')).toEqual([]);
  });

  it('is found in Auth0 in the moment of the removal, where no reconciliation has seen the link', async () => {
    const world = await worldOf();
    await deleted(world, alice);
    await world.clock.advance(2 * GRACE);
    await untilQuiet(world);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'carol' }, alice);
    link(world, bob, alice);
    await reconcileUser(world, alice);
    await isKept(world, alice);
  });

  it('and is a user again is due, though no entry names it', async () => {
    const world = await worldOf();
    await signUp(world, bob);
    await untilQuiet(world);
    link(world, bob, alice);
    await arrive(world, bob, 'sapi');
    await untilQuiet(world);
    world.directory.put(auth0User(bob));
    world.directory.put(auth0User(alice, { createdAt: world.clock.now() }));
    await arrive(world, bob, 'sapi');
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
    expect(await world.subjects.get(bob.user)).toMatchObject({ linked: [] });
  });
});

describe('while Auth0 cannot be asked', () => {
  it.each([
    ['by address', 'usersByEmail'],
    ['by identity', 'usersByIdentity'],
  ])('%s, nothing is removed', async (_how, method) => {
    const world = await worldOf();
    await deleted(world, alice);
    await world.clock.advance(2 * GRACE);
    await untilQuiet(world);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'carol' }, alice);
    world.hooks.before = (call) => {
      if (call.method !== method) return;
      throw new UpstreamError('away', { upstream: 'auth0', code: 'UNREACHABLE', retryable: true });
    };
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'failed', applied: [] });
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'Unknown NotObserved' });
    world.hooks.before = undefined;
    expect(accountOf(world, alice)?.status).toBe('active');
    await untilQuiet(world);
    expect(accountOf(world, alice)).toBeUndefined();
  });

  it('is asked only where the removal is the next step', async () => {
    const world = await worldOf();
    await deleted(world, alice);
    const counts = countCalls(world);
    await reconcileUser(world, alice);
    await world.clock.advance(2 * GRACE);
    await reconcileUser(world, alice);
    expect(counts()['auth0.usersByIdentity']).toBeUndefined();
    await write(world, 'removal.granted', { run: eventId('run'), by: 'carol' }, alice);
    const removing = countCalls(world);
    await reconcileUser(world, alice);
    expect(removing()).toMatchObject({ 'auth0.usersByIdentity': 1, 'auth0.usersByEmail': 2 });
    expect(accountOf(world, alice)).toBeUndefined();
  });
});

describe('nobody grants or plans such a removal', () => {
  async function dueWithSuccessor(): Promise<World> {
    const world = await worldOf();
    await deleted(world, alice);
    await world.clock.advance(2 * GRACE);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False RemovalDue' });
    // Seen by a reconciliation, and the deleted user has not been looked at since.
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    await reconcileUser(world, bob);
    return world;
  }

  it('a sweep makes the user due instead, and does not count it against the limit', async () => {
    const world = await dueWithSuccessor();
    expect(await sweepOnce(world, { removals: { share: 0, count: 0 } })).toMatchObject({
      removals: 0,
      halts: [],
    });
    expect(await dueUsers(world)).toContain(alice.user);
    await untilQuiet(world);
    await isKept(world, alice);
  });

  it('an approval grants it to the others alone', async () => {
    const world = await worldOf();
    const carol = person('carol');
    await signUp(world, carol);
    await untilQuiet(world);
    for (const who of [alice, carol]) await deleted(world, who);
    await world.clock.advance(2 * GRACE);
    await untilQuiet(world, 40);
    const { halts } = await sweepOnce(world, { removals: { share: 0, count: 0 } });
    expect(halts).toMatchObject([{ kind: 'removals', count: 2 }]);
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    await reconcileUser(world, bob);
    const deps = { ...sweepDeps(world), tenants: [mainTenant(world)] };
    await approveRun(deps, halts[0]?.run ?? '', { by: 'dave' });
    await untilQuiet(world, 40);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True KeptForSuccessor' });
    expect(accountOf(world, alice)?.status).toBe('active');
    expect(aliceEvent(world, 'removal.granted').map(({ user }) => user)).toEqual([carol.user]);
    expect(accountOf(world, carol)).toBeUndefined();
  });

  it('a dry run plans none, and asks Auth0 as a reconciliation does', async () => {
    const world = await worldOf();
    await deleted(world, alice);
    await world.clock.advance(2 * GRACE);
    await untilQuiet(world);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'carol' }, alice);
    const deps = sweepDeps(world);
    const plan = async () => {
      const { view } = await dryRun(deps, mainTenant(world), alice.user, alice.userId, world.clock.now());
      return view.actions.map(({ type }) => type);
    };
    expect(await plan()).toEqual(['delete-account']);
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    expect(await plan()).toEqual([]);
  });
});

describe('a sweep over linked identities', () => {
  it('makes due whose identities it finds others than known, and reads no more of all the rest', async () => {
    const world = createWorld();
    await populate(world, 4);
    await signUp(world, bob, { linked: [alice.userId] });
    await untilQuiet(world);
    const rested = countCalls(world);
    expect(await sweepOnce(world)).toMatchObject({ drifted: 0 });
    expect(rested()).not.toHaveProperty('subjects.known');
    world.directory.put(auth0User(bob, { linked: [alice.userId, person('carol').userId] }));
    expect(await sweepOnce(world)).toMatchObject({ drifted: 1 });
    expect(await dueUsers(world)).toEqual([bob.user]);
    await untilQuiet(world);
    expect(await world.subjects.get(bob.user)).toMatchObject({ linked: ['auth0|alice', 'auth0|carol'] });
    world.directory.put(auth0User(bob));
    await sweepOnce(world);
    await untilQuiet(world);
    expect(await world.subjects.get(bob.user)).toMatchObject({ linked: [] });
    expect(await sweepOnce(world)).toMatchObject({ drifted: 0 });
  });

  it('has a user that nobody has looked at looked at, once', async () => {
    const world = createWorld();
    await populate(world, 2);
    const known = { known: undefined, auth0: auth0User(bob) };
    expect(isListedOtherwise(known as Parameters<typeof isListedOtherwise>[0])).toBe(false);
    const linking: Auth0User = auth0User(bob, { linked: [alice.userId] });
    world.directory.put(linking);
    expect(await sweepOnce(world)).toMatchObject({ drifted: 1 });
    await untilQuiet(world);
    expect(await sweepOnce(world)).toMatchObject({ drifted: 0 });
    expect(eventsOf(world, bob).filter(({ type }) => type === 'auth0.user-observed')).toHaveLength(1);
  });
});

it('the search leaves out the deleted user itself, which the listing may still show', async () => {
  const world = createWorld();
  world.directory.put(auth0User(alice));
  const search = successorSearch(world.subjects, [{ id: tenant, keyPrefix: '', directory: world.directory }]);
  expect(await search.inAuth0(alice.user, [ADDRESS])).toEqual([]);
  expect(await search.inAuth0(person('ann', otherTenant).user, [ADDRESS])).toEqual([
    { user: alice.user, by: 'address' },
  ]);
});
