/**
 * Every single fault in every scenario, and as many pairs and random schedules as the time allows.
 * `npm run explore` goes on from there.
 */
import { expect, it } from 'vitest';
import { Explorer, type Violation } from './explorer.ts';
import { mutants } from './mutants.ts';
import { report } from './report.ts';
import { scenarioNamed, scenarios } from './scenarios.ts';
import { asTest, shrink } from './shrink.ts';

/** Milliseconds for what goes beyond single faults, which are always all explored. */
const BEYOND_MS = 10_000;
/** Always the same seeds here, so that a run says the same as the one before; the long run takes others. */
const RANDOM_SEEDS = 400;

async function told(violations: readonly Violation[]): Promise<string[]> {
  const smallest = await Promise.all(violations.slice(0, 3).map((violation) => shrink(violation)));
  return smallest.map(asTest);
}

it('ends well, whatever single call breaks in whatever way', { timeout: 300_000 }, async () => {
  const explorer = new Explorer();
  const startedMs = Date.now();
  for (const scenario of scenarios) await explorer.exhaust(scenario, 'once', 1);
  const { covered, enumerated, schedules } = explorer;
  const share = ((100 * covered.size) / enumerated.size).toFixed(1);
  report(
    `R1: ${covered.size} of ${enumerated.size} single faults in ${scenarios.length} scenarios, ${share} %`,
  );
  expect(await told(explorer.violations)).toEqual([]);
  expect(covered.size).toBe(enumerated.size);

  const singlesMs = Date.now() - startedMs;
  const untilMs = Date.now() + BEYOND_MS / 2;
  explorer.goesOn = () => Date.now() < untilMs && explorer.violations.length === 0;
  let pairsOf = 0;
  // The shortest first: what is finished is finished in full.
  const names = ['a sign-up with a verified email', 'a sign-up with a handle that is too short'];
  for (const name of names) {
    await explorer.exhaust(scenarioNamed(name), 'once', 2);
    if (explorer.goesOn()) pairsOf += 1;
  }
  const pairs = explorer.schedules - schedules;
  report(
    `R2: all pairs in ${pairsOf} scenarios, ${pairs} schedules of up to two faults; the rest in the long run`,
  );
  expect(await told(explorer.violations)).toEqual([]);

  explorer.goesOn = () => Date.now() < untilMs + BEYOND_MS / 2 && explorer.violations.length === 0;
  for (let seed = 1; seed <= RANDOM_SEEDS && explorer.goesOn(); seed += 1) await explorer.random(seed);
  const seconds = (singlesMs + BEYOND_MS) / 1_000;
  const rate = Math.round(explorer.schedules / seconds);
  report(`R3: ${explorer.schedules} schedules in ${seconds.toFixed(0)} s on one core, ${rate} a second`);
  expect(await told(explorer.violations)).toEqual([]);
});

it('replays a failure from its seed', { timeout: 60_000 }, async () => {
  const mutant = mutants.find(({ name }) => name === 'createAccount is tried again blindly');
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
