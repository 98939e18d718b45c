/**
 * npm run explore -- [--schedules N] [--seed S] [--workers 2] [--processes 2] [--scenario TEXT] [--faults F]
 *
 * Every interleaving with the platform's steps first; then every single fault in every scenario, then every pair, then
 * three where it is worth it, each with every entry delivered once and twice, and one life of a user with up to one
 * fault; then random schedules, of which at least one tenth of N is kept.
 *
 * With --scenario (those whose name has this text in it) or --faults (up to so many, two by default) only the
 * former, to their end however many there are, and nothing random.
 * Exit 1 when something was violated, with the smallest schedules that show it, as tests.
 */
import { parseArgs } from 'node:util';
import { hasPlatform } from './model/scenario.ts';
import { DEEP, scenarios } from './model/scenarios/scenarios.ts';
import { exploreTogether } from './search/crew.ts';
import type { Which } from './search/merge.ts';
import type { Found, Task } from './search/task.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    processes: { type: 'string', default: '2' },
    scenario: { type: 'string' },
    faults: { type: 'string' },
  },
});
const { scenario: text = '', faults = '2' } = values;
const isWhole = values.scenario !== undefined || values.faults !== undefined;
const [wanted = 0, seed = 0, workers = 0, processes = 0, depth = 0] = [
  values.schedules,
  values.seed,
  values.workers,
  values.processes,
  faults,
].map(Number);
if (![wanted, seed, workers, processes, depth].every((value) => Number.isSafeInteger(value) && value > 0)) {
  process.stderr.write(
    '--schedules, --seed, --workers, --processes and --faults take whole numbers above 0\n',
  );
  process.exit(1);
}
const chosen = scenarios.filter(({ name }) => name.includes(text));
if (chosen.length === 0) {
  process.stderr.write(`no scenario has "${text}" in its name; there are:\n`);
  for (const { name } of scenarios) process.stderr.write(`  ${name}\n`);
  process.exit(1);
}

const RANDOM_AT_ONCE = 500;
/** One cause may show itself in several scenarios, and a few of them say more than one. */
const MAX_FLAWS = 3;
const WHAT: Partial<Record<Which, string>> = {
  platform: 'the steps of the platform',
  lives: 'a life',
  'lives and apart': 'a life and a fault',
};
const DELIVERIES = ['once', 'doubled'] as const;
const total = { schedules: 0, works: 0, ended: 0, merged: 0 };
const exhausted: string[] = [];
const startedMs = Date.now();
const flaws: string[] = [];
let random = 0;

function* exhaustive(): Iterable<Task> {
  const untilMs = Number.MAX_SAFE_INTEGER;
  const platform = { type: 'exhaust', delivery: 'once', which: 'platform', depth: 99, untilMs } as const;
  for (const scenario of chosen) if (hasPlatform(scenario)) yield { ...platform, scenario: scenario.name };
  const deep = scenarios.filter(({ name }) => DEEP.has(name));
  const levels = isWhole
    ? Array.from({ length: depth }, (_, less) => [less + 1, chosen] as const)
    : ([
        [1, scenarios],
        [2, scenarios],
        [3, deep],
      ] as const);
  for (const [level, those] of levels) {
    for (const { name } of those) {
      for (const delivery of DELIVERIES) {
        if (!isWhole && level > 1 && total.schedules >= 0.9 * wanted) continue;
        const which = level === 1 ? 'all' : 'apart';
        yield { type: 'exhaust', scenario: name, delivery, depth: level, which, untilMs };
        const lives = level === 1 ? 'lives' : 'lives and apart';
        if (level < 3 && delivery === 'once')
          yield { type: 'exhaust', scenario: name, delivery, depth: level, which: lives, untilMs };
      }
    }
  }
}

function* tasks(): Iterable<Task> {
  const untilMs = Number.MAX_SAFE_INTEGER;
  yield* exhaustive();
  if (isWhole) return;
  for (let from = seed; total.schedules < wanted || from === seed; from += RANDOM_AT_ONCE)
    yield { type: 'random', seed: from, count: RANDOM_AT_ONCE, workers, untilMs };
}

const rate = (): number => Math.round((total.schedules * 1_000) / Math.max(1, Date.now() - startedMs));

function onFound(task: Task, found: Found): 'go on' | 'stop' {
  const { tally } = found;
  total.schedules += tally.schedules;
  total.works += tally.works;
  total.ended += tally.ended;
  total.merged += tally.merged;
  const what =
    task.type === 'random'
      ? `seeds ${task.seed} to ${task.seed + task.count - 1}`
      : `${WHAT[task.which] ?? `up to ${task.depth} faults`}, ${task.delivery}: ${task.scenario}`;
  if (task.type === 'random') random += tally.schedules;
  else if (found.isExhausted) exhausted.push(`${WHAT[task.which] ?? task.depth} ${task.delivery}`);
  const how = found.flaw === undefined ? '' : ', of which one is a violation';
  process.stderr.write(`${total.schedules} schedules, ${rate()}/s; ${tally.schedules} of ${what}${how}\n`);
  if (found.flaw !== undefined) flaws.push(found.flaw);
  return flaws.length < MAX_FLAWS ? 'go on' : 'stop';
}

await exploreTogether(tasks(), processes, onFound);
for (const flaw of flaws) process.stdout.write(`${flaw}\n`);
const count = (level: number | string | undefined, delivery: string): number =>
  exhausted.filter((one) => one === `${level} ${delivery}`).length;
const of = isWhole ? chosen.length : scenarios.length;
const triplesOf = isWhole ? chosen.length : DEEP.size;
process.stdout.write(
  `R2: exhausted: singles in ${count(1, 'once')} + ${count(1, 'doubled')} scenarios (once + twice delivered), ` +
    `pairs in ${count(2, 'once')} + ${count(2, 'doubled')} of ${of}, ` +
    `triples in ${count(3, 'once')} + ${count(3, 'doubled')} of ${triplesOf}\n`,
);
const platformOf = chosen.filter(hasPlatform).length;
process.stdout.write(
  `R16: exhausted: ${WHAT.platform} in ${count(WHAT.platform, 'once')} of ${platformOf} scenarios; ` +
    `R17: ${WHAT.lives} in ${count(WHAT.lives, 'once')} of ${of}, with a fault in ${count(WHAT['lives and apart'], 'once')}\n`,
);
process.stdout.write(
  `${total.schedules} schedules (${total.ended} run to their end, ${total.merged} met a known state, ${random} random), ` +
    `${flaws.length} violations, ${rate()} schedules/s, seed ${seed}\n`,
);
process.exitCode = flaws.length === 0 ? 0 : 1;
