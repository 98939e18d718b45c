/** `concord credentials reseal`: seals every stored password with the first key of the ring. Prints no password. */
import { keyIds } from '../credentials.ts';
import { type ResealReport, reseal } from '../engine/reseal.ts';
import { UsageError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { visible } from '../terminal/visible.ts';
import { wireCredentials } from '../wire.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, type Terminal, terminalOf } from './command.ts';

export interface ResealOptions extends GlobalOptions {
  readonly sealPlaintext?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

export async function runReseal(options: ResealOptions): Promise<ExitCode> {
  const { sealPlaintext = false, dryRun = false } = options;
  const config = configFor(options, ['mongodb', 'credentials']);
  const [sealing] = keyIds(config.credentials.keys);
  if (config.credentials.storage === 'plaintext' || sealing === undefined) {
    throw new UsageError(
      'Passwords are stored as plaintext here (credentials.storage), so there is nothing to seal with.',
      'STORED_AS_PLAINTEXT',
    );
  }
  const terminal = terminalOf(options);
  const { close, ...side } = wireCredentials(config, dryRun);
  try {
    const progress = createProgress({
      label: 'sealing passwords',
      stream: terminal.stderr,
      now: () => new Date(),
    });
    const report = await reseal({ ...side, sealing }, { sealPlaintext }, (seen) => progress.update(seen));
    progress.finish();
    if (terminal.json) printJson({ command: 'credentials reseal', dryRun, key: sealing, ...report });
    else printReseal(report, sealing, dryRun, terminal);
    return exitOf(report, dryRun);
  } finally {
    await close();
  }
}

function exitOf({ unopened, changed, resealed, sealed }: ResealReport, dryRun: boolean): ExitCode {
  if (unopened.length + changed > 0) return EXIT.partlyDone;
  return dryRun && resealed + sealed > 0 ? EXIT.differences : EXIT.clean;
}

function printReseal(report: ResealReport, key: string, dryRun: boolean, { stdout, style }: Terminal): void {
  const { passwords, current, resealed, sealed, plaintext, changed, unopened } = report;
  const done = dryRun ? 'to be sealed' : 'sealed';
  stdout.write(`${passwords} stored passwords: ${current} were sealed with ${key} before\n`);
  stdout.write(`  ${resealed} ${done} with ${key} instead of another key\n`);
  if (sealed > 0) stdout.write(`  ${sealed} ${done} that were plaintext\n`);
  if (plaintext > 0) stdout.write(`  ${plaintext} are plaintext and left so; --seal-plaintext seals them\n`);
  if (changed > 0) stdout.write(`  ${changed} were written by another process meanwhile: run this again\n`);
  for (const { user, field, code } of unopened)
    stdout.write(`  ${style('red', 'no key opens')} ${field}.password of ${visible(user)} (${code})\n`);
  if (!dryRun && unopened.length + changed === 0) {
    stdout.write(
      `Once every process runs with ${key} as its first key and this finds nothing to seal, other keys may go.\n`,
    );
  }
}
