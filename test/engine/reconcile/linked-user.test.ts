/** One person in two tenants: one handle, two accounts, and no pass that undoes what another did. */
import { describe, expect, it } from 'vitest';
import { blanked } from '../../../src/events/blank.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { fold } from '../../../src/events/fold.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, handle, otherTenant, person } from '../../mongo/subjects/people.ts';
import {
  chooses,
  createLinkedWorld,
  isAtRest,
  linkedAlice,
  put,
  resolved,
} from '../../support/in-memory/linked-users.ts';
import { countCalls } from '../../support/in-memory/sweeps.ts';
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

describe('two tenants, one person, one handle', () => {
  it('without a handle each account carries its code, and the second address its tag', async () => {
    const world = await createLinkedWorld();
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
    expect(carried(world, linkedAlice)).toBe(codeHandleOf(world, linkedAlice));
    const addresses = [...world.accounts.stored.values()].map(({ email }) => email).sort();
    expect(addresses).toEqual(['alice+second@example.com', 'alice@example.com']);
    await isAtRest(world);
  });

  it.each([
    { where: 'the first tenant', owner: alice, other: linkedAlice },
    { where: 'the second tenant', owner: linkedAlice, other: alice },
  ])('chosen in $where, both resolve to it and one account carries it', async ({ owner, other }) => {
    const world = await createLinkedWorld();
    await chooses(world, owner, 'cedar');
    expect([await resolved(world, alice), await resolved(world, linkedAlice)]).toEqual(['cedar', 'cedar']);
    expect(carried(world, owner)).toBe(handle('cedar'));
    expect(carried(world, other)).toBe(codeHandleOf(world, other));
    expect((await shownConditions(world, other.user))['handle']).toBe('True SisterHasHandle');
    await isAtRest(world);
  });

  it.each([
    { first: alice, second: linkedAlice },
    { first: linkedAlice, second: alice },
  ])(
    'the end is the same in whatever order they are looked at ($first.user first)',
    async ({ first, second }) => {
      const world = createWorld({ areLinked: true });
      choose(world, alice, 'cedar');
      put(world, alice, {});
      put(world, linkedAlice, {});
      await reconcileUser(world, first);
      await reconcileUser(world, second);
      await untilQuiet(world);
      const carrying = [...world.accounts.stored.values()].filter(
        (account) => account.handle === handle('cedar'),
      );
      expect(carrying).toHaveLength(1);
      expect([await resolved(world, alice), await resolved(world, linkedAlice)]).toEqual(['cedar', 'cedar']);
      await isAtRest(world);
    },
  );

  it('a change of the handle reaches both, and only one account', async () => {
    const world = await createLinkedWorld();
    await chooses(world, alice, 'cedar');
    await chooses(world, alice, 'oak');
    expect([await resolved(world, alice), await resolved(world, linkedAlice)]).toEqual(['oak', 'oak']);
    expect([carried(world, alice), carried(world, linkedAlice)]).toEqual([
      handle('oak'),
      codeHandleOf(world, linkedAlice),
    ]);
    await isAtRest(world);
  });

  it('each with a handle of their own has that one', async () => {
    const world = await createLinkedWorld();
    await chooses(world, alice, 'cedar');
    await chooses(world, linkedAlice, 'oak');
    expect([carried(world, alice), carried(world, linkedAlice)]).toEqual([handle('cedar'), handle('oak')]);
    expect(await resolved(world, linkedAlice)).toBe('oak');
    await isAtRest(world);
  });

  it('an account carries the handle of a sister who is to have none, until she has one', async () => {
    const world = createWorld({ areLinked: true, policy: { blocked: 'report' } });
    await signUp(world, alice, { blocked: true });
    await signUp(world, linkedAlice);
    await untilQuiet(world);
    await chooses(world, alice, 'cedar');
    expect(carried(world, linkedAlice)).toBe(handle('cedar'));
    expect([...world.accounts.stored.values()]).toHaveLength(1);
    await isAtRest(world);

    put(world, alice, { blocked: false });
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    // The account that was there has the plain address, and the second one gets the tag of its tenant.
    expect((await world.subjects.get(alice.user))?.accountEmail).toBe('alice+main@example.com');
    expect([carried(world, alice), carried(world, linkedAlice)]).toEqual([
      handle('cedar'),
      codeHandleOf(world, linkedAlice),
    ]);
    await isAtRest(world);
  });
});

it('hands the handle over, once, when whoever has the row gets an account after all', async () => {
  const world = createWorld({ areLinked: true });
  await signUp(world, alice);
  await signUp(world, linkedAlice, { blocked: true });
  await untilQuiet(world);
  await chooses(world, linkedAlice, 'cedar');
  expect(carried(world, alice)).toBe(handle('cedar'));

  put(world, linkedAlice, { blocked: false });
  await world.queue.markDue([linkedAlice], world.clock.now(), 'trigger');
  await untilQuiet(world);

  expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
  expect(carried(world, linkedAlice)).toBe(handle('cedar'));
  await isAtRest(world);
});

describe('who is a sister', () => {
  it.each([
    { reason: 'not verified there', changes: { emailVerified: false } },
    { reason: 'another address there', changes: { email: 'alicia@example.com' } },
  ])('nobody: $reason', async ({ changes }) => {
    const world = createWorld({ areLinked: true });
    await signUp(world, alice);
    await signUp(world, linkedAlice, changes);
    await untilQuiet(world);
    await chooses(world, alice, 'cedar');
    expect(await resolved(world, linkedAlice)).toBeUndefined();
    expect(fold(eventsOf(world, alice)).sister).toBeUndefined();
  });

  it('nobody, where the tenants are none', async () => {
    const world = await createLinkedWorld({ areLinked: false });
    await chooses(world, alice, 'cedar');
    expect(await resolved(world, linkedAlice)).toBeUndefined();
  });

  it('the same address in other letters', async () => {
    const world = createWorld({ areLinked: true });
    await signUp(world, alice);
    await signUp(world, linkedAlice, { email: 'Alice@Example.com' });
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister?.user).toBe(linkedAlice.user);
    expect(fold(eventsOf(world, linkedAlice)).sister?.user).toBe(alice.user);
  });

  it('of two in the other tenant the one with the handle', async () => {
    const world = await createLinkedWorld();
    const google = person('alice-by-google', otherTenant);
    choose(world, google, 'cedar');
    await signUp(world, google, { email: 'alice@example.com', createdAt: new Date('2026-04-01') });
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister).toEqual({ user: google.user, handle: 'cedar' });
    expect(await resolved(world, alice)).toBe('cedar');
  });

  it('nobody any more, once the address is another: both learn it from the one who changed', async () => {
    const world = await createLinkedWorld();
    await chooses(world, alice, 'cedar');
    put(world, alice, { email: 'alicia@example.com' });
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect([await resolved(world, alice), await resolved(world, linkedAlice)]).toEqual(['cedar', undefined]);
    expect((await shownConditions(world, linkedAlice.user))['handle']).toBe('True NoPlatformHandle');
    await isAtRest(world);
  });

  it('is still the sister when a search by address misses her and she can be read by id', async () => {
    const world = await createLinkedWorld();
    await chooses(world, alice, 'cedar');
    Object.assign(world.directory, { usersByEmail: async () => [] });
    await reconcileUser(world, linkedAlice);
    expect(await resolved(world, linkedAlice)).toBe('cedar');
  });
});

describe('an address that one tenant spells in another way', () => {
  /** A lookup in the second tenant by the address of the first finds nobody. */
  const SPELLED = { email: 'Alice@Example.com' };

  it.each([
    ['the first tenant first', [alice, linkedAlice], linkedAlice],
    ['the second tenant first', [linkedAlice, alice], linkedAlice],
    ['the first tenant first', [alice, linkedAlice], alice],
    ['the second tenant first', [linkedAlice, alice], alice],
  ] as const)('both know each other: %s, handle of one of them', async (_order, order, owner) => {
    const world = createWorld({ areLinked: true });
    put(world, alice, {});
    put(world, linkedAlice, SPELLED);
    choose(world, owner, 'cedar');
    for (const who of order) await reconcileUser(world, who);
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister?.user).toBe(linkedAlice.user);
    expect(fold(eventsOf(world, linkedAlice)).sister?.user).toBe(alice.user);
    expect([await resolved(world, alice), await resolved(world, linkedAlice)]).toEqual(['cedar', 'cedar']);
    const carrying = [...world.accounts.stored.values()].filter((one) => one.handle === handle('cedar'));
    expect(carrying).toHaveLength(1);
    await isAtRest(world);
  });

  async function spelled() {
    const world = createWorld({ areLinked: true });
    await signUp(world, alice);
    await signUp(world, linkedAlice, SPELLED);
    await untilQuiet(world);
    return world;
  }

  it('is told to the other once, before the own log says it, and with what made the user due as cause', async () => {
    const world = await spelled();
    const named = eventsOf(world, alice).filter(({ type }) => type === 'sister.named');
    expect(named).toMatchObject([
      { data: { by: linkedAlice.user }, cause: [expect.stringContaining(otherTenant)] },
    ]);
    const own = eventsOf(world, linkedAlice).find(({ type }) => type === 'sister.observed');
    const order = world.log.events.map(({ _id }) => _id);
    const place = (one: ConcordEvent | undefined) => order.indexOf(one?._id ?? eventId(''));
    expect(place(named[0])).toBeGreaterThan(-1);
    expect(place(named[0])).toBeLessThan(place(own));
    expect(fold(eventsOf(world, alice)).namedBy).toMatchObject([{ user: linkedAlice.user }]);
    expect(eventsOf(world, linkedAlice).filter(({ type }) => type === 'sister.named')).toEqual([]);
  });

  it('is found in the read model where it was never told, as in logs from before it was told', async () => {
    const world = await spelled();
    for (const event of eventsOf(world, alice))
      if (['sister.named', 'sister.observed'].includes(event.type)) world.log.replace(blanked(event));
    expect(fold(eventsOf(world, alice)).sister).toBeUndefined();
    await reconcileUser(world, alice);
    expect(fold(eventsOf(world, alice)).sister?.user).toBe(linkedAlice.user);
    await untilQuiet(world);
    await isAtRest(world);
  });

  it.each([
    [
      'one after the other',
      async (world: World) => {
        await reconcileUser(world, alice);
        await reconcileUser(world, linkedAlice);
      },
    ],
    [
      'at the same moment',
      async (world: World) => {
        await Promise.all([reconcileUser(world, alice), reconcileUser(world, linkedAlice)]);
      },
    ],
  ] as const)(
    'both know each other where neither lookup finds the other, reconciled %s',
    async (_how, reconcile) => {
      const world = createWorld({ areLinked: true });
      put(world, alice, { email: 'ALICE@example.com' });
      put(world, linkedAlice, SPELLED);
      choose(world, alice, 'cedar');
      await reconcile(world);
      await untilQuiet(world);
      expect(fold(eventsOf(world, alice)).sister?.user).toBe(linkedAlice.user);
      expect(fold(eventsOf(world, linkedAlice)).sister?.user).toBe(alice.user);
      expect([await resolved(world, alice), await resolved(world, linkedAlice)]).toEqual(['cedar', 'cedar']);
      await isAtRest(world);
    },
  );

  it('stays the same person while the flag of either is off again, and keeps the handle', async () => {
    const world = await spelled();
    choose(world, alice, 'cedar');
    for (const who of [alice, linkedAlice]) await reconcileUser(world, who);
    await untilQuiet(world);
    const before = [...world.accounts.stored.values()].map((one) => one.handle);
    expect(before).toContain(handle('cedar'));
    for (const [first, second] of [
      [false, true],
      [false, false],
      [true, false],
      [true, true],
    ]) {
      put(world, alice, { emailVerified: first === true });
      put(world, linkedAlice, { ...SPELLED, emailVerified: second === true });
      await world.queue.markDue([alice, linkedAlice], world.clock.now(), 'trigger');
      await untilQuiet(world);
      expect(fold(eventsOf(world, alice)).sister?.user).toBe(linkedAlice.user);
      expect(fold(eventsOf(world, linkedAlice)).sister?.user).toBe(alice.user);
      expect([...world.accounts.stored.values()].map((one) => one.handle)).toEqual(before);
      await isAtRest(world);
    }
  });

  it('proves nothing by itself: another address is another person', async () => {
    const world = await spelled();
    put(world, linkedAlice, { ...SPELLED, email: 'other@example.com' });
    await world.queue.markDue([linkedAlice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister).toBeUndefined();
    expect(fold(eventsOf(world, alice)).namedBy).toEqual([]);
    const dismissed = eventsOf(world, alice).filter(({ type }) => type === 'sister.dismissed');
    expect(dismissed).toMatchObject([{ data: { named: expect.any(String) } }]);
    const asking = countCalls(world);
    await reconcileUser(world, alice);
    expect(asking()).toMatchObject({ 'auth0.user': 1 });
    put(world, linkedAlice, SPELLED);
    await world.queue.markDue([linkedAlice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister?.user).toBe(linkedAlice.user);
    await isAtRest(world);
  });

  it('is asked for no more under another address of the own', async () => {
    const world = await spelled();
    put(world, alice, { email: 'alice.new@example.com' });
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister).toBeUndefined();
    const counts = countCalls(world);
    await reconcileUser(world, alice);
    expect(counts()).toMatchObject({ 'auth0.user': 1 });
    put(world, alice, {});
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await untilQuiet(world);
    await reconcileUser(world, linkedAlice);
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice)).sister?.user).toBe(linkedAlice.user);
    expect(fold(eventsOf(world, linkedAlice)).sister?.user).toBe(alice.user);
  });

  it('of a user who is deleted before it knows of the other: the other is woken all the same', async () => {
    const world = createWorld({ areLinked: true });
    put(world, alice, {});
    put(world, linkedAlice, SPELLED);
    choose(world, alice, 'cedar');
    await reconcileUser(world, alice);
    await reconcileUser(world, linkedAlice);
    expect(await resolved(world, linkedAlice)).toBe('cedar');
    // Named, and not looked at since.
    world.directory.remove(alice.userId);
    await reconcileUser(world, alice);
    await untilQuiet(world);
    expect(fold(eventsOf(world, linkedAlice)).sister).toBeUndefined();
    expect(await resolved(world, linkedAlice)).toBeUndefined();
  });
});
