/** What ticks of the schedule cost: users that need action are read once a day, each at a time of its own. */
import { expect, it } from 'vitest';
import { reconcileOpen } from '../../../src/engine/reconcile/reconcile-open.ts';
import { type Person, person, tenant } from '../../mongo/subjects/people.ts';
import {
  arrive,
  auth0User,
  createWorld,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const TICK_MS = 300_000;
const DAY_MS = 86_400_000;
const TICKS_A_DAY = DAY_MS / TICK_MS;

/** Users whose document was removed: only a person decides about that. */
async function needingAction(world: World, count: number): Promise<readonly Person[]> {
  const people = Array.from({ length: count }, (_, index) => person(`held-${index}`));
  for (const who of people) {
    await signUp(world, who);
    await untilQuiet(world);
    world.documents.users.delete(who.user);
    await arrive(world, who, 'scu');
    await untilQuiet(world);
    const found = await world.subjects.get(who.user);
    if (found?.conditions.some(({ held }) => held) !== true) throw new Error('No action is needed.');
  }
  return people;
}

function countReads(world: World): { reads: number } {
  const counted = { reads: 0 };
  world.hooks.before = ({ port, method }) => {
    if (port === 'auth0' && method === 'user') counted.reads += 1;
  };
  return counted;
}

it('100 users that need action cost at most one read each a day, and never many at once', async () => {
  const world = createWorld();
  await needingAction(world, 100);
  const counted = countReads(world);
  const days: number[] = [];
  let mostAtOnce = 0;
  for (let day = 0; day < 4; day += 1) {
    const before = counted.reads;
    for (let tick = 0; tick < TICKS_A_DAY; tick += 1) {
      await world.clock.advance(TICK_MS);
      const atStart = counted.reads;
      await reconcileOpen({ ...world.deps, subjects: world.subjects }, tenant);
      await untilQuiet(world, 200);
      mostAtOnce = Math.max(mostAtOnce, counted.reads - atStart);
    }
    days.push(counted.reads - before);
  }
  // Nothing is read again before a day has passed, and each user is once the day is over by a quarter.
  expect(days[0]).toBeLessThanOrEqual(1);
  for (const reads of days) expect(reads).toBeLessThanOrEqual(100);
  expect(days.reduce((sum, reads) => sum + reads, 0)).toBeGreaterThanOrEqual(250);
  expect(mostAtOnce).toBeLessThan(10);
});

it('a change that is told is read at once', async () => {
  const world = createWorld();
  const [who] = await needingAction(world, 1);
  if (who === undefined) throw new Error('There is nobody.');
  const counted = countReads(world);
  await reconcileOpen({ ...world.deps, subjects: world.subjects }, tenant);
  await untilQuiet(world);
  expect(counted.reads).toBe(0);
  world.directory.put(auth0User(who, { email: 'new@example.com' }));
  await arrive(world, who, 'sce');
  await untilQuiet(world);
  expect(counted.reads).toBe(1);
});

it('a reconciliation that died is taken up by the next tick, though nothing had made the user due', async () => {
  const world = createWorld();
  const who = person('alice');
  world.directory.put(auth0User(who));
  await world.queue.claimUser(who, world.clock.now(), 1_000);
  expect(await reconcileOpen({ ...world.deps, subjects: world.subjects }, tenant)).toBe(0);
  await world.clock.advance(1_000);
  expect(await reconcileOpen({ ...world.deps, subjects: world.subjects }, tenant)).toBe(1);
  await untilQuiet(world);
  expect((await world.subjects.get(who.user))?.sync).toBe('Synced');
});

it('a user who waits is reconciled at every tick, and one in sync at none', async () => {
  const world = createWorld();
  const [waiting, inSync] = [person('waiting'), person('synced')];
  for (const who of [waiting, inSync]) await signUp(world, who);
  await untilQuiet(world);
  const lease = await world.queue.claimUser(waiting, world.clock.now(), 1_000);
  if (lease?.shown === undefined) throw new Error('Nothing is known.');
  await world.queue.complete(lease, { ...lease.shown, sync: 'OutOfSync' }, world.clock.now());
  expect(await reconcileOpen({ ...world.deps, subjects: world.subjects }, tenant)).toBe(1);
});
