/** Runs one command line and answers its exit code. An error is a text on stderr, and with `--json` a document on stdout. */
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { UsageError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';
import { createProgram } from './program.ts';

/** `args` are those after the name of the program. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let code = 0;
  const concord = createProgram((ended) => {
    code = ended;
  });
  // The command that the error is about: the one that rejects its arguments, or the one that runs.
  let command: CommandUnknownOpts = concord;
  eachCommand(concord, (one) => {
    one.exitOverride((error) => {
      command = one;
      throw error;
    });
  });
  concord.hook('preAction', (_program, running) => {
    command = running;
  });
  try {
    await concord.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Help and version are printed by then.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return report(error, command, args);
  }
}

async function report(error: unknown, command: CommandUnknownOpts, args: readonly string[]): Promise<number> {
  // Loaded when it is needed, so that `--help` is quick.
  const { failureDocument, failureOf, failureText, isHelp } = await import('./failure.ts');
  const failure = failureOf(error, command);
  const who = error instanceof UsageError || error instanceof CommanderError ? '' : 'concord: ';
  // Without a command, help is on stderr by then.
  if (!isHelp(error)) process.stderr.write(`${who}${failureText(failure, command)}`);
  if (isJsonAsked(args)) printJson(failureDocument(failure, command));
  return failure.exit;
}

/** Commander may have stopped before it read all options. */
function isJsonAsked(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}

function eachCommand(command: CommandUnknownOpts, act: (command: CommandUnknownOpts) => void): void {
  act(command);
  for (const one of command.commands) eachCommand(one, act);
}
