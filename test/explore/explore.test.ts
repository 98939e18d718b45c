/**
 * Every single fault and every life in every scenario, every interleaving with the platform's steps, and as many pairs
 * and random schedules as the time allows, in two processes of their own. `npm run explore` goes on from there.
 */
import { expect, it } from 'vitest';
import { PENDING } from './model/pending.ts';
import { hasPlatform, type Scenario } from './model/scenario.ts';
import { scenarios } from './model/scenarios/scenarios.ts';
import { mutants } from './mutants/mutants.ts';
import { exploreTogether } from './search/crew.ts';
import { Explorer } from './search/explorer.ts';
import { faultsOf } from './search/faults.ts';
import type { Which } from './search/merge.ts';
import { report } from './search/report.ts';
import { Run } from './search/run.ts';
import { plain } from './search/schedule.ts';
import type { Task } from './search/task.ts';

/** Milliseconds for what goes beyond single faults, which are always all explored. */
const BEYOND_MS = 38_000;
/** Always the same seeds here, so that a run says the same as the one before; the long run takes others. */
const RANDOM_SEEDS = 400;
const AT_ONCE = 100;
const DELIVERIES = ['once', 'doubled'] as const;
/** Those in which others take steps of their own while Concord is at work. */
const withSteps = scenarios.filter(hasPlatform);
function isTold({ steps, given = 0 }: Scenario): boolean {
  return steps.slice(given).some(({ delivers }) => delivers !== undefined);
}

/** More than the platform has steps in any scenario, and messages of them. */
const EVERY_STEP = 99;

it('ends well, whatever breaks in whatever way', { timeout: 900_000 }, async () => {
  const total = { schedules: 0, ended: 0, merged: 0, asked: 0, late: 0, stale: 0, writes: 0, rests: 0 };
  const flaws: string[] = [];
  let singles = 0;
  const [lives, platform] = [
    { schedules: 0, scenarios: 0, violations: 0 },
    { schedules: 0, scenarios: 0, violations: 0 },
  ];
  let pairsOf = 0;
  const byWhich = new Map<Which, typeof lives>([
    ['lives', lives],
    ['platform', platform],
  ]);
  const startedMs = Date.now();
  let beyondMs = 0;
  function* tasks(): Iterable<Task> {
    const always = { type: 'exhaust', depth: 1, which: 'all', untilMs: Number.MAX_SAFE_INTEGER } as const;
    for (const { name } of scenarios) yield { ...always, scenario: name, delivery: 'once' };
    // What the platform does is not delivered twice, nor is anything where no entry comes while something may break.
    for (const scenario of scenarios)
      if (!hasPlatform(scenario) && isTold(scenario))
        yield { ...always, scenario: scenario.name, delivery: 'doubled' };
    for (const { name } of scenarios) yield { ...always, which: 'lives', scenario: name, delivery: 'once' };
    for (const { name } of withSteps)
      yield { ...always, which: 'platform', depth: EVERY_STEP, scenario: name, delivery: 'once' };
    beyondMs = Date.now();
    const untilMs = beyondMs + BEYOND_MS;
    for (let seed = 1; seed <= RANDOM_SEEDS; seed += AT_ONCE)
      yield { type: 'random', seed, count: AT_ONCE, workers: 2, untilMs };
    // Those of several users first: the others have been explored for longer.
    for (const delivery of DELIVERIES)
      for (const { name } of [...scenarios].reverse())
        if (Date.now() < untilMs)
          yield { type: 'exhaust', depth: 2, which: 'apart', scenario: name, delivery, untilMs };
  }
  await exploreTogether(tasks(), 2, (task, { tally, flaw, isExhausted }) => {
    total.schedules += tally.schedules;
    total.ended += tally.ended;
    total.merged += tally.merged;
    total.asked += tally.outwards.asked;
    total.late += tally.outwards.late;
    total.stale += tally.outwards.stale;
    total.writes += tally.judged.writes;
    total.rests += tally.judged.rests;
    const counted = task.type === 'random' ? undefined : byWhich.get(task.which);
    if (counted !== undefined) {
      counted.schedules += tally.schedules;
      counted.scenarios += isExhausted ? 1 : 0;
      counted.violations += flaw === undefined ? 0 : 1;
    }
    if (task.type === 'exhaust' && task.which === 'all' && task.delivery === 'once')
      singles += tally.schedules - 1;
    if (task.type === 'exhaust' && task.which === 'apart' && isExhausted) pairsOf += 1;
    if (flaw !== undefined) flaws.push(flaw);
    return flaws.length < 3 ? 'go on' : 'stop';
  });
  const points = await singleFaults();
  const share = ((100 * singles) / points).toFixed(1);
  report(`R1: ${singles} of ${points} single faults in ${scenarios.length} scenarios, ${share} %`);
  report(`R2: all pairs in ${pairsOf} scenarios and deliveries; the rest in the long run`);
  const seconds = (Date.now() - startedMs) / 1_000;
  report(
    `R3: ${total.schedules} schedules in ${seconds.toFixed(0)} s in two processes, ` +
      `${Math.round(total.schedules / seconds)} a second: ${total.ended} run to their end, ` +
      `the rest to one of ${total.merged} meetings with a state that was known to end well`,
  );
  report(
    `R11: ${total.asked} outward effects, ${total.late} held up until after their lease, ` +
      `${total.stale} decided without a fresh read or without the lease`,
  );
  report(
    `R15: W1, W3, W4, W5 and W11 held against ${total.writes} writes, and all conditions against the world ` +
      `at ${total.rests} rests: ${flaws.length} violations`,
  );
  report(
    `R16: ${platform.schedules} interleavings of the platform's steps with ours, all there are in ` +
      `${platform.scenarios} of ${withSteps.length} scenarios, ${platform.violations} violations`,
  );
  report(
    `R17: ${lives.schedules} users deleted, blocked, unverified, linked or forgotten, one at every call of ` +
      `${lives.scenarios} of ${scenarios.length} scenarios, ${lives.violations} violations`,
  );
  for (const [name, because] of PENDING) report(`  not explored yet: ${name} (${because})`);
  expect(flaws).toEqual([]);
  expect([lives.scenarios, platform.scenarios]).toEqual([scenarios.length, withSteps.length]);
  expect(total.writes).toBeGreaterThan(1_000);
  expect(total.asked).toBeGreaterThan(1_000);
  expect(total.stale).toBe(0);
  expect(singles).toBe(points);
});

/** All that the traces hold when nothing breaks. */
async function singleFaults(): Promise<number> {
  let points = 0;
  for (const scenario of scenarios) {
    const { trace, ends } = await new Run(plain(scenario)).go([]);
    const from = ends[(scenario.given ?? 0) - 1] ?? 0;
    for (const point of trace.slice(from)) points += faultsOf(point, 'all').length;
  }
  return points;
}

it('replays a failure from its seed', { timeout: 300_000 }, async () => {
  const mutant = mutants.find(({ name }) => name === 'a failed append counts as done');
  const found = new Explorer(mutant);
  let seed = 0;
  while (found.violations.length === 0) {
    seed += 1;
    await found.random(seed);
  }
  let replayed = 0;
  for (let time = 0; time < 10; time += 1) {
    const again = new Explorer(mutant);
    await again.random(seed);
    if (JSON.stringify(again.violations) === JSON.stringify(found.violations)) replayed += 1;
  }
  report(`R7: a failure replays from its seed, ${replayed} of 10`);
  expect(replayed).toBe(10);
});
