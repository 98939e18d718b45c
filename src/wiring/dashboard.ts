/** What the overview and the dashboard read, from a connection that is there already. */
import { ALERTING_RUN } from '../alerts/alerting.ts';
import type { Config } from '../config/schema.ts';
import type { UpstreamAnswer } from '../dashboard-data/answers/overview.ts';
import { createDashboardData } from '../dashboard-data/create.ts';
import type { OverviewAnswerDeps } from '../dashboard-data/overview.ts';
import type { AssessedTenant } from '../engine/reconcile/read-side.ts';
import type { Upstream } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { Logger } from '../logger.ts';
import { alertReader } from '../mongo/alerts.ts';
import { positionReader } from '../mongo/cursors.ts';
import type { ReadableDb } from '../mongo/driver/database.ts';
import { activityReader } from '../mongo/log/activity.ts';
import { eventReader } from '../mongo/log/event-log.ts';
import { eventTail } from '../mongo/log/event-tail.ts';
import { ignoredReader } from '../mongo/log/ignored.ts';
import { documentReader } from '../mongo/platform/document-reader.ts';
import { statusReader } from '../mongo/subjects/status-counts.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { userPages } from '../mongo/subjects/user-pages.ts';
import { type BucketQuota, upstreamOf } from '../ports/upstreams.ts';
import { systemClock } from './system.ts';

/** The alert check counts as stopped once it has missed this many of its intervals. */
const LOOKS_MISSED = 6;

/** An upstream with limits. */
export interface Limited {
  readonly upstream: Upstream;
  /** Undefined for one that all of them share. */
  readonly tenant: TenantId | undefined;
  readonly quota: () => readonly BucketQuota[];
}

export function dashboardDataFor(
  db: ReadableDb,
  config: Config,
  logger: Logger,
  directories: readonly AssessedTenant[],
  limited: readonly Limited[],
) {
  const { overview, tenants, expected } = overviewFor(db, config);
  return createDashboardData({
    ...{ overview, tenants, expected, directories },
    activity: activityReader(db),
    pages: userPages(db, tenants),
    documents: documentReader(db),
    subjects: subjectReader(db, tenants),
    upstreams: () => limited.flatMap(quotaOf),
    tail: eventTail(db, systemClock),
    clock: systemClock,
    logger,
  });
}

export function overviewFor(
  db: ReadableDb,
  { tenants: served, alerts, schedule }: Config,
): Pick<OverviewAnswerDeps, 'overview' | 'tenants' | 'expected'> {
  const tenants = served.map(({ id }) => id);
  return {
    overview: {
      events: eventReader(db),
      subjects: subjectReader(db, tenants),
      documents: documentReader(db),
      statusReader: statusReader(db, tenants),
      positions: positionReader(db),
      alerts: alertReader(db),
      ignored: ignoredReader(db),
      silence: alerts.silence,
    },
    tenants,
    // What a service with this configuration does.
    expected: {
      lookedRun: ALERTING_RUN,
      lookedWithinMs: alerts.intervalMs === null ? null : alerts.intervalMs * LOOKS_MISSED,
      logUnreadAfterMs: schedule.pull === null ? null : alerts.logUnreadAfterMs,
      sweepOverdueAfterMs: schedule.sweep === null ? null : alerts.sweepOverdueAfterMs,
    },
  };
}

function quotaOf({ upstream, tenant, quota }: Limited): readonly UpstreamAnswer[] {
  const { title } = upstreamOf(upstream);
  return quota().map(({ bucket, remaining, limit, resetAt, waiting }) => ({
    ...{ upstream, title, tenant: tenant ?? null, bucket, remaining, waiting },
    ...{ limit: limit ?? null, resetAt: resetAt.toISOString() },
  }));
}
