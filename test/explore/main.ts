/**
 * npm run explore -- --schedules N [--seed S] [--workers 2] [--processes 2]
 *
 * Every single fault in every scenario first, then every pair, then three where it is worth it, each with
 * every entry delivered once and twice; then random schedules, of which at least one tenth of N is kept.
 * Exit 1 when something was violated, with the smallest schedule that shows it, as a test.
 */
import { parseArgs } from 'node:util';
import { exploreTogether } from './crew.ts';
import { DEEP, scenarios } from './scenarios.ts';
import type { Found, Task } from './task.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    processes: { type: 'string', default: '2' },
  },
});
const [wanted = 0, seed = 0, workers = 0, processes = 0] = [
  values.schedules,
  values.seed,
  values.workers,
  values.processes,
].map(Number);
if (![wanted, seed, workers, processes].every((value) => Number.isSafeInteger(value) && value > 0)) {
  process.stderr.write('--schedules, --seed, --workers and --processes take whole numbers above 0\n');
  process.exit(1);
}

const RANDOM_AT_ONCE = 500;
const total = { schedules: 0, works: 0, ended: 0, merged: 0 };
const exhausted: string[] = [];
const startedMs = Date.now();
let flaw: string | undefined;
let random = 0;

function* tasks(): Iterable<Task> {
  const untilMs = Number.MAX_SAFE_INTEGER;
  const deep = scenarios.filter(({ name }) => DEEP.has(name));
  for (const [depth, chosen] of [
    [1, scenarios],
    [2, scenarios],
    [3, deep],
  ] as const) {
    for (const { name } of chosen) {
      for (const delivery of ['once', 'doubled'] as const) {
        if (depth > 1 && total.schedules >= 0.9 * wanted) continue;
        yield {
          type: 'exhaust',
          scenario: name,
          delivery,
          depth,
          which: depth === 1 ? 'all' : 'apart',
          untilMs,
        };
      }
    }
  }
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
      : `up to ${task.depth} faults, ${task.delivery}: ${task.scenario}`;
  if (task.type === 'random') random += tally.schedules;
  else if (found.isExhausted) exhausted.push(`${task.depth} ${task.delivery}`);
  process.stderr.write(`${total.schedules} schedules, ${rate()}/s; ${tally.schedules} of ${what}\n`);
  flaw ??= found.flaw;
  return found.flaw === undefined ? 'go on' : 'stop';
}

await exploreTogether(tasks(), processes, onFound);
if (flaw !== undefined) process.stdout.write(`${flaw}\n`);
const count = (depth: number, delivery: string): number =>
  exhausted.filter((one) => one === `${depth} ${delivery}`).length;
process.stdout.write(
  `R2: exhausted: singles in ${count(1, 'once')} + ${count(1, 'doubled')} scenarios (once + twice delivered), ` +
    `pairs in ${count(2, 'once')} + ${count(2, 'doubled')} of ${scenarios.length}, ` +
    `triples in ${count(3, 'once')} + ${count(3, 'doubled')} of ${DEEP.size}\n`,
);
process.stdout.write(
  `${total.schedules} schedules (${total.ended} run to their end, ${total.merged} met a known state, ${random} random), ` +
    `${flaw === undefined ? 0 : 1} violations, ${rate()} schedules/s, seed ${seed}\n`,
);
process.exitCode = flaw === undefined ? 0 : 1;
