/**
 * `concord password <user>`: whether the stored password opens the account. It is one login, which is
 * slow by design and counted by the PDS, so no sweep and no audit does it.
 */

import { decide } from '../engine/decide.ts';
import { dryRun } from '../engine/dry-run.ts';
import { UsageError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';
import { visible } from '../terminal/visible.ts';
import { wireEngine } from '../wire.ts';
import { configFor, EXIT, type ExitCode, quietLoggerFor, terminalOf } from './command.ts';
import { confirm } from './confirm.ts';
import type { DecisionOptions } from './decisions.ts';
import { findUser } from './find-user.ts';

export interface PasswordOptions extends DecisionOptions {
  /** Set the stored password on the PDS once more. */
  readonly reset?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

export async function runPassword(text: string, options: PasswordOptions): Promise<ExitCode> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const { json, stdout } = terminalOf(options);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    const { user, userId, tenant } = await findUser(text, engine.tenants, engine.assess.documents);
    const { facts, view } = await dryRun(engine.assess, tenant, user, userId, new Date());
    const did = view.documents?.user?.account?.did;
    const stored = did === undefined ? undefined : await engine.converge.documents.storedPassword(user, did);
    if (did === undefined || stored === undefined) {
      throw new UsageError(`No password is stored for ${visible(user)}.`, 'NO_PASSWORD');
    }
    const opens = await engine.converge.accounts.canLogIn(did, engine.converge.vault.open(stored, user));
    const trigger = { user, userId, tenant: tenant.id };
    if (!opens) await decide(engine.converge, trigger, 'password.refused', { did });
    else if (facts.passwordRefused) await decide(engine.converge, trigger, 'password.accepted', { did });
    let granted = false;
    if (options.reset === true && !opens) {
      granted = await confirm('Set the stored password? It ends the sessions of the account.', options.yes);
      if (granted) await decide(engine.converge, trigger, 'password-reset.granted', { by: options.by });
    }
    if (json) printJson({ command: 'password', user, did, opens, resetGranted: granted });
    else stdout.write(`The stored password of ${visible(user)} ${sentence(opens, granted)}\n`);
    return opens || granted ? EXIT.clean : EXIT.differences;
  } finally {
    await engine.close();
  }
}

function sentence(opens: boolean, granted: boolean): string {
  if (opens) return 'opens the account.';
  return granted
    ? 'is refused by the PDS; the next pass sets it again.'
    : 'is refused by the PDS. --reset sets it again.';
}
