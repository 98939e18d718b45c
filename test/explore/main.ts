/**
 * npm run explore -- --schedules N [--seed S] [--workers 2]
 *
 * Every single fault in every scenario first, then every pair, then three where it is worth it, and
 * random schedules for the second half. Exit 1 when something was violated, with the smallest
 * schedule that shows it, as a test.
 */
import { parseArgs } from 'node:util';
import { Explorer } from './explorer.ts';
import { DEEP, scenarios } from './scenarios.ts';
import { asTest, shrink } from './shrink.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
  },
});
const [wanted, seed, workers] = [values.schedules, values.seed, values.workers].map(Number);
if (
  wanted === undefined ||
  seed === undefined ||
  workers === undefined ||
  ![wanted, seed, workers].every(Number.isSafeInteger)
) {
  process.stderr.write('--schedules, --seed and --workers take whole numbers\n');
  process.exit(1);
}

const explorer = new Explorer();
const startedMs = Date.now();
const half = wanted / 2;
let limit = wanted;
explorer.goesOn = () => explorer.schedules < limit && explorer.violations.length === 0;

const rate = (): number => Math.round((explorer.schedules * 1_000) / Math.max(1, Date.now() - startedMs));
const progress = (what: string): void => {
  if (process.stderr.isTTY)
    process.stderr.write(`\r\u001b[K${explorer.schedules} schedules, ${rate()}/s: ${what}`);
};

for (const [depth, chosen] of [
  [1, scenarios],
  [2, scenarios],
  [3, scenarios.filter(({ name }) => DEEP.has(name))],
] as const) {
  limit = depth === 1 ? wanted : half;
  for (const scenario of chosen) {
    for (const delivery of ['once', 'doubled'] as const) {
      if (!explorer.goesOn()) continue;
      progress(`${depth} faults, ${scenario.name}`);
      await explorer.exhaust(scenario, delivery, depth);
    }
  }
}
limit = wanted;
for (let next = seed; explorer.goesOn(); next += 1) {
  if (next % 500 === 0) progress('random histories');
  await explorer.random(next, workers);
}
if (process.stderr.isTTY) process.stderr.write('\n');

const [violation] = explorer.violations;
if (violation !== undefined) process.stdout.write(`${asTest(await shrink(violation))}\n`);
const { schedules, covered, enumerated, violations } = explorer;
process.stdout.write(
  `${schedules} schedules, fault points ${covered.size}/${enumerated.size}, ${violations.length} violations, ` +
    `${rate()} schedules/s, seed ${seed}\n`,
);
process.exitCode = violation === undefined ? 0 : 1;
