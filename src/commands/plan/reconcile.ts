/** `concord reconcile <user>` and `concord reconcile --all`: reconcile now, and print what was done. */

import { counted } from '../../count.ts';
import { reconcileNow } from '../../engine/operations/reconcile-now.ts';
import type { AssessedTenant } from '../../engine/reconcile/read-side.ts';
import { type ReconciliationResult, reconcile } from '../../engine/reconcile/reconcile.ts';
import { Workers } from '../../engine/reconcile/workers.ts';
import { haltSentence } from '../../engine/sweep/halted-runs.ts';
import { sweepInTurn } from '../../engine/sweep/sweep-in-turn.ts';
import type { SweepResult } from '../../engine/sweep/sweep-result.ts';
import { UsageError } from '../../errors.ts';
import { type InexactReason, inexactSentence } from '../../events/inexact.ts';
import type { TenantId } from '../../identity.ts';
import { createMissingIndexes } from '../../service/create-indexes.ts';
import { formatDuration } from '../../terminal/duration.ts';
import { printJson } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { visible } from '../../terminal/visible.ts';
import { type Engine, wireEngine } from '../../wiring/engine.ts';
import { wireReadSide } from '../../wiring/read-side.ts';
import { tenantsNamed } from '../audit/tenants-named.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  quietLoggerFor,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { nameTarget } from '../confirm.ts';
import { findUserToTouch } from '../user/find-user.ts';
import { observeOne } from './plan.ts';
import { plannedUser, printPlan } from './plan-report.ts';
import { exitOf, printReconciliation, reconciliationDocument } from './reconcile-report.ts';

export interface ReconcileOptions extends GlobalOptions {
  readonly all?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly tenant?: string | undefined;
}

export async function runReconcile(text: string | undefined, options: ReconcileOptions): Promise<ExitCode> {
  if (options.all === true && text !== undefined) throw new UsageError('Give a user or --all, not both.');
  if (options.all !== true && text === undefined)
    throw new UsageError('Give a user, or --all for all users.');
  if (options.all !== true && options.tenant !== undefined) throw new UsageError('--tenant goes with --all.');
  if (options.dryRun === true) {
    if (text === undefined) throw new UsageError('For all users, run: concord plan');
    return runDry(text, options);
  }
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const terminal = terminalOf(options);
  nameTarget(config, text === undefined ? 'all' : 1);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    return text === undefined
      ? await reconcileAll(engine, options, terminal)
      : await reconcileOne(engine, text, terminal);
  } finally {
    await engine.close();
  }
}

async function runDry(text: string, options: ReconcileOptions): Promise<ExitCode> {
  const side = wireReadSide(await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']));
  const terminal = terminalOf(options);
  try {
    await side.checkCollations();
    const found = await findUserToTouch(text, side.tenants, side.assess);
    const { user, facts, view, ahead } = await observeOne(side, found);
    const planned = plannedUser(user, view, ahead);
    const differs = view.conditions.some(({ status }) => status !== 'True');
    if (terminal.json)
      printJson({ command: 'reconcile', dryRun: true, ...planned, conditions: view.conditions });
    else printPlan(differs ? [planned] : [], 1, terminal, facts);
    return differs ? EXIT.differences : EXIT.clean;
  } finally {
    await side.close();
  }
}

async function reconcileOne(engine: Engine, text: string, terminal: Terminal): Promise<ExitCode> {
  await engine.checkPasswords();
  const { user, userId, tenant } = await findUserToTouch(text, engine.tenants, engine.assess);
  if (
    (await engine.subjects.get(user)) === undefined &&
    typeof (await tenant.directory.user(userId)) !== 'object'
  ) {
    throw new UsageError(
      `Auth0 has no user ${visible(userId)}, and Concord has no record of one.`,
      'USER_NOT_FOUND',
    );
  }
  const result = await reconcileNow(engine, { user, userId, tenant: tenant.id });
  if (terminal.json) printJson({ command: 'reconcile', user, ...reconciliationDocument(result) });
  else printReconciliation(user, result, terminal);
  return exitOf(result);
}

async function reconcileAll(
  engine: Engine,
  options: ReconcileOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { clock, queue, settings, logger, subjects } = engine;
  const startedAt = clock.now();
  await engine.prepare();
  await createMissingIndexes(engine);
  const now = () => clock.now();
  const sweeps: SweptTenant[] = [];
  for (const tenant of tenantsNamed(engine.tenants, options.tenant))
    sweeps.push({ tenant: tenant.id, ...(await sweepShown(engine, tenant, terminal)) });
  const users = sum(sweeps.map((swept) => swept.users));
  const drifted = sum(sweeps.map((swept) => swept.drifted));
  const unreadable = sum(sweeps.map((swept) => swept.unreadable));
  const complete = sweeps.every((swept) => swept.complete);
  const halts = sweeps.flatMap((swept) => swept.halts);
  const ends = new Map<string, ReconciliationResult['end']>();
  const converging = createProgress({ label: 'reconciling', total: drifted, stream: terminal.stderr, now });
  const workers = new Workers({
    queue,
    clock,
    logger,
    settings,
    reconcile: (lease) => reconcile(engine.reconcile, lease),
    onReconciliation: ({ user }, { end }) => {
      // Nothing to retry: the key names no user.
      if (end === 'not-a-user' || end === 'excluded') ends.delete(user);
      else ends.set(user, end);
      converging.update(ends.size);
    },
  });
  // Other processes may work on the same queue: this is done when no user is due or leased any more.
  await workers.runUntil(async () => (await subjects.backlog(clock.now())).due === 0);
  converging.finish();
  const counts = countEnds(ends);
  const durationMs = clock.now().getTime() - startedAt.getTime();
  if (terminal.json)
    printJson({
      ...{ command: 'reconcile', all: true, users, drifted, unreadable, complete, ...counts, halts },
      sweeps: sweeps.map(({ type: _over, halts: _said, ...swept }) => swept),
      durationMs,
    });
  else {
    const { stdout } = terminal;
    const { converged: inSync } = counts;
    stdout.write(
      `${counted(users, 'user')} compared, ${drifted} differed: ${inSync} in sync, ${counts.held} ${counts.held === 1 ? 'needs' : 'need'} action, ${counts.open} pending, in ${formatDuration(durationMs)}\n`,
    );
    for (const halt of halts)
      stdout.write(`${terminal.style('red', 'Halted.')} ${visible(haltSentence(halt))}\n`);
    for (const { tenant, inexact, complete: isWhole } of sweeps)
      if (!isWhole)
        stdout.write(
          `${terminal.style('red', `The sweep of ${tenant} is incomplete.`)} ${whyIncomplete(inexact)}\n`,
        );
    if (unreadable > 0)
      stdout.write(
        `${counted(unreadable, 'row')} of the listings ${unreadable === 1 ? 'names' : 'name'} no user.\n`,
      );
    if (counts.held + counts.open > 0) stdout.write('See who and why with: concord audit\n');
  }
  if (halts.length > 0) return EXIT.stoppedByLimit;
  return complete && counts.held + counts.open + unreadable === 0 ? EXIT.clean : EXIT.partlyDone;
}

function whyIncomplete(inexact: InexactReason | undefined): string {
  return inexact === undefined
    ? 'The listing broke off, so not all users were compared.'
    : `${inexactSentence(inexact)} All listed users were compared, and no user was concluded to be missing.`;
}

interface SweptTenant extends SweepResult {
  readonly tenant: TenantId;
}

async function sweepShown(engine: Engine, tenant: AssessedTenant, terminal: Terminal): Promise<SweepResult> {
  const label = engine.tenants.length === 1 ? 'comparing users' : `comparing users of ${tenant.id}`;
  const now = () => engine.clock.now();
  const progress = createProgress({ label, stream: terminal.stderr, now });
  const end = await sweepInTurn(engine.sweep, tenant, {
    onProgress: (users, _drifted, total) => progress.update(users, total),
    onWait: (until) =>
      terminal.stderr.write(
        `Another sweep of ${tenant.id} is running, or died just now: waiting until ${until.toISOString()}\n`,
      ),
  });
  progress.finish();
  if (end.type === 'over') return end;
  throw new UsageError(
    `Another process is sweeping ${tenant.id}. See the result with: concord events`,
    'SWEEP_UNDER_WAY',
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

function countEnds(ends: ReadonlyMap<string, ReconciliationResult['end']>) {
  const all = [...ends.values()];
  const converged = all.filter((end) => end === 'converged').length;
  const held = all.filter((end) => end === 'held').length;
  return { converged, held, open: all.length - converged - held };
}
