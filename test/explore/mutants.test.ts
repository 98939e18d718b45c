/** The oracle is tested with bugs: what it does not find here, it would not find in the engine. */
import { expect, it } from 'vitest';
import { Explorer } from './explorer.ts';
import { Merger } from './merge.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { report } from './report.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { plain, type Violation } from './schedule.ts';

/** Milliseconds for one bug; most are found in the first hundred schedules. */
const SEARCH_MS = 12_000;
const references = new Explorer();

/** What found it: the scenario, and the fault where one was needed; undefined when nothing did. */
async function finder(mutant: Mutant): Promise<string | undefined> {
  const untilMs = Date.now() + SEARCH_MS;
  const search = async (scenario: Scenario, delivery: 'once' | 'doubled', depth: number) => {
    if (Date.now() >= untilMs) return undefined;
    const reference = await references.reference(scenario);
    const merger = new Merger({ ...plain(scenario), delivery }, reference, mutant);
    merger.goesOn = () => merger.violations.length === 0 && Date.now() < untilMs;
    await merger.exhaust(depth, 'all').catch((error: unknown) => merger.threw(error));
    return merger.violations[0];
  };
  for (const scenario of scenarios)
    for (const delivery of ['once', 'doubled'] as const) {
      const violation = await search(scenario, delivery, 0);
      if (violation !== undefined) return told(violation);
    }
  for (const scenario of scenarios) {
    if (mutant.where !== undefined && scenario.name !== mutant.where) continue;
    const violation = await search(scenario, 'once', 1);
    if (violation !== undefined) return told(violation);
  }
  return undefined;
}

function told({ schedule: { faults, scenario }, flaws }: Violation): string {
  const fault = faults.map(({ at, kind }) => `, ${kind} at call ${at}`).join('');
  return `${scenario.name}${fault}: ${flaws[0]?.split('\n')[0]}`;
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
