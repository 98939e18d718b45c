/** A user's history in pages: every line once, the newest first, with what set it going. */
import { expect, it } from 'vitest';
import type { TimelineEvent } from '../../src/dashboard-data/answers/users.ts';
import { timelineAnswer } from '../../src/dashboard-data/timeline.ts';
import { alice, bob } from '../mongo/subjects/people.ts';
import { dashboardDeps, says } from '../support/in-memory/deciding.ts';
import { write } from '../support/in-memory/sweeps.ts';
import { choose, createWorld, eventsOf, signUp, untilQuiet, type World } from '../support/in-memory/world.ts';

const user = alice.user;

async function pages(world: World): Promise<TimelineEvent[][]> {
  const found: TimelineEvent[][] = [];
  let before: string | undefined;
  for (;;) {
    const { events, next } = await timelineAnswer(dashboardDeps(world), user, before);
    found.push([...events]);
    if (next === null) return found;
    before = next;
  }
}

it('every line is on one page, the newest first', async () => {
  const world = createWorld();
  await signUp(world, alice);
  await world.clock.advance(1_000);
  await untilQuiet(world);
  for (let count = eventsOf(world, alice).length; count < 100; count += 1)
    await write(world, 'handle.observed', { handle: `h${count}` }, alice);
  const hundred = await pages(world);
  expect(hundred.map(({ length }) => length)).toEqual([50, 50]);
  await write(world, 'handle.observed', { handle: null }, alice);
  const more = await pages(world);
  expect(more.map(({ length }) => length)).toEqual([50, 50, 1]);
  const ids = eventsOf(world, alice).map(({ _id }) => _id);
  expect(more.flat().map(({ event }) => event)).toEqual(ids.reverse());
  expect((await timelineAnswer(dashboardDeps(world), user, undefined)).total.count).toBe(101);
});

it('what comes in meanwhile moves no later page', async () => {
  const world = createWorld();
  for (let count = 0; count < 60; count += 1)
    await write(world, 'handle.observed', { handle: `h${count}` }, alice);
  const { next } = await timelineAnswer(dashboardDeps(world), user, undefined);
  const before = await timelineAnswer(dashboardDeps(world), user, next ?? undefined);
  await write(world, 'handle.observed', { handle: 'late' }, alice);
  const after = await timelineAnswer(dashboardDeps(world), user, next ?? undefined);
  expect(after).toEqual({ ...before, total: { count: 61, isMore: false } });
  expect(after.events).toHaveLength(10);
});

it('each line says what it is, and what set it going, the nearest first', async () => {
  const world = createWorld();
  await signUp(world, alice);
  await world.clock.advance(1_000);
  await untilQuiet(world);
  choose(world, alice, 'alix');
  await says(world, { type: 'reconcile', user, by: 'carol', reason: 'case 12' });
  await untilQuiet(world);
  const { events } = await timelineAnswer(dashboardDeps(world), user, undefined);
  const renamed = events.find(({ type }) => type === 'handle.changed');
  expect(renamed).toMatchObject({ part: 'effect', what: expect.stringMatching(/ to alix\.at\.test$/) });
  expect(renamed?.because.map(({ type, what }) => [type, what])).toEqual([
    ['actions.intended', 'change-handle'],
    ['handle.observed', '@alix'],
    ['reconcile.requested', 'by carol: case 12'],
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'auth0.log-received', part: 'heard', because: [] });
  expect(JSON.stringify(events)).not.toContain('alice@example.com');
});

it('of nobody, and from a line that is not there, nothing is found', async () => {
  const world = createWorld();
  await signUp(world, alice);
  await signUp(world, bob);
  const bobs = eventsOf(world, bob)[0]?._id;
  await expect(timelineAnswer(dashboardDeps(world), 'auth0|nobody', undefined)).rejects.toMatchObject({
    code: 'USER_NOT_FOUND',
  });
  for (const before of ['nothing', bobs])
    await expect(timelineAnswer(dashboardDeps(world), user, before)).rejects.toMatchObject({
      code: 'EVENT_UNKNOWN',
    });
});
