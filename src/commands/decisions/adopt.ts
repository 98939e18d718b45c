/**
 * `concord adopt <user> [account]`: shows the evidence that an account is this user's, and asks. A handle or an address
 * alone proves nothing, so a person decides; the next reconciliation carries it out. `adopt --all` is in adopt-all.ts.
 */

import { grantAdoption, proposeAdoption, withdrawAdoption } from '../../engine/operations/adoption.ts';
import type { FoundUser } from '../../engine/reports/find-user.ts';
import { UsageError } from '../../errors.ts';
import { type Proposal, passwordSentence } from '../../reconcilers/adoption.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { wireEngine } from '../../wiring/engine.ts';
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
import { findUserToTouch } from '../user/find-user.ts';
import { type AdoptOptions, runAdoptAll } from './adopt-all.ts';
import { decidedBy } from './decisions.ts';

interface Shown extends Proposal {
  readonly found: FoundUser;
}

export async function runAdopt(
  text: string | undefined,
  account: string | undefined,
  options: AdoptOptions,
): Promise<ExitCode> {
  if ((options.all === true) === (text !== undefined))
    throw new UsageError('Give a user, or --all for every user with a condition.');
  if (text === undefined) {
    if (options.withdraw === true) throw new UsageError('--withdraw takes one user.');
    return runAdoptAll(options);
  }
  const { tenant, max, why, reason } = options;
  if (tenant !== undefined || max !== undefined) throw new UsageError('--tenant and --max go with --all.');
  if (why !== undefined && reason !== undefined)
    throw new UsageError('Give --why or --reason, not both: for one user they mean the same.');
  return adoptOne(text, account, { ...options, reason: why ?? reason });
}

async function adoptOne(text: string, account: string | undefined, options: AdoptOptions): Promise<ExitCode> {
  if (options.withdraw === true) {
    if (account !== undefined || options.preview === true)
      throw new UsageError('--withdraw takes a user and no account, and has no preview.');
    return withdraw(text, options);
  }
  const proposal = await propose(text, account, options);
  const terminal = terminalOf(options);
  if (!terminal.json) printEvidence(proposal, terminal);
  if (options.preview === true) {
    if (terminal.json) printJson({ command: 'adopt', ...told(proposal) });
    return EXIT.differences;
  }
  const { found, account: candidate } = proposal;
  const isGranted = await confirm(`Is ${candidate.did} the account of ${visible(found.user)}?`, options.yes);
  const granted = isGranted ? await grant(proposal, options) : undefined;
  if (terminal.json)
    printJson({ command: 'adopt', ...told({ ...proposal, ...granted }), granted: isGranted });
  else
    terminal.stdout.write(
      granted === undefined
        ? 'Nothing was changed.\n'
        : `Granted. The next reconciliation adopts it. ${passwordSentence(granted.password)}\n`,
    );
  return isGranted ? EXIT.clean : EXIT.differences;
}

/** With readers only: nothing can be changed before the person agrees. */
async function propose(text: string, account: string | undefined, options: AdoptOptions): Promise<Shown> {
  const side = wireReadSide(await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']));
  try {
    await side.checkCollations();
    const found = await findUserToTouch(text, side.tenants, side.assess);
    return { found, ...(await proposeAdoption(side.assess, found, account, new Date())) };
  } finally {
    await side.close();
  }
}

async function grant({ found, account }: Shown, options: AdoptOptions): Promise<Proposal> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  nameTarget(config, 1);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkCollations();
    const deps = { ...engine.reconcile, ...engine.assess };
    return await grantAdoption(deps, found, account.did, decidedBy(options));
  } finally {
    await engine.close();
  }
}

export async function withdraw(text: string, options: AdoptOptions): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const { json, stdout } = terminalOf(options);
  nameTarget(config, 1);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkCollations();
    const found = await findUserToTouch(text, engine.tenants, engine.assess);
    const did = await withdrawAdoption(engine.reconcile, found, decidedBy(options));
    if (json) printJson({ command: 'adopt', user: found.user, did, withdrawn: true });
    else stdout.write(`The adoption of ${did} for ${visible(found.user)} is withdrawn.\n`);
    return EXIT.clean;
  } finally {
    await engine.close();
  }
}

function told({ found, account, evidence, password }: Shown) {
  return { user: found.user, did: account.did, handle: account.handle, evidence, password };
}

function printEvidence({ found, account, evidence, password }: Shown, { stdout, style }: Terminal): void {
  stdout.write(
    `${style('bold', visible(found.user))} and the account ${account.did} (${visible(account.handle)})\n`,
  );
  for (const { says, what } of evidence)
    stdout.write(`  ${style(says === 'for' ? 'green' : 'red', says.padEnd(8))}${visible(what)}\n`);
  stdout.write(`  ${passwordSentence(password)}\n`);
}
