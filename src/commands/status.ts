/** `concord status`: the overall status on one screen. Reads MongoDB alone. */

import { isWell, type Overview, overview } from '../engine/reports/overview.ts';
import { gapToJson } from '../events/gap-text.ts';
import { printJson } from '../terminal/output.ts';
import { wireOverview } from '../wiring/read-side.ts';
import { EXIT, type ExitCode, type GlobalOptions, reachedConfigFor, terminalOf } from './command.ts';
import { printStatus } from './status-report.ts';

export async function runStatus(options: GlobalOptions): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb']);
  const terminal = terminalOf(options);
  const side = wireOverview(config);
  try {
    const startedAt = performance.now();
    const seen = await overview(side.overview, side.tenants, side.expected, new Date());
    const durationMs = Math.round(performance.now() - startedAt);
    if (terminal.json) printJson({ command: 'status', isWell: isWell(seen), ...toJson(seen), durationMs });
    else printStatus(seen, durationMs, terminal);
    return isWell(seen) ? EXIT.clean : EXIT.differences;
  } finally {
    await side.close();
  }
}

function toJson(seen: Overview) {
  const at = (date: Date | undefined): string | null => date?.toISOString() ?? null;
  return {
    ...seen,
    asOf: at(seen.asOf),
    lookedAt: at(seen.lookedAt),
    queue: { ...seen.queue, oldestDueSince: at(seen.queue.oldestDueSince) },
    troubles: seen.troubles.map((trouble) => ({
      ...trouble,
      since: at(trouble.since),
    })),
    failures: seen.failures.map(({ since, ...failure }) => ({ ...failure, since: at(since) })),
    tenants: seen.tenants.map(({ id, gaps, log, stream, sweep }) => ({
      id,
      gaps: gaps.map(gapToJson),
      log: log === undefined ? null : { until: at(log.until), readAt: at(log.readAt) },
      stream: stream === undefined ? null : { ...stream, deliveredAt: at(stream.deliveredAt) },
      sweep: {
        last: sweep.last === undefined ? null : { ...sweep.last, endedAt: at(sweep.last.endedAt) },
        completeAt: at(sweep.completeAt),
        listedAt: at(sweep.listedAt),
        begunAt: at(sweep.begun?.at),
        halts: sweep.halts.map((halt) => ({ ...halt, at: at(halt.at) })),
      },
    })),
    ignored: seen.ignored.map(({ firstAt, lastAt, ...counted }) => ({
      ...{ ...counted, firstAt: at(firstAt), lastAt: at(lastAt) },
    })),
    alerts: seen.alerts.map(({ cause, opening, firstSeenAt }) => ({
      ...{ alert: opening, cause: cause.id, kind: cause.kind, tenant: cause.tenant ?? null },
      ...{ what: cause.what, users: cause.users ?? null, example: cause.example ?? null },
      ...{ since: at(firstSeenAt), command: cause.command },
    })),
    stale: seen.stale.map(({ what, tenant, since }) => ({ what, tenant: tenant ?? null, since: at(since) })),
  };
}
