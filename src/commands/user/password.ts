/**
 * `concord password <user>`: whether the stored password opens the account. That takes one login, which is slow by
 * design and rate-limited by the PDS, so no sweep does it. With `--reset` it sets a password that is missing or does not
 * open the account.
 */
import { decide } from '../../engine/intake/decision.ts';
import { reconcileNow } from '../../engine/operations/reconcile-now.ts';
import { dryRun } from '../../engine/reconcile/dry-run.ts';
import { CredentialsError, UsageError } from '../../errors.ts';
import { fold } from '../../events/fold.ts';
import type { Did, UserKey } from '../../identity.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { endSentence } from '../../reconcilers/account/account-end.ts';
import type { View } from '../../reconcilers/view.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { type Engine, wireEngine } from '../../wiring/engine.ts';
import { EXIT, type ExitCode, quietLoggerFor, reachedConfigFor, terminalOf } from '../command.ts';
import { confirm, nameTarget } from '../confirm.ts';
import type { DecisionOptions } from '../decisions/decisions.ts';
import { findUserToTouch } from './find-user.ts';

export interface PasswordOptions extends DecisionOptions {
  /** Set the stored password on the PDS, or a new one where none is stored or none opens. */
  readonly reset?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

type PasswordState =
  | { readonly type: 'opens' | 'refused' | 'missing' }
  | { readonly type: 'unopened'; readonly code: CredentialsError['code'] };

/** The result of a granted reset; a later reconciliation does a pending one. */
type Reset = 'done' | 'pending';

export async function runPassword(text: string, options: PasswordOptions): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const { json, stdout } = terminalOf(options);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkCollations();
    const { user, userId, tenant } = await findUserToTouch(text, engine.tenants, engine.assess);
    const { facts, view } = await dryRun(engine.assess, tenant, user, userId, new Date());
    const did = view.documents?.user?.account?.did;
    if (did === undefined) {
      throw new UsageError(
        `The users document of ${visible(user)} names no account, so there is no password to test. See: concord explain '${visible(user)}'`,
        'NO_ACCOUNT',
      );
    }
    if (options.reset === true) {
      refuseUnmanaged(user, view);
      nameTarget(config, 1);
    }
    const state = await stateOf(engine, user, did);
    const trigger = { user, userId, tenant: tenant.id };
    if (state.type === 'refused') await decide(engine, trigger, 'password.refused', { did });
    if (state.type === 'opens' && facts.passwordRefused)
      await decide(engine, trigger, 'password.accepted', { did });
    const reset =
      options.reset === true && state.type !== 'opens'
        ? await resetNow(engine, trigger, state, options)
        : undefined;
    const opens = state.type === 'opens';
    const resetGranted = reset !== undefined;
    if (json)
      printJson({
        ...{ command: 'password', user, did, state: state.type, opens, resetGranted },
        reset: reset ?? null,
      });
    else stdout.write(`${sentence(state, visible(user), reset)}\n`);
    if (reset === 'pending') return EXIT.partlyDone;
    return opens || resetGranted ? EXIT.clean : EXIT.differences;
  } finally {
    await engine.close();
  }
}

async function stateOf(
  { documents, accounts, vault }: Engine,
  user: UserKey,
  did: Did,
): Promise<PasswordState> {
  const stored = await documents.storedPassword(user, did);
  if (stored === undefined) return { type: 'missing' };
  try {
    const opens = await accounts.canLogIn(did, vault.open(stored, user));
    return { type: opens ? 'opens' : 'refused' };
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    return { type: 'unopened', code: error.code };
  }
}

/** A reset granted for such a user would stay pending, and be applied unexpectedly when the user is managed again. */
function refuseUnmanaged(user: UserKey, { desired: { account } }: View): void {
  if (account.type === 'account') return;
  const why = account.type === 'end' ? endSentence(account.end) : account.message;
  throw new UsageError(`No password of ${visible(user)} is set. ${why}`, 'ACCOUNT_NOT_MANAGED');
}

/** Undefined when it was not confirmed. A run that is killed after the grant is finished by the next reconciliation. */
async function resetNow(
  engine: Engine,
  trigger: Trigger,
  state: PasswordState,
  { by, yes }: PasswordOptions,
): Promise<Reset | undefined> {
  try {
    await engine.checkPasswords();
  } catch (error) {
    // A password whose key is lost is replaced, so a missing key is no error here.
    const isLostKey = error instanceof UsageError && error.code === 'CREDENTIAL_KEY_MISSING';
    if (!(isLostKey && state.type === 'unopened' && state.code === error.code)) throw error;
  }
  if (!(await confirm(question(state), yes))) return undefined;
  await decide(engine, trigger, 'password-reset.granted', { by });
  try {
    await reconcileNow(engine, trigger);
  } catch (error) {
    // Another worker has the user and applies the reset.
    if (!(error instanceof UsageError && error.code === 'USER_BUSY')) throw error;
  }
  // By the log, because another process may have done it.
  const { passwordResetGranted } = fold(await engine.log.ofUser(trigger.user));
  return passwordResetGranted ? 'pending' : 'done';
}

function question(state: PasswordState): string {
  const which = state.type === 'refused' ? 'Set the stored password' : 'Store a new password and set it';
  const why =
    state.type === 'unopened'
      ? `No key in CONCORD_CREDENTIAL_KEYS opens the stored one (${state.code}). `
      : '';
  return `${why}${which} on the PDS? This ends the open sessions of the account.`;
}

function sentence(state: PasswordState, user: string, reset: Reset | undefined): string {
  const what = {
    opens: `The stored password of ${user} opens the account.`,
    refused: `The PDS refuses the stored password of ${user}.`,
    missing: `No password is stored for the account of ${user}.`,
    unopened: `No key in CONCORD_CREDENTIAL_KEYS opens the stored password of ${user}.`,
  }[state.type];
  if (state.type === 'opens') return what;
  const isNew = state.type !== 'refused';
  if (reset === 'done') return `${what} ${isNew ? 'A new one was stored and set' : 'It was set'} on the PDS.`;
  if (reset === 'pending')
    return `${what} The reset is recorded and not done yet; see: concord explain '${user}'`;
  return `${what} To ${isNew ? 'store a new one and set it' : 'set it'} on the PDS: concord password '${user}' --reset`;
}
