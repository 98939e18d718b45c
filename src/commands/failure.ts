/** How a command line that failed is reported: its exit code, its text for people, and its document for programs. */
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { CredentialsError, describeError, LeaseLostError, UpstreamError, UsageError } from '../errors.ts';
import { maskPersonal } from '../logger.ts';
import { visible } from '../terminal/visible.ts';
import { EXIT, type ExitCode } from './command.ts';

export interface Failure {
  readonly exit: ExitCode;
  /** Stable, in capitals. */
  readonly code: string;
  readonly message: string;
  /** A command or an option to go on with, if the message does not say it. */
  readonly hint: string | null;
}

/** A usage error that is recognized only where the configuration or the terminal is known. */
const USAGE_CODES: ReadonlySet<string> = new Set(['USAGE', 'TENANT_UNKNOWN', 'NOT_CONFIRMED']);

/** Of an error that a command has thrown, or of what commander rejects. */
export function failureOf(error: unknown, command: CommandUnknownOpts): Failure {
  if (error instanceof CommanderError) return mistyped(error, command);
  const message = describeError(error);
  if (error instanceof UsageError)
    return USAGE_CODES.has(error.code)
      ? usageFailure(message, command, error.code)
      : { exit: EXIT.error, code: error.code, message, hint: null };
  if (error instanceof UpstreamError)
    return { exit: EXIT.error, code: error.code, message, hint: 'concord doctor' };
  const code = error instanceof CredentialsError || error instanceof LeaseLostError ? error.code : 'INTERNAL';
  return { exit: EXIT.error, code, message, hint: null };
}

/** An unknown command or option, or an argument or value that is missing or wrong. */
function mistyped(error: CommanderError, command: CommandUnknownOpts): Failure {
  const message = isHelp(error) ? 'Give a command.' : error.message.replace(/^error: /, '');
  return usageFailure(message, command, 'USAGE');
}

/** Commander has printed the help, because a command is missing. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help';
}

function usageFailure(message: string, command: CommandUnknownOpts, code: string): Failure {
  return { exit: EXIT.differences, code, message, hint: `${wordsOf(command)} --help` };
}

/** The text for stderr. What is named in it may be written to move a cursor. */
export function failureText({ exit, message, hint }: Failure, command: CommandUnknownOpts): string {
  const lines = message.split('\n').map(visible);
  if (exit !== EXIT.differences) return `${lines.join('\n')}\n${hint === null ? '' : `See: ${hint}\n`}`;
  return `${lines.join('\n')}\n\nUsage: ${wordsOf(command)} ${command.usage()}\nSee: ${hint}\n`;
}

/** What a program reads on stdout. Addresses of people that were typed or read are replaced. */
export function failureDocument({ code, message, hint }: Failure, command: CommandUnknownOpts) {
  const words = wordsOf(command).split(' ').slice(1).join(' ');
  return { command: words, error: { code, message: maskPersonal(message), hint } };
}

function wordsOf(command: CommandUnknownOpts): string {
  const names: string[] = [];
  for (let at: CommandUnknownOpts | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}
