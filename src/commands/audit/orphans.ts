/** `concord audit --orphans`: documents and accounts without a user, with the evidence. Reads only. */

import { counted } from '../../count.ts';
import { findOrphans, type Orphans } from '../../engine/sweep/orphans/find-orphans.ts';
import { UsageError } from '../../errors.ts';
import { printJson } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { formatTable } from '../../terminal/table.ts';
import { wireReadSide } from '../../wiring/read-side.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';

export interface OrphanAuditOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most documents, and the most accounts, to list; all are counted. */
  readonly limit: number;
}

export async function runOrphanAudit(options: OrphanAuditOptions): Promise<ExitCode> {
  if (options.tenant !== undefined)
    throw new UsageError('--orphans reads all tenants. It cannot be combined with --tenant.');
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    await side.checkCollations();
    const progress = createProgress({
      label: 'looking for orphans',
      stream: terminal.stderr,
      now: () => new Date(),
    });
    const found = await findOrphans(side.assess, side.tenants, {
      limit: options.limit,
      onProgress: (looked) => progress.update(looked),
    });
    progress.finish();
    if (terminal.json) printJson({ command: 'audit', orphans: found });
    else printOrphans(found, terminal);
    return exitOf(found);
  } finally {
    await side.close();
  }
}

/** Documents that could not be judged are neither a difference nor clean. */
function exitOf({ orphanDocuments, orphanAccounts, unknownDocuments }: Orphans): ExitCode {
  if (orphanDocuments + orphanAccounts > 0) return EXIT.differences;
  return unknownDocuments > 0 ? EXIT.partlyDone : EXIT.clean;
}

function printOrphans(found: Orphans, { stdout, style }: Terminal): void {
  const { users, documents, accounts } = found.looked;
  stdout.write(
    `${counted(documents, 'document')}, ${counted(accounts, 'account')} and ${counted(users, 'user')} read: ${counted(found.orphanDocuments, 'document')} and ${counted(found.orphanAccounts, 'account')} without a user\n`,
  );
  if (found.unknownDocuments > 0) {
    const text = `${counted(found.unknownDocuments, 'document')} could not be judged`;
    stdout.write(`${style('yellow', text)}: Auth0 could not be read\n`);
  }
  const documentRows = found.documents.map(({ verdict, collection, key, evidence }) => [
    verdict,
    collection,
    key,
    evidence.join('; '),
  ]);
  const accountRows = found.accounts.map(({ did, handle, active, evidence }) => [
    active ? 'orphan' : 'orphan, inactive',
    'account',
    handle === null ? did : `${did} (${handle})`,
    evidence.join('; '),
  ]);
  const rows = [...documentRows, ...accountRows];
  if (rows.length > 0) {
    const head = ['IS', 'KIND', 'WHICH', 'EVIDENCE'];
    // Not cut to the terminal's width: a person decides by the evidence.
    stdout.write(`${formatTable({ head, rows, style })}\n`);
  }
  const all = found.orphanDocuments + found.unknownDocuments + found.orphanAccounts;
  if (all > rows.length) stdout.write(`and ${all - rows.length} more; see --limit\n`);
  if (all === 0) stdout.write(`${style('green', 'All documents and accounts belong to a user.')}\n`);
}
