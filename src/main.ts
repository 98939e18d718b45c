#!/usr/bin/env node
/** The entry point: runs the command line and sets the exit code. */
import { CommanderError } from '@commander-js/extra-typings';
import { createProgram } from './commands/program.ts';
import { describeError, UsageError } from './errors.ts';
import { ignoreBrokenPipe, ignoreErrors } from './terminal/output.ts';
import { visible } from './terminal/visible.ts';

async function main(): Promise<number> {
  ignoreBrokenPipe(process.stdout);
  ignoreErrors(process.stderr);
  let code = 0;
  const concord = createProgram((ended) => {
    code = ended;
  });
  try {
    await concord.parseAsync();
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

process.exitCode = await main();
