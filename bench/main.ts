/**
 * npm run bench -- [--quick] [--only P1,P4] [--json] [--emmett DIR]
 *
 * Measures every claim about speed and memory, and prints each as a ratio with both sides from this run, the
 * spread of its rounds and the control. Exit 1 when an aim was missed or a run was void.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { aimText, type Family } from './claim.ts';
import { accounts } from './claims/accounts.ts';
import { append } from './claims/append.ts';
import { everyone } from './claims/everyone.ts';
import { history } from './claims/history.ts';
import { latency } from './claims/latency.ts';
import { logins } from './claims/logins.ts';
import { memory } from './claims/memory.ts';
import { reconciling } from './claims/reconcile.ts';
import { singleAppend } from './claims/single-append.ts';
import { validation } from './claims/validation.ts';
import { webhook } from './claims/webhook.ts';
import { CONTROL, isVoid } from './measure.ts';
import { documentOf, type Result, Runner, type Skipped } from './runner.ts';

const FAMILIES: readonly Family[] = [
  append,
  webhook,
  validation,
  singleAppend,
  everyone,
  accounts,
  latency,
  reconciling,
  history,
  logins,
  memory,
];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    emmett: { type: 'string' },
  },
});

const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
const startedMs = Date.now();
const runner = new Runner({
  quick: values.quick,
  only: values.only.split(',').flatMap((id) => id.trim() || []),
  emmett: values.emmett,
  onResult: (result) => say(lineOf(result)),
});
say(
  `${cpus().length} cores, Node ${process.versions.node}${values.quick ? '; quick: a look, no proof' : ''}`,
);
await runner.run(FAMILIES);
const seconds = Math.round((Date.now() - startedMs) / 1_000);
const missed = runner.results.filter(({ met }) => met !== true);
say(
  `${runner.results.length} claims in ${seconds} s, ${missed.length} not met or void, ${runner.skipped.length} not measured; ` +
    `control of all rounds ${figure(runner.control ?? Number.NaN)}`,
);
say('P15  waits for a second engine of the queue.');
if (values.json) process.stdout.write(`${JSON.stringify(documentOf(runner))}\n`);
process.exitCode = missed.length === 0 ? 0 : 1;

function lineOf(result: Result | Skipped): string {
  const { claim } = result;
  const name = `${claim.id.padEnd(4)} ${claim.name}`.padEnd(52);
  if ('why' in result) return `${name}  not measured: ${result.why}`;
  const { comparison, ours, against, ratio, met } = result;
  const verdict =
    met === null ? `VOID (control not within ${CONTROL.low} to ${CONTROL.high})` : met ? 'met' : 'MISSED';
  const rounds =
    comparison === undefined
      ? ''
      : `, ${figure(comparison.spread[0])} to ${figure(comparison.spread[1])} in ${comparison.rounds} rounds, ` +
        `control ${figure(comparison.control)}${isVoid(comparison.control) ? ' (off)' : ''}`;
  const sides = `${figure(ours)} to ${figure(against)} ${claim.unit} (${claim.against})`;
  return `${name}  ${figure(ratio)}  aim ${aimText(claim.aim)}  ${verdict}: ${sides}${rounds}`;
}

/** Three digits that count. */
function figure(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
