/** Sweeps: what is under way, what a safety limit halted, and what was done, by the log. */

import { type TenantState, type TenantStateDeps, tenantStates } from '../engine/reports/tenant-state.ts';
import { APPROVABLE_FOR_MS } from '../engine/sweep/conclusions.ts';
import { type HaltedRun, haltedRuns, whatHalted } from '../engine/sweep/halted-runs.ts';
import type { EventOf, EventType } from '../events/event.ts';
import type { TenantId } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventReader } from '../ports/event-log.ts';
import type { HaltAnswer, HaltKind, SweepRun, SweepsAnswer } from './answers/sweeps.ts';
import { moment, runningSweep } from './overview.ts';

export interface SweepsDeps {
  readonly sources: TenantStateDeps;
  readonly tenants: readonly TenantId[];
  readonly clock: Pick<Clock, 'now'>;
}

const RUNS = 50;
const SAMPLE = 20;

export async function sweepsAnswer({ sources, tenants, clock }: SweepsDeps): Promise<SweepsAnswer> {
  const now = clock.now();
  const [states, halts, runs] = await Promise.all([
    tenantStates(sources, tenants, now),
    haltedRuns(sources.events, now, SAMPLE),
    runsOf(sources.events, tenants),
  ]);
  return {
    asOf: now.toISOString(),
    tenants: states.map(({ id, sweep }) => ({
      tenant: id,
      sweptAt: moment(sweep.completeAt),
      running: sweep.begun === undefined ? null : runningSweep(sweep.begun, now),
    })),
    halts: halts
      .filter(({ tenant }) => tenants.includes(tenant))
      .reverse()
      .map(haltAnswer),
    runs: runs.map((run) => soFar(run, states)),
  };
}

function haltAnswer(halt: HaltedRun): HaltAnswer {
  const { run, tenant, kind, at, limit, count, of, users, approval, closed } = halt;
  return {
    ...{ run, tenant, kind, limit, count, of },
    at: at.toISOString(),
    what: whatHalted(halt),
    sample: users.slice(0, SAMPLE).sort(),
    approved:
      approval === undefined
        ? null
        : { by: approval.by, at: approval.at.toISOString(), reason: approval.reason ?? null },
    closed: closed === undefined ? null : { run: closed.run, at: closed.finishedAt.toISOString() },
    approvableUntil: new Date(at.getTime() + APPROVABLE_FOR_MS).toISOString(),
  };
}

/**
 * A run is named by the event that began it, and its end does not say which one it was. Of a tenant one is under way
 * at a time: so an end belongs to the last beginning before it, and a run that has none broke off for good.
 */
async function runsOf(events: Pick<EventReader, 'read'>, tenants: readonly TenantId[]): Promise<SweepRun[]> {
  const [started, finished] = await Promise.all([
    newest(events, 'sweep.started', tenants),
    newest(events, 'sweep.finished', tenants),
  ]);
  const oldest = started.at(-1);
  const halted = oldest === undefined ? [] : await haltsSince(events, oldest.at);
  return started.slice(0, RUNS).map((run) => {
    const following = started.findLast(({ tenant, at }) => tenant === run.tenant && at > run.at);
    const end = finished.findLast(
      ({ tenant, at }) =>
        tenant === run.tenant && at >= run.at && (following === undefined || at < following.at),
    );
    return {
      ...{ run: run._id, tenant: run.tenant, startedAt: run.at.toISOString(), endedAt: moment(end?.at) },
      ...{ users: end?.data.users ?? null, drifted: end?.data.drifted ?? null },
      ...{ unreadable: end?.data.unreadable ?? 0, complete: end?.data.complete ?? null },
      inexact: end?.data.inexact ?? null,
      ...{ durationMs: end?.data.durationMs ?? null, resumes: end?.data.resumes ?? 0 },
      halted: halted.flatMap(({ data }): HaltKind[] => (data.run === run._id ? [data.kind] : [])),
    };
  });
}

/** Newest first. As many as lie between the shown ones where other tenants share the log. */
async function newest<Type extends 'sweep.started' | 'sweep.finished'>(
  events: Pick<EventReader, 'read'>,
  type: Type,
  tenants: readonly TenantId[],
): Promise<readonly EventOf<Type>[]> {
  const found: EventOf<Type>[] = [];
  for await (const event of events.read({ types: [type], newestFirst: true, limit: RUNS * 4 }))
    if (isOf(event, type) && tenants.includes(event.tenant)) found.push(event);
  return found;
}

async function haltsSince(
  events: Pick<EventReader, 'read'>,
  since: Date,
): Promise<readonly EventOf<'sweep.halted'>[]> {
  const found: EventOf<'sweep.halted'>[] = [];
  for await (const event of events.read({ types: ['sweep.halted'], since, usersOfHalts: 1 }))
    if (event.type === 'sweep.halted') found.push(event);
  return found;
}

function isOf<Type extends EventType>(
  event: { readonly type: EventType },
  type: Type,
): event is EventOf<Type> {
  return event.type === type;
}

/** How far the one under way has come. */
function soFar(run: SweepRun, states: readonly TenantState[]): SweepRun {
  const begun = states.find(({ id }) => id === run.tenant)?.sweep.begun;
  const kept = begun?.at.toISOString() === run.startedAt ? begun.kept : undefined;
  if (run.endedAt !== null || kept === undefined) return run;
  return { ...run, users: kept.users, drifted: kept.drifted, resumes: kept.resumes };
}
