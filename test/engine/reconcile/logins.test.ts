/** What logins cost: nothing where Auth0 was asked about the user a while ago, and what they did before otherwise. */
import { describe, expect, it, test } from 'vitest';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { reconcile } from '../../../src/engine/reconcile/reconcile.ts';
import { needsNoRead } from '../../../src/engine/reconcile/routine.ts';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, otherTenant, type Person, person } from '../../mongo/subjects/people.ts';
import { inMemoryIgnored } from '../../support/in-memory/ignored.ts';
import { inMemoryRejects } from '../../support/in-memory/rejects.ts';
import { mainTenant, populate, sweepDeps } from '../../support/in-memory/sweeps.ts';
import {
  arrive,
  auth0User,
  createWorld,
  pass,
  reconcileUser,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Reads of users by id, the requests that an Auth0 quota counts. */
function countReads(world: World): () => number {
  let reads = 0;
  world.hooks.before = ({ port, method }) => {
    if (port === 'auth0' && method === 'user') reads += 1;
  };
  return () => reads;
}

async function inSync(world: World, who: Person = alice): Promise<void> {
  await signUp(world, who);
  await untilQuiet(world);
}

/** Entries as the webhook delivers them. */
async function deliver(world: World, who: Person, codes: readonly string[]): Promise<void> {
  const entries = codes.map((type, index) => ({
    log_id: `${world.clock.now().getTime()}-${who.userId.replace('|', '-')}-${index}`,
    data: { type, user_id: who.userId, date: world.clock.now().toISOString() },
  }));
  const { log, queue, clock } = world;
  await ingest(
    { log, queue, clock, rejects: inMemoryRejects(), ignored: inMemoryIgnored() },
    { id: who.tenant, keyPrefix: '' },
    entries,
  );
}

it('C3: 20 logins a day each of 100 users in sync cost 100 reads at most', async () => {
  const world = createWorld();
  const people = Array.from({ length: 100 }, (_, index) => person(`user-${index}`));
  for (const who of people) await inSync(world, who);
  await world.clock.advance(DAY_MS);
  const reads = countReads(world);
  const before = world.log.events.length;
  const ends = new Map<string, number>();
  for (let login = 0; login < 20; login += 1) {
    for (const who of people) {
      await deliver(world, who, ['s', 'seacft']);
      const { end } = await pass(world);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    await world.clock.advance(HOUR_MS);
  }
  expect(reads()).toBe(100);
  expect(ends).toEqual(
    new Map([
      ['converged', 100],
      ['skipped', 1_900],
    ]),
  );
  // Every entry is kept, and nothing is added to them.
  expect(world.log.events.length - before).toBe(4_000);
});

describe('a login of a user in sync', () => {
  it('costs no call but to the queue', async () => {
    const world = createWorld();
    await inSync(world);
    await deliver(world, alice, ['s']);
    const calls: string[] = [];
    world.hooks.before = ({ port, method }) => void calls.push(`${port}.${method}`);
    expect(await pass(world)).toMatchObject({ end: 'skipped', applied: [], latencyMs: undefined });
    expect(calls).toEqual(['queue.claim', 'queue.skip']);
    expect(await world.queue.nextDueAt()).toBeUndefined();
  });

  it('leaves the read model as it is', async () => {
    const world = createWorld();
    await inSync(world);
    const before = await world.subjects.get(alice.user);
    await deliver(world, alice, ['s']);
    await pass(world);
    expect(await world.subjects.get(alice.user)).toEqual(before);
  });

  it('is a read once the last one is older than the setting', async () => {
    const world = createWorld({ settings: { loginFreshForMs: 2 * HOUR_MS } });
    await inSync(world);
    await world.clock.advance(2 * HOUR_MS + 1);
    const reads = countReads(world);
    await deliver(world, alice, ['s']);
    expect(await pass(world)).toMatchObject({ end: 'converged' });
    await deliver(world, alice, ['s']);
    expect(await pass(world)).toMatchObject({ end: 'skipped' });
    expect(reads()).toBe(1);
  });

  it('is always a read where the setting is 0', async () => {
    const world = createWorld({ settings: { loginFreshForMs: 0 } });
    await inSync(world);
    await world.clock.advance(HOUR_MS);
    const reads = countReads(world);
    await deliver(world, alice, ['s']);
    expect(await pass(world)).toMatchObject({ end: 'converged' });
    expect(reads()).toBe(1);
  });

  it('is a read after the clock was set back, since the last read is from the future', async () => {
    const world = createWorld();
    await inSync(world);
    const lease = await world.queue.claimUser(alice, world.clock.now(), 1_000);
    if (lease?.shown === undefined) throw new Error('Nothing is known of alice.');
    await world.queue.complete(lease, lease.shown, new Date(world.clock.now().getTime() + HOUR_MS));
    await deliver(world, alice, ['s']);
    expect(await pass(world)).toMatchObject({ end: 'converged' });
  });

  it('is a read when a person asks for the user meanwhile', async () => {
    const world = createWorld();
    await inSync(world);
    await deliver(world, alice, ['s']);
    const reads = countReads(world);
    await reconcileUser(world, alice);
    expect(reads()).toBe(1);
  });
});

describe('a change that is told beside logins', () => {
  const NEW = 'alice.new@example.com';
  const orders = [
    ['sce', 's', 'seacft'],
    ['s', 'sce', 'seacft'],
    ['s', 'seacft', 'sce'],
    ['s', 'zz_future_code', 's'],
  ];

  test.each(orders)('%s, %s, %s in one delivery', async (...codes) => {
    const world = createWorld();
    await inSync(world);
    world.directory.put(auth0User(alice, { email: NEW }));
    await deliver(world, alice, codes);
    await untilQuiet(world);
    expect((await world.subjects.get(alice.user))?.accountEmail).toBe(NEW);
  });

  test.each(orders)('%s, %s, %s in deliveries of their own, before anyone looks', async (...codes) => {
    const world = createWorld();
    await inSync(world);
    world.directory.put(auth0User(alice, { email: NEW }));
    for (const code of codes) {
      await deliver(world, alice, [code]);
      await world.clock.advance(1);
    }
    await untilQuiet(world);
    expect((await world.subjects.get(alice.user))?.accountEmail).toBe(NEW);
  });

  it('while a login is being skipped is read by the next reconciliation', async () => {
    const world = createWorld();
    await inSync(world);
    await deliver(world, alice, ['s']);
    const lease = await world.queue.claim(world.clock.now(), world.deps.settings.leaseMs);
    if (lease === undefined) throw new Error('Nobody is due.');
    world.directory.put(auth0User(alice, { email: NEW }));
    await deliver(world, alice, ['sce']);
    expect(await reconcile(world.deps, lease)).toMatchObject({ end: 'skipped' });
    await untilQuiet(world);
    expect((await world.subjects.get(alice.user))?.accountEmail).toBe(NEW);
  });

  it('is read by the retry after a failure, whatever logins come meanwhile', async () => {
    const world = createWorld();
    await inSync(world);
    world.directory.put(auth0User(alice, { email: NEW }));
    await deliver(world, alice, ['sce']);
    world.hooks.before = ({ port, method }) => {
      if (port === 'queue' && method === 'complete') throw new Error('the database is away');
    };
    await expect(pass(world)).rejects.toThrow('the database is away');
    world.hooks.before = undefined;
    await world.clock.advance(world.deps.settings.leaseMs);
    await deliver(world, alice, ['s']);
    await untilQuiet(world);
    expect((await world.subjects.get(alice.user))?.accountEmail).toBe(NEW);
  });
});

describe('a login tells of a user who is not in sync', () => {
  it('a social sign-up that no other entry tells of', async () => {
    const world = createWorld();
    world.directory.put(auth0User(alice));
    await deliver(world, alice, ['s']);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('a verified address of a user without one', async () => {
    const world = createWorld();
    await signUp(world, alice, { emailVerified: false });
    await untilQuiet(world);
    world.directory.put(auth0User(alice));
    await deliver(world, alice, ['s']);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('a user who is out of sync, or was blocked', async () => {
    const world = createWorld();
    await inSync(world);
    world.directory.put(auth0User(alice, { blocked: true }));
    await arrive(world, alice, 'sapi');
    await untilQuiet(world);
    world.directory.put(auth0User(alice));
    await deliver(world, alice, ['s']);
    expect((await pass(world)).end).not.toBe('skipped');
  });

  it('a user whose last reconciliation failed', async () => {
    const world = createWorld();
    await inSync(world);
    await arrive(world, alice, 'sce');
    world.hooks.before = ({ port, method }) => {
      if (port === 'accounts' && method === 'account') throw new Error('a defect');
    };
    expect(await pass(world)).toMatchObject({ end: 'failed' });
    world.hooks.before = undefined;
    await deliver(world, alice, ['s']);
    expect((await pass(world)).end).not.toBe('skipped');
  });
});

describe('a listing counts as a read', () => {
  async function listed(options: { readonly halted?: boolean; readonly cut?: boolean } = {}): Promise<World> {
    const world = createWorld();
    await inSync(world);
    await world.clock.advance(3 * DAY_MS);
    if (options.cut === true) {
      world.hooks.after = ({ method }) => {
        if (method === 'everyone') throw new Error('the listing was cut');
      };
      await expect(sweep(sweepDeps(world), mainTenant(world))).rejects.toThrow('the listing was cut');
      world.hooks.after = undefined;
    } else {
      const end = await sweep(sweepDeps(world), mainTenant(world));
      expect(end).toMatchObject({ type: 'over', complete: true, drifted: 0 });
    }
    return world;
  }

  const endOfLogin = async (world: World): Promise<string> => {
    await deliver(world, alice, ['s']);
    return (await pass(world)).end;
  };

  it('of a complete sweep, and for as long', async () => {
    const world = await listed();
    expect(await endOfLogin(world)).toBe('skipped');
    await world.clock.advance(DAY_MS - HOUR_MS);
    expect(await endOfLogin(world)).toBe('skipped');
    await world.clock.advance(2 * HOUR_MS);
    expect(await endOfLogin(world)).toBe('converged');
  });

  it('and finds a change that only a login told of', async () => {
    const world = createWorld();
    await inSync(world);
    world.directory.put(auth0User(alice, { email: 'alice.new@example.com' }));
    expect(await endOfLogin(world)).toBe('skipped');
    await sweep(sweepDeps(world), mainTenant(world));
    await untilQuiet(world);
    expect((await world.subjects.get(alice.user))?.accountEmail).toBe('alice.new@example.com');
  });

  it('not of a sweep that broke off', async () => {
    expect(await endOfLogin(await listed({ cut: true }))).toBe('converged');
  });

  it('not of another tenant', async () => {
    const world = await listed();
    const user = person('alice', otherTenant);
    world.otherDirectory.put(auth0User(user));
    await arrive(world, user);
    await untilQuiet(world);
    await world.clock.advance(DAY_MS + HOUR_MS);
    await sweep(sweepDeps(world), mainTenant(world));
    await arrive(world, user, 's');
    expect((await pass(world)).end).toBe('converged');
  });

  it('not of a sweep that halted, which leaves some who differ as they are', async () => {
    const world = createWorld();
    const people = await populate(world, 30);
    await world.clock.advance(3 * DAY_MS);
    const [first, last] = [people[0], people.at(-1)];
    if (first === undefined || last === undefined) throw new Error('There is nobody.');
    for (const { user } of people.slice(0, 20)) world.documents.users.delete(user);
    expect(await sweep(sweepDeps(world), mainTenant(world))).toMatchObject({
      complete: true,
      halts: [{ kind: 'disappearances' }],
    });
    await deliver(world, first, ['s']);
    expect((await pass(world)).end).toBe('held');
    await deliver(world, last, ['s']);
    expect((await pass(world)).end).toBe('converged');
  });
});

it('a skipped login is in the log, and is the cause of nothing', async () => {
  const world = createWorld();
  await inSync(world);
  const before = new Set(world.log.events);
  await deliver(world, alice, ['s']);
  await pass(world);
  const added = world.log.events.filter((event) => !before.has(event));
  expect(added.map(({ type }) => type)).toEqual(['auth0.log-received']);
});

describe('looking for a sweep that listed the user', () => {
  const finished = (at: Date, data: object = {}) => logged(at, 'sweep.finished', { complete: true, ...data });
  const halted = (at: Date) => logged(at, 'sweep.halted', { kind: 'removals', users: [] });

  function logged(at: Date, type: string, data: object): ConcordEvent {
    const common = { user: null, tenant: alice.tenant, recordedAt: at, cause: [] };
    const all = { durationMs: 60_000, ...data };
    return {
      ...common,
      _id: eventId(`${type}-${at.getTime()}`),
      at,
      type,
      data: all,
    } as unknown as ConcordEvent;
  }

  /** A user in sync who was read long ago, with this in the log; and how many events the login reads. */
  async function endAfter(history: (minutesAgo: (count: number) => Date) => readonly ConcordEvent[]) {
    const world = createWorld();
    await inSync(world);
    await world.clock.advance(3 * DAY_MS);
    const now = world.clock.now().getTime();
    await world.log.append(history((minutes) => new Date(now - minutes * 60_000)));
    let read = 0;
    const log: typeof world.deps.log = {
      ...world.deps.log,
      async *read(query) {
        for await (const event of world.log.read(query)) {
          read += 1;
          yield event;
        }
      },
    };
    await deliver(world, alice, ['s']);
    const lease = await world.queue.claim(world.clock.now(), 60_000);
    if (lease === undefined) throw new Error('Nobody is due.');
    return {
      skipped: await needsNoRead({ log, settings: world.deps.settings }, lease, world.clock.now()),
      read,
    };
  }

  const minutes = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  it('reads as much after a thousand sweeps as after two', async () => {
    const few = await endAfter((ago) => minutes(2).map((one) => finished(ago(5 * one))));
    const many = await endAfter((ago) => minutes(1_000).map((one) => finished(ago(one + 0.25))));
    expect([few.skipped, many.skipped]).toEqual([true, true]);
    expect(many.read).toBeLessThanOrEqual(few.read + 1);
  });

  it('finds one behind many that broke off or halted', async () => {
    const broken = (ago: (count: number) => Date) =>
      minutes(30).map((one) => finished(ago(5 * one), { complete: false }));
    expect(await endAfter((ago) => [...broken(ago), finished(ago(600))])).toMatchObject({ skipped: true });
    expect(await endAfter((ago) => broken(ago))).toMatchObject({ skipped: false });
    const stopped = (ago: (count: number) => Date) =>
      minutes(30).flatMap((one) => [finished(ago(5 * one)), halted(ago(5 * one + 0.5))]);
    expect(await endAfter((ago) => [...stopped(ago), finished(ago(600))])).toMatchObject({ skipped: true });
    expect(await endAfter((ago) => stopped(ago))).toMatchObject({ skipped: false });
  });

  it.each([
    ['in the middle of it', 5.5, false],
    ['in the moment in which it ended', 5, false],
    ['before it began', 6.5, true],
    ['after it ended', 4, true],
  ])('a halt %s', async (_when, minutesAgo, skipped) => {
    expect(await endAfter((ago) => [finished(ago(5)), halted(ago(minutesAgo))])).toMatchObject({ skipped });
  });
});
