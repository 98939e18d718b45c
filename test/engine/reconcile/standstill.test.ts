/**
 * What is written of users while nothing changes: however long, however often Auth0 reports a login, and whatever is in the
 * way. A reconciliation reads every event of ours, so their number has to follow from real changes and not from time.
 */
import { expect, it } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { seededRandom } from '../../support/in-memory/random.ts';
import { PEOPLE, STEPS_BY_NAME } from '../../support/in-memory/steps.ts';
import { arrive, createWorld, pass, reconcileUser, type World } from '../../support/in-memory/world.ts';

const HISTORIES = 2;
const STEPS = 12;
const DAYS = 8;
const DAY = 86_400_000;
/** Of each user in the second half of the days: the powers of two among the tries, and an intent with each. */
const MOST = 2;

/** What stays in the way of all calls to the PDS; each is met by the next call. */
const OBSTACLES: readonly (readonly [name: string, ways: readonly string[]])[] = [
  ['what the histories leave', []],
  ['a PDS that is away', ['UNREACHABLE']],
  [
    'a PDS that is away, and fails in several ways by turns',
    ['UNREACHABLE', 'TIMEOUT', 'TIMEOUT', 'SERVER_ERROR'],
  ],
  ['a PDS that is away and limits the rate by turns', ['TIMEOUT', 'TIMEOUT', 'RATE_LIMITED']],
];

function obstruct(world: World, ways: readonly string[]): void {
  let calls = 0;
  world.hooks.before = ({ port }) => {
    if (port !== 'accounts') return;
    calls += 1;
    const code = ways[calls % ways.length] ?? 'UNREACHABLE';
    throw new UpstreamError(`the PDS answers ${code}`, { upstream: 'pds', code, retryable: true });
  };
}

/** Everybody logs in, and everybody who becomes due is reconciled. */
async function liveADay(world: World): Promise<void> {
  const untilMs = world.clock.now().getTime() + DAY;
  for (const who of PEOPLE) await arrive(world, who, 'scu');
  for (;;) {
    const next = await world.queue.nextDueAt();
    if (next === undefined || next.getTime() > untilMs) break;
    await world.clock.advance(Math.max(0, next.getTime() - world.clock.now().getTime()));
    await pass(world);
  }
  await world.clock.advance(Math.max(0, untilMs - world.clock.now().getTime()));
}

function ours(world: World): number {
  return world.log.events.filter(({ type }) => type !== 'auth0.log-received').length;
}

it.each(OBSTACLES)('is nothing more, with %s', async (_name, ways) => {
  const names = Object.keys(STEPS_BY_NAME);
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const world = createWorld();
    const random = seededRandom(seed);
    const told: string[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const name = names[random.int(names.length)] ?? '';
      const who = PEOPLE[random.int(PEOPLE.length)];
      if (who === undefined) throw new Error('There are people.');
      told.push(`${who.user} ${name}`);
      await STEPS_BY_NAME[name]?.(world, who, (below) => random.int(below));
      await world.clock.advance(random.int(120_000));
      for (const each of PEOPLE) await reconcileUser(world, each);
    }
    if (ways.length > 0) obstruct(world, ways);
    for (let day = 0; day < DAYS / 2; day += 1) await liveADay(world);
    const before = ours(world);
    for (let day = DAYS / 2; day < DAYS; day += 1) await liveADay(world);
    expect(ours(world) - before, `seed ${seed}: ${told.join(', ')}`).toBeLessThanOrEqual(
      MOST * PEOPLE.length,
    );
  }
});
