/**
 * The overall status, from the database alone: what the terminal and the dashboard show. Reads counts from indexes and
 * the users in trouble, so its duration hardly depends on the number of users.
 */

import { isRemovedReason } from '../../events/condition.ts';
import type { Share } from '../../events/data/runs.ts';
import type { Resource } from '../../events/resources.ts';
import type { TenantId } from '../../identity.ts';
import type { Alert, AlertReader } from '../../ports/alerts.ts';
import type { DocumentReader } from '../../ports/documents.ts';
import type { Ignored, IgnoredReader } from '../../ports/intake.ts';
import type { StatusCounts, StatusReader } from '../../ports/status-counts.ts';
import type { Health, SubjectReader, Sync } from '../../ports/subjects.ts';
import * as indexes from '../../reconcilers/indexes.ts';
import { RESOURCES } from '../../reconcilers/registry.ts';
import { type FailureOf, failuresIn, type SituationGroup, situationGroups } from './situation-groups.ts';
import { type TenantState, type TenantStateDeps, tenantStates } from './tenant-state.ts';

export interface OverviewDeps extends TenantStateDeps {
  readonly statusReader: Pick<StatusReader, 'counts'>;
  readonly subjects: Pick<SubjectReader, 'backlog'>;
  readonly documents: Pick<DocumentReader, 'indexes'>;
  readonly alerts: AlertReader;
  readonly ignored: IgnoredReader;
}

/** What a service must do; milliseconds, and null for what is not configured. */
export interface Watchfulness {
  /** The run whose position is when the service last checked the overall status. */
  readonly lookedRun: string;
  readonly lookedWithinMs: number | null;
  readonly logUnreadAfterMs: number | null;
  readonly sweepOverdueAfterMs: number | null;
}

/** Something that was not checked for too long, so that its status is old. */
export interface Stale {
  readonly what: 'service' | 'log' | 'sweep';
  readonly tenant: TenantId | undefined;
  /** Undefined when it was never checked. */
  readonly since: Date | undefined;
}

/**
 * The one shape of the overall status. `commands/status-report.ts` renders it as text and `commands/status.ts` as JSON;
 * `dashboard-data/overview.ts` renders it for the page. What is derived from it is derived here, not in a renderer.
 */
export interface Overview {
  readonly asOf: Date;
  /** Sync status and health, of the whole. */
  readonly sync: Sync;
  readonly health: Health;
  /** Each known user is one of synced, outOfSync, unknown, unseen and deleted. */
  readonly users: {
    readonly known: number;
    readonly synced: number;
    readonly outOfSync: number;
    readonly unknown: number;
    /** Known, and never fully reconciled. */
    readonly unseen: number;
    /** Health Deleted, in sync or not; a pending removal is in the troubles. */
    readonly deleted: number;
    /** Excluded by the configuration, and never changed: in no other figure here. */
    readonly excluded: number;
    readonly failing: number;
    /** Failed, with an automatic retry later. */
    readonly backingOff: number;
    readonly quarantined: number;
    /** Only a person can resolve them. */
    readonly held: number;
    readonly paused: number;
  };
  /** More users are in trouble than were read: the counts of troubles are lower bounds. */
  readonly isPartial: boolean;
  /** How many reconciled users, without deleted users, have each resource in sync. */
  readonly resources: readonly ({ readonly resource: Resource } & Share)[];
  readonly troubles: readonly SituationGroup[];
  readonly failures: readonly FailureOf[];
  readonly queue: {
    readonly due: number;
    readonly oldestDueSince: Date | undefined;
    readonly waiting: number;
  };
  readonly tenants: readonly TenantState[];
  /** Ingested entries that concern no user, by tenant and reason. */
  readonly ignored: readonly Ignored[];
  readonly indexes: readonly indexes.IndexFinding[];
  /** Open ones. */
  readonly alerts: readonly Alert[];
  /** When a service last checked the overall status; undefined when none ever did. */
  readonly lookedAt: Date | undefined;
  readonly stale: readonly Stale[];
}

/** A user who is due for longer waits too long. */
const BEHIND_AFTER_MS = 60_000;
/** A larger share of all users is not merely new. */
const NEW_SHARE = 0.1;
/** A tenth of a second of the server's time. How many are out of sync is counted in any case. */
const MAX_TROUBLED = 5_000;

export async function overview(
  deps: OverviewDeps,
  tenants: readonly TenantId[],
  expected: Watchfulness,
  now: Date,
): Promise<Overview> {
  const [statusCounts, backlog, states, actual, alerts, looked, ignored] = await Promise.all([
    deps.statusReader.counts(now, MAX_TROUBLED),
    deps.subjects.backlog(now),
    tenantStates(deps, tenants, now),
    deps.documents.indexes(),
    deps.alerts.all(),
    deps.positions.read(expected.lookedRun),
    deps.ignored.read(tenants),
  ]);
  const { situations, affected, waiting, isPartial } = statusCounts;
  const { due, oldestDueSince } = backlog;
  const isDeleted = ({ health }: { readonly health: Health }) => health === 'Deleted';
  const isSetAside = ({ health }: { readonly health: Health }) => health === 'Excluded';
  const living = statusCounts.seen.filter((kind) => !isDeleted(kind) && !isSetAside(kind));
  const inSync = (sync: Sync) => sum(living.filter((kind) => kind.sync === sync));
  // The read model has users of a halted run as they were before, yet they lack something.
  const untold = Math.min(inSync('Synced'), untoldIn(states, situations));
  const synced = inSync('Synced') - untold;
  const outOfSync = inSync('OutOfSync') + untold;
  const unknown = inSync('Unknown');
  const unseen = sum(statusCounts.unseen);
  const deletedKinds = statusCounts.seen.filter(isDeleted);
  const deleted = sum(deletedKinds);
  const failing = affected.filter(({ failure }) => failure !== undefined);
  const lookedAt = looked?.position === undefined ? undefined : new Date(looked.position);
  const seen = {
    asOf: now,
    users: {
      known: synced + outOfSync + unknown + unseen + deleted,
      ...{ synced, outOfSync, unknown, unseen, deleted },
      excluded: sum(statusCounts.seen.filter(isSetAside)),
      failing: sum(failing),
      backingOff: sum(failing.filter(({ waits }) => waits)),
      quarantined: sum(affected.filter(({ quarantined }) => quarantined)),
      held: sum(affected.filter(({ held }) => held)),
      paused: sum(affected.filter(({ paused }) => paused)),
    },
    isPartial,
    resources: resourcesOf(situations, synced + outOfSync + unknown),
    troubles: situationGroups(situations),
    failures: failuresIn(affected),
    queue: { due, oldestDueSince, waiting },
    tenants: states,
    ignored,
    indexes: indexes.plan(indexes.WANTED_INDEXES, actual),
    alerts: alerts.filter(({ phase }) => phase === 'open'),
    lookedAt,
    stale: staleOf(states, lookedAt, expected, now),
  };
  const syncOfDeleted = new Set(deletedKinds.flatMap((kind) => (kind.users > 0 ? kind.sync : [])));
  return { ...seen, ...statusOf(seen, syncOfDeleted) };
}

/** How many users lack something by an open halt, and have not been reconciled one by one. */
function untoldIn(states: readonly TenantState[], situations: StatusCounts['situations']): number {
  const halts = states.flatMap(({ sweep }) => sweep.halts.filter(({ kind }) => kind === 'disappearances'));
  const told = situations.filter(({ reason }) => isRemovedReason(reason)).map(({ users }) => users);
  const found = halts.reduce((all, { count }) => all + count, 0);
  return Math.max(0, found - Math.max(0, ...told));
}

function sum(groups: readonly { readonly users: number }[]): number {
  return groups.reduce((all, { users }) => all + users, 0);
}

/** A user has one condition of each resource. */
function resourcesOf(situations: StatusCounts['situations'], seen: number): Overview['resources'] {
  return RESOURCES.map((resource) => {
    const lacking = situations.filter((one) => one.resource === resource && !one.deleted);
    const without = sum(lacking);
    return { resource, have: seen - without, of: seen };
  });
}

function staleOf(
  tenants: readonly TenantState[],
  lookedAt: Date | undefined,
  { lookedWithinMs, logUnreadAfterMs, sweepOverdueAfterMs }: Watchfulness,
  now: Date,
): readonly Stale[] {
  const isOld = (at: Date | undefined, afterMs: number | null): boolean =>
    afterMs !== null && (at === undefined || now.getTime() - at.getTime() > afterMs);
  return [
    ...(isOld(lookedAt, lookedWithinMs)
      ? [{ what: 'service', tenant: undefined, since: lookedAt } as const]
      : []),
    ...tenants.flatMap(({ id: tenant, log, sweep }) => [
      ...(isOld(log?.readAt, logUnreadAfterMs) ? [{ what: 'log', tenant, since: log?.readAt } as const] : []),
      ...(isOld(sweep.listedAt, sweepOverdueAfterMs)
        ? [{ what: 'sweep', tenant, since: sweep.listedAt } as const]
        : []),
    ]),
  ];
}

/** Users who are briefly due, or new, are normal and no trouble. Of users never reconciled, nothing is known. */
function statusOf(
  seen: Omit<Overview, 'sync' | 'health'>,
  syncOfDeleted: ReadonlySet<Sync>,
): Pick<Overview, 'sync' | 'health'> {
  const { users, queue, tenants, alerts, stale, asOf } = seen;
  const { oldestDueSince } = queue;
  const isBehind =
    oldestDueSince !== undefined && asOf.getTime() - oldestDueSince.getTime() > BEHIND_AFTER_MS;
  const isDegraded =
    alerts.length + stale.length + users.failing + users.quarantined + users.held > 0 ||
    tenants.some(({ gaps, sweep }) => gaps.length + sweep.halts.length > 0) ||
    seen.indexes.some(({ status }) => status !== 'fit');
  const isNew = !isBehind && users.unseen <= users.known * NEW_SHARE;
  // A removal that is pending or cannot be read is open work, also of a deleted user.
  const isUnknown = users.unknown > 0 || syncOfDeleted.has('Unknown') || (users.unseen > 0 && !isNew);
  const isOutOfSync = users.outOfSync > 0 || syncOfDeleted.has('OutOfSync');
  const sync = isUnknown ? 'Unknown' : isOutOfSync ? 'OutOfSync' : 'Synced';
  if (isDegraded) return { sync, health: 'Degraded' };
  if (users.paused > 0) return { sync, health: 'Suspended' };
  return { sync, health: isBehind || sync !== 'Synced' ? 'Progressing' : 'Healthy' };
}

/** In sync, and nothing needs attention. */
export function isWell({ sync, health }: Pick<Overview, 'sync' | 'health'>): boolean {
  return sync === 'Synced' && health === 'Healthy';
}

/** What is old, for how long in the reader's words, and what to do about it. */
export function staleSentence({ what, tenant }: Stale, time: string): string {
  switch (what) {
    case 'service':
      return `No service has checked this ${time}. Is one running? concord serve`;
    case 'log':
      return `No process has read the log of ${tenant} ${time}: concord pull`;
    case 'sweep':
      return `No full sweep of ${tenant} has completed ${time}: concord reconcile --all`;
  }
}
