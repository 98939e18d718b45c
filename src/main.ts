#!/usr/bin/env node
/** The entry point: runs the command line and sets the exit code. */
import { runCommandLine } from './commands/command-line.ts';
import { ignoreBrokenPipe, ignoreErrors } from './terminal/output.ts';

ignoreBrokenPipe(process.stdout);
ignoreErrors(process.stderr);
process.exitCode = await runCommandLine(process.argv.slice(2));
