/** The overview as it is sent to the page: the engine's, with every moment, sentence and command written out. */

import {
  type Overview,
  type OverviewDeps,
  overview,
  staleSentence,
  type Watchfulness,
} from '../engine/reports/overview.ts';
import { type BegunSweep, isRunning, isSilent, type TenantState } from '../engine/reports/tenant-state.ts';
import { gapSentence } from '../events/gap-text.ts';
import type { TenantId } from '../identity.ts';
import type { Alert } from '../ports/alerts.ts';
import type { Clock } from '../ports/clock.ts';
import { upstreamOf } from '../ports/upstreams.ts';
import type { AlertAnswer, OverviewAnswer, TenantAnswer, UpstreamAnswer } from './answers/overview.ts';
import type { RunningSweep } from './answers/sweeps.ts';

export interface OverviewAnswerDeps {
  readonly overview: OverviewDeps;
  readonly tenants: readonly TenantId[];
  readonly expected: Watchfulness;
  /** What the limiters of this process know. */
  readonly upstreams: () => readonly UpstreamAnswer[];
  readonly clock: Pick<Clock, 'now'>;
}

export async function overviewAnswer(deps: OverviewAnswerDeps): Promise<OverviewAnswer> {
  const seen = await overview(deps.overview, deps.tenants, deps.expected, deps.clock.now());
  return { ...told(seen), upstreams: deps.upstreams() };
}

export function told(seen: Overview): Omit<OverviewAnswer, 'upstreams'> {
  const { sync, health, isPartial, users, resources, queue, asOf } = seen;
  return {
    asOf: asOf.toISOString(),
    ...{ sync, health, isPartial, users, resources },
    situations: seen.troubles.map((trouble) => ({
      ...trouble,
      since: trouble.since.toISOString(),
    })),
    failures: seen.failures.map((failure) => ({
      ...failure,
      title: failure.upstream === null ? null : upstreamOf(failure.upstream).title,
      // Messages of upstreams name the call and the answer; our own may contain an address.
      message: failure.upstream === null ? '' : failure.message,
      since: failure.since.toISOString(),
    })),
    queue: { ...queue, oldestDueSince: moment(queue.oldestDueSince) },
    tenants: seen.tenants.map((tenant) => tenantAnswer(tenant, asOf)),
    indexes: seen.indexes.map(({ status, message }) => ({ status, message })),
    alerts: seen.alerts.map(alertAnswer).sort((a, b) => (a.since < b.since ? 1 : -1)),
    lookedAt: moment(seen.lookedAt),
    stale: seen.stale.map((stale) => ({
      what: stale.what,
      tenant: stale.tenant ?? null,
      since: moment(stale.since),
      message: staleSentence(stale, stale.since === undefined ? 'yet' : 'recently'),
    })),
  };
}

function tenantAnswer({ id, gaps, log, stream, sweep }: TenantState, asOf: Date): TenantAnswer {
  return {
    tenant: id,
    gaps: gaps.map((gap) => ({ since: gap.from.toISOString(), message: gapSentence(gap) })),
    stream:
      stream === undefined
        ? null
        : {
            deliveredAt: stream.deliveredAt.toISOString(),
            isSilent: isSilent(stream, asOf),
          },
    log: log === undefined ? null : { until: log.until.toISOString(), readAt: moment(log.readAt) },
    sweptAt: moment(sweep.completeAt),
    running: sweep.begun === undefined ? null : runningSweep(sweep.begun, asOf),
    halts: sweep.halts.length,
  };
}

export function runningSweep(begun: BegunSweep, now: Date): RunningSweep {
  const { at, kept, usual } = begun;
  return {
    startedAt: at.toISOString(),
    users: kept?.users ?? null,
    of: usual ?? null,
    drifted: kept?.drifted ?? null,
    resumes: kept?.resumes ?? 0,
    isAlive: isRunning(begun, now),
  };
}

function alertAnswer({ cause, firstSeenAt }: Alert): AlertAnswer {
  const { id, kind, tenant, what, command, users, orMore, example } = cause;
  return {
    ...{ id, kind, what, command, orMore },
    ...{ tenant: tenant ?? null, users: users ?? null, example: example ?? null },
    since: firstSeenAt.toISOString(),
  };
}

export function moment(date: Date | undefined): string | null {
  return date?.toISOString() ?? null;
}
