/** `concord reconcile <user>` and `concord reconcile --all`: reconcile now, and print what was done. */

import { dryRun } from '../../engine/reconcile/dry-run.ts';
import type { AssessedTenant } from '../../engine/reconcile/read-side.ts';
import { converge, type PassResult } from '../../engine/reconcile/reconcile.ts';
import { Workers } from '../../engine/reconcile/workers.ts';
import { haltSentence } from '../../engine/sweep/halted-runs.ts';
import { pausedView } from '../../engine/sweep/paused.ts';
import type { SweepResult } from '../../engine/sweep/sweep.ts';
import { sweepInTurn } from '../../engine/sweep/sweep-in-turn.ts';
import { UsageError } from '../../errors.ts';
import type { ConditionDraft } from '../../events/condition.ts';
import { type InexactReason, inexactSentence } from '../../events/inexact.ts';
import type { TenantId } from '../../identity.ts';
import type { Lease } from '../../ports/queue.ts';
import type { Trigger } from '../../ports/trigger.ts';
import * as indexes from '../../reconcilers/indexes.ts';
import { counted } from '../../terminal/count.ts';
import { formatDuration } from '../../terminal/duration.ts';
import { printJson } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { visible } from '../../terminal/visible.ts';
import { type Engine, wireEngine, wireReadSide } from '../../wiring/engine.ts';
import { tenantsNamed } from '../audit/tenants-named.ts';
import {
  configFor,
  EXIT,
  type ExitCode,
  type GlobalOptions,
  quietLoggerFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { findUserToTouch } from '../user/find-user.ts';
import { plannedUser, printPlan } from './plan.ts';

export interface ReconcileOptions extends GlobalOptions {
  readonly all?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly tenant?: string | undefined;
}

/** How long to wait for another worker that has the user. */
const LEASE_WAIT_MS = 15_000;
const LEASE_POLL_MS = 100;

export async function runReconcile(text: string | undefined, options: ReconcileOptions): Promise<ExitCode> {
  if (options.all === true && text !== undefined) throw new UsageError('Give a user or --all, not both.');
  if (options.all !== true && text === undefined)
    throw new UsageError('Give a user, or --all for all users.');
  if (options.dryRun === true) {
    if (text === undefined) throw new UsageError('For all users, run: concord plan');
    return runDry(text, options);
  }
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const terminal = terminalOf(options);
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
  const side = wireReadSide(configFor(options, ['mongodb', 'auth0', 'pds']));
  const terminal = terminalOf(options);
  try {
    await side.checkCollations();
    const { user, userId, tenant } = await findUserToTouch(text, side.tenants, side.assess);
    const now = new Date();
    const { facts, view: seen } = await dryRun(side.assess, tenant, user, userId, now);
    const view = pausedView(seen, facts, now);
    const planned = plannedUser(user, view);
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
    (await engine.converge.subjects.get(user)) === undefined &&
    typeof (await tenant.directory.user(userId)) !== 'object'
  ) {
    throw new UsageError(
      `Auth0 has no user ${visible(userId)}, and Concord has no record of one.`,
      'USER_NOT_FOUND',
    );
  }
  const result = await reconcileNow(engine, { user, userId, tenant: tenant.id });
  if (terminal.json) printJson({ command: 'reconcile', user, ...passDocument(result) });
  else printPass(user, result, terminal);
  return exitOf(result);
}

/** Throws UsageError USER_BUSY while another worker has the user. */
export async function reconcileNow(engine: Engine, trigger: Trigger): Promise<PassResult> {
  return converge(engine.converge, await waitForLease(engine, trigger));
}

export function passDocument({ end, conditions, applied, failures, durationMs }: PassResult) {
  return {
    ...{ end, conditions, durationMs },
    actions: applied.map(({ type }) => type),
    failures: failures.map(({ resource, code }) => ({ resource, code })),
  };
}

async function waitForLease(engine: Engine, trigger: Trigger): Promise<Lease> {
  const { queue, clock, settings } = engine.converge;
  const until = clock.now().getTime() + LEASE_WAIT_MS;
  for (;;) {
    const lease = await queue.claimUser(trigger, clock.now(), settings.leaseMs);
    if (lease !== undefined) return lease;
    if (clock.now().getTime() > until) {
      throw new UsageError(
        `Another worker is busy with ${visible(trigger.user)}. Try again later.`,
        'USER_BUSY',
      );
    }
    await clock.delay(LEASE_POLL_MS);
  }
}

export function exitOf({ end }: PassResult): ExitCode {
  switch (end) {
    case 'converged':
    case 'skipped':
      return EXIT.clean;
    case 'held':
    case 'deferred':
      return EXIT.partlyDone;
    case 'failed':
    case 'lease-lost':
    case 'not-a-user':
    case 'excluded':
      return EXIT.error;
  }
}

export function printPass(user: string, result: PassResult, { stdout, style }: Terminal): void {
  const said = {
    converged: 'green',
    skipped: 'green',
    held: 'yellow',
    deferred: 'yellow',
    failed: 'red',
    'lease-lost': 'red',
    'not-a-user': 'yellow',
    excluded: 'yellow',
  } as const;
  stdout.write(
    `${style('bold', visible(user))}  ${style(said[result.end], result.end)} in ${formatDuration(result.durationMs)}\n`,
  );
  const left = LEFT[result.end];
  if (left !== undefined) stdout.write(`  ${left}\n`);
  for (const action of result.applied) stdout.write(`  did    ${action.type}\n`);
  for (const condition of result.conditions)
    stdout.write(
      `  ${markOf(condition, style)}  ${condition.type.padEnd(14)}${visible(condition.message)}\n`,
    );
  for (const { resource, code, error } of result.failures) {
    const message = error instanceof Error ? error.message : 'failed';
    stdout.write(`  ${style('red', 'failed')} ${resource}: ${visible(message)} (${code})\n`);
  }
  if (result.retryAt !== undefined) stdout.write(`  again at ${result.retryAt.toISOString()}\n`);
}

/** Why a reconciliation observed nothing. */
const LEFT: { readonly [End in PassResult['end']]?: string } = {
  'not-a-user': 'Auth0 says that this is not the id of a user, so there is nothing to reconcile.',
  excluded: 'The configuration excludes this user, so nothing was done.',
};

function markOf({ status, held }: ConditionDraft, style: Terminal['style']): string {
  if (status === 'True') return style('green', 'ok   ');
  if (status === 'Unknown') return style('yellow', '?    ');
  return held ? style('red', 'held ') : style('yellow', 'open ');
}

async function reconcileAll(
  engine: Engine,
  options: ReconcileOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { clock, queue, settings, logger, subjects } = engine.converge;
  const startedAt = clock.now();
  await engine.prepare();
  await mendIndexes(engine);
  const now = () => clock.now();
  const sweeps: SweptTenant[] = [];
  for (const tenant of tenantsNamed(engine.tenants, options.tenant))
    sweeps.push({ tenant: tenant.id, ...(await sweepShown(engine, tenant, terminal)) });
  const users = sum(sweeps.map((swept) => swept.users));
  const drifted = sum(sweeps.map((swept) => swept.drifted));
  const unreadable = sum(sweeps.map((swept) => swept.unreadable));
  const complete = sweeps.every((swept) => swept.complete);
  const halts = sweeps.flatMap((swept) => swept.halts);
  const ends = new Map<string, PassResult['end']>();
  const converging = createProgress({ label: 'reconciling', total: drifted, stream: terminal.stderr, now });
  const workers = new Workers({
    queue,
    clock,
    logger,
    settings,
    converge: (lease) => converge(engine.converge, lease),
    onPass: ({ user }, { end }) => {
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
      `${users} users compared, ${drifted} differed: ${inSync} in sync, ${counts.held} need action, ${counts.open} pending, in ${formatDuration(durationMs)}\n`,
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
  const now = () => engine.converge.clock.now();
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

function countEnds(ends: ReadonlyMap<string, PassResult['end']>) {
  const all = [...ends.values()];
  const converged = all.filter((end) => end === 'converged').length;
  const held = all.filter((end) => end === 'held').length;
  return { converged, held, open: all.length - converged - held };
}

/** Creates missing indexes. A failure is logged and stops nothing. */
export async function mendIndexes({
  converge: { documents, logger },
}: Engine): Promise<readonly indexes.IndexFinding[]> {
  const findings = indexes.plan(indexes.WANTED_INDEXES, await documents.indexes());
  for (const { status, message } of findings)
    if (status === 'unfit') logger.error({ status }, `an index is unfit: ${message}`);
  try {
    await indexes.apply(documents, findings);
  } catch (err) {
    logger.error({ err }, 'a missing unique index could not be created');
  }
  return findings;
}
