/**
 * `concord restore <user>`: shows what was removed and exactly what will be written, asks, records the decision and
 * reconciles the user. `restore --all` is in restore-all.ts.
 */

import { reconcileNow } from '../../engine/operations/reconcile-now.ts';
import {
  acceptCode,
  type CodeProposal,
  grantRestore,
  proposeCode,
  proposeRestore,
  type RestoreProposal,
} from '../../engine/operations/restore.ts';
import type { Outcome } from '../../engine/operations/restore-outcome.ts';
import type { ReconciliationResult } from '../../engine/reconcile/reconcile.ts';
import type { FoundUser } from '../../engine/reports/find-user.ts';
import { UsageError } from '../../errors.ts';
import type { Decided } from '../../events/data/decisions.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { type Engine, wireEngine } from '../../wiring/engine.ts';
import { wireReadSide } from '../../wiring/read-side.ts';
import {
  configFor,
  EXIT,
  type ExitCode,
  quietLoggerFor,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { confirm, nameTarget } from '../confirm.ts';
import { exitOf, printReconciliation, reconciliationDocument } from '../plan/reconcile-report.ts';
import { findUserToTouch } from '../user/find-user.ts';
import { decidedBy } from './decisions.ts';
import { type RestoreOptions, runRestoreAll } from './restore-all.ts';

export async function runRestore(text: string | undefined, options: RestoreOptions): Promise<ExitCode> {
  if ((options.all === true) === (text !== undefined))
    throw new UsageError('Give a user, or --all for every user with removed documents or accounts.');
  if (text === undefined) {
    if (options.acceptCode === true) throw new UsageError('--accept-code takes one user.');
    return runRestoreAll(options);
  }
  const { tenant, since, max, why, reason } = options;
  if (tenant !== undefined || since !== undefined || max !== undefined)
    throw new UsageError('--tenant, --since and --max go with --all.');
  if (why !== undefined && reason !== undefined)
    throw new UsageError('Give --why or --reason, not both: for one user they mean the same.');
  const decided = decidedBy({ ...options, reason: why ?? reason });
  return options.acceptCode === true
    ? restoreOne(text, options, codeDecision(decided))
    : restoreOne(text, options, restoreDecision(decided));
}

/** What is proposed, shown, asked and granted. */
interface Decision<Proposal extends Outcome> {
  propose(side: Side, found: FoundUser): Promise<Proposal>;
  heading(proposal: Proposal): string;
  question(proposal: Proposal, user: string): string;
  document(proposal: Proposal): object;
  grant(engine: Engine, found: FoundUser, proposal: Proposal): Promise<unknown>;
}

type Side = Parameters<typeof proposeRestore>[0];

function restoreDecision(decided: Decided): Decision<RestoreProposal> {
  return {
    propose: (side, found) => proposeRestore(side, found, new Date()),
    heading: ({ what }) => `removed: ${what.join(', ')}`,
    question: ({ lostAccount }, user) =>
      lostAccount === undefined
        ? `Restore this for ${user}?`
        : `Replace the account ${lostAccount} of ${user} by a new, empty one?`,
    document: ({ what, reasons, lostAccount = null, code = null }) => ({ what, reasons, lostAccount, code }),
    grant: (engine, found, { what }) =>
      grantRestore({ ...engine.reconcile, ...engine.assess }, found, what, decided),
  };
}

function codeDecision(decided: Decided): Decision<CodeProposal> {
  return {
    propose: (side, found) => proposeCode(side, found, new Date()),
    heading: ({ found, known }) => `code ${found} in the users document, permanent code ${known}`,
    question: ({ found }, user) => `Make ${found} the permanent code of ${user}?`,
    document: ({ found, known }) => ({ found, known }),
    grant: (engine, found, proposal) =>
      acceptCode({ ...engine.reconcile, ...engine.assess }, found, proposal.found, decided),
  };
}

async function restoreOne<Proposal extends Outcome>(
  text: string,
  options: RestoreOptions,
  decision: Decision<Proposal>,
): Promise<ExitCode> {
  const { found, proposal } = await propose(text, options, decision);
  const terminal = terminalOf(options);
  const { user } = found;
  const { writes, warnings } = proposal;
  const document = { command: 'restore', user, ...decision.document(proposal), writes, warnings };
  if (!terminal.json) print(user, decision.heading(proposal), proposal, terminal);
  const isGranted =
    options.preview !== true && (await confirm(decision.question(proposal, visible(user)), options.yes));
  if (!isGranted) {
    if (terminal.json) printJson({ ...document, granted: false });
    else terminal.stdout.write('Nothing was changed.\n');
    return EXIT.differences;
  }
  const result = await grant(found, options, (engine) => decision.grant(engine, found, proposal));
  if (terminal.json) {
    const reconciled = result === undefined ? null : reconciliationDocument(result);
    printJson({ ...document, granted: true, reconciled });
  } else if (result === undefined) {
    terminal.stdout.write(
      'Granted. Another worker is busy with the user; the next reconciliation applies it.\n',
    );
  } else {
    terminal.stdout.write('Granted, and reconciled:\n');
    printReconciliation(user, result, terminal);
  }
  return result === undefined ? EXIT.partlyDone : exitOf(result);
}

/** With readers only: nothing can be changed before the person agrees. */
async function propose<Proposal extends Outcome>(
  text: string,
  options: RestoreOptions,
  decision: Decision<Proposal>,
): Promise<{ readonly found: FoundUser; readonly proposal: Proposal }> {
  const side = wireReadSide(await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']));
  try {
    await side.checkCollations();
    const found = await findUserToTouch(text, side.tenants, side.assess);
    return { found, proposal: await decision.propose(side.assess, found) };
  } finally {
    await side.close();
  }
}

/** Undefined while another worker has the user. */
async function grant(
  { user, userId, tenant }: FoundUser,
  options: RestoreOptions,
  decide: (engine: Engine) => Promise<unknown>,
): Promise<ReconciliationResult | undefined> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  nameTarget(config, 1);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkPasswords();
    await decide(engine);
    return await reconcileNow(engine, { user, userId, tenant: tenant.id });
  } catch (error) {
    if (error instanceof UsageError && error.code === 'USER_BUSY') return undefined;
    throw error;
  } finally {
    await engine.close();
  }
}

function print(user: string, heading: string, { writes, warnings }: Outcome, terminal: Terminal): void {
  const { stdout, style } = terminal;
  stdout.write(`${style('bold', visible(user))}  ${heading}\n`);
  for (const warning of warnings) stdout.write(`  ${style('yellow', 'note    ')}${visible(warning)}\n`);
  for (const { what } of writes) stdout.write(`  ${style('green', 'writes  ')}${visible(what)}\n`);
  if (writes.length === 0) stdout.write('  Nothing is written in MongoDB or on the PDS.\n');
}
