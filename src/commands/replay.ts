/** `concord replay`: rebuilds the read model and reservations from the event log alone. */
import { type ReplayReport, replay } from '../engine/operations/replay.ts';
import { formatDuration } from '../terminal/duration.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { visible } from '../terminal/visible.ts';
import { wireReplay } from '../wiring/operations.ts';
import {
  configFor,
  EXIT,
  type ExitCode,
  type GlobalOptions,
  quietLoggerFor,
  type Terminal,
  terminalOf,
} from './command.ts';

export interface ReplayOptions extends GlobalOptions {
  readonly dryRun?: boolean | undefined;
}

export async function runReplay(options: ReplayOptions): Promise<ExitCode> {
  const dryRun = options.dryRun === true;
  const terminal = terminalOf(options);
  const config = configFor(options, ['mongodb']);
  const side = wireReplay(config, quietLoggerFor(options, config), dryRun);
  try {
    await side.checkCollations();
    const startedAt = Date.now();
    const progress = createProgress({
      label: 'rebuilding users',
      stream: terminal.stderr,
      now: () => new Date(),
    });
    const report = await replay(side, (users) => progress.update(users));
    progress.finish();
    const durationMs = Date.now() - startedAt;
    if (terminal.json) printJson({ command: 'replay', dryRun, ...report, durationMs });
    else printReplay(report, dryRun, durationMs, terminal);
    if (report.differing + (dryRun ? report.unreserved : 0) > 0) return EXIT.differences;
    return report.withoutTenant + report.unerased.length > 0 ? EXIT.partlyDone : EXIT.clean;
  } finally {
    await side.close();
  }
}

function printReplay(
  report: ReplayReport,
  dryRun: boolean,
  durationMs: number,
  { stdout, style }: Terminal,
): void {
  const { users, equal, rebuilt, differing, busy, withoutTenant, withoutEvents, unerased } = report;
  stdout.write(
    `${users} users replayed in ${formatDuration(durationMs)}: ${equal} equal, ${rebuilt} rebuilt${differing > 0 ? `, ${differing} that differ` : ''}\n`,
  );
  if (busy > 0) stdout.write(`${busy} are being reconciled, which updates them anyway\n`);
  if (withoutTenant > 0)
    stdout.write(`${style('red', `${withoutTenant} belong to no configured tenant and were skipped`)}\n`);
  if (withoutEvents > 0)
    stdout.write(`${withoutEvents} subjects have no event in the log and were skipped\n`);
  if (report.unreserved > 0)
    stdout.write(
      `${report.unreserved} open account creations ${dryRun ? 'have no reservation' : 'reserved again'}\n`,
    );
  if (report.reservationsOver > 0)
    stdout.write(`${report.reservationsOver} reservations are over${dryRun ? '' : ' and were released'}\n`);
  for (const user of unerased)
    stdout.write(
      `${style('red', visible(user))} is forgotten, but the log has personal data again: concord forget '${visible(user)}'\n`,
    );
}
