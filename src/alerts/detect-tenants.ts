/** What is wrong with the logs and streams of tenants, and with the sweeps that find what these missed. Pure. */

import { counted } from '../count.ts';
import { isSilent, type SweepState, type TenantState } from '../engine/reports/tenant-state.ts';
import { type Gap, isStreamGap } from '../events/gap.ts';
import { haltClause } from '../events/halt-text.ts';
import { isListedToEnd } from '../events/inexact.ts';
import type { Cause, CauseKind, CheckResult } from '../ports/alerts.ts';
import type { Expectations } from './system-facts.ts';

/** The time for the first work of a process, and for another process to resume an interrupted sweep. */
const GRACE_MS = 600_000;

export function checkTenants(
  tenants: readonly TenantState[],
  expected: Expectations,
  now: Date,
): CheckResult {
  const causes: Cause[] = [];
  const blind: string[] = [];
  const isNew = now.getTime() - expected.upSince.getTime() < GRACE_MS;
  for (const tenant of tenants) {
    causes.push(...tenant.gaps.map(gapCause), ...tenant.sweep.halts.map((halt) => haltCause(tenant, halt)));
    const timely = [silence(tenant, now), unread(tenant, expected, now), ...sweeping(tenant, expected, now)];
    for (const cause of timely) {
      if (cause === undefined) continue;
      // After a downtime everything is late, and not lost.
      if (isNew) blind.push(cause.id);
      else causes.push(cause);
    }
  }
  return { causes, blind };
}

function of(
  { id: tenant }: Pick<TenantState, 'id'>,
  kind: CauseKind,
  detail: string | undefined,
  told: Pick<Cause, 'what' | 'since' | 'command'>,
): Cause {
  const id = [kind, tenant, detail].filter((part) => part !== undefined).join(':');
  const nobody = { users: undefined, orMore: false, example: undefined };
  return { id, kind, tenant, ...nobody, ...told, isSettled: true };
}

function gapCause(gap: Gap): Cause {
  const { tenant: id, cause, from } = gap;
  return of({ id }, isStreamGap(gap) ? 'stream-unhealthy' : 'gap', cause, {
    what: `Tenant ${id}: ${gapSaid(gap)} Until it is closed, no account is removed.`,
    since: from,
    command: gapCommand(gap),
  });
}

function gapSaid({ cause, from, until }: Gap): string {
  const time = `${from.toISOString()} to ${until?.toISOString() ?? 'now'}`;
  switch (cause) {
    case 'retention-passed':
      return `log entries of ${time} are lost: Auth0 no longer has them.`;
    case 'checkpoint-gone':
      return `log entries of ${time} may be lost: Auth0 did not know the last position.`;
    case 'pull-failing':
      return `the log could not be read, ${time}.`;
    case 'stream-paused':
      return 'the log stream was paused in Auth0.';
    case 'stream-suspended':
      return 'Auth0 suspended the log stream after a week of failures.';
    case 'stream-missing':
      return 'the log stream that delivered here no longer exists.';
  }
}

function gapCommand({ cause, tenant }: Gap): string {
  switch (cause) {
    case 'retention-passed':
    case 'checkpoint-gone':
      return `concord reconcile --all --tenant ${tenant}`;
    case 'pull-failing':
      return `concord pull --tenant ${tenant}`;
    case 'stream-paused':
    case 'stream-suspended':
      return `Resume it in Auth0 (Monitoring, Streams), then: concord pull --tenant ${tenant}`;
    case 'stream-missing':
      return `Create it in Auth0 (Monitoring, Streams, Custom Webhook), then: concord pull --tenant ${tenant}`;
  }
}

function silence(tenant: TenantState, now: Date): Cause | undefined {
  const { id, stream } = tenant;
  if (stream === undefined || !isSilent(stream, now)) return undefined;
  const usual = counted(Math.round(stream.patienceMs / 60_000), 'minute');
  return of(tenant, 'stream-silent', undefined, {
    what: `Tenant ${id}: the log stream has delivered nothing since ${stream.deliveredAt.toISOString()}. Its usual pauses allow ${usual}.`,
    since: stream.deliveredAt,
    command: `Check its health in Auth0 (Monitoring, Streams), then read what it did not deliver: concord pull --tenant ${id}`,
  });
}

function unread(
  tenant: TenantState,
  { logUnreadAfterMs, upSince }: Expectations,
  now: Date,
): Cause | undefined {
  if (logUnreadAfterMs === null) return undefined;
  const since = tenant.log?.readAt ?? upSince;
  if (now.getTime() - since.getTime() <= logUnreadAfterMs) return undefined;
  const never =
    tenant.log === undefined ? 'has never been read' : `has not been read since ${since.toISOString()}`;
  return of(tenant, 'log-unread', undefined, {
    what: `Tenant ${tenant.id}: the log ${never}, so events that the stream does not deliver are missed.`,
    since,
    command: `concord pull --tenant ${tenant.id}`,
  });
}

function haltCause(tenant: Pick<TenantState, 'id'>, halt: SweepState['halts'][number]): Cause {
  const { run, kind, count, at } = halt;
  const cause = of(tenant, 'sweep-halted', kind, {
    what: `Tenant ${tenant.id}: a safety limit halted a sweep. ${haltClause(halt)}.${kind === 'disappearances' ? REPAIR_FIRST : ''}`,
    since: at,
    command:
      kind === 'disappearances' ? `concord reconcile --all --tenant ${tenant.id}` : `concord approve ${run}`,
  });
  return kind === 'source' ? cause : { ...cause, users: count };
}

/** An approval would only make each user need action. */
const REPAIR_FIRST =
  ' A collection was dropped, a backup was restored, or PDS_URL names another PDS: repair that first. A complete sweep then closes the halt.';

function sweeping(
  tenant: TenantState,
  { sweepOverdueAfterMs, upSince }: Expectations,
  now: Date,
): readonly (Cause | undefined)[] {
  const { last, begun, listedAt } = tenant.sweep;
  const command = `concord reconcile --all --tenant ${tenant.id}`;
  const leftAt = begun === undefined ? undefined : (begun.heldUntil ?? begun.at);
  const isLeft = leftAt !== undefined && now.getTime() - leftAt.getTime() > GRACE_MS;
  const brokeOff = isLeft || (begun === undefined && last !== undefined && !isListedToEnd(last));
  const since = listedAt ?? upSince;
  const isOverdue = sweepOverdueAfterMs !== null && now.getTime() - since.getTime() > sweepOverdueAfterMs;
  return [
    brokeOff
      ? of(tenant, 'sweep-broken-off', undefined, {
          what: `Tenant ${tenant.id}: the last sweep did not complete, so missed changes of users stay unknown.`,
          since: leftAt ?? last?.endedAt ?? now,
          command,
        })
      : undefined,
    isOverdue
      ? of(tenant, 'sweep-overdue', undefined, {
          what: `Tenant ${tenant.id}: ${listedAt === undefined ? 'no full sweep has completed yet' : `no full sweep has completed since ${listedAt.toISOString()}`}.`,
          since,
          command,
        })
      : undefined,
  ];
}
