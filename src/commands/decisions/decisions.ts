/** `pause`, `resume`, `retry`: a person's decisions about one user. Each is an event with who and why. */

import { counted } from '../../count.ts';
import { decide } from '../../engine/intake/decision.ts';
import { isExcluded } from '../../engine/intake/owner.ts';
import { UsageError } from '../../errors.ts';
import type { Decided } from '../../events/data/decisions.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { type Engine, wireEngine } from '../../wiring/engine.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  quietLoggerFor,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { nameTarget } from '../confirm.ts';
import { momentAhead } from '../moment.ts';
import { findUserToTouch } from '../user/find-user.ts';

export interface DecisionOptions extends GlobalOptions {
  /** Who decides, for the log. */
  readonly by: string;
  /** Why, for the log. */
  readonly reason?: string | undefined;
}

export function decidedBy({ by, reason }: DecisionOptions): Decided {
  return { by, ...(reason === undefined ? {} : { reason }) };
}

export interface PauseOptions extends DecisionOptions {
  readonly reason: string;
  /** A moment (ISO 8601), or a duration such as 30m, 12h or 7d from now. */
  readonly until?: string | undefined;
}

export async function runPause(text: string, options: PauseOptions): Promise<ExitCode> {
  const until = options.until === undefined ? null : momentAhead(options.until, new Date()).toISOString();
  return withEngine(options, async (engine, terminal) => {
    const found = await findUserToTouch(text, engine.tenants, engine.assess);
    const trigger = { user: found.user, userId: found.userId, tenant: found.tenant.id };
    await decide(engine, trigger, 'user.paused', { by: options.by, reason: options.reason, until });
    say(terminal, 'pause', found.user, until === null ? 'paused until resumed' : `paused until ${until}`);
  });
}

export async function runResume(text: string, options: DecisionOptions): Promise<ExitCode> {
  return withEngine(options, async (engine, terminal) => {
    const found = await findUserToTouch(text, engine.tenants, engine.assess);
    const trigger = { user: found.user, userId: found.userId, tenant: found.tenant.id };
    await decide(engine, trigger, 'user.resumed', decidedBy(options));
    say(terminal, 'resume', found.user, 'resumed, and due');
  });
}

export interface RetryOptions extends DecisionOptions {
  /** All failing or quarantined users, instead of one user. */
  readonly failed?: boolean | undefined;
}

export async function runRetry(text: string | undefined, options: RetryOptions): Promise<ExitCode> {
  if ((options.failed === true) === (text !== undefined)) {
    throw new UsageError('Give a user, or --failed for all failing users.');
  }
  const act = async (engine: Engine, terminal: Terminal): Promise<void> => {
    if (text !== undefined) {
      const found = await findUserToTouch(text, engine.tenants, engine.assess);
      const trigger = { user: found.user, userId: found.userId, tenant: found.tenant.id };
      await decide(engine, trigger, 'user.retried', decidedBy(options));
      return say(terminal, 'retry', found.user, 'due, with failures and refusals cleared');
    }
    const users = await retryFailed(engine, decidedBy(options));
    if (terminal.json) printJson({ command: 'retry', users });
    else terminal.stdout.write(`${counted(users, 'user')} ${users === 1 ? 'is' : 'are'} due\n`);
  };
  return withEngine(options, act, text === undefined ? 'all' : 1);
}

/** Makes all failing or quarantined users due. Returns how many. */
export async function retryFailed(
  engine: Pick<Engine, 'tenants' | 'subjects' | 'log' | 'queue' | 'clock' | 'databaseClock' | 'random'>,
  decided: Decided,
): Promise<number> {
  let users = 0;
  for (const { id: tenant, excludedBy } of engine.tenants) {
    for await (const subject of engine.subjects.list(tenant, { unsettled: true })) {
      const { user, userId } = subject;
      if ((subject.attempts === 0 && !subject.quarantined) || isExcluded({ excludedBy }, user)) continue;
      await decide(engine, { user, userId, tenant }, 'user.retried', decided);
      users += 1;
    }
  }
  return users;
}

async function withEngine(
  options: GlobalOptions,
  act: (engine: Engine, terminal: Terminal) => Promise<void>,
  users: number | 'all' = 1,
): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  nameTarget(config, users);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    await engine.checkCollations();
    await act(engine, terminalOf(options));
    return EXIT.clean;
  } finally {
    await engine.close();
  }
}

function say({ json, stdout }: Terminal, command: string, user: string, what: string): void {
  if (json) printJson({ command, user, result: what });
  else stdout.write(`${visible(user)} is ${what}\n`);
}
