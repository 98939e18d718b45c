/**
 * `restore --all` and `adopt --all`: one decision about many users, within a safety limit. Shows a count, a sample, and
 * who is skipped and why; asks once; and decides about each.
 */

import type { Config } from '../../config/schema.ts';
import { counted } from '../../count.ts';
import type { Owned } from '../../engine/intake/owner.ts';
import {
  type Assessment,
  assessMany,
  grantMany,
  type ManyGranted,
  type Proposed,
  type Run,
  type Skipped,
} from '../../engine/operations/decide-many.ts';
import type { AssessedTenant } from '../../engine/reconcile/read-side.ts';
import { allowed, type Limit } from '../../engine/sweep/limits.ts';
import type { UserKey } from '../../identity.ts';
import { printJson } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { formatTable } from '../../terminal/table.ts';
import { type Engine, wireEngine } from '../../wiring/engine.ts';
import { tenantsNamed } from '../audit/tenants-named.ts';
import {
  EXIT,
  type ExitCode,
  quietLoggerFor,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { confirm, nameTarget } from '../confirm.ts';
import type { DecisionOptions } from './decisions.ts';

export interface DecideAllOptions extends DecisionOptions {
  readonly tenant?: string | undefined;
  readonly max?: number | undefined;
  /** Show what would be decided and end. */
  readonly preview?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

const SAMPLE = 10;

export interface ManyDecision<Proposal> {
  readonly command: 'restore' | 'adopt';
  /** As in `12 users can be restored`. */
  readonly done: 'restored' | 'adopted';
  readonly question: (users: string) => string;
  readonly limit: { readonly name: 'limits.restores' | 'limits.adoptions'; readonly of: Limit };
  readonly candidates: (tenants: readonly AssessedTenant[]) => Promise<readonly Owned<AssessedTenant>[]>;
  /** Throws UsageError where it is refused. */
  readonly propose: (owned: Owned<AssessedTenant>) => Promise<Proposal>;
  readonly sample: (one: Proposed<Proposal>) => object;
  readonly table: {
    readonly head: readonly string[];
    readonly row: (one: Proposed<Proposal>) => readonly (string | undefined)[];
  };
  /** What a person must know before the question. */
  readonly warnings: (proposed: readonly Proposed<Proposal>[], terminal: Terminal) => readonly string[];
  readonly grant: (one: Proposed<Proposal>) => Promise<unknown>;
  /** The outcome for granted users: as a document, and for people. Default: nothing yet. */
  readonly outcome?: (granted: readonly UserKey[]) => Outcome;
}

export interface Outcome {
  readonly document: object;
  readonly lines: readonly string[];
  /** All decisions are carried out. */
  readonly isComplete: boolean;
}

export async function decideAll<Proposal>(
  options: DecideAllOptions,
  decisionFor: (engine: Engine, limits: Config['limits']) => ManyDecision<Proposal>,
): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkPasswords();
    const decision = decisionFor(engine, config.limits);
    const tenants = tenantsNamed(engine.tenants, options.tenant);
    const limit = options.max ?? allowed(decision.limit.of, await knownUsers(engine, tenants));
    const target = (count: number) => nameTarget(config, count);
    return await decideWithin(
      limit,
      { engine, target },
      await decision.candidates(tenants),
      decision,
      options,
    );
  } finally {
    await engine.close();
  }
}

async function knownUsers(engine: Engine, tenants: readonly AssessedTenant[]): Promise<number> {
  const { seen, unseen } = await engine.statusCounts();
  const known = [...seen, ...unseen].filter(({ tenant }) => tenants.some(({ id }) => id === tenant));
  return known.reduce((sum, { users: count }) => sum + count, 0);
}

async function decideWithin<Proposal>(
  limit: number,
  { engine, target }: { readonly engine: Engine; readonly target: (users: number) => void },
  candidates: readonly Owned<AssessedTenant>[],
  decision: ManyDecision<Proposal>,
  options: DecideAllOptions,
): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const assessed = await interruptible(engine, 'reading users', candidates.length, terminal, (run) =>
    assessMany(candidates, decision.propose, limit, run),
  );
  const { proposed } = assessed;
  const isOver = proposed.length > limit;
  const isStopped = !assessed.isComplete && !isOver;
  const document = {
    ...{ command: decision.command, all: true, candidates: candidates.length, users: proposed.length },
    ...{ complete: assessed.isComplete, limit, halted: isOver },
    ...{ sample: proposed.slice(0, SAMPLE).map(decision.sample) },
    ...{ skipped: assessed.skipped, failed: assessed.failed },
  };
  if (!terminal.json) printAssessment(decision, assessed, candidates.length, limit, terminal);
  if (isOver || isStopped || proposed.length === 0 || options.preview === true) {
    if (terminal.json) printJson({ ...document, granted: [] });
    else if (isStopped) terminal.stdout.write('Stopped. Nothing was written.\n');
    if (isOver) return EXIT.stoppedByLimit;
    if (isStopped || assessed.failed.length > 0) return EXIT.partlyDone;
    return proposed.length === 0 ? EXIT.clean : EXIT.differences;
  }
  target(proposed.length);
  if (!(await confirm(decision.question(users(proposed.length)), options.yes))) {
    if (terminal.json) printJson({ ...document, granted: [] });
    else terminal.stdout.write('Nothing was changed.\n');
    return EXIT.differences;
  }
  const done = await interruptible(engine, 'deciding', proposed.length, terminal, (run) =>
    grantMany(proposed, decision.grant, run),
  );
  const outcome = decision.outcome?.(done.granted) ?? LATER;
  const failed = [...assessed.failed, ...done.failed];
  if (terminal.json) printJson({ ...document, granted: done.granted, ...outcome.document, failed });
  else printGranted(done, outcome, proposed.length, terminal);
  const isAll = done.granted.length === proposed.length && assessed.failed.length === 0;
  return isAll && outcome.isComplete ? EXIT.clean : EXIT.partlyDone;
}

const LATER: Outcome = {
  document: {},
  lines: ['concord serve reconciles them; check the result with: concord status'],
  isComplete: true,
};

/** Ctrl-C begins no further user; a second one ends the process at once. */
async function interruptible<Result>(
  { clock }: Engine,
  label: string,
  total: number,
  { stderr }: Terminal,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const stopped = new AbortController();
  const stop = () => {
    stopped.abort();
    stderr.write('Stopping after the current users.\n');
  };
  process.once('SIGINT', stop);
  const progress = createProgress({ label, total, stream: stderr, now: () => clock.now() });
  try {
    return await work({ signal: stopped.signal, onProgress: (done) => progress.update(done) });
  } finally {
    progress.finish();
    process.removeListener('SIGINT', stop);
  }
}

function printAssessment<Proposal>(
  { done, limit: { name }, table, warnings }: ManyDecision<Proposal>,
  { proposed, skipped, failed, isComplete }: Assessment<Proposal>,
  candidates: number,
  limit: number,
  terminal: Terminal,
): void {
  const { stdout, style } = terminal;
  if (proposed.length > limit) {
    const found = isComplete
      ? `${users(proposed.length)} would be ${done}`
      : `At least ${users(proposed.length)} of ${candidates} with such a condition would be ${done}`;
    stdout.write(
      `${style('red', 'Halted.')} ${found}, and the limit is ${limit} (${name}). Nothing was written. Raise it for one run with --max ${isComplete ? proposed.length : candidates}.\n`,
    );
    return;
  }
  if (candidates === 0) {
    stdout.write(`No user has a condition of this kind; none can be ${done}.\n`);
    return;
  }
  stdout.write(
    `${style('bold', `${users(proposed.length)} can be ${done}`)}, ${skipped.length} skipped, ${failed.length} not read.\n`,
  );
  if (proposed.length > 0) {
    const rows = proposed.slice(0, SAMPLE).map(table.row);
    printTable(table.head, rows, proposed.length, terminal);
  }
  for (const warning of warnings(proposed, terminal)) stdout.write(`${warning}\n`);
  printSkipped('SKIPPED', skipped, terminal);
  printSkipped('NOT READ', failed, terminal);
}

function printSkipped(title: string, skipped: readonly Skipped[], terminal: Terminal): void {
  if (skipped.length === 0) return;
  const rows = skipped.slice(0, SAMPLE).map(({ user, code, message }) => [user, code, message]);
  printTable([title, 'CODE', 'WHY'], rows, skipped.length, terminal);
}

function printTable(
  head: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
  of: number,
  { stdout, style }: Terminal,
): void {
  stdout.write(`${formatTable({ head, rows, style, width: stdout.columns })}\n`);
  if (of > rows.length) stdout.write(`… and ${users(of - rows.length)} more\n`);
}

function printGranted({ granted, failed }: ManyGranted, outcome: Outcome, of: number, terminal: Terminal) {
  const { stdout, style } = terminal;
  printSkipped('FAILED', failed, terminal);
  const isAll = granted.length === of;
  const [first = '', ...others] = outcome.lines;
  stdout.write(
    `${style(isAll ? 'green' : 'yellow', `Granted for ${granted.length} of ${users(of)}.`)} ${first}\n`,
  );
  for (const line of others) stdout.write(`${line}\n`);
  const open = of - granted.length - failed.length;
  if (open > 0) stdout.write(`Stopped: ${users(open)} left as they are.\n`);
}

export function users(count: number): string {
  return counted(count, 'user');
}
