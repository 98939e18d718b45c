/** The account of somebody who is gone: kept, until two proofs, a grace, a grant and one more read say otherwise. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import type { Policy } from '../../../src/engine/reconcile/settings.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { eventId } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import {
  accountOf,
  aliceEvent,
  DAY,
  deleted,
  dueUsers,
  populate,
  sweepOnce,
  write,
} from '../../support/in-memory/sweeps.ts';
import {
  arrive,
  auth0User,
  createWorld,
  reconcileUser,
  shownConditions,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const GRACE = 30 * DAY;
const DELETE: Partial<Policy> = { removal: 'delete', removalGraceMs: GRACE };

async function tenantOf(count: number, policy: Partial<Policy>) {
  const world = createWorld({ policy });
  const people = await populate(world, count);
  const [first] = people;
  if (first === undefined) throw new Error('Nobody is there.');
  return { world, people, first };
}

/** Both proofs are there, and the grace is over. */
async function due(world: World, people: readonly Person[]): Promise<void> {
  for (const who of people) await deleted(world, who);
  await untilQuiet(world, 2 * people.length + 5);
  for (const who of people)
    expect(await shownConditions(world, who.user)).toMatchObject({ account: 'False RemovalDue' });
}

describe('the policy', () => {
  it('report: removes nobody, however many proofs and however long ago', async () => {
    const { world, first } = await tenantOf(20, {});
    await deleted(world, first);
    for (let month = 0; month < 3; month += 1) {
      await world.clock.advance(GRACE);
      await sweepOnce(world);
      await untilQuiet(world);
    }
    expect(accountOf(world, first)?.status).toBe('active');
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'True UserGone' });
    expect(await world.subjects.get(first.user)).toMatchObject({ sync: 'Synced', health: 'Deleted' });
    expect(aliceEvent(world, 'removal.granted')).toEqual([]);
  });

  it('deactivate: the account is there and hidden, and comes back with its user', async () => {
    const { world, first } = await tenantOf(21, { ...DELETE, removal: 'deactivate' });
    await due(world, [first]);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1, halts: [] });
    await untilQuiet(world);
    expect(accountOf(world, first)?.status).toBe('deactivated');
    expect(aliceEvent(world, 'account.deactivated')).toMatchObject([{ data: { because: 'removed' } }]);

    world.directory.put(auth0User(first));
    await arrive(world, first);
    await untilQuiet(world);
    expect(accountOf(world, first)?.status).toBe('active');
  });

  it('delete: the account is gone, and the code stays the user’s', async () => {
    const { world, first } = await tenantOf(21, DELETE);
    const code = world.documents.users.get(first.user)?.code;
    const did = accountOf(world, first)?.did;
    await due(world, [first]);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1, halts: [] });
    await untilQuiet(world);
    expect(world.documents.users.get(first.user)).toMatchObject({ code });
    expect(accountOf(world, first)).toBeUndefined();
    expect(aliceEvent(world, 'account.deleted').map(({ data }) => data.did)).toEqual([did]);
    expect(world.accounts.stored.size).toBe(20);
    expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [] });
  });
});

describe('what is not enough', () => {
  it('a deletion event and a 404 without a sweep that grants it', async () => {
    const { world, first } = await tenantOf(20, DELETE);
    await due(world, [first]);
    await world.clock.advance(10 * GRACE);
    for (let again = 0; again < 3; again += 1) await reconcileUser(world, first);
    expect(accountOf(world, first)?.status).toBe('active');
  });

  it('a 404 alone, however often and however long', async () => {
    const { world, first } = await tenantOf(20, DELETE);
    world.directory.remove(first.userId);
    for (let again = 0; again < 3; again += 1) {
      await reconcileUser(world, first);
      await world.clock.advance(GRACE);
    }
    await write(world, 'removal.granted', { run: eventId('run'), by: 'bob' }, first);
    await reconcileUser(world, first);
    expect(accountOf(world, first)?.status).toBe('active');
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'True UserGoneOnce' });
  });

  it('a sweep within the grace', async () => {
    const { world, first } = await tenantOf(20, DELETE);
    await deleted(world, first);
    await world.clock.advance(GRACE - DAY);
    expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [] });
    await reconcileUser(world, first);
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'False RemovalInGrace' });
    expect(accountOf(world, first)?.status).toBe('active');
  });

  it('a grant from before the user was gone', async () => {
    const { world, first } = await tenantOf(20, DELETE);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'bob' }, first);
    await due(world, [first]);
    await reconcileUser(world, first);
    expect(accountOf(world, first)?.status).toBe('active');
  });

  it('a grant, when Auth0 cannot be read in the pass that would carry it out', async () => {
    const { world, first } = await tenantOf(21, DELETE);
    await due(world, [first]);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1 });
    world.hooks.before = ({ port, method }) => {
      if (port !== 'auth0' || method !== 'user') return;
      throw new UpstreamError('out of reach', { upstream: 'auth0', code: 'UNREACHABLE', retryable: true });
    };
    expect(await reconcileUser(world, first)).toMatchObject({ end: 'failed', applied: [] });
    world.hooks.before = undefined;
    expect(accountOf(world, first)?.status).toBe('active');
  });
});

describe('a user who is there by id keeps the account', () => {
  it('after the grant: the read of that very pass refutes it, and the proofs count for nothing any more', async () => {
    const { world, first } = await tenantOf(21, DELETE);
    await due(world, [first]);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1 });
    world.directory.put(auth0User(first));

    expect(await reconcileUser(world, first)).toMatchObject({ end: 'converged', applied: [] });

    expect(accountOf(world, first)?.status).toBe('active');
    world.directory.remove(first.userId);
    await reconcileUser(world, first);
    await world.clock.advance(GRACE);
    await reconcileUser(world, first);
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'True UserGoneOnce' });
    expect(accountOf(world, first)?.status).toBe('active');
  });

  it('before the sweep: no grant is given to somebody who is listed', async () => {
    const { world, first } = await tenantOf(20, DELETE);
    await due(world, [first]);
    world.directory.put(auth0User(first));
    expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [] });
    expect(await dueUsers(world)).toEqual([first.user]);
    await untilQuiet(world);
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'True AccountActive' });
  });

  const proofs = ['hint', 'unlisted', 'absent', 'granted'] as const;
  const mixes = Array.from({ length: 2 ** proofs.length }, (_, mix) =>
    proofs.filter((_proof, at) => (mix & (1 << at)) !== 0),
  );
  it.each(mixes.map((mix) => ({ mix, name: mix.join(' and ') || 'nothing' })))(
    'whatever the log says of the past: $name',
    async ({ mix }) => {
      const { world, first } = await tenantOf(1, { ...DELETE, removalGraceMs: 0 });
      const says = {
        hint: () =>
          write(world, 'auth0.log-received', { logId: '1', code: 'sdu', hint: 'deleted', raw: '{}' }, first),
        unlisted: () => write(world, 'auth0.user-unlisted', { run: eventId('run') }, first),
        absent: () => write(world, 'auth0.user-absent', { userId: first.userId }, first),
        granted: () => write(world, 'removal.granted', { run: eventId('run'), by: 'bob' }, first),
      };
      for (const proof of mix) await says[proof]();
      await reconcileUser(world, first);
      expect(accountOf(world, first)?.status).toBe('active');
      expect(await shownConditions(world, first.user)).toMatchObject({ account: 'True AccountActive' });
    },
  );
});

describe('the limit', () => {
  it('halts before the first when more are due than it allows', async () => {
    const { world, people } = await tenantOf(43, DELETE);
    const gone = people.slice(0, 3);
    await due(world, gone);

    const { halts, removals } = await sweepOnce(world);

    const users = gone.map(({ user }) => user).sort();
    expect(halts).toEqual([{ run: expect.any(String), kind: 'removals', limit: 2, count: 3, of: 40, users }]);
    expect(removals).toBe(0);
    expect(await dueUsers(world)).toEqual([]);
    await untilQuiet(world);
    expect(world.accounts.stored.size).toBe(43);
  });

  it('does not count those again who were granted and have not been looked at since', async () => {
    const { world, people, first } = await tenantOf(21, DELETE);
    await due(world, [first]);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1, halts: [] });
    expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [] });
    expect(aliceEvent(world, 'removal.granted')).toHaveLength(1);
    await untilQuiet(world);
    expect(people.map((who) => accountOf(world, who)?.status)).toEqual([
      undefined,
      ...people.slice(1).map(() => 'active'),
    ]);
  });

  it('lets go on what a person approved above it, also when the next sweep comes first', async () => {
    const { world, first } = await tenantOf(5, DELETE);
    await due(world, [first]);
    // One of four is listed no more, which is no surprise to a sweep that knows why.
    const { halts } = await sweepOnce(world);
    const [halt] = halts;
    expect(halt).toMatchObject({ kind: 'removals', limit: 0, users: [first.user] });
    if (halt !== undefined) await decide(world, first, 'removal.granted', { run: halt.run, by: 'bob' });
    expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [] });
    await untilQuiet(world);
    expect(accountOf(world, first)).toBeUndefined();
  });

  it('holds for a day, over several sweeps', async () => {
    const { world, people } = await tenantOf(45, { ...DELETE, removalGraceMs: 0 });
    const [first, second, third] = people;
    if (!(first && second && third)) throw new Error('Nobody is there.');
    for (const who of [first, second]) {
      await deleted(world, who);
      expect(await sweepOnce(world)).toMatchObject({ removals: 1, halts: [] });
      await untilQuiet(world);
      await world.clock.advance(DAY / 4);
    }
    await deleted(world, third);
    expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [{ limit: 2, count: 1 }] });
    expect(accountOf(world, third)?.status).toBe('active');

    // By then the first of the two grants is more than a day old.
    await world.clock.advance(DAY / 2 + DAY / 8);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1, halts: [] });
    await untilQuiet(world);
    expect(world.accounts.stored.size).toBe(42);
  });
});

describe('while our clock differs from that of MongoDB', () => {
  const condition = 'False ClockDiffers';

  it.each([GRACE, -GRACE, 61_000])(
    'by %i ms, no sweep grants a removal, and none is carried out',
    async (aheadMs) => {
      const { world, first } = await tenantOf(21, DELETE);
      await due(world, [first]);
      world.databaseClock.oursAheadMs = aheadMs;
      expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [] });
      await untilQuiet(world);
      expect(await shownConditions(world, first.user)).toMatchObject({ account: condition });
      expect(aliceEvent(world, 'removal.granted')).toEqual([]);

      world.databaseClock.oursAheadMs = 0;
      expect(await sweepOnce(world)).toMatchObject({ removals: 1, halts: [] });
      world.databaseClock.oursAheadMs = aheadMs;
      expect(await reconcileUser(world, first)).toMatchObject({ applied: [], failures: [] });
      expect(await shownConditions(world, first.user)).toMatchObject({ account: condition });
      const events = world.log.events.length;
      await reconcileUser(world, first);
      expect(world.log.events).toHaveLength(events);
      expect(accountOf(world, first)?.status).toBe('active');

      world.databaseClock.oursAheadMs = -59_000;
      await reconcileUser(world, first);
      expect(accountOf(world, first)).toBeUndefined();
    },
  );

  it('no account of a blocked user is deactivated, and nobody is taken for deleted by a sweep', async () => {
    const { world, first, people } = await tenantOf(21, { ...DELETE, blocked: 'deactivate' });
    const unlisted = people[1];
    if (unlisted === undefined) throw new Error('Nobody is there.');
    world.databaseClock.oursAheadMs = GRACE;
    world.directory.put(auth0User(first, { blocked: true }));
    world.directory.remove(unlisted.userId);
    await sweepOnce(world);
    await untilQuiet(world);
    expect(accountOf(world, first)?.status).toBe('active');
    expect(await shownConditions(world, first.user)).toMatchObject({ account: condition });
    expect(world.log.events.filter(({ type }) => type === 'auth0.user-unlisted')).toEqual([]);

    world.databaseClock.oursAheadMs = 0;
    await sweepOnce(world);
    await untilQuiet(world);
    expect(accountOf(world, first)?.status).toBe('deactivated');
  });

  it('and ours is behind, no grace period begins in the past', async () => {
    const { world, first } = await tenantOf(20, DELETE);
    world.databaseClock.oursAheadMs = -GRACE;
    world.directory.remove(first.userId);
    const failed = await reconcileUser(world, first);
    expect(failed).toMatchObject({ end: 'failed', failures: [{ code: 'CLOCK_DIFFERS' }] });
    expect(aliceEvent(world, 'auth0.user-absent')).toEqual([]);
    world.databaseClock.oursAheadMs = 0;
    await reconcileUser(world, first);
    expect(aliceEvent(world, 'auth0.user-absent')).toHaveLength(1);
  });

  it('the clock of MongoDB cannot be read: nothing is removed', async () => {
    const { world, first } = await tenantOf(21, DELETE);
    await due(world, [first]);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1 });
    world.hooks.before = ({ port }) => {
      if (port !== 'databaseClock') return;
      throw new UpstreamError('out of reach', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
    };
    expect(await reconcileUser(world, first)).toMatchObject({ end: 'failed', applied: [] });
    world.hooks.before = undefined;
    expect(accountOf(world, first)?.status).toBe('active');
  });

  it('grants are refused, and what ends nothing is decided', async () => {
    const { world, first } = await tenantOf(2, DELETE);
    world.databaseClock.oursAheadMs = GRACE;
    const grant = decide(world, first, 'removal.granted', { run: eventId('run'), by: 'bob' });
    await expect(grant).rejects.toMatchObject({ code: 'CLOCK_DIFFERS' });
    await decide(world, first, 'user.paused', { by: 'bob', reason: 'look', until: null });
    expect(aliceEvent(world, 'removal.granted')).toEqual([]);
    expect(aliceEvent(world, 'user.paused')).toHaveLength(1);
  });
});

describe('a user who is blocked', () => {
  it('is left alone by the policy report', async () => {
    const { world, first } = await tenantOf(4, {});
    world.directory.put(auth0User(first, { blocked: true }));
    expect(await sweepOnce(world)).toMatchObject({ drifted: 0 });
    await reconcileUser(world, first);
    expect(accountOf(world, first)?.status).toBe('active');
  });

  it('is found by a sweep, deactivated, and active again once unblocked, with no word from a webhook', async () => {
    const { world, first } = await tenantOf(4, { blocked: 'deactivate' });
    world.directory.put(auth0User(first, { blocked: true }));
    expect(await sweepOnce(world)).toMatchObject({ drifted: 1 });
    await untilQuiet(world);
    expect(accountOf(world, first)?.status).toBe('deactivated');
    expect(await world.subjects.get(first.user)).toMatchObject({ health: 'Suspended' });
    expect(await sweepOnce(world)).toMatchObject({ drifted: 0 });

    world.directory.put(auth0User(first));
    expect(await sweepOnce(world)).toMatchObject({ drifted: 1 });
    await untilQuiet(world);
    expect(accountOf(world, first)?.status).toBe('active');
    expect(aliceEvent(world, 'account.reactivated')).toHaveLength(1);
    expect(await sweepOnce(world)).toMatchObject({ drifted: 0 });
  });

  it('whose account somebody else deactivated does not come back by being unblocked', async () => {
    const { world, first } = await tenantOf(4, { blocked: 'deactivate' });
    const did = accountOf(world, first)?.did;
    if (did !== undefined) world.accounts.change(did, { status: 'deactivated' });
    world.directory.put(auth0User(first, { blocked: true }));
    await reconcileUser(world, first);
    world.directory.put(auth0User(first));
    expect(await reconcileUser(world, first)).toMatchObject({ end: 'held', applied: [] });
    expect(accountOf(world, first)?.status).toBe('deactivated');
  });
});
