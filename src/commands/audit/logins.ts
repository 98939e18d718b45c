/** `concord audit --logins`: whether the stored password of each account opens it. Changes nothing; prints no password. */

import { counted } from '../../count.ts';
import {
  auditLogins,
  commandFor,
  type FailedLogin,
  type LoginAuditReport,
} from '../../engine/operations/audit-logins.ts';
import { UsageError } from '../../errors.ts';
import { printJson } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';
import { wireLoginAudit } from '../../wiring/passwords.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { untilInterrupted } from '../interruptible.ts';
import { tenantsNamed } from './tenants-named.ts';

export interface LoginAuditCommand extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most accounts to list; all are counted. */
  readonly limit: number;
  readonly perSecond?: number | undefined;
  readonly restart?: boolean | undefined;
}

/** Together with other reads and ending each session, half of what the PDS allows one address in five minutes. */
const DEFAULT_PER_SECOND = 1;

export async function runLoginAudit(options: LoginAuditCommand): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'pds']);
  const terminal = terminalOf(options);
  const [named] = options.tenant === undefined ? [] : tenantsNamed(config.tenants, options.tenant);
  const { auditing, countLogins, checkCollations, close } = wireLoginAudit(config);
  try {
    await checkCollations();
    const report = await untilInterrupted(
      { label: 'testing passwords', total: named === undefined ? await countLogins() : undefined },
      terminal,
      (run) =>
        auditLogins(auditing, {
          ...run,
          tenant: named?.id,
          perSecond: options.perSecond ?? DEFAULT_PER_SECOND,
          restart: options.restart ?? false,
        }),
    );
    if (terminal.json) printJson({ command: 'audit', logins: toJson(report, options.limit) });
    else printReport(report, options.limit, terminal);
    return exitOf(report);
  } finally {
    await close();
  }
}

/** Options of `--logins` only: without it they are refused, not ignored. */
export function refuseLoginOptions({
  perSecond,
  restart,
}: Pick<LoginAuditCommand, 'perSecond' | 'restart'>): void {
  if (perSecond !== undefined || restart !== undefined)
    throw new UsageError('--per-second and --restart are for: concord audit --logins');
}

function failing({ accounts, counts }: LoginAuditReport): number {
  const { opens, untried } = counts;
  return accounts - opens - counts['opens-deactivated'] - counts['opens-takendown'] - untried;
}

function exitOf(report: LoginAuditReport): ExitCode {
  if (report.interrupted) return EXIT.partlyDone;
  if (failing(report) > 0) return EXIT.differences;
  return report.counts.untried > 0 ? EXIT.partlyDone : EXIT.clean;
}

function toJson(report: LoginAuditReport, limit: number) {
  const failed = report.failed.slice(0, limit).map((one) => ({ ...one, command: commandFor(one) }));
  return { ...report, failed };
}

const WORDS: Readonly<Record<keyof LoginAuditReport['counts'], string>> = {
  opens: 'open the account',
  'opens-deactivated': 'open the account, which is deactivated',
  'opens-takendown': 'open the account, which is taken down',
  refused: 'refused by the PDS',
  missing: 'not stored',
  unopened: 'not opened by any key in CONCORD_CREDENTIAL_KEYS',
  'account-unreadable': 'of an account whose DID cannot be read',
  'account-missing': 'of an account that the PDS does not have',
  untried: 'not tried, because the PDS did not answer',
};

function printReport(report: LoginAuditReport, limit: number, { stdout, style }: Terminal): void {
  const resumed = report.resumedAfter === 0 ? '' : `, ${report.resumedAfter} of them by an earlier run`;
  stdout.write(`${counted(report.accounts, 'stored password')} tested${resumed}\n`);
  for (const [state, text] of Object.entries(WORDS) as [keyof typeof WORDS, string][])
    if (report.counts[state] > 0) stdout.write(`  ${report.counts[state]} ${text}\n`);
  const shown = report.failed.slice(0, limit);
  if (shown.length > 0) {
    const head = ['USER', 'PASSWORD', 'ACCOUNT', 'RUN'];
    const rows = shown.map((one) => [one.user, stateText(one), one.account ?? '', commandFor(one)]);
    stdout.write(`${formatTable({ head, rows, style })}\n`);
  }
  const all = failing(report) + report.counts.untried;
  if (all > shown.length) stdout.write(`and ${all - shown.length} more; see --limit\n`);
  if (report.interrupted) stdout.write('Interrupted. Run this again to continue.\n');
  else if (all === 0) stdout.write(`${style('green', 'All stored passwords open their accounts.')}\n`);
}

function stateText({ state, code }: FailedLogin): string {
  return code === null ? state : `${state} (${code})`;
}
