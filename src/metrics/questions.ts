/** The metrics whose values are in the database: users by status, due users, gaps, halted runs, sweeps. */
import { Gauge, type Registry } from 'prom-client';
import { openGaps } from '../engine/intake/gaps.ts';
import { haltedRuns, isOpen } from '../engine/sweep/halted-runs.ts';
import type { EventOf } from '../events/event.ts';
import { isListedToEnd } from '../events/inexact.ts';
import type { TenantId } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventReader } from '../ports/event-log.ts';
import type { StatusCounts } from '../ports/status-counts.ts';
import type { SubjectReader } from '../ports/subjects.ts';
import type { Question } from './asked.ts';

export interface QuestionDeps {
  readonly registry: Registry;
  readonly clock: Pick<Clock, 'now'>;
  readonly tenants: readonly TenantId[];
  readonly events: Pick<EventReader, 'read'>;
  readonly subjects: Pick<SubjectReader, 'backlog'>;
  readonly statusCounts: () => Promise<StatusCounts>;
}

/** Only the newest sweeps of all tenants are read; a tenant with none among them has no series. */
const SWEEPS_READ = 200;
/** There are about sixty reasons. A larger number means that other values are used as reasons. */
const MOST_SITUATIONS = 500;
const REASON = /^[A-Za-z]{1,40}$/;

export function questions(deps: QuestionDeps): Question[] {
  return [backlog(deps), statuses(deps), gaps(deps), halts(deps), sweeps(deps)];
}

function gauge<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  ...labelNames: readonly L[]
) {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}

function backlog({ registry, subjects, clock }: QuestionDeps): Question {
  const due = gauge(registry, 'concord_due_users', 'Users who are due now or leased.');
  const oldest = gauge(
    registry,
    'concord_due_oldest_timestamp_seconds',
    'When the user who has waited longest became due; missing when no user is due.',
  );
  return {
    name: 'backlog',
    ask: async () => {
      const { due: count, oldestDueSince } = await subjects.backlog(clock.now());
      due.set(count);
      if (oldestDueSince === undefined) oldest.remove();
      else oldest.set(seconds(oldestDueSince));
    },
    hide: () => [due, oldest].forEach((one) => void one.remove()),
  };
}

function statuses({ registry, statusCounts, tenants }: QuestionDeps): Question {
  const users = gauge(
    registry,
    'concord_users',
    'Users by sync status and health. Users deleted in Auth0 or forgotten have health="Deleted" and do not count as in sync, whatever their sync status is.',
    ...(['tenant', 'sync', 'health'] as const),
  );
  const drifted = gauge(
    registry,
    'concord_drifted_users',
    'Users out of sync in this resource for this reason, deleted users included; held when the user needs action.',
    ...(['tenant', 'resource', 'reason', 'held'] as const),
  );
  const paused = gauge(registry, 'concord_paused_users', 'Users that a person has paused.', 'tenant');
  const quarantined = gauge(
    registry,
    'concord_quarantined_users',
    'Users set aside after failures.',
    'tenant',
  );
  const all = [users, drifted, paused, quarantined];
  return {
    name: 'standings',
    ask: async () => {
      const found = await statusCounts();
      for (const one of all) one.reset();
      for (const tenant of tenants) {
        paused.set({ tenant }, 0);
        quarantined.set({ tenant }, 0);
      }
      for (const { users: count, ...labels } of found.seen) users.inc(labels, count);
      for (const { users: count, tenant } of found.unseen)
        users.inc({ tenant, sync: 'Unknown', health: 'Progressing' }, count);
      for (const { users: count, tenant, quarantined: isSetAside } of found.affected)
        if (isSetAside) quarantined.inc({ tenant }, count);
      for (const { users: count, tenant, resource, reason, held } of found.situations.slice(
        0,
        MOST_SITUATIONS,
      )) {
        if (resource === 'pause' && reason === 'Paused') paused.inc({ tenant }, count);
        const known = REASON.test(reason) ? reason : 'other';
        drifted.inc({ tenant, resource, reason: known, held: String(held) }, count);
      }
    },
    hide: () => {
      for (const one of all) one.reset();
    },
  };
}

function gaps({ registry, events, tenants }: QuestionDeps): Question {
  const open = gauge(
    registry,
    'concord_open_gaps',
    'Times of which something may have been missed.',
    'tenant',
    'cause',
  );
  return {
    name: 'gaps',
    ask: async () => {
      const found = await Promise.all(tenants.map((tenant) => openGaps(events, tenant)));
      open.reset();
      for (const { tenant, cause } of found.flat()) open.inc({ tenant, cause });
    },
    hide: () => open.reset(),
  };
}

function halts({ registry, events, clock }: QuestionDeps): Question {
  const halted = gauge(
    registry,
    'concord_halted_runs',
    'Open halts of sweeps by a safety limit, of the last seven days: not approved, and not closed by a later complete sweep.',
    'tenant',
    'kind',
  );
  return {
    name: 'halts',
    ask: async () => {
      const found = await haltedRuns(events, clock.now(), 1);
      halted.reset();
      for (const { tenant, kind } of found.filter(isOpen)) halted.inc({ tenant, kind });
    },
    hide: () => halted.reset(),
  };
}

function sweeps(deps: QuestionDeps): Question {
  const { registry } = deps;
  const endedAt = gauge(
    registry,
    'concord_sweep_last_end_timestamp_seconds',
    'When the last sweep ended.',
    'tenant',
  );
  const took = gauge(
    registry,
    'concord_sweep_last_duration_seconds',
    'How long the last sweep took.',
    'tenant',
  );
  const users = gauge(registry, 'concord_sweep_last_users', 'Users that the last sweep compared.', 'tenant');
  const drifted = gauge(
    registry,
    'concord_sweep_last_drifted_users',
    'Users that the last sweep found out of sync.',
    'tenant',
  );
  const complete = gauge(
    registry,
    'concord_sweep_last_complete',
    '1 when the last sweep compared all listed users, 0 when its listing broke off.',
    'tenant',
  );
  const exact = gauge(
    registry,
    'concord_sweep_last_exact',
    '1 when the listing of the last sweep was exact, 0 when nothing was concluded about who is missing.',
    'tenant',
  );
  const all = [endedAt, took, users, drifted, complete, exact];
  return {
    name: 'sweeps',
    ask: async () => {
      const found = await lastSweeps(deps);
      for (const one of all) one.reset();
      for (const { tenant, at, data } of found.values()) {
        endedAt.set({ tenant }, seconds(at));
        took.set({ tenant }, data.durationMs / 1_000);
        users.set({ tenant }, data.users);
        drifted.set({ tenant }, data.drifted);
        complete.set({ tenant }, isListedToEnd(data) ? 1 : 0);
        exact.set({ tenant }, data.complete ? 1 : 0);
      }
    },
    hide: () => {
      for (const one of all) one.reset();
    },
  };
}

/** The last sweep of each tenant. */
async function lastSweeps({
  events,
  tenants,
}: QuestionDeps): Promise<ReadonlyMap<TenantId, EventOf<'sweep.finished'>>> {
  const found = new Map<TenantId, EventOf<'sweep.finished'>>();
  const query = { types: ['sweep.finished'], newestFirst: true, limit: SWEEPS_READ } as const;
  for await (const event of events.read(query)) {
    if (event.type !== 'sweep.finished' || !tenants.includes(event.tenant)) continue;
    if (!found.has(event.tenant)) found.set(event.tenant, event);
    if (found.size === tenants.length) break;
  }
  return found;
}

function seconds(at: Date): number {
  return at.getTime() / 1_000;
}
