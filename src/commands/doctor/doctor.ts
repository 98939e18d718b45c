/**
 * `concord doctor`: what is wrong with the platform and its environment, why that matters, and how to fix it. Reads
 * only, except with `--fix`, which asks first, and `--simulate`.
 */
import type { Config } from '../../config/schema.ts';
import { type Examined, type Finding, runChecks } from '../../doctor/check.ts';
import type { Load } from '../../doctor/configuration.ts';
import { checksFor } from '../../doctor/examine.ts';
import { carryOut, planRepair, type Repair } from '../../doctor/fix.ts';
import { checkIndexes } from '../../doctor/indexes.ts';
import type { FullSimulation } from '../../doctor/simulate-full.ts';
import { UsageError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { printJson } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { wireDoctor, wireRepair, wireSimulation } from '../../wiring/doctor.ts';
import { systemClock } from '../../wiring/system.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, type Terminal, terminalOf } from '../command.ts';
import { confirm } from '../confirm.ts';
import { confirmFull, runFullSimulation } from './full.ts';
import { cleanUpNoUsers } from './no-users.ts';
import { printDiagnosis, printRepair } from './report.ts';

export interface DoctorOptions extends GlobalOptions {
  /** Clean up the indexes, and subjects that are no users. */
  readonly fix?: boolean | undefined;
  readonly yes?: boolean | undefined;
  /** Run an invented sign-up through everything except Auth0. */
  readonly simulate?: boolean | undefined;
  /** With `simulate`: create the documents and the account of a test user too, and remove them. */
  readonly full?: boolean | undefined;
}

export interface Diagnosis {
  readonly checks: readonly Examined[];
  readonly findings: readonly Finding[];
}

/** Longer than any single call, so that the call itself reports the problem. */
const CHECK_TIMEOUT_MS = 12_000;

export async function runDoctor(options: DoctorOptions): Promise<ExitCode> {
  if (options.full === true && options.simulate !== true)
    throw new UsageError('--full is for: concord doctor --simulate --full');
  const terminal = terminalOf(options);
  const load: Load = (needs) => configFor(options, needs);
  const config = options.full === true ? load(['mongodb', 'pds', 'credentials']) : undefined;
  if (config !== undefined && !(await confirmFull(config, options.yes, terminal))) {
    terminal.stderr.write('Nothing was changed.\n');
    return EXIT.differences;
  }
  const startedAt = performance.now();
  if (options.fix === true) await refuseToFix(load(['mongodb']));
  const repair = options.fix === true ? await repairIndexes(load, options, terminal) : undefined;
  const cleaned =
    options.fix === true ? await cleanUpNoUsers(load(['mongodb']), options, terminal) : undefined;
  const progress = createProgress({ label: 'looking', stream: terminal.stderr, now: () => new Date() });
  let ended = 0;
  const onEnd = () => {
    ended += 1;
    progress.update(ended);
  };
  const diagnosis = await examine(load, systemClock, { simulate: options.simulate === true, onEnd });
  progress.finish();
  const durationMs = Math.round(performance.now() - startedAt);
  const { checks, findings } = diagnosis;
  if (terminal.json) {
    const fix =
      repair === undefined
        ? {}
        : { fix: { ...repair, steps: repair.steps.map(({ text }) => text), notUsers: cleaned } };
    const full = config === undefined ? {} : { full: await fullIfWell(config, diagnosis, terminal) };
    printJson({ command: 'doctor', checks, findings: findings.length, ...fix, ...full, durationMs });
    return findings.length === 0 && isWell(full.full) ? EXIT.clean : EXIT.differences;
  }
  printDiagnosis(diagnosis, durationMs, terminal);
  const full = config === undefined ? undefined : await fullIfWell(config, diagnosis, terminal);
  return findings.length === 0 && isWell(full) ? EXIT.clean : EXIT.differences;
}

function isWell(full: FullSimulation | null | undefined): boolean {
  return full === undefined || full?.failed === null;
}

/** Null where the simulation up to the plan did not complete: what would be created is unknown then. */
async function fullIfWell(
  config: Config,
  { checks }: Diagnosis,
  terminal: Terminal,
): Promise<FullSimulation | null> {
  const planned = checks.find(
    ({ check, tenant }) => check === 'simulated plan' && tenant === config.tenants[0]?.id,
  );
  if (planned?.status === 'well') return runFullSimulation(config, terminal);
  terminal.stderr.write('No test user was created, because the check of the simulated plan failed.\n');
  return null;
}

export interface ExamineOptions {
  readonly simulate?: boolean;
  /** Called for each check as it ends. */
  readonly onEnd?: (examined: Examined) => void;
}

/** Throws when nothing can be checked, for example because the configuration file cannot be read. */
export async function examine(
  load: Load,
  clock: Clock,
  { simulate = false, onEnd }: ExamineOptions = {},
): Promise<Diagnosis> {
  const closing: (() => Promise<void>)[] = [];
  const surroundingsOf = (config: Config) => {
    const wired = wireDoctor(config, clock);
    closing.push(wired.close);
    return wired;
  };
  const simulationOf = (config: Config) => {
    const wired = wireSimulation(config, clock);
    closing.push(wired.dispose);
    return wired;
  };
  try {
    const checks = checksFor(load, surroundingsOf, clock, simulate ? simulationOf : undefined);
    const examined = await runChecks(checks, { clock, timeoutMs: CHECK_TIMEOUT_MS }, onEnd);
    const findings = examined.flatMap((each) => (each.status === 'found' ? each.findings : []));
    return { checks: examined, findings };
  } finally {
    await Promise.all(closing.map((close) => close()));
  }
}

export interface Repaired extends Repair {
  readonly done: boolean;
}

/** A new index of such a collection would take keys for one that differ in case. */
async function refuseToFix(config: Config): Promise<void> {
  const { checkCollations, close } = wireRepair(config);
  try {
    await checkCollations();
  } finally {
    await close();
  }
}

async function repairIndexes(
  load: Load,
  options: Pick<DoctorOptions, 'yes'>,
  terminal: Terminal,
): Promise<Repaired> {
  const config = load(['mongodb']);
  const repair = await planIndexRepair(config);
  if (!terminal.json) printRepair(repair, terminal);
  if (repair.steps.length === 0) return { ...repair, done: false };
  const { steps } = repair;
  const question = `${steps.length === 1 ? 'This step' : `These ${steps.length} steps`} for the indexes. Continue?`;
  // stdout has the JSON document, so the steps to confirm go to stderr.
  if (terminal.json && options.yes !== true)
    for (const { text } of steps) terminal.stderr.write(`  ${text}\n`);
  if (!(await confirm(question, options.yes))) return { ...repair, done: false };
  await carryOutRepair(config, repair, ({ text }) => {
    if (!terminal.json) terminal.stdout.write(`  ${terminal.style('green', 'done')}  ${text}\n`);
  });
  return { ...repair, done: true };
}

export async function planIndexRepair(config: Config): Promise<Repair> {
  const { side, close } = wireDoctor(config, systemClock);
  try {
    return planRepair(await checkIndexes(side().mongodb));
  } finally {
    await close();
  }
}

export async function carryOutRepair(
  config: Config,
  { steps }: Repair,
  onDone: Parameters<typeof carryOut>[2],
): Promise<void> {
  const { repair, close } = wireRepair(config);
  try {
    await carryOut(repair, steps, onDone);
  } finally {
    await close();
  }
}
