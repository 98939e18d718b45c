/** `concord forget <user>`: blanks the personal data of a deleted user, after a person confirms. */
import {
  type ForgetReport,
  forget,
  refuseUnlessGone,
  refuseWhileWaitedFor,
  remembered,
} from '../../engine/operations/forget.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { wireForget } from '../../wiring/operations.ts';
import { configFor, EXIT, type ExitCode, quietLoggerFor, type Terminal, terminalOf } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { DecisionOptions } from '../decisions/decisions.ts';
import { findUser } from './find-user.ts';

export interface ForgetOptions extends DecisionOptions {
  /** Also when another user waits for a name of this one. */
  readonly force?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

export async function runForget(text: string, options: ForgetOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const config = configFor(options, ['mongodb', 'auth0', 'pds']);
  const side = wireForget(config, quietLoggerFor(options, config));
  try {
    await side.checkCollations();
    const { user, userId, tenant } = await findUser(text, side.tenants, side.known);
    const person = { user, userId, tenant: tenant.id };
    if (options.force !== true) await refuseWhileWaitedFor(side.forgetting, person);
    const { personal, events } = await remembered(side.forgetting, person);
    await refuseUnlessGone(side.forgetting, tenant.directory, person);
    const question = `Forget ${visible(user)}? ${personal} of ${events} events, and what else names this user, are blanked for good.`;
    if (!(await confirm(question, options.yes))) {
      terminal.stdout.write('Nothing was changed.\n');
      return EXIT.differences;
    }
    const report = await forget(side.forgetting, tenant.directory, person, options.by);
    if (terminal.json) printJson({ command: 'forget', user, ...report });
    else printForgotten(user, report, terminal);
    return EXIT.clean;
  } finally {
    await side.close();
  }
}

function printForgotten(user: string, report: ForgetReport, { stdout }: Terminal): void {
  const { events, mentions, rejects, again } = report;
  stdout.write(
    `${visible(user)} ${again ? 'was forgotten before' : 'is forgotten'}: ${events} events, ${mentions} entries of others and ${rejects} rejects were blanked now.\n`,
  );
  stdout.write(
    "The platform's own documents (users, verifications, @handles) are the platform's to remove.\n",
  );
}
