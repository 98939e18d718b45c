/**
 * `concord apply <file>`: applies a plan that `concord plan --out` saved. Users who changed since are skipped and
 * listed; the others are reconciled as always.
 */

import { counted } from '../../count.ts';
import {
  type ApplyDeps,
  type CarriedOut,
  carryOut,
  type Exceeded,
  exceeded,
  type LeftOut,
  recheck,
} from '../../engine/operations/apply-plan.ts';
import { type SavedPlan, strangeness } from '../../engine/operations/saved-plan.ts';
import { UsageError } from '../../errors.ts';
import { printJson } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { formatTable } from '../../terminal/table.ts';
import { visible } from '../../terminal/visible.ts';
import { wireEngine } from '../../wiring/engine.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  quietLoggerFor,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { confirm, nameTarget } from '../confirm.ts';
import { placeOf, readPlanFile } from './plan-file.ts';
import { printActions } from './plan-report.ts';

export interface ApplyOptions extends GlobalOptions {
  readonly yes?: boolean | undefined;
}

export async function runApply(path: string, options: ApplyOptions): Promise<ExitCode> {
  const plan = readPlanFile(path);
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const strange = strangeness(plan, placeOf(config));
  if (strange !== undefined)
    throw new UsageError(`This plan is for another installation: ${visible(strange)}.`, 'PLAN_OF_ANOTHER');
  const terminal = terminalOf(options);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    const { reconcile, assess, tenants, subjects, sweep } = engine;
    const deps = { reconcile, assess, tenants, subjects, limits: sweep.limits };
    const target = (users: number) => nameTarget(config, users);
    await engine.checkPasswords();
    return await apply(deps, plan, options, terminal, target);
  } finally {
    await engine.close();
  }
}

async function apply(
  deps: ApplyDeps,
  plan: SavedPlan,
  options: ApplyOptions,
  terminal: Terminal,
  target: (users: number) => void,
): Promise<ExitCode> {
  const { fit, leftOut } = await recheck(deps, plan);
  const halts = await exceeded(deps, plan, fit);
  if (halts.length > 0) {
    if (terminal.json) printJson({ command: 'apply', halts, applied: [], leftOut });
    for (const halt of halts) if (!terminal.json) terminal.stdout.write(`${haltText(halt, terminal)}\n`);
    return EXIT.stoppedByLimit;
  }
  if (!terminal.json) printLeftOut(leftOut, terminal);
  if (fit.length > 0) {
    if (!terminal.json)
      printActions(
        fit.map(({ saved }) => saved),
        terminal,
      );
    target(fit.length);
  }
  const question = `Reconcile ${fit.length} of ${counted(plan.users.length, 'user')}, as planned at ${plan.madeAt}?`;
  if (fit.length > 0 && !(await confirm(question, options.yes))) {
    if (terminal.json) printJson({ command: 'apply', halts: [], applied: [], leftOut, declined: true });
    else terminal.stdout.write('Nothing was changed.\n');
    return EXIT.differences;
  }
  const done = await untilInterrupted(deps, fit, terminal);
  const all = [...leftOut, ...done.leftOut];
  const isNothingDone = done.outcomes.length === 0 && plan.users.length > 0;
  const converged = done.outcomes.filter(({ end }) => end === 'converged').length;
  if (terminal.json) printJson({ command: 'apply', halts: [], applied: done.outcomes, leftOut: all });
  else printDone(plan, done, converged, terminal);
  if (isNothingDone) return EXIT.differences;
  return converged === plan.users.length ? EXIT.clean : EXIT.partlyDone;
}

/** After Ctrl-C no further user is started. A second one ends the process at once, which reconciliations survive. */
async function untilInterrupted(
  deps: ApplyDeps,
  fit: Parameters<typeof carryOut>[1],
  { stderr }: Terminal,
): Promise<CarriedOut> {
  const stopped = new AbortController();
  const stop = () => {
    stopped.abort();
    stderr.write('Stopping after the current users.\n');
  };
  process.once('SIGINT', stop);
  const now = () => deps.reconcile.clock.now();
  const progress = createProgress({ label: 'converging', total: fit.length, stream: stderr, now });
  try {
    return await carryOut(deps, fit, { signal: stopped.signal, onUser: (done) => progress.update(done) });
  } finally {
    progress.finish();
    process.removeListener('SIGINT', stop);
  }
}

function haltText({ kind, tenant, limit, count, of }: Exceeded, { style }: Terminal): string {
  const what = kind === 'removals' ? 'removed' : 'renamed';
  const text = `${counted(count, 'account')} of ${counted(of, 'user')} of ${tenant} would be ${what}, and the limit is ${limit}. Nothing was changed; concord serve reconciles them within the limits.`;
  return `${style('red', 'Halted.')} ${text}`;
}

function printLeftOut(leftOut: readonly LeftOut[], { stdout, style }: Terminal): void {
  if (leftOut.length === 0) return;
  const rows = leftOut.map(({ user, reason, message }) => [user, reason, message]);
  stdout.write(
    `${formatTable({ head: ['SKIPPED', 'REASON', 'WHY'], rows, style, width: stdout.columns })}\n`,
  );
}

function printDone(plan: SavedPlan, done: CarriedOut, converged: number, terminal: Terminal): void {
  const { stdout, style } = terminal;
  printLeftOut(done.leftOut, terminal);
  const rows = done.outcomes
    .filter(({ end }) => end !== 'converged')
    .map(({ user, end, failures }) => [
      ...[user, end, failures.map(({ resource, code }) => `${resource} ${code}`).join(', ')],
    ]);
  if (rows.length > 0)
    stdout.write(
      `${formatTable({ head: ['NOT IN SYNC', 'END', 'FAILED'], rows, style, width: stdout.columns })}\n`,
    );
  const open = plan.users.length - converged;
  const rest = open === 0 ? '' : `, ${open} not`;
  stdout.write(
    `${style(open === 0 ? 'green' : 'yellow', `${converged} of ${counted(plan.users.length, 'user')} in sync${rest}.`)}\n`,
  );
  if (open > 0) stdout.write('See what is left with: concord plan\n');
}
