/** The oracle is tested with bugs: what it does not find here, it would not find in the engine. */
import { expect, it } from 'vitest';
import type { Scenario } from '../model/scenario.ts';
import { scenarios } from '../model/scenarios/scenarios.ts';
import { Explorer } from '../search/explorer.ts';
import { Merger, type Which } from '../search/merge.ts';
import { report } from '../search/report.ts';
import { plain, type Violation } from '../search/schedule.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';

/** Milliseconds for one bug, on a busy machine too; most are found in the first hundred schedules. */
const SEARCH_MS = 60_000;
/** More than the platform has steps in any scenario, and messages of them. */
const EVERY_STEP = 99;
const references = new Explorer();

/** What found it: the scenario, and the fault where one was needed; undefined when nothing did. */
async function finder(mutant: Mutant): Promise<string | undefined> {
  const untilMs = Date.now() + SEARCH_MS;
  const search = async (
    scenario: Scenario,
    delivery: 'once' | 'doubled',
    depth: number,
    which: Which = 'all',
  ) => {
    if (Date.now() >= untilMs) return undefined;
    const reference = await references.reference(scenario);
    const merger = new Merger({ ...plain(scenario), delivery }, reference, mutant);
    const isFound = ({ flaws }: Violation): boolean =>
      mutant.rule === undefined || flaws.some((flaw) => flaw.startsWith(mutant.rule ?? ''));
    merger.goesOn = () => !merger.violations.some(isFound) && Date.now() < untilMs;
    await merger.exhaust(depth, which).catch((error: unknown) => merger.threw(error));
    return merger.violations.find(isFound);
  };
  const isHere = ({ name }: Scenario): boolean => mutant.where === undefined || name === mutant.where;
  for (const scenario of scenarios.filter((one) => mutant.rule === undefined || isHere(one)))
    for (const delivery of ['once', 'doubled'] as const) {
      const violation = await search(scenario, delivery, 0);
      if (violation !== undefined) return told(mutant.rule, violation);
    }
  for (const scenario of scenarios) {
    if (!isHere(scenario)) continue;
    const violation = await search(scenario, 'once', mutant.by === 'platform' ? EVERY_STEP : 1, mutant.by);
    if (violation !== undefined) return told(mutant.rule, violation);
  }
  return undefined;
}

function told(rule: string | undefined, { schedule: { faults, scenario }, flaws }: Violation): string {
  const fault = faults.map(({ at, kind }) => `, ${kind} at call ${at}`).join('');
  const flaw = flaws.find((one) => rule !== undefined && one.startsWith(rule)) ?? flaws[0];
  return `${scenario.name}${fault}: ${flaw?.split('\n')[0]}`;
}

it('finds the bugs that were put in', { timeout: 900_000 }, async () => {
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
