/**
 * What is counted while the work is done, under the names that Prometheus sees. Labels have few values: never
 * an id, an address or a handle.
 */
import type { Registry } from 'prom-client';
import type { IngestResult } from '../engine/intake/ingest.ts';
import type { ReconciliationResult, StepInfo } from '../engine/reconcile/reconcile.ts';
import type { Upstream } from '../errors.ts';
import type { EventType } from '../events/event.ts';
import { IGNORE_REASONS, type IgnoredCounts } from '../events/ignored.ts';
import type { TenantId } from '../identity.ts';
import type { NoticeOutcome } from '../ports/alerts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Lease } from '../ports/queue.ts';
import type { CallInfo } from '../upstream/guarded-fetch.ts';
import { declareMetrics } from './declared.ts';
import type { EngineObserver, ServiceObserver } from './observer.ts';

export interface Metrics extends EngineObserver, ServiceObserver {
  readonly registry: Registry;
}

export function createMetrics(
  clock: Pick<Clock, 'now'>,
  version: string,
  tenants: readonly TenantId[],
  receivers: readonly string[] = [],
): Metrics {
  const declared = declareMetrics(version);
  startAtZero(declared, tenants, receivers);

  function countEntries(tenant: TenantId, source: 'webhook' | 'pull', result: IngestResult): void {
    const { accepted, duplicates, rejected } = result;
    for (const [outcome, count] of Object.entries({
      accepted,
      duplicates,
      ignored: result.ignored,
      rejected,
    }))
      declared.entries.inc({ tenant, source, outcome }, count);
    countIgnored(tenant, source, result.ignoredFor);
  }

  function countIgnored(tenant: TenantId, source: IgnoredSource, counts: IgnoredCounts): void {
    for (const reason of IGNORE_REASONS)
      if (counts[reason] !== undefined) declared.ignored.inc({ tenant, source, reason }, counts[reason]);
  }

  return {
    registry: declared.registry,
    onAppend: (type: EventType, isNew: boolean) =>
      declared.events.inc({ type, outcome: isNew ? 'appended' : 'duplicate' }),
    onCall: (upstream: Upstream, tenant: TenantId | undefined, call: CallInfo) => {
      const { method, route, bucket, sent, status, durationMs, remaining } = call;
      const whose = { upstream, tenant: tenant ?? '' };
      declared.calls.inc({ ...whose, method, route, outcome: sent ? outcomeOf(status) : 'turned_away' });
      if (sent) declared.callSeconds.observe({ upstream, route }, durationMs / 1_000);
      if (status === 429) declared.limited.inc({ ...whose, bucket });
      if (remaining !== undefined) declared.room.set({ ...whose, bucket }, remaining);
    },
    onStep: ({ action, outcome, durationMs }: StepInfo) => {
      const { resource, type } = action;
      declared.steps.inc({ resource, action: type, outcome });
      const result = WITHOUT_FAILURE.has(outcome) ? outcome : 'failed';
      declared.stepSeconds.observe({ resource, result }, durationMs / 1_000);
    },
    onReconciliation: ({ tenant, causes }: Lease, result: ReconciliationResult) => {
      const { end, durationMs, latencyMs } = result;
      declared.passes.inc({ tenant, end });
      declared.reconciliationSeconds.observe({ end }, durationMs / 1_000);
      for (const { resource, code } of result.failures) declared.failures.inc({ resource, code });
      if (end === 'failed' && result.retryAt !== undefined) declared.retries.inc({ tenant });
      if (end === 'lease-lost') declared.leaseLosses.inc({ tenant });
      if (end !== 'converged' || latencyMs === undefined) return;
      // The ids of Auth0's events begin with the tenant; all others are Concord's own.
      const isAuth0s = causes.some((cause) => cause.startsWith(`${tenant}:`));
      declared.convergence.observe({ tenant, trigger: isAuth0s ? 'auth0' : 'other' }, latencyMs / 1_000);
    },
    onBrokenReconciliation: ({ tenant }: Lease, durationMs: number) => {
      declared.passes.inc({ tenant, end: 'broken-off' });
      declared.reconciliationSeconds.observe({ end: 'broken-off' }, durationMs / 1_000);
    },
    onIngest: (tenant: TenantId, result: IngestResult) => {
      countEntries(tenant, 'webhook', result);
      declared.lastDelivery.set({ tenant }, clock.now().getTime() / 1_000);
    },
    ...pullMetrics(declared, countEntries),
    onConnections: (open: number) => declared.connections.set(open),
    onConnectionRefused: () => declared.refusedConnections.inc(),
    onIgnored: countIgnored,
    onUnknownCode: (tenant: TenantId) => declared.unknownCodes.inc({ tenant }),
    onNotice: (receiver: string, outcome: NoticeOutcome) => declared.notices.inc({ receiver, outcome }),
    onSweepProgress: (tenant: TenantId, users: number, drifted: number) => {
      declared.sweepUsers.set({ tenant, standing: 'looked-at' }, users);
      declared.sweepUsers.set({ tenant, standing: 'drifted' }, drifted);
    },
    onAnswer: (method, route, status, durationMs) => {
      // Clients choose the method, so all unknown ones share a label.
      const known = METHODS.has(method) ? method : 'other';
      declared.answers.observe({ method: known, route: route ?? 'none', status }, durationMs / 1_000);
    },
  };
}

const IGNORED_SOURCES = ['webhook', 'pull', 'database'] as const;
type IgnoredSource = (typeof IGNORED_SOURCES)[number];
const NOTICE_OUTCOMES = ['taken', 'failed', 'given_up'] as const satisfies readonly NoticeOutcome[];
const PASS_ENDS = [
  ...(['converged', 'held', 'deferred', 'failed', 'skipped', 'lease-lost', 'broken-off'] as const),
  ...(['not-a-user', 'excluded'] as const),
];
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const STREAM_STATES = ['active', 'paused', 'suspended', 'missing', 'none', 'unknown'] as const;

/** Outcomes of an action that are no code of a failure. */
const WITHOUT_FAILURE: ReadonlySet<string> = new Set(['done', 'unchanged', 'refused', 'reserved']);

/** What a pull shows of a tenant's log holds until another process pulls. */
function pullMetrics(
  { pulls, readUntil, streamState }: ReturnType<typeof declareMetrics>,
  countEntries: (tenant: TenantId, source: 'pull', result: IngestResult) => void,
): Pick<ServiceObserver, 'onPull' | 'onPulledElsewhere'> {
  return {
    onPull: (tenant, result) => {
      countEntries(tenant, 'pull', result);
      pulls.inc({ tenant, end: result.end });
      if (result.readUntil !== undefined) readUntil.set({ tenant }, result.readUntil.getTime() / 1_000);
      if (result.end === 'stopped') return;
      for (const state of STREAM_STATES) streamState.set({ tenant, state }, state === result.stream ? 1 : 0);
    },
    onPulledElsewhere: (tenant) => {
      readUntil.remove({ tenant });
      for (const state of STREAM_STATES) streamState.remove({ tenant, state });
    },
  };
}

/** A series that begins with its first 1 has no increase that an alert could see. */
function startAtZero(
  {
    retries,
    unknownCodes,
    leaseLosses,
    passes: reconciliations,
    ignored,
    notices,
  }: ReturnType<typeof declareMetrics>,
  tenants: readonly TenantId[],
  receivers: readonly string[],
): void {
  for (const receiver of receivers)
    for (const outcome of NOTICE_OUTCOMES) notices.inc({ receiver, outcome }, 0);
  for (const tenant of tenants) {
    retries.inc({ tenant }, 0);
    unknownCodes.inc({ tenant }, 0);
    leaseLosses.inc({ tenant }, 0);
    for (const end of PASS_ENDS) reconciliations.inc({ tenant, end }, 0);
    for (const source of IGNORED_SOURCES)
      for (const reason of IGNORE_REASONS) ignored.inc({ tenant, source, reason }, 0);
  }
}

/** `2xx`, `429`, `none` where no answer came, and so on. */
function outcomeOf(status: number): string {
  if (status === 0) return 'none';
  return status === 429 ? '429' : `${Math.trunc(status / 100)}xx`;
}
