/** Everyone is looked at; who differs becomes due, and what would change many at once is held back. */
import { describe, expect, it } from 'vitest';
import type { AccountHandle } from '../../../src/identity.ts';
import { alice, handle, type Person, person, tenant } from '../../mongo/subjects/people.ts';
import {
  accountOf,
  aliceEvent,
  DAY,
  deleted,
  dueUsers,
  nameOf,
  populate,
  reconcileDue,
  sweepOnce,
  write,
} from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  carried,
  choose,
  codeHandleOf,
  createWorld,
  reconcileUser,
  shownConditions,
  snapshot,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const RUN_OVER = { complete: true, halts: [], removals: 0 };

function removeFromAuth0({ directory }: World, people: readonly Person[]): void {
  for (const { userId } of people) directory.remove(userId);
}

function approve(world: World): Promise<void> {
  const run = aliceEvent(world, 'sweep.halted').at(-1)?.data.run;
  if (run === undefined) throw new Error('No run was halted.');
  return write(world, 'sweep.approved', { run, by: 'bob' });
}

describe('a sweep', () => {
  it('makes due who differs, and nobody else', async () => {
    const world = createWorld();
    const [first, second] = await populate(world, 4);
    if (first === undefined || second === undefined) throw new Error('Nobody is there.');
    world.documents.verifications.set(first.user, 0);
    world.documents.users.delete(second.user);
    world.directory.put(auth0User(alice));

    expect(await sweepOnce(world)).toMatchObject({ ...RUN_OVER, users: 5, drifted: 3 });

    expect(await dueUsers(world)).toEqual([alice.user, first.user, second.user].sort());
    expect(aliceEvent(world, 'sweep.started')).toHaveLength(1);
    expect(aliceEvent(world, 'sweep.finished').map(({ data }) => data)).toMatchObject([
      { users: 5, drifted: 3, complete: true },
    ]);
  });

  it('of people who are all well writes two lines and changes nothing', async () => {
    const world = createWorld();
    await populate(world, 6);
    const { events: _before, ...before } = snapshot(world);
    const lines = world.log.events.length;

    expect(await sweepOnce(world)).toMatchObject({ ...RUN_OVER, users: 6, drifted: 0 });

    const { events, ...after } = snapshot(world);
    expect(after).toEqual(before);
    expect(events.slice(lines).map(({ type }) => type)).toEqual(['sweep.started', 'sweep.finished']);
    expect(await dueUsers(world)).toEqual([]);
  });

  it('makes nobody of another tenant due, nor takes them for unlisted', async () => {
    const world = createWorld();
    await populate(world, 2);
    const other = person(
      'alice',
      [...world.deps.tenants.keys()].find((id) => id !== tenant),
    );
    world.otherDirectory.put(auth0User(other));
    await reconcileUser(world, other);
    expect(await sweepOnce(world)).toMatchObject({ ...RUN_OVER, users: 2 });
    expect(aliceEvent(world, 'auth0.user-unlisted')).toEqual([]);
  });
});

describe('a listing that breaks off', () => {
  it('makes due whom it saw, and concludes nothing about the others', async () => {
    const world = createWorld({ policy: { removal: 'delete', removalGraceMs: 0 } });
    const people = await populate(world, 120);
    const [drifted, renamed, gone] = people;
    const unseen = people[110];
    if (!(drifted && renamed && gone && unseen)) throw new Error('Nobody is there.');
    // One whose removal is due already: a complete listing would grant it.
    await deleted(world, gone);
    expect(await shownConditions(world, gone.user)).toMatchObject({ account: 'False RemovalDue' });
    world.documents.verifications.set(drifted.user, 0);
    world.documents.verifications.set(unseen.user, 0);
    choose(world, renamed, 'another');
    world.directory.breakListAfter(1);

    expect(await sweepOnce(world)).toMatchObject({
      ...RUN_OVER,
      users: 100,
      drifted: 2,
      complete: false,
      orphans: null,
    });

    expect(await dueUsers(world)).toEqual([drifted.user]);
    expect([...aliceEvent(world, 'auth0.user-unlisted'), ...aliceEvent(world, 'removal.granted')]).toEqual(
      [],
    );
    expect(aliceEvent(world, 'sweep.finished').at(-1)?.data.complete).toBe(false);
  });

  it('at its very beginning is not an empty tenant', async () => {
    const world = createWorld();
    await populate(world, 3);
    world.directory.breakListAfter(0);
    expect(await sweepOnce(world)).toMatchObject({ users: 0, complete: false, halts: [] });
    expect(await dueUsers(world)).toEqual([]);
  });
});

describe('a listing that is not exact', () => {
  it('with a row that names no user: it may be anybody, and is no reason to leave the others alone', async () => {
    const world = createWorld();
    const [first, second] = await populate(world, 30);
    if (first === undefined || second === undefined) throw new Error('Nobody is there.');
    world.directory.remove(first.userId);
    world.directory.addUnreadable({ fields: ['user_id'] });
    world.documents.verifications.set(second.user, 0);

    const inexact = { complete: false, inexact: 'unreadable-rows', users: 29, unreadable: 1, orphans: null };
    expect(await sweepOnce(world)).toMatchObject({ ...inexact, drifted: 1 });

    expect(await dueUsers(world)).toEqual([second.user]);
    expect([...aliceEvent(world, 'auth0.user-unlisted'), ...aliceEvent(world, 'removal.granted')]).toEqual(
      [],
    );
    expect(aliceEvent(world, 'sweep.finished').map(({ data }) => data)).toMatchObject([inexact]);
  });

  it.each(['total-too-high', 'total-too-low', 'repeated-rows', 'changed-meanwhile'] as const)(
    '%s: everyone who is listed is looked at, also for a rename, and no user is doubted',
    async (reason) => {
      const world = createWorld();
      const [left, drifted, renamed] = await populate(world, 30);
      if (left === undefined || drifted === undefined || renamed === undefined)
        throw new Error('Nobody is there.');
      world.directory.lie(reason, [left.userId]);
      world.documents.verifications.set(drifted.user, 0);
      choose(world, renamed, 'another');

      expect(await sweepOnce(world)).toMatchObject({ complete: false, inexact: reason, halts: [] });

      expect(await dueUsers(world)).toEqual([drifted.user, renamed.user].sort());
      expect([...aliceEvent(world, 'auth0.user-unlisted'), ...aliceEvent(world, 'removal.granted')]).toEqual(
        [],
      );

      world.directory.lie(undefined);
      expect(await sweepOnce(world)).toMatchObject({ complete: true, inexact: undefined });
    },
  );

  it('that lacks many of the known users was cut off', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    world.directory.lie(
      'total-too-high',
      people.slice(0, 10).map(({ userId }) => userId),
    );
    const cutOff = { complete: false, inexact: 'lacks-many', users: 10, halts: [] };
    expect(await sweepOnce(world)).toMatchObject(cutOff);
    expect(aliceEvent(world, 'auth0.user-unlisted')).toEqual([]);
  });

  it('holds what it finds against the limits all the same', async () => {
    const world = createWorld();
    for (const [at, one] of (await populate(world, 20)).entries()) choose(world, one, `other${at}`);
    world.directory.lie('total-too-low');
    const halted = { complete: false, halts: [{ kind: 'renames', count: 20 }] };
    expect(await sweepOnce(world)).toMatchObject(halted);
    expect(await dueUsers(world)).toEqual([]);
  });
});

describe('a listing that is too small to be believed', () => {
  it.each([
    { reason: 'empty', known: 5, missing: 5 },
    { reason: 'more than a tenth smaller', known: 20, missing: 3 },
  ])('$reason: halts, and nobody is taken for gone', async ({ known, missing }) => {
    const world = createWorld();
    const people = await populate(world, known);
    removeFromAuth0(world, people.slice(0, missing));

    const { halts } = await sweepOnce(world);

    expect(halts).toMatchObject([{ kind: 'source', count: known - missing, of: known, users: [] }]);
    expect(aliceEvent(world, 'sweep.halted').map(({ data }) => data)).toEqual(halts);
    expect(aliceEvent(world, 'auth0.user-unlisted')).toEqual([]);
    expect(await dueUsers(world)).toEqual([]);
  });

  it('a tenth smaller is within the limit: who is missing is looked at', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    removeFromAuth0(world, people.slice(0, 2));
    expect(await sweepOnce(world)).toMatchObject(RUN_OVER);
    expect(await dueUsers(world)).toEqual(people.slice(0, 2).map(({ user }) => user));
  });

  it('still makes due who differs among those it has', async () => {
    const world = createWorld();
    const people = await populate(world, 4);
    removeFromAuth0(world, people.slice(0, 2));
    for (const { user } of people) world.documents.verifications.set(user, 0);
    await sweepOnce(world);
    expect(await dueUsers(world)).toEqual(people.slice(2).map(({ user }) => user));
  });

  it.each([
    { reason: 'at once', afterMs: 60_000, goesOn: true },
    { reason: 'a night later', afterMs: DAY - 60_000, goesOn: true },
    { reason: 'more than a day later', afterMs: DAY + 60_000, goesOn: false },
  ])('approved, and swept again $reason: goes on $goesOn', async ({ afterMs, goesOn }) => {
    const world = createWorld();
    const people = await populate(world, 10);
    removeFromAuth0(world, people.slice(0, 5));
    await sweepOnce(world);
    // A person sleeps over it, so that the halt itself is older than the approval lasts.
    await world.clock.advance(DAY);
    await approve(world);
    await world.clock.advance(afterMs);

    const { halts } = await sweepOnce(world);

    expect(halts).toHaveLength(goesOn ? 0 : 1);
    expect(aliceEvent(world, 'auth0.user-unlisted')).toHaveLength(goesOn ? 5 : 0);
  });

  it('is not approved by the approval of another kind of halt', async () => {
    const world = createWorld();
    const people = await populate(world, 10);
    for (const who of people.slice(0, 6)) choose(world, who, `other-${nameOf(who)}`);
    expect((await sweepOnce(world)).halts).toMatchObject([{ kind: 'renames' }]);
    await approve(world);
    removeFromAuth0(world, people.slice(0, 5));
    const { halts } = await sweepOnce(world);
    expect(halts.map(({ kind }) => kind)).toContain('source');
  });
});

describe('a user who is known and not in a complete listing', () => {
  async function unlisted(isThere: boolean) {
    const world = createWorld();
    const people = await populate(world, 20);
    const [missing] = people;
    if (missing === undefined) throw new Error('Nobody is there.');
    world.directory.remove(missing.userId);
    if (isThere) {
      world.directory.freezeList();
      world.directory.put(auth0User(missing));
    }
    expect(await sweepOnce(world)).toMatchObject(RUN_OVER);
    const [event] = aliceEvent(world, 'auth0.user-unlisted');
    expect(event).toMatchObject({
      user: missing.user,
      data: { run: aliceEvent(world, 'sweep.started')[0]?._id },
    });
    expect(await dueUsers(world)).toEqual([missing.user]);
    return { world, missing };
  }

  it('and who is there by id is there: the doubt is over', async () => {
    const { world, missing } = await unlisted(true);
    await untilQuiet(world);
    expect(await shownConditions(world, missing.user)).toMatchObject({ auth0: 'True UserKnown' });
    // From then on a 404 alone is one proof again.
    world.directory.remove(missing.userId);
    await reconcileUser(world, missing);
    expect(await shownConditions(world, missing.user)).toMatchObject({ account: 'True UserGoneOnce' });
  });

  it('and who is not there by id is gone, by two proofs', async () => {
    const { world, missing } = await unlisted(false);
    await untilQuiet(world);
    expect(await shownConditions(world, missing.user)).toMatchObject({
      auth0: 'True UserGone',
      account: 'True UserGone',
    });
    const lines = aliceEvent(world, 'auth0.user-unlisted').length;
    expect(await sweepOnce(world)).toMatchObject(RUN_OVER);
    expect(aliceEvent(world, 'auth0.user-unlisted')).toHaveLength(lines);
    expect(await dueUsers(world)).toEqual([]);
  });

  it('and who was found gone before the listing gets the second proof from it', async () => {
    const world = createWorld();
    const [missing] = await populate(world, 20);
    if (missing === undefined) throw new Error('Nobody is there.');
    world.directory.remove(missing.userId);
    await reconcileUser(world, missing);
    expect(await shownConditions(world, missing.user)).toMatchObject({ account: 'True UserGoneOnce' });
    await sweepOnce(world);
    await untilQuiet(world);
    expect(await shownConditions(world, missing.user)).toMatchObject({ account: 'True UserGone' });
  });

  it('and who comes back with no word of it is looked at again', async () => {
    const { world, missing } = await unlisted(false);
    await untilQuiet(world);
    world.directory.put(auth0User(missing));
    await sweepOnce(world);
    expect(await dueUsers(world)).toEqual([missing.user]);
    await untilQuiet(world);
    expect(await shownConditions(world, missing.user)).toMatchObject({ auth0: 'True UserKnown' });
  });
});

describe('renames', () => {
  it('up to their limit are made due', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    const renamed = people.slice(0, 4);
    for (const who of renamed) choose(world, who, `other-${nameOf(who)}`);
    expect(await sweepOnce(world)).toMatchObject({ ...RUN_OVER, drifted: 4 });
    expect(await dueUsers(world)).toEqual(renamed.map(({ user }) => user).sort());
    await reconcileDue(world, people);
    for (const who of renamed) expect(carried(world, who)).toBe(`other-${nameOf(who)}.at.test`);
  });

  it('above it halt before the first, and everything else is still mended', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    const renamed = people.slice(0, 5);
    const before = people.map((who) => carried(world, who));
    for (const who of renamed) choose(world, who, `other-${nameOf(who)}`);
    const [other] = people.slice(5);
    if (other === undefined) throw new Error('Nobody is there.');
    world.documents.verifications.set(other.user, 0);

    const { halts } = await sweepOnce(world);

    const users = renamed.map(({ user }) => user);
    expect(halts).toMatchObject([{ kind: 'renames', limit: 4, count: 5, of: 20, users }]);
    expect(await dueUsers(world)).toEqual([other.user]);
    await reconcileDue(world, people);
    expect(people.map((who) => carried(world, who))).toEqual(before);
  });

  it('count as such also where something else is to be mended for the same user', async () => {
    const world = createWorld();
    const people = await populate(world, 20);
    for (const who of people.slice(0, 5)) {
      choose(world, who, `other-${nameOf(who)}`);
      world.documents.verifications.set(who.user, 0);
    }
    const { halts } = await sweepOnce(world);
    expect(halts).toMatchObject([{ kind: 'renames', count: 5 }]);
    expect(await dueUsers(world)).toEqual([]);
  });

  it('one is always allowed, in however small a tenant', async () => {
    const world = createWorld();
    const [one] = await populate(world, 2);
    if (one === undefined) throw new Error('Nobody is there.');
    choose(world, one, 'another');
    expect(await sweepOnce(world)).toMatchObject({ ...RUN_OVER, drifted: 1 });
    expect(await dueUsers(world)).toEqual([one.user]);
  });

  it('are not those who have the code for a reason that is known', async () => {
    const world = createWorld();
    const people = await populate(world, 6);
    const names: readonly ((who: Person) => string)[] = [() => 'music', (who) => nameOf(who).slice(0, 3)];
    for (const [at, who] of people.entries()) {
      const name = names[at % 2]?.(who) ?? '';
      if (at % 2 === 1 && !holds(world, handle(name)))
        world.accounts.put({ handle: handle(name), email: `foreign${at}@example.com` });
      choose(world, who, name);
      await reconcileUser(world, who);
      expect(accountOf(world, who)?.handle).toBe(codeHandleOf(world, who));
    }
    expect(await sweepOnce(world)).toMatchObject({ ...RUN_OVER, users: 6, drifted: 0 });
    expect(await dueUsers(world)).toEqual([]);
  });
});

function holds({ accounts }: World, name: AccountHandle): boolean {
  return [...accounts.stored.values()].some((account) => account.handle === name);
}
