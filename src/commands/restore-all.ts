/**
 * `concord restore --all`: restores every user with removed documents or accounts, within a safety limit. The service
 * reconciles them afterwards.
 */
import type { AssessedTenant } from '../engine/assess.ts';
import { allowed } from '../engine/limits.ts';
import {
  assessRestores,
  grantRestores,
  type Restorable,
  type RestoreAssessment,
  type RestoreSelection,
  type RestoresGranted,
  type Run,
  restoreCandidates,
  type Skipped,
} from '../engine/restore-many.ts';
import { UsageError } from '../errors.ts';
import { isRemovedReason, REMOVED_REASONS } from '../events/event.ts';
import { counted } from '../terminal/count.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { formatTable } from '../terminal/table.ts';
import { type Engine, wireEngine } from '../wire.ts';
import { tenantsNamed } from './audit.ts';
import { configFor, EXIT, type ExitCode, quietLoggerFor, type Terminal, terminalOf } from './command.ts';
import { confirm } from './confirm.ts';
import { decidedBy } from './decisions.ts';
import { momentAgo } from './moment.ts';
import type { RestoreOptions } from './restore.ts';

const SAMPLE = 10;

export async function runRestoreAll(options: RestoreOptions): Promise<ExitCode> {
  const selection = selectionOf(options);
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkPasswords();
    const tenants = tenantsNamed(engine.tenants, options.tenant);
    const limit = options.max ?? allowed(config.limits.restores, await knownUsers(engine, tenants));
    return await restoreAll(engine, tenants, selection, limit, options);
  } finally {
    await engine.close();
  }
}

/** With --all, --reason names the reason of a condition, as in the commands that list users. */
function selectionOf({ reason, since }: RestoreOptions): RestoreSelection {
  if (reason !== undefined && !isRemovedReason(reason)) {
    throw new UsageError(
      `With --all, --reason must be ${REMOVED_REASONS.join(' or ')}. Say why you restore with --why.`,
    );
  }
  return {
    reasons: reason === undefined ? REMOVED_REASONS : [reason],
    since: since === undefined ? undefined : momentAgo(since, new Date()),
  };
}

async function knownUsers(engine: Engine, tenants: readonly AssessedTenant[]): Promise<number> {
  const { seen, unseen } = await engine.standings();
  const counted = [...seen, ...unseen].filter(({ tenant }) => tenants.some(({ id }) => id === tenant));
  return counted.reduce((sum, { users }) => sum + users, 0);
}

async function restoreAll(
  engine: Engine,
  tenants: readonly AssessedTenant[],
  selection: RestoreSelection,
  limit: number,
  options: RestoreOptions,
): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const deps = { ...engine.assess, ...engine.converge };
  const candidates = await restoreCandidates(engine.converge.subjects, tenants, selection);
  const assessed = await interruptible(engine, 'reading users', candidates.length, terminal, (run) =>
    assessRestores(deps, candidates, selection.reasons, limit, run),
  );
  const { restorable } = assessed;
  const isOver = restorable.length > limit;
  const isStopped = !assessed.isComplete && !isOver;
  const document = documentOf(assessed, candidates.length, limit, isOver);
  if (!terminal.json) printAssessment(assessed, candidates.length, limit, terminal);
  if (isOver || isStopped || restorable.length === 0 || options.preview === true) {
    if (terminal.json) printJson({ ...document, granted: [] });
    else if (isStopped) terminal.stdout.write('Stopped. Nothing was written.\n');
    if (isOver) return EXIT.stoppedByLimit;
    if (isStopped || assessed.failed.length > 0) return EXIT.partlyDone;
    return restorable.length === 0 ? EXIT.clean : EXIT.differences;
  }
  if (!(await confirm(`Restore ${users(restorable.length)}?`, options.yes))) {
    if (terminal.json) printJson({ ...document, granted: [] });
    else terminal.stdout.write('Nothing was changed.\n');
    return EXIT.differences;
  }
  const decided = decidedBy({ ...options, reason: options.why });
  const done = await interruptible(engine, 'restoring users', restorable.length, terminal, (run) =>
    grantRestores(deps, restorable, decided, run),
  );
  if (terminal.json)
    printJson({ ...document, granted: done.granted, failed: [...assessed.failed, ...done.failed] });
  else printGranted(done, restorable.length, terminal);
  const isAll = done.granted.length === restorable.length && assessed.failed.length === 0;
  return isAll ? EXIT.clean : EXIT.partlyDone;
}

/** Ctrl-C begins no further user; a second one ends the process at once. */
async function interruptible<Result>(
  { converge: { clock } }: Engine,
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

function documentOf(
  { restorable, skipped, failed, isComplete }: RestoreAssessment,
  candidates: number,
  limit: number,
  halted: boolean,
) {
  const sample = restorable.slice(0, SAMPLE).map(({ owned, proposal }) => {
    const { what, reasons, lostAccount = null, code = null, writes } = proposal;
    return { user: owned.user, code, what, reasons, lostAccount, writes };
  });
  return {
    ...{ command: 'restore', all: true, candidates, users: restorable.length, complete: isComplete },
    ...{ limit, halted, sample, skipped, failed },
  };
}

function printAssessment(
  { restorable, skipped, failed, isComplete }: RestoreAssessment,
  candidates: number,
  limit: number,
  terminal: Terminal,
): void {
  const { stdout, style } = terminal;
  if (restorable.length > limit) {
    const found = isComplete
      ? `${users(restorable.length)} would be restored`
      : `At least ${users(restorable.length)} of ${candidates} with such a condition would be restored`;
    stdout.write(
      `${style('red', 'Halted.')} ${found}, and the limit is ${limit} (limits.restores). Nothing was written. Raise it for one run with --max ${isComplete ? restorable.length : candidates}.\n`,
    );
    return;
  }
  if (candidates === 0) {
    stdout.write('No user has a condition of this kind; there is nothing to restore.\n');
    return;
  }
  stdout.write(
    `${style('bold', `${users(restorable.length)} can be restored`)}, ${skipped.length} skipped, ${failed.length} not read.\n`,
  );
  if (restorable.length > 0) stdout.write(`${sampleTable(restorable, terminal)}\n`);
  const replaced = restorable.filter(({ proposal }) => proposal.lostAccount !== undefined).length;
  if (replaced > 0)
    stdout.write(
      `${style('red', 'Warning.')} ${replaced} of them ${replaced === 1 ? 'gets' : 'get'} a NEW account with a NEW DID and an EMPTY repository. If PDS_URL names another PDS than before, correct it instead.\n`,
    );
  const passwords = restorable.filter(({ proposal }) => proposal.losesPassword).length;
  if (passwords > 0)
    stdout.write(
      `${users(passwords)} lost the stored password with the document. Set new ones afterwards, one by one, with: concord password <user> --reset\n`,
    );
  printSkipped('SKIPPED', skipped, terminal);
  printSkipped('NOT READ', failed, terminal);
}

function sampleTable(restorable: readonly Restorable[], { stdout, style }: Terminal): string {
  const rows = restorable
    .slice(0, SAMPLE)
    .map(({ owned, proposal }) => [
      owned.user,
      proposal.code,
      proposal.writes.map(({ what }) => what).join('; '),
    ]);
  const more = restorable.length - rows.length;
  const table = formatTable({ head: ['USER', 'CODE', 'WRITES'], rows, style, width: stdout.columns });
  return more > 0 ? `${table}\n… and ${users(more)} more` : table;
}

function printSkipped(title: string, skipped: readonly Skipped[], { stdout, style }: Terminal): void {
  if (skipped.length === 0) return;
  const rows = skipped.slice(0, SAMPLE).map(({ user, code, message }) => [user, code, message]);
  const head = [title, 'CODE', 'WHY'];
  stdout.write(`${formatTable({ head, rows, style, width: stdout.columns })}\n`);
  if (skipped.length > rows.length) stdout.write(`… and ${users(skipped.length - rows.length)} more\n`);
}

function printGranted({ granted, failed }: RestoresGranted, of: number, terminal: Terminal): void {
  const { stdout, style } = terminal;
  printSkipped('FAILED', failed, terminal);
  const isAll = granted.length === of;
  stdout.write(
    `${style(isAll ? 'green' : 'yellow', `Granted for ${granted.length} of ${users(of)}.`)} concord serve reconciles them; see how they stand with: concord status\n`,
  );
  const open = of - granted.length - failed.length;
  if (open > 0) stdout.write(`Stopped: ${users(open)} left as they are.\n`);
}

function users(count: number): string {
  return counted(count, 'user');
}
