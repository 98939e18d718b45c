/** What a sweep records of users in sync, and what it does when documents are missing. */
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../src/engine/operations/replay.ts';
import { fold } from '../../../src/events/fold.ts';
import { alice, code, handle, type Person, person } from '../../mongo/subjects/people.ts';
import {
  aliceEvent,
  countCalls,
  DAY,
  dueUsers,
  populate,
  reconcileDue,
  sweepOnce,
  write,
} from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  choose,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  type World,
} from '../../support/in-memory/world.ts';

/** Users of the platform whom Concord has never looked at, and who have all that is theirs. */
function strangers(world: World, count: number): readonly Person[] {
  return Array.from({ length: count }, (_, at) => {
    const who = person(`user-${at}`);
    const name = `user${at}`;
    const email = `${name}@example.com`;
    const did = world.accounts.put({ handle: handle(name), email, password: 'plain' });
    world.documents.verifications.set(who.user, 1);
    world.documents.users.set(who.user, {
      code: code(`ac23${String(at).padStart(5, '0')}`),
      account: { did, handle: handle(name), password: 'plain' },
    });
    choose(world, who, name);
    world.directory.put(auth0User(who, { email }));
    return who;
  });
}

describe('first sights of users in sync', () => {
  it('are recorded in one line a user, shown, and not recorded again', async () => {
    const world = createWorld();
    const people = strangers(world, 30);
    const calls = countCalls(world);
    expect(await sweepOnce(world)).toMatchObject({ users: 30, drifted: 0 });
    const made = calls();
    // Nothing is read upstream for it, and nothing is written a user at a time.
    expect(
      Object.keys(made)
        .filter((name) => /^(auth0|accounts)\./.test(name))
        .sort(),
    ).toEqual(expect.not.arrayContaining(['auth0.user', 'accounts.account']));
    expect(aliceEvent(world, 'subject.observed')).toHaveLength(30);
    for (const { user } of people) {
      const subject = await world.subjects.get(user);
      expect(subject).toMatchObject({ sync: 'Synced', health: 'Healthy', code: expect.any(String) });
      const { userId: _id, tenant: _tenant, user: _user, dueAt: _due, ...view } = subject ?? {};
      expect(viewOf(await world.log.ofUser(user))).toEqual(view);
    }
    const before = world.log.events.length;
    await sweepOnce(world);
    expect(world.log.events.slice(before).map(({ type }) => type)).toEqual([
      'sweep.started',
      'sweep.finished',
    ]);
  });

  it('are what a removal is told by, though no reconciliation ever looked at the user', async () => {
    const world = createWorld();
    const [who] = strangers(world, 1);
    if (who === undefined) throw new Error('There are no users.');
    await sweepOnce(world);
    world.documents.users.delete(who.user);
    world.documents.verifications.delete(who.user);
    await sweepOnce(world);
    await reconcileDue(world, [who]);
    expect(await shownConditions(world, who.user)).toMatchObject({
      verification: 'False DocumentRemoved',
      'user-document': 'False DocumentRemoved',
    });
    expect(world.documents.users.size + world.documents.verifications.size).toBe(0);
  });

  it('leave a user to the reconciliation who is due or differs', async () => {
    const world = createWorld();
    const [first, second] = strangers(world, 2);
    if (first === undefined || second === undefined) throw new Error('There are no users.');
    await world.queue.markDue([first], world.clock.now(), 'trigger');
    world.documents.verifications.set(second.user, 0);
    await sweepOnce(world);
    expect(aliceEvent(world, 'subject.observed')).toEqual([]);
    await reconcileDue(world, [first, second]);
    for (const who of [first, second])
      expect(fold(eventsOf(world, who)).sights).toMatchObject({ verification: true, document: true });
  });
});

describe('what needed action', () => {
  it.each<[string, (world: World, who: Person) => void]>([
    ['a users document that was removed', (world, { user }) => world.documents.users.delete(user)],
    [
      'another code',
      (world, { user }) =>
        world.documents.users.set(user, { ...world.documents.users.get(user), code: code('ac3abcde') }),
    ],
  ])('and was put right by hand is over with the next sweep: %s', async (_what, damage) => {
    const world = createWorld();
    const [who] = await populate(world, 1);
    if (who === undefined) throw new Error('There are no users.');
    const before = world.documents.users.get(who.user);
    damage(world, who);
    await sweepOnce(world);
    await reconcileDue(world, [who]);
    expect((await world.subjects.get(who.user))?.health).toBe('Degraded');
    world.documents.users.set(who.user, { ...before });
    expect(await sweepOnce(world)).toMatchObject({ drifted: 1 });
    await reconcileDue(world, [who]);
    expect(await world.subjects.get(who.user)).toMatchObject({ sync: 'Synced', health: 'Healthy' });
    expect(await sweepOnce(world)).toMatchObject({ drifted: 0 });
  });
});

describe('documents that are missing since the last sweep', () => {
  it('of a few users are theirs: each is due', async () => {
    const world = createWorld();
    const people = await populate(world, 12);
    for (const { user } of people.slice(0, 10)) world.documents.users.delete(user);
    expect(await sweepOnce(world)).toMatchObject({ halts: [], drifted: 10 });
    expect(await dueUsers(world)).toHaveLength(10);
  });

  it.each<[string, (world: World) => void]>([
    ['a collection was dropped', (world) => world.documents.verifications.clear()],
    ['another PDS answers behind the URL', (world) => world.accounts.stored.clear()],
  ])('of many users are one halted run, and none of them is due: %s', async (_what, happen) => {
    const world = createWorld();
    const people = await populate(world, 12);
    happen(world);
    const { halts } = await sweepOnce(world);
    expect(halts).toMatchObject([{ kind: 'disappearances', count: 12, limit: 10, of: 12 }]);
    expect(await dueUsers(world)).toEqual([]);
    const [halt] = halts;
    if (halt === undefined) throw new Error('Nothing was halted.');
    expect(halt.users).toHaveLength(12);
    // A person lets it: then each user needs action, and the next run is not halted over them again.
    await write(world, 'sweep.approved', { run: halt.run, by: 'carol' });
    await world.queue.markDue([...people], world.clock.now(), 'trigger');
    await reconcileDue(world, people);
    expect(await sweepOnce(world)).toMatchObject({ halts: [] });
    for (const { user } of people)
      expect(Object.values(await shownConditions(world, user)).join()).toMatch(
        /DocumentRemoved|AccountMissing/,
      );
  });

  it('count those whom reconciliations found a moment ago: part of one removal, and one halt', async () => {
    const world = createWorld();
    const people = await populate(world, 16);
    for (const { user } of people) world.documents.users.delete(user);
    // The change stream made the first ones due before there were many.
    for (const who of people.slice(0, 9)) await reconcileUser(world, who);
    const { halts } = await sweepOnce(world);
    expect(halts).toMatchObject([{ kind: 'disappearances', count: 16, limit: 10 }]);
    expect(halts[0]?.users).toHaveLength(7);
    // A day later they are no longer one removal.
    await world.clock.advance(DAY);
    expect(await sweepOnce(world)).toMatchObject({ halts: [] });
  });

  it('are not halted over where they were never there', async () => {
    const world = createWorld();
    for (let at = 0; at < 30; at += 1) world.directory.put(auth0User(person(`new-${at}`)));
    world.directory.put(auth0User(alice));
    expect(await sweepOnce(world)).toMatchObject({ halts: [], drifted: 31 });
    expect(await dueUsers(world)).toHaveLength(31);
  });
});
