/**
 * `concord transfer <from> <to>`: shows the evidence and exactly what a deleted user's successor gets, asks, records the
 * decision and reconciles both users. Replacing an account that the successor already has is confirmed separately.
 */

import { reconcileNow } from '../../engine/operations/reconcile-now.ts';
import { grantTransfer } from '../../engine/reconcile/transfer/grant.ts';
import { proposeTransfer, type TransferProposal } from '../../engine/reconcile/transfer/propose.ts';
import type { FoundUser } from '../../engine/reports/find-user.ts';
import { UsageError } from '../../errors.ts';
import { TRANSFER_PARTS, type TransferPart } from '../../events/data/transfer.ts';
import type { EventOf } from '../../events/event.ts';
import { fold } from '../../events/fold.ts';
import { answerIn } from '../../events/fold-transfer.ts';
import { shellQuoted } from '../../reconcilers/command-lines.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { type Engine, wireEngine } from '../../wiring/engine.ts';
import { wireReadSide } from '../../wiring/read-side.ts';
import { configFor, EXIT, type ExitCode, quietLoggerFor, type Terminal, terminalOf } from '../command.ts';
import { confirm } from '../confirm.ts';
import { printReconciliation } from '../plan/reconcile-report.ts';
import { findUserToTouch } from '../user/find-user.ts';
import { type DecisionOptions, decidedBy } from './decisions.ts';

export interface TransferOptions extends DecisionOptions {
  /** Parts, separated by commas. Default: account and handle, as far as there are any. */
  readonly what?: string | undefined;
  /** The account of the successor that is replaced. */
  readonly replace?: string | undefined;
  /** Show the evidence and end. */
  readonly preview?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/** A handle's row is released, taken and closed: three turns, and one more for a concurrent change. */
const MOST_TURNS = 4;

export interface Found {
  readonly from: FoundUser;
  readonly to: FoundUser;
}

export async function runTransfer(
  fromText: string,
  toText: string,
  options: TransferOptions,
): Promise<ExitCode> {
  const asked = partsOf(options.what);
  const terminal = terminalOf(options);
  try {
    const { proposal, ...found } = await propose(fromText, toText, asked, options);
    if (!terminal.json) print(proposal, terminal);
    const isGranted = options.preview !== true && (await isConfirmed(proposal, options));
    if (!isGranted) {
      if (terminal.json) printJson({ ...documentOf(proposal), granted: false });
      else terminal.stdout.write('Nothing was changed.\n');
      return EXIT.differences;
    }
    return await carryOut(found, proposal, asked, options, terminal);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, message } = error.refused;
    if (terminal.json) printJson({ command: 'transfer', granted: false, refused: { code, message } });
    else terminal.stderr.write(`${visible(message)}\n`);
    return EXIT.differences;
  }
}

/** The refusal of a proposal or a grant. Other usage errors end as in every command. */
class Refusal extends Error {
  readonly refused: UsageError;

  constructor(refused: UsageError) {
    super(refused.message);
    this.refused = refused;
  }
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof UsageError && error.code !== 'CONFIG_INVALID' ? new Refusal(error) : error;
  }
}

function partsOf(text: string | undefined): readonly TransferPart[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const parts = TRANSFER_PARTS.filter((part) => names.includes(part));
  if (parts.length === names.length && parts.length > 0) return parts;
  throw new UsageError(`--what takes ${TRANSFER_PARTS.join(', ')}, separated by commas.`);
}

/** With readers only: nothing can be changed before the person agrees. */
async function propose(
  fromText: string,
  toText: string,
  asked: readonly TransferPart[] | undefined,
  options: TransferOptions,
): Promise<Found & { readonly proposal: TransferProposal }> {
  const side = wireReadSide(configFor(options, ['mongodb', 'auth0', 'pds']));
  try {
    await side.checkCollations();
    const from = await findUserToTouch(fromText, side.tenants, side.assess);
    const to = await findUserToTouch(toText, side.tenants, side.assess);
    const proposal = await refusing(() => proposeTransfer(side.assess, from, to, asked, new Date()));
    return { from, to, proposal };
  } finally {
    await side.close();
  }
}

/** Replacing an account is a decision of its own. */
async function isConfirmed(proposal: TransferProposal, { yes, replace }: TransferOptions): Promise<boolean> {
  const { from, to, what, replaces } = proposal;
  if (replace !== undefined && replace !== replaces) {
    const now = replaces === undefined ? 'has no account' : `has the account ${replaces}`;
    throw new Refusal(new UsageError(`${to} ${now}, and not ${replace}.`, 'REPLACE_DIFFERS'));
  }
  if (replaces !== undefined && replace === undefined && yes === true) {
    throw new Refusal(
      new UsageError(
        `${to} has the account ${replaces}. Say that it is replaced with: --replace ${replaces}`,
        'REPLACE_NOT_CONFIRMED',
      ),
    );
  }
  if (!(await confirm(`Transfer ${what.join(' and ')} of ${visible(from)} to ${visible(to)}?`, yes)))
    return false;
  if (replaces === undefined || replace !== undefined) return true;
  return confirm(`Replace the account ${replaces} that ${visible(to)} has now?`, undefined);
}

async function carryOut(
  { from, to }: Found,
  shown: TransferProposal,
  asked: readonly TransferPart[] | undefined,
  options: TransferOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkPasswords();
    await refusing(() => grantTransfer(engine.reconcile, from, to, { asked, shown }, decidedBy(options)));
    const isOver = await reconcileBoth(engine, { from, to }, terminal);
    const declined = await declinedParts(engine, from, to);
    if (terminal.json) printJson({ ...documentOf(shown), granted: true, finished: isOver, declined });
    else if (declined.length > 0) {
      const why = `concord explain ${shellQuoted(to.user)}`;
      terminal.stdout.write(`Not transferred: ${declined.join(' and ')}. See why with: ${why}\n`);
    } else if (isOver) terminal.stdout.write('Transferred.\n');
    else terminal.stdout.write('Granted. The next reconciliations of the two users finish it.\n');
    return isOver && declined.length === 0 ? EXIT.clean : EXIT.partlyDone;
  } finally {
    await engine.close();
  }
}

/** In turn, until nothing of the transfer is open. */
export async function reconcileBoth(
  engine: Engine,
  { from, to }: Found,
  terminal: Terminal,
): Promise<boolean> {
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    for (const { user, userId, tenant } of [to, from]) {
      if (await isFinished(engine, from, to)) return true;
      try {
        const result = await reconcileNow(engine, { user, userId, tenant: tenant.id });
        if (!terminal.json) printReconciliation(user, result, terminal);
        if (result.failures.length > 0) return false;
      } catch (error) {
        // The worker that has the user takes the next turn.
        if (error instanceof UsageError && error.code === 'USER_BUSY') return false;
        throw error;
      }
    }
  }
  return isFinished(engine, from, to);
}

async function isFinished({ log }: Engine, from: FoundUser, to: FoundUser): Promise<boolean> {
  const { outgoing } = fold(await log.ofUser(from.user));
  const { incoming, retiring } = fold(await log.ofUser(to.user));
  return outgoing === undefined && incoming === undefined && retiring === undefined;
}

/** What the user did not take in the end, because something became of one of the two meanwhile. */
async function declinedParts(
  { log }: Engine,
  from: FoundUser,
  to: FoundUser,
): Promise<readonly TransferPart[]> {
  const events = await log.ofUser(to.user);
  const granted = events.findLast(
    (event): event is EventOf<'transfer.granted'> =>
      event.type === 'transfer.granted' && event.data.from === from.user,
  );
  if (granted === undefined) return [];
  const { promise, code } = granted.data;
  return [...answerIn(events, { promise, code }).declined];
}

function documentOf(proposal: TransferProposal) {
  const { from, to, what, account, handle, code = null, replaces = null, evidence, leftOut } = proposal;
  return {
    ...{ command: 'transfer', from, to, what, evidence, isLinked: proposal.isLinked },
    account: account === undefined ? null : account.did,
    handle: handle?.platformHandle ?? null,
    releases: handle?.carried ?? null,
    ...{ code, freesAddressOf: proposal.address ?? null, replaces, leftOut },
  };
}

function print(proposal: TransferProposal, { stdout, style }: Terminal): void {
  const line = (color: 'green' | 'yellow', name: string, text: string) =>
    stdout.write(`  ${style(color, name.padEnd(8))}${visible(text)}\n`);
  stdout.write(`${style('bold', visible(proposal.from))} to ${style('bold', visible(proposal.to))}\n`);
  for (const one of proposal.evidence) line('green', 'evidence', ` ${one}`);
  for (const one of movesOf(proposal)) line('green', 'moves', one);
  for (const one of notesOf(proposal)) line('yellow', 'note', one);
}

function movesOf({
  from,
  account,
  handle,
  code,
  address,
  hasNoPassword,
}: TransferProposal): readonly string[] {
  const password = hasNoPassword ? '' : ', and its password';
  return [
    ...(account === undefined ? [] : [`the account ${account.did} (@${account.handle})${password}`]),
    ...(handle?.platformHandle === undefined
      ? []
      : [`the handle @${handle.platformHandle}: its whole row in @handles`]),
    ...(handle?.carried === undefined ? [] : [`@${handle.carried}, which the account of ${from} gives up`]),
    ...(code === undefined ? [] : [`the code ${code}`]),
    ...(address === undefined ? [] : [`the address, which the account ${address} of ${from} gives up`]),
  ];
}

function notesOf({ to, account, replaces, hasNoPassword, leftOut }: TransferProposal): readonly string[] {
  return [
    ...leftOut,
    ...(hasNoPassword
      ? [
          `No password of the account is stored. Set a new one afterwards with: concord password ${shellQuoted(to)} --reset`,
        ]
      : []),
    ...(account?.state === 'deactivated'
      ? [
          'The account is deactivated. It is activated again if Concord deactivated it, and needs action otherwise.',
        ]
      : []),
    ...(replaces === undefined
      ? []
      : [
          `${to} has the account ${replaces}. It stays on the PDS: it is deactivated, it gets another handle, and another address if it has that of the user. No users document names it any more; nothing of it is deleted. Find it again with: concord audit --orphans`,
        ]),
  ];
}
