/**
 * `concord import`: moves what the platform kept in older places to where Concord reads it. Without `--apply` it only
 * reports. May be stopped at any point and run again. Prints no password.
 */
import type { Config } from '../config/schema.ts';
import { counted } from '../count.ts';
import { CHOOSE_STORAGE } from '../credentials/check-passwords.ts';
import type { ImportReport } from '../engine/operations/import/report.ts';
import { type ImportDeps, importOld } from '../engine/operations/import/run.ts';
import { UsageError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { wireImport, wireImportPreview } from '../wiring/import.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from './command.ts';
import { confirm, nameTarget } from './confirm.ts';
import { printImport } from './import-report.ts';

export interface ImportOptions extends GlobalOptions {
  readonly apply?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly by: string;
  /** The most users to list of each kind; all with --json. */
  readonly limit: number;
}

export async function runImport(options: ImportOptions): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'pds', 'credentials']);
  const terminal = terminalOf(options);
  const preview = wireImportPreview(config);
  let found: ImportReport;
  try {
    await preview.checkCollations();
    found = await untilInterrupted(terminal, 'reading', preview.deps);
  } finally {
    await preview.close();
  }
  const isToDo = found.moved.length + found.told > 0;
  const isToApply = options.apply === true && isToDo && !found.interrupted;
  if (!terminal.json || !isToApply) tell(found, { ...options, dryRun: true }, config, terminal);
  if (found.interrupted) return EXIT.partlyDone;
  if (!isToDo)
    return openOf(found) === 0 ? EXIT.clean : options.apply === true ? EXIT.partlyDone : EXIT.differences;
  if (!isToApply) return EXIT.differences;
  requireStorage(found, config);
  nameTarget(config, found.moved.length);
  if (!(await confirm(questionFor(found, config), options.yes))) {
    if (terminal.json) printJson({ command: 'import', declined: true });
    else terminal.stdout.write('Nothing was changed.\n');
    return EXIT.differences;
  }
  return apply(options, config, terminal);
}

async function apply(options: ImportOptions, config: Config, terminal: Terminal): Promise<ExitCode> {
  const { deps, prepare, close } = wireImport(config, options.by);
  try {
    await prepare();
    const done = await untilInterrupted(terminal, 'importing', deps);
    tell(done, { ...options, dryRun: false }, config, terminal);
    return openOf(done) + done.changed === 0 && !done.interrupted ? EXIT.clean : EXIT.partlyDone;
  } finally {
    await close();
  }
}

function tell(
  report: ImportReport,
  { dryRun, limit }: { readonly dryRun: boolean; readonly limit: number },
  { credentials: { storage } }: Config,
  terminal: Terminal,
): void {
  if (terminal.json) printJson({ command: 'import', dryRun, storage, ...report });
  else printImport(report, { dryRun, limit, storage }, terminal);
}

/** What a person must decide. */
function openOf({ decisions }: ImportReport): number {
  return decisions.length;
}

function questionFor({ moved, told }: ImportReport, { mongodb: { database } }: Config): string {
  const also = told === 0 ? '' : ` and record ${counted(told, 'more user')} in the log`;
  return `Move this for ${counted(moved.length, 'user')} in ${database}${also}? The older places stay as they are.`;
}

/** Without a choice a password would be sealed, which platform code that reads plaintext cannot open. */
function requireStorage({ moved }: ImportReport, { credentials: { storage } }: Config): void {
  if (storage !== null || !moved.some(({ password }) => password === true)) return;
  throw new UsageError(
    `Passwords would be moved to users.atproto.password, and credentials.storage is not set.\n${CHOOSE_STORAGE}`,
    'CREDENTIAL_STORAGE_UNSET',
  );
}

/** Ctrl-C ends the run after the current page; a second one ends the process at once. */
async function untilInterrupted(
  { stderr }: Terminal,
  label: string,
  deps: ImportDeps,
): Promise<ImportReport> {
  const stopped = new AbortController();
  const stop = () => {
    stopped.abort();
    stderr.write('Stopping. Run the command again to continue.\n');
  };
  const progress = createProgress({ label, stream: stderr, now: () => new Date() });
  process.once('SIGINT', stop);
  try {
    return await importOld(deps, { onProgress: (keys) => progress.update(keys), signal: stopped.signal });
  } finally {
    progress.finish();
    process.removeListener('SIGINT', stop);
  }
}
