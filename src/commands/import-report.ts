/** The report of an import, for people. */

import { counted } from '../count.ts';
import type { ImportReport } from '../engine/operations/import/report.ts';
import { formatTable } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import type { Terminal } from './command.ts';

interface Told {
  readonly dryRun: boolean;
  /** The most users to list of each kind. */
  readonly limit: number;
  readonly storage: 'sealed' | 'plaintext' | null;
}

export function printImport(report: ImportReport, told: Told, terminal: Terminal): void {
  const { stdout, style } = terminal;
  const { documents, handleRows, decisions, moved } = report;
  stdout.write(
    `${style('bold', `${counted(documents, 'users document')} and ${counted(handleRows, 'row')} of @handles read`)}\n`,
  );
  for (const [count, noun, what] of summaryOf(report, told))
    if (count > 0) stdout.write(`  ${counted(count, noun)} ${what}\n`);
  if (moved.length === 0 && report.told === 0) stdout.write('  Nothing to import.\n');
  printMoved(report, told, terminal);
  printDecisions(report, told, terminal);
  if (report.interrupted) stdout.write('Interrupted. Run this again to continue.\n');
  stdout.write(`${nextStep(report, told, decisions.length)}\n`);
}

type Line = readonly [count: number, noun: string, what: string];

function summaryOf(
  {
    moved,
    right,
    told,
    follows,
    elsewhere,
    foreignDomains,
    changed,
    oldPlaintext,
    decisions,
    notUsers,
  }: ImportReport,
  { dryRun, storage }: Told,
): readonly Line[] {
  const are = dryRun ? 'to be moved' : 'moved';
  const how = storage === 'plaintext' ? 'in plaintext' : 'sealed';
  const beside = storage === 'plaintext' ? '' : '. See docs/migration.md for how to remove it';
  const movedWith = (field: 'code' | 'account' | 'password') =>
    moved.filter((one) => one[field] !== undefined).length;
  return [
    [movedWith('code'), 'code', `${are} from @handles.code to users.code`],
    [movedWith('account'), 'account', `${are} from atproto_did to atproto`],
    [movedWith('password'), 'password', `${are} from atproto_password to atproto.password, ${how}`],
    [right, 'user', 'already right: the older places say what the users document has'],
    [told, 'user', `${dryRun ? 'to be recorded' : 'recorded'} in the log as the users document is`],
    [
      follows.documents,
      'users document',
      'left to the reconciliation, which creates it with the code of @handles if Auth0 has the user',
    ],
    [follows.handles, 'account handle', 'left to the reconciliation, which compares it with the PDS'],
    [elsewhere.length, 'account', 'on another PDS, as its DID says; left alone'],
    ...Object.entries(foreignDomains).map(
      ([domain, count]): Line => [
        count,
        'account',
        `with a handle under ${visible(domain)}, which is no domain of the PDS; left alone`,
      ],
    ),
    [
      notUsers.length,
      'key',
      `of no user; nothing is done there. See exclude: in the configuration: ${notUsers.slice(0, 3).map(visible).join(', ')}`,
    ],
    [oldPlaintext, 'plaintext password', `in atproto_password, left there${beside}`],
    [changed, 'user', 'changed by others at the same moment and left. Run this again'],
    [decisions.length, 'decision', 'for a person, below'],
  ];
}

function printMoved({ moved }: ImportReport, { limit }: Told, { stdout, style }: Terminal): void {
  if (moved.length === 0) return;
  const rows = moved
    .slice(0, limit)
    .map(({ user, code, account, password }) => [user, code, account, password === true ? 'yes' : '']);
  const head = ['USER', 'CODE', 'ACCOUNT', 'PASSWORD'];
  stdout.write(`${formatTable({ head, rows, style, width: stdout.columns })}\n`);
  printRest(moved.length - rows.length, stdout);
}

/** Not in a table: each names commands to paste, which must not be cut. */
function printDecisions({ decisions }: ImportReport, { limit }: Told, { stdout, style }: Terminal): void {
  for (const { key, reason, message } of decisions.slice(0, limit))
    stdout.write(`${visible(key)}  ${style('yellow', reason)}\n    ${visible(message)}\n`);
  printRest(decisions.length - Math.min(decisions.length, limit), stdout);
}

function printRest(count: number, stdout: Terminal['stdout']): void {
  if (count > 0) stdout.write(`… and ${count} more: raise --limit, or use --json\n`);
}

function nextStep({ moved, told }: ImportReport, { dryRun }: Told, open: number): string {
  const isToDo = moved.length + told > 0;
  if (dryRun) {
    if (isToDo) return 'Nothing was changed. To move it, run: concord import --apply';
    return open === 0 ? 'Every user is as Concord reads it.' : 'Nothing was changed.';
  }
  return 'The users are due: concord serve reconciles them, or run: concord reconcile --all';
}
