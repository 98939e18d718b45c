/**
 * `concord credentials seal`, `unseal` and `reseal`: rewrite the stored passwords of all accounts. Each may be stopped
 * at any point and run again. Prints no password.
 */

import { keyIds } from '../credentials/envelope.ts';
import { type RewriteReport, type Rewriting, rewritePasswords } from '../credentials/rewrite-passwords.ts';
import { UsageError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';
import { visible } from '../terminal/visible.ts';
import { wireCredentials } from '../wiring/passwords.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from './command.ts';
import { confirm } from './confirm.ts';
import { untilInterrupted } from './interruptible.ts';

export interface CredentialsOptions extends GlobalOptions {
  readonly dryRun?: boolean | undefined;
  /** Of `unseal`, which asks. */
  readonly yes?: boolean | undefined;
}

type Storage = 'sealed' | 'plaintext';

/** What a finished run is for. */
interface Aim {
  readonly rewriting: Rewriting;
  /** The id of the first key. */
  readonly key: string;
  readonly dryRun: boolean;
  /** As configured; null when it was not chosen. */
  readonly storage: Storage | null;
  /** What `credentials.storage` has to be set to, so that new passwords are stored in the same way; null for no change. */
  readonly setStorage: Storage | null;
}

const LABELS: Readonly<Record<Rewriting, string>> = {
  seal: 'sealing passwords',
  reseal: 'resealing passwords',
  unseal: 'unsealing passwords',
};

export async function runCredentials(rewriting: Rewriting, options: CredentialsOptions): Promise<ExitCode> {
  const { dryRun = false } = options;
  const config = await reachedConfigFor(options, ['mongodb', 'credentials']);
  const { storage } = config.credentials;
  const key = sealingKey(rewriting, config.credentials);
  const wanted = { seal: 'sealed', reseal: storage, unseal: 'plaintext' } as const;
  const setStorage = wanted[rewriting] === storage ? null : wanted[rewriting];
  const aim: Aim = { rewriting, key, dryRun, storage, setStorage };
  const terminal = terminalOf(options);
  if (rewriting === 'unseal' && !dryRun) {
    const question = `Store the passwords of all accounts in plaintext in ${config.mongodb.database}? Then everyone who can read the database or a backup of it can log in to every account.`;
    if (!(await confirm(question, options.yes))) {
      if (terminal.json) printJson({ command: 'credentials unseal', declined: true });
      else terminal.stdout.write('Nothing was changed.\n');
      return EXIT.differences;
    }
  }
  const { close, ...side } = wireCredentials(config, dryRun);
  try {
    await side.checkCollations();
    const report = await untilInterrupted({ label: LABELS[rewriting] }, terminal, (run) =>
      rewritePasswords({ ...side, sealing: key }, rewriting, run),
    );
    if (terminal.json)
      printJson({ command: `credentials ${rewriting}`, dryRun, key, storage, setStorage, ...report });
    else printReport(report, aim, terminal);
    return exitOf(report, dryRun);
  } finally {
    await close();
  }
}

/** @throws UsageError when there is no key to work with, or nothing to do with it. */
function sealingKey(
  rewriting: Rewriting,
  { storage, keys }: { readonly storage: Storage | null; readonly keys?: string | undefined },
): string {
  if (rewriting === 'reseal' && storage === 'plaintext') {
    throw new UsageError(
      'credentials.storage is plaintext, so no new password is sealed. To store the sealed ones in plaintext too, run: concord credentials unseal',
      'STORED_AS_PLAINTEXT',
    );
  }
  const [key] = keyIds(keys);
  if (key !== undefined) return key;
  throw new UsageError(
    `CONCORD_CREDENTIAL_KEYS is not set. concord credentials ${rewriting} needs the keys.`,
    'CREDENTIAL_KEYS_NEEDED',
  );
}

function isComplete({ unopened, changed, interrupted }: RewriteReport): boolean {
  return unopened.length + changed === 0 && !interrupted;
}

function exitOf(report: RewriteReport, dryRun: boolean): ExitCode {
  if (!isComplete(report)) return EXIT.partlyDone;
  return dryRun && report.sealed + report.resealed + report.unsealed > 0 ? EXIT.differences : EXIT.clean;
}

function printReport(report: RewriteReport, aim: Aim, { stdout, style }: Terminal): void {
  const { rewriting, key, dryRun } = aim;
  const will = dryRun ? 'would be' : 'are now';
  const lines: readonly (readonly [count: number, text: string])[] = [
    [report.sealed, `plaintext, ${will} sealed with ${key}`],
    [report.resealed, `sealed with another key, ${will} sealed with ${key}`],
    [report.unsealed, `sealed, ${will} plaintext`],
    [report.current, `already sealed with ${key}`],
    [
      report.otherKey,
      `sealed with another key, left so. To seal them with ${key}: concord credentials reseal`,
    ],
    [
      report.plaintext,
      rewriting === 'unseal'
        ? 'already plaintext'
        : 'plaintext, left so. To seal them: concord credentials seal',
    ],
    [report.changed, 'written by another process at the same moment, left so. Run this again'],
  ];
  stdout.write(`${report.passwords} stored ${report.passwords === 1 ? 'password' : 'passwords'}\n`);
  for (const [count, text] of lines) if (count > 0) stdout.write(`  ${count} ${text}\n`);
  for (const { user, field, code } of report.unopened)
    stdout.write(`  ${style('red', 'no key opens')} ${field}.password of ${visible(user)} (${code})\n`);
  if (report.unopened.length > 0)
    stdout.write(
      'Add the missing key at the end of CONCORD_CREDENTIAL_KEYS and run this again. If it is lost, set a new password: concord password <user> --reset\n',
    );
  if (report.interrupted) stdout.write('Interrupted. Run this again to continue.\n');
  if (!dryRun && isComplete(report)) stdout.write(`${nextStep(aim)}\n`);
}

function nextStep({ rewriting, key, storage, setStorage }: Aim): string {
  if (setStorage !== null) {
    const set = `Set credentials.storage: ${setStorage} and restart every process.`;
    // Not chosen means sealed.
    if ((storage ?? 'sealed') === setStorage) return set;
    const now = storage === 'plaintext' ? 'in plaintext' : 'sealed';
    return `${set} Until then new passwords are stored ${now}: run this again after the restart.`;
  }
  if (rewriting === 'unseal')
    return 'credentials.storage is plaintext. When every process runs with it and this finds no sealed password, CONCORD_CREDENTIAL_KEYS can be removed.';
  if (rewriting === 'seal') return 'credentials.storage is sealed, so new passwords are sealed too.';
  return `When every process runs with ${key} as its first key and this finds nothing to reseal, the other keys can be removed.`;
}
