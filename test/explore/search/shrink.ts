/** Makes a failing schedule as small as it can be, and writes it as a test. */

import { history } from '../model/histories.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { Explorer } from './explorer.ts';
import type { Fault } from './faults.ts';
import type { Schedule, Violation } from './schedule.ts';

const HISTORY = /^history\((\d+), \[([\d, ]*)\]\)$/;

export async function shrink(violation: Violation, mutant?: Mutant): Promise<Violation> {
  let smallest = violation;
  for (;;) {
    const smaller = await firstFailing(candidates(smallest.schedule), mutant);
    if (smaller === undefined) return smallest;
    smallest = smaller;
  }
}

async function firstFailing(schedules: readonly Schedule[], mutant?: Mutant): Promise<Violation | undefined> {
  for (const schedule of schedules) {
    const explorer = new Explorer(mutant);
    await explorer.run(schedule);
    const [violation] = explorer.violations;
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** Each a little smaller than the schedule: fewer faults, one worker, one delivery, fewer steps. */
function candidates(schedule: Schedule): Schedule[] {
  const { faults, workers, delivery, scenario } = schedule;
  return [
    ...faults.map((_, drop) => ({ ...schedule, faults: faults.filter((_fault, at) => at !== drop) })),
    ...(workers > 1 ? [{ ...schedule, workers: 1 }] : []),
    ...(delivery === 'doubled' ? [{ ...schedule, delivery: 'once' as const }] : []),
    ...shorter(scenario.name).map((name) => ({ ...schedule, scenario: name })),
  ];
}

function shorter(name: string) {
  const [, seed, list] = HISTORY.exec(name) ?? [];
  if (seed === undefined || list === undefined) return [];
  const dropped = list === '' ? [] : list.split(', ').map(Number);
  return [0, 1, 2, 3, 4, 5, 6, 7, 8]
    .filter((at) => !dropped.includes(at))
    .map((at) => history(Number(seed), [...dropped, at]))
    .filter(({ steps }) => steps.length < history(Number(seed), dropped).steps.length);
}

function textOf({ at, kind, steps }: Fault): string {
  return `{ at: ${at}, kind: '${kind}'${steps === undefined ? '' : `, steps: ${steps}`} }`;
}

export function asTest({ schedule, flaws }: Violation): string {
  const { scenario, delivery, faults, workers, seed } = schedule;
  const source = HISTORY.test(scenario.name)
    ? scenario.name
    : `scenarioNamed(${JSON.stringify(scenario.name)})`;
  return [
    ...flaws.map((flaw) => `// ${flaw.replaceAll('\n', '\n// ')}`),
    `it('ends well: ${scenario.name.replaceAll("'", '’')}', async () => {`,
    '  const explorer = new Explorer();',
    '  await explorer.run({',
    `    scenario: ${source},`,
    `    delivery: '${delivery}',`,
    `    faults: [${faults.map(textOf).join(', ')}],`,
    `    workers: ${workers},`,
    `    seed: ${seed},`,
    '  });',
    '  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);',
    '});',
  ].join('\n');
}
