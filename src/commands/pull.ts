/** `concord pull`: ingests log entries that the streams did not deliver, and lists gaps. */

import { type PullResult, pull } from '../engine/intake/pull.ts';
import type { StreamStatus } from '../engine/intake/stream-status.ts';
import { gapSentence, gapToJson } from '../events/gap-text.ts';
import type { TenantId } from '../identity.ts';
import { stopSignal } from '../service/stop-signal.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { wirePull } from '../wiring/intake.ts';
import { tenantsNamed } from './audit/tenants-named.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  quietLoggerFor,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from './command.ts';

export interface PullCommandOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
}

type Pulled = PullResult & { readonly tenant: TenantId };

export async function runPull(options: PullCommandOptions): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'auth0']);
  const terminal = terminalOf(options);
  const logger = quietLoggerFor(options, config);
  const side = wirePull(config, logger);
  const stopping = new AbortController();
  // Ctrl-C stops it between two pages; what was read is ingested.
  void stopSignal(logger).then(() => stopping.abort());
  try {
    const tenants = tenantsNamed(side.tenants, options.tenant);
    await side.prepare();
    const progress = createProgress({
      label: 'reading log entries',
      stream: terminal.stderr,
      now: () => new Date(),
    });
    const pulled: Pulled[] = [];
    let before = 0;
    for (const tenant of tenants) {
      const onProgress = (entries: number) => progress.update(before + entries);
      const result = await pull(side.pull, tenant, { signal: stopping.signal, onProgress });
      before += result.entries;
      pulled.push({ tenant: tenant.id, ...result });
    }
    progress.finish();
    if (terminal.json) printJson({ command: 'pull', tenants: pulled.map(toJson) });
    else for (const each of pulled) printPulled(each, terminal);
    return exitOf(pulled);
  } finally {
    await side.close();
  }
}

function exitOf(pulled: readonly Pulled[]): ExitCode {
  if (pulled.some(({ end }) => end === 'failed')) return EXIT.error;
  if (pulled.some(({ end }) => end !== 'caught-up')) return EXIT.partlyDone;
  return pulled.some(({ gaps }) => gaps.length > 0) ? EXIT.differences : EXIT.clean;
}

function toJson({ gaps, failure, readUntil, ...pulled }: Pulled) {
  return {
    ...pulled,
    failure: failure ?? null,
    readUntil: readUntil?.toISOString() ?? null,
    gaps: gaps.map(gapToJson),
  };
}

function printPulled(pulled: Pulled, { stdout, style }: Pick<Terminal, 'stdout' | 'style'>): void {
  const { tenant, entries, accepted, rejected, readUntil, stream, gaps } = pulled;
  const unreadable = rejected === 0 ? '' : `, ${rejected} unreadable`;
  const until = readUntil === undefined ? '' : `, read up to ${readUntil.toISOString()}`;
  stdout.write(
    `${style('bold', tenant)}  ${entries} ${entries === 1 ? 'entry' : 'entries'}, ${accepted} of them new${unreadable}${until}\n`,
  );
  const trouble = endSentence(pulled);
  if (trouble !== undefined) stdout.write(`  ${style('red', trouble)}\n`);
  const said = streamSentence(stream);
  if (said !== undefined) stdout.write(`  ${style('yellow', said)}\n`);
  for (const gap of gaps) stdout.write(`  ${style('red', 'gap')}  ${gapSentence(gap)}\n`);
}

function endSentence({ end, failure }: Pulled): string | undefined {
  switch (end) {
    case 'caught-up':
      return undefined;
    case 'more':
      return failure === undefined
        ? 'There are more entries. Run this again to continue.'
        : 'Auth0 allows no more reads for now. Run this again later to continue.';
    case 'stopped':
      return 'Stopped. Run this again to continue.';
    case 'failed':
      return failure === 'FORBIDDEN'
        ? 'Auth0 does not allow reading the log. Grant the application the scope read:logs.'
        : `The rest of the log could not be read (${failure ?? 'unknown'}).`;
  }
}

function streamSentence(stream: StreamStatus): string | undefined {
  switch (stream) {
    case 'active':
      return undefined;
    case 'paused':
      return 'The log stream was paused in Auth0. Resume it there.';
    case 'suspended':
      return 'Auth0 suspended the log stream after failures. Resume it there.';
    case 'missing':
      return 'The log stream no longer exists. Create it again in Auth0.';
    case 'none':
      return 'No log stream delivers for this tenant. Its log is only read on a schedule.';
    case 'unknown':
      return 'The status of the log stream could not be read. Grant the scope read:log_streams.';
  }
}
