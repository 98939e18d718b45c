/** Runs one command line and answers its exit code; what goes wrong is one line on stderr. */
import { CommanderError } from '@commander-js/extra-typings';
import { describeError, UsageError } from '../errors.ts';
import { visible } from '../terminal/visible.ts';
import { createProgram } from './program.ts';

/** `args` are those after the name of the program. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let code = 0;
  const concord = createProgram((ended) => {
    code = ended;
  });
  try {
    await concord.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has written help, version or what was mistyped.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = error instanceof UsageError ? error.message : `concord: ${describeError(error)}`;
    // The lines are ours; what is named in them may be written to move a cursor.
    process.stderr.write(`${message.split('\n').map(visible).join('\n')}\n`);
    return 1;
  }
  return code;
}
