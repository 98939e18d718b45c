/** The oracle is tested with bugs: what it does not find here, it would not find in the engine. */
import { expect, it } from 'vitest';
import { Explorer } from './explorer.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { report } from './report.ts';
import { scenarios } from './scenarios.ts';

/** Milliseconds for one bug; most are found in the first hundred schedules. */
const SEARCH_MS = 12_000;

/** What found it: the scenario, and the fault where one was needed; undefined when nothing did. */
async function finder(mutant: Mutant): Promise<string | undefined> {
  const explorer = new Explorer(mutant);
  const untilMs = Date.now() + SEARCH_MS;
  explorer.goesOn = () => explorer.violations.length === 0 && Date.now() < untilMs;
  for (const scenario of scenarios)
    for (const delivery of ['once', 'doubled'] as const)
      if (explorer.goesOn()) await explorer.exhaust(scenario, delivery, 0);
  const searched = scenarios.filter(({ name }) => mutant.where === undefined || name === mutant.where);
  for (const scenario of searched) if (explorer.goesOn()) await explorer.exhaust(scenario, 'once', 1);
  const [violation] = explorer.violations;
  if (violation === undefined) return undefined;
  const { faults, scenario } = violation.schedule;
  const fault = faults.map(({ at, kind }) => `, ${kind} at call ${at}`).join('');
  return `${scenario.name}${fault}: ${violation.flaws[0]?.split('\n')[0]}`;
}

it('finds the bugs that were put in', { timeout: 300_000 }, async () => {
  const missed: string[] = [];
  for (const mutant of mutants) {
    const found = await finder(mutant);
    report(`  ${mutant.name} <- ${found ?? 'NOT FOUND'}`);
    if (found === undefined) missed.push(mutant.name);
  }
  const found = mutants.length - missed.length;
  report(
    `R6: ${found} of ${mutants.length} seeded bugs found, ${((100 * found) / mutants.length).toFixed(0)} %`,
  );
  expect(missed).toEqual([]);
});
