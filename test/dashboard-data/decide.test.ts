/** What a person decides in the dashboard: on record, carried out by the next pass, and refused where it has to be. */
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/dashboard-data/answers/decisions.ts';
import { restorationAnswer } from '../../src/dashboard-data/restoration.ts';
import { UpstreamError } from '../../src/errors.ts';
import { alice, bob, handle, otherTenant, person } from '../mongo/subjects/people.ts';
import { dashboardDeps, says, whole } from '../support/in-memory/deciding.ts';
import {
  aliceEvent,
  deleted,
  dueUsers,
  mainTenant,
  nameOf,
  populate,
  reconcileDue,
  sweepOnce,
  write,
} from '../support/in-memory/sweeps.ts';
import {
  auth0User,
  carried,
  choose,
  createWorld,
  reconcileUser,
  shownConditions,
  signUp,
  typesOf,
  untilQuiet,
  type World,
} from '../support/in-memory/world.ts';

const HOUR = 3_600_000;
const why = { by: 'carol', reason: 'case 12' };
const user = alice.user;

/** Nothing was written, and nobody is due. */
async function expectRefused(world: World, decision: Decision, code: string, over = {}): Promise<void> {
  const before = world.log.events.length;
  const due = await dueUsers(world);
  await expect(says(world, decision, over)).rejects.toMatchObject({ name: 'UsageError', code });
  expect(world.log.events.length).toBe(before);
  expect(await dueUsers(world)).toEqual(due);
}

describe('each decision', () => {
  it.each([
    [{ type: 'reconcile', user }, 'reconcile.requested', why],
    [{ type: 'pause', user, until: null }, 'user.paused', { ...why, until: null }],
    [{ type: 'resume', user }, 'user.resumed', why],
    [{ type: 'retry', user }, 'user.retried', why],
  ] as const)(
    'is on record before its user is due, and wakes the workers: $0.type',
    async (asked, type, data) => {
      const world = await whole();
      const order: string[] = [];
      world.hooks.before = ({ method }) => void order.push(method);
      expect(await says(world, { ...asked, ...why })).toMatchObject({ users: 1, woken: 1 });
      world.hooks.before = undefined;
      expect(order.indexOf('append')).toBeGreaterThan(-1);
      expect(order.indexOf('append')).toBeLessThan(order.indexOf('markDue'));
      const [decided] = aliceEvent(world, type);
      expect(decided).toMatchObject({ user, tenant: alice.tenant, data });
      expect(await world.queue.claim(world.clock.now(), 1_000)).toMatchObject({
        user,
        causes: [decided?._id],
      });
    },
  );

  it.each([
    { type: 'reconcile', user },
    { type: 'pause', user, until: null },
    { type: 'resume', user },
    { type: 'retry', user },
  ] as const)('of somebody who is not known here, or not any more, is refused: $type', async (asked) => {
    const world = await whole();
    const unserved = { tenants: [mainTenant(world)] };
    const elsewhere = person('dave', otherTenant);
    await signUp(world, elsewhere);
    await untilQuiet(world);
    await expectRefused(world, { ...asked, ...why, user: bob.user }, 'USER_NOT_FOUND');
    await expectRefused(world, { ...asked, ...why, user: '' }, 'USER_NOT_FOUND');
    // The key of a tenant that is not served, which reads like one of the tenant without a prefix.
    await expectRefused(world, { ...asked, ...why, user: elsewhere.user }, 'USER_NOT_FOUND', unserved);
    await write(world, 'user.forgotten', { by: 'carol' }, alice);
    await expectRefused(world, { ...asked, ...why }, 'USER_FORGOTTEN');
  });

  it('said twice does no harm', async () => {
    const world = await whole();
    const later = new Date(world.clock.now().getTime() + HOUR).toISOString();
    for (const asked of [
      { type: 'reconcile', user },
      { type: 'pause', user, until: later },
      { type: 'resume', user },
      { type: 'retry', user },
    ] as const) {
      await says(world, { ...asked, ...why });
      await says(world, { ...asked, ...why });
      const passes = await untilQuiet(world);
      expect(passes.flatMap(({ applied }) => applied)).toEqual([]);
    }
    expect(await world.subjects.get(user)).toMatchObject({ sync: 'Synced', health: 'Healthy' });
  });
});

describe('a look that is asked for', () => {
  it('finds what nobody has told of, and forgets nothing', async () => {
    const world = await whole();
    choose(world, alice, 'music');
    await reconcileUser(world, alice);
    const asked: unknown[] = [];
    world.hooks.before = ({ method }) => {
      if (method === 'allowsHandle') asked.push(method);
    };
    world.documents.verifications.set(user, 0);
    await says(world, { type: 'reconcile', user, ...why });
    const [pass] = await untilQuiet(world);
    expect(pass?.applied).toMatchObject([{ type: 'record-verification' }]);
    // A retry would ask for the refused handle once more.
    expect(asked).toEqual([]);
  });

  it('of somebody who is paused is refused, and says who paused them', async () => {
    const world = await whole();
    const until = new Date(world.clock.now().getTime() + HOUR);
    await says(world, { type: 'pause', user, until: until.toISOString(), ...why });
    await expectRefused(world, { type: 'reconcile', user, ...why }, 'USER_PAUSED');
    await expect(says(world, { type: 'reconcile', user, ...why })).rejects.toThrow(
      /Paused by carol until .*case 12/,
    );
    await world.clock.advance(HOUR);
    expect(await says(world, { type: 'reconcile', user, ...why })).toMatchObject({ users: 1 });
  });
});

describe('a pause', () => {
  it.each(['2020-01-31T12:00:00.000Z', '2026-03-01T12:00:00.000Z', 'tomorrow', ''])(
    'ends at a moment to come, and not at %j',
    async (until) => {
      const world = await whole();
      await expectRefused(world, { type: 'pause', user, until, ...why }, 'UNTIL_PASSED');
      const now = world.clock.now().toISOString();
      await expectRefused(world, { type: 'pause', user, until: now, ...why }, 'UNTIL_PASSED');
    },
  );

  it('keeps its end as a moment in UTC', async () => {
    const world = await whole();
    const { what } = await says(world, { type: 'pause', user, until: '2126-01-01T01:00:00+01:00', ...why });
    expect(what).toContain('2126-01-01T00:00:00.000Z');
    expect(aliceEvent(world, 'user.paused')[0]?.data.until).toBe('2126-01-01T00:00:00.000Z');
  });
});

describe('an adoption', () => {
  async function unowned() {
    const world = createWorld();
    const did = world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
    choose(world, alice, 'alice');
    await signUp(world, alice);
    await untilQuiet(world);
    expect(await shownConditions(world, user)).toMatchObject({ account: 'False UnownedAccountFound' });
    return { world, did };
  }

  it('keeps the evidence of now, is carried out, and is over then', async () => {
    const { world, did } = await unowned();
    const adopt = { type: 'adopt', user, did, ...why } as const;
    expect(await says(world, adopt)).toMatchObject({ users: 1, woken: 1 });
    await says(world, adopt);
    expect(aliceEvent(world, 'adoption.granted')[0]?.data).toMatchObject({ did, ...why });
    expect(aliceEvent(world, 'adoption.granted')[0]?.data.evidence).toContain(
      'for: it has the address of the user',
    );
    await untilQuiet(world);
    expect(typesOf(world, alice).filter((type) => type === 'account.adopted')).toHaveLength(1);
    await expectRefused(world, adopt, 'HAS_ACCOUNT');
  });

  it('is refused when it no longer stands', async () => {
    const { world, did } = await unowned();
    const adopt = { type: 'adopt', user, did, ...why } as const;
    await expectRefused(world, { ...adopt, did: 'alice.at.test' }, 'ACCOUNT_UNKNOWN');
    await expectRefused(world, { ...adopt, user: bob.user }, 'USER_NOT_FOUND');
    // Somebody else has got it since.
    world.documents.users.set(bob.user, { account: { did, password: 'bobs' } });
    await expectRefused(world, adopt, 'ACCOUNT_OF_ANOTHER');
    world.documents.users.delete(bob.user);
    world.accounts.stored.delete(did);
    await expectRefused(world, adopt, 'ACCOUNT_UNKNOWN');
  });

  it('of a second account is refused: the grant would lie in wait until the first is gone', async () => {
    const world = await whole();
    const did = world.accounts.put({ handle: handle('other'), email: 'other@example.com' });
    await expectRefused(world, { type: 'adopt', user, did, ...why }, 'HAS_ACCOUNT');
  });

  it('is not decided while something that speaks for or against it cannot be read', async () => {
    const { world, did } = await unowned();
    world.hooks.before = ({ port }) => {
      if (port !== 'accounts') return;
      throw new UpstreamError('away', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
    };
    await expect(says(world, { type: 'adopt', user, did, ...why })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    expect(aliceEvent(world, 'adoption.granted')).toEqual([]);
  });
});

describe('a restore', () => {
  const removedDocument = ['user-document', 'account-record'] as const;

  async function removed() {
    const world = await whole();
    const code = world.documents.users.get(user)?.code;
    world.documents.users.delete(user);
    await reconcileUser(world, alice);
    expect(await shownConditions(world, user)).toMatchObject({ 'user-document': 'False DocumentRemoved' });
    return { world, code };
  }

  it('shows what is written, is on record, and is applied once', async () => {
    const { world, code } = await removed();
    const shown = await restorationAnswer(dashboardDeps(world), user);
    expect(shown).toMatchObject({ what: removedDocument, lostAccount: null });
    expect(shown.writes[0]?.what).toContain(`the code ${code}`);
    const restore = { type: 'restore', user, what: shown.what, ...why } as const;
    const answer = await says(world, restore);
    expect(answer).toMatchObject({ users: 1, woken: 1 });
    expect(answer.what).toContain(`the code ${code}`);
    expect(aliceEvent(world, 'restore.granted')).toMatchObject([
      { user, data: { what: removedDocument, ...why } },
    ]);
    await expectRefused(world, restore, 'RESTORE_GRANTED');
    await untilQuiet(world);
    expect(world.documents.users.get(user)?.code).toBe(code);
    await expectRefused(world, restore, 'NOTHING_REMOVED');
  });

  it('is refused when something else is missing by then, and for a user who is blocked or deleted', async () => {
    const { world } = await removed();
    const restore = { type: 'restore', user, what: removedDocument, ...why } as const;
    await expectRefused(world, { ...restore, what: ['verification'] }, 'RESTORE_CHANGED');
    await expectRefused(world, { ...restore, user: bob.user }, 'USER_NOT_FOUND');
    world.directory.put({ ...auth0User(alice), blocked: true });
    await expectRefused(world, restore, 'USER_BLOCKED');
    world.directory.remove(alice.userId);
    await expectRefused(world, restore, 'USER_DELETED');
  });
});

describe('an approval', () => {
  /** Two of five were to be renamed, and one is the limit. */
  async function halted() {
    const world = createWorld();
    const people = await populate(world, 5);
    const renamed = people.filter((_, at) => at === 1 || at === 3);
    for (const who of renamed) choose(world, who, nameOf(who));
    const { halts } = await sweepOnce(world, { renames: { share: 0, count: 1 } });
    const [halt] = halts;
    if (halt === undefined) throw new Error('Nothing was halted.');
    return { world, people, renamed, run: halt.run };
  }

  it('lets the run do what it was halted over, once, and nobody else’s', async () => {
    const { world, people, renamed, run } = await halted();
    expect(await dueUsers(world)).toEqual([]);
    expect(await says(world, { type: 'approve', run, ...why })).toMatchObject({ users: 2, woken: 1 });
    expect(await dueUsers(world)).toEqual(renamed.map((who) => who.user).sort());
    expect(aliceEvent(world, 'sweep.approved')).toMatchObject([{ user: null, data: { run, ...why } }]);
    await expectRefused(world, { type: 'approve', run, ...why }, 'RUN_APPROVED');
    await reconcileDue(world, people);
    expect(renamed.map((who) => carried(world, who))).toEqual(renamed.map((who) => `${nameOf(who)}.at.test`));
  });

  it('of a run that nobody halted, or of a tenant that is not served, is refused', async () => {
    const { world, run } = await halted();
    await expectRefused(world, { type: 'approve', run: 'nobody', ...why }, 'RUN_UNKNOWN');
    const [, second] = dashboardDeps(world).tenants;
    const elsewhere = { tenants: second === undefined ? [] : [second] };
    await expectRefused(world, { type: 'approve', run, ...why }, 'RUN_UNKNOWN', elsewhere);
  });

  it('of a halt that a later complete sweep has closed is refused; the halt of the later one is approved', async () => {
    const { world, run } = await halted();
    await world.clock.advance(1_000);
    const [later] = (await sweepOnce(world, { renames: { share: 0, count: 1 } })).halts;
    expect(later?.run).not.toBe(run);
    await expectRefused(world, { type: 'approve', run, ...why }, 'RUN_CLOSED');
    expect(aliceEvent(world, 'sweep.approved')).toEqual([]);
    expect(await dueUsers(world)).toEqual([]);
    expect(await says(world, { type: 'approve', run: later?.run ?? '', ...why })).toMatchObject({ users: 2 });
  });

  it('of removals grants each of them, with the reason', async () => {
    const world = createWorld({ policy: { removal: 'delete', removalGraceMs: 0 } });
    const people = await populate(world, 3);
    const [gone] = people;
    if (gone === undefined) throw new Error('Nobody is there.');
    await deleted(world, gone);
    const limits = { removals: { share: 0, count: 0 }, sourceShrink: 1 };
    const [halt] = (await sweepOnce(world, limits)).halts;
    expect(halt).toMatchObject({ kind: 'removals', users: [gone.user] });
    const run = halt?.run ?? '';
    expect(await says(world, { type: 'approve', run, ...why })).toMatchObject({ users: 1 });
    expect(aliceEvent(world, 'removal.granted')).toMatchObject([{ user: gone.user, data: { run, ...why } }]);
    await reconcileDue(world, people);
    expect(world.accounts.stored.size).toBe(2);
  });
});

it('a user whom Auth0 alone knows may be decided about', async () => {
  const world = createWorld();
  world.directory.put(auth0User(alice));
  await says(world, { type: 'reconcile', user, ...why });
  await untilQuiet(world);
  expect(await world.subjects.get(user)).toMatchObject({ sync: 'Synced' });
});

it('a user whom only a sweep has heard of may be decided about', async () => {
  const world = createWorld();
  world.directory.put(auth0User(alice));
  await world.queue.markDue([alice], world.clock.now(), 'sweep');
  await says(world, { type: 'pause', user, until: null, ...why });
  await untilQuiet(world);
  expect(world.accounts.stored.size).toBe(0);
});
