/** Clocks that lie: this machine's is set back or ahead between passes, and the dates of log entries are nonsense. */

import { describe, expect, it } from 'vitest';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { alice, tenant } from '../../mongo/subjects/people.ts';
import { inMemoryIgnored } from '../../support/in-memory/ignored.ts';
import { inMemoryRejects } from '../../support/in-memory/rejects.ts';
import {
  arrive,
  auth0User,
  carried,
  choose,
  createWorld,
  eventsOf,
  pass,
  reconcileUser,
  shownConditions,
  signUp,
  snapshot,
  untilQuiet,
  WELL,
  type World,
} from '../../support/in-memory/world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** From the sign-up to a handle that was chosen and changed, with the clock set by so much before each step. */
async function story(jumpsMs: readonly number[]): Promise<World> {
  const world = createWorld();
  const steps = [
    () => signUp(world, alice, { emailVerified: false }),
    async () => {
      world.directory.put(auth0User(alice));
      await arrive(world, alice, 'sv');
    },
    async () => {
      choose(world, alice, 'alice');
      await arrive(world, alice, 'scu');
    },
    async () => {
      world.directory.put(auth0User(alice, { email: 'alice@example.net' }));
      await arrive(world, alice, 'sce');
    },
    async () => {
      choose(world, alice, 'alice.b');
      await arrive(world, alice, 'scu');
    },
  ];
  for (const [at, step] of steps.entries()) {
    await world.clock.advance(jumpsMs[at] ?? 0);
    await step();
    await pass(world);
  }
  await untilQuiet(world);
  return world;
}

describe('this machine’s clock', () => {
  it.each([
    ['stands still', [0, 0, 0, 0, 0]],
    ['goes back an hour each time', [0, -HOUR, -HOUR, -HOUR, -HOUR]],
    ['goes back a second each time', [0, -1_000, -1_000, -1_000, -1_000]],
    ['jumps ten years ahead and back', [0, 3_650 * DAY, -3_650 * DAY, 3_650 * DAY, -3_650 * DAY]],
    ['jumps ahead each time', [0, DAY, DAY, DAY, DAY]],
  ])('%s: everything is done, and told in its order', async (_what, jumpsMs) => {
    const world = await story(jumpsMs);
    expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
    expect(carried(world, alice)).toBe('alice-b.at.test');
    expect([...world.accounts.stored.values()].map(({ email }) => email)).toEqual(['alice@example.net']);
    const own = eventsOf(world, alice).filter(({ type }) => type !== 'auth0.log-received');
    const appended = world.log.events.filter((event) => own.includes(event));
    expect(appended).toEqual(own);
    const before = snapshot(world);
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'converged', applied: [] });
    expect(snapshot(world)).toMatchObject({ users: before.users, accounts: before.accounts });
  });

  it('is set back: what was read before that is not taken for newer than the trigger', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await pass(world);
    await world.clock.advance(-HOUR);
    world.directory.put(auth0User(alice, { email: 'alice@example.net' }));
    await arrive(world, alice, 'sce');
    await pass(world);
    expect([...world.accounts.stored.values()].map(({ email }) => email)).toEqual(['alice@example.net']);
  });
});

describe('the dates of log entries', () => {
  it.each([
    ['far ahead', '9999-12-31T23:59:59Z'],
    ['ten years ahead', '2036-03-01T12:00:00Z'],
    ['before there was Auth0', '1970-01-01T00:00:00Z'],
    ['no date', 'yesterday'],
  ])(
    '%s: a deletion that did not happen is refuted by the read, and what comes later counts',
    async (_what, date) => {
      const world = createWorld();
      const { log, queue, clock, hooks } = world;
      const deliver = (log_id: string, type: string) =>
        ingest(
          { log, queue, clock, rejects: inMemoryRejects(hooks), ignored: inMemoryIgnored(hooks) },
          { id: tenant, keyPrefix: '' },
          [{ log_id, data: { type, user_id: alice.userId, date } }],
        );
      world.directory.put(auth0User(alice));
      await deliver('1', 'ss');
      await deliver('2', 'sdu');
      expect(await pass(world)).toMatchObject({ end: 'converged' });
      await world.clock.advance(1_000);
      choose(world, alice, 'alice');
      await deliver('3', 'scu');
      expect(await pass(world)).toMatchObject({ end: 'converged' });
      expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
      expect(carried(world, alice)).toBe('alice.at.test');
    },
  );
});
