/** `concord transfer <from> <to> --cancel`: ends what is open of a transfer, and reconciles both users. */
import { cancelTransfer } from '../../engine/reconcile/transfer/cancel.ts';
import { UsageError } from '../../errors.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { wireEngine } from '../../wiring/engine.ts';
import { configFor, EXIT, type ExitCode, quietLoggerFor, terminalOf } from '../command.ts';
import { confirm } from '../confirm.ts';
import { findUserToTouch } from '../user/find-user.ts';
import { type DecisionOptions, decidedBy } from './decisions.ts';
import { reconcileBoth } from './transfer.ts';

export interface CancelOptions extends DecisionOptions {
  readonly yes?: boolean | undefined;
}

/** These mean that there is nothing to cancel, or not now. */
const REFUSALS: ReadonlySet<string> = new Set(['NO_OPEN_TRANSFER', 'TRANSFER_TAKEN', 'USER_BUSY']);

export async function runCancel(fromText: string, toText: string, options: CancelOptions): Promise<ExitCode> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const terminal = terminalOf(options);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkPasswords();
    const from = await findUserToTouch(fromText, engine.tenants, engine.assess);
    const to = await findUserToTouch(toText, engine.tenants, engine.assess);
    const question = `Cancel what ${visible(to.user)} has not taken of the transfer from ${visible(from.user)}?`;
    if (!(await confirm(question, options.yes))) {
      if (terminal.json) printJson({ command: 'transfer', cancelled: [], finished: false });
      else terminal.stdout.write('Nothing was changed.\n');
      return EXIT.differences;
    }
    const cancelled = await cancelTransfer(engine.reconcile, from, to, decidedBy(options));
    const finished = await reconcileBoth(engine, { from, to }, terminal);
    if (terminal.json) printJson({ command: 'transfer', cancelled, finished });
    else terminal.stdout.write(`Cancelled: ${cancelled.join(' and ')}.\n`);
    return finished ? EXIT.clean : EXIT.partlyDone;
  } catch (error) {
    if (!(error instanceof UsageError) || !REFUSALS.has(error.code)) throw error;
    const { code, message } = error;
    if (terminal.json) printJson({ command: 'transfer', cancelled: [], refused: { code, message } });
    else terminal.stderr.write(`${visible(message)}\n`);
    return EXIT.differences;
  } finally {
    await engine.close();
  }
}
