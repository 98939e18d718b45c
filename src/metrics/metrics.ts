/**
 * What is counted while the work is done, under the names that Prometheus sees. Labels have few values: never
 * an id, an address or a handle.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { IngestResult } from '../engine/intake/ingest.ts';
import type { PullResult } from '../engine/intake/pull.ts';
import type { PassResult, StepInfo } from '../engine/reconcile/reconcile.ts';
import type { Upstream } from '../errors.ts';
import type { EventType } from '../events/event.ts';
import { IGNORE_REASONS, type IgnoredCounts } from '../events/ignored.ts';
import type { TenantId } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { Lease } from '../ports/queue.ts';
import type { CallInfo } from '../upstream/caller.ts';
import type { EngineObserver, ServiceObserver } from './observer.ts';

export interface Metrics extends EngineObserver, ServiceObserver {
  readonly registry: Registry;
}

const CALL_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const PASS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** From too short to notice to a day: a user may wait for an outage to end. */
const CONVERGENCE_SECONDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];
/** Gauges whose names end as those of counters do, which Prometheus's own check refuses. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one statement a metric, and one listener for each report.
export function createMetrics(
  clock: Pick<Clock, 'now'>,
  version: string,
  tenants: readonly TenantId[],
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ) => new Histogram({ name, help, labelNames, buckets, registers });

  gauge('concord_build_info', 'Always 1; the version is in the labels.', ['version', 'node']).set(
    { version, node: process.version },
    1,
  );
  const events = counter(
    'concord_events_total',
    'Events of the log, by whether they were appended or were there already.',
    ['type', 'outcome'],
  );
  const entries = counter(
    'concord_entries_total',
    "Entries of Auth0's log, by the way they came and what became of them.",
    ['tenant', 'source', 'outcome'],
  );
  const ignored = counter(
    'concord_ignored_total',
    'Entries and changes that concern no user, by the way they came and why.',
    ['tenant', 'source', 'reason'],
  );
  const unknownCodes = counter(
    'concord_unknown_log_codes_total',
    "Codes of Auth0's log that this version does not know, each counted once in a database; the log names them.",
    ['tenant'],
  );
  const lastDelivery = gauge(
    'concord_stream_last_delivery_timestamp_seconds',
    'When a stream of this tenant last delivered something to this process.',
    ['tenant'],
  );
  const streamState = gauge(
    'concord_stream_state',
    'How the log stream stands, by the last pull: 1 for the state that it is in.',
    ['tenant', 'state'],
  );
  const readUntil = gauge(
    'concord_pull_read_until_timestamp_seconds',
    "Up to when the tenant's log has been read.",
    ['tenant'],
  );
  const pulls = counter('concord_pulls_total', "Reads of a tenant's log, by how they ended.", [
    'tenant',
    'end',
  ]);
  const passes = counter('concord_passes_total', 'Reconciliations of one user, by how they ended.', [
    'tenant',
    'end',
  ]);
  const passSeconds = histogram(
    'concord_pass_duration_seconds',
    'Duration of the reconciliation of one user.',
    ['end'],
    PASS_SECONDS,
  );
  const convergence = histogram(
    'concord_convergence_seconds',
    'Time from the first trigger, such as a webhook, until the user is in sync, over all reconciliations.',
    ['tenant', 'trigger'],
    CONVERGENCE_SECONDS,
  );
  const steps = counter(
    'concord_steps_total',
    'Actions that were tried: done, unchanged, refused, reserved, or the code of the failure.',
    ['resource', 'action', 'outcome'],
  );
  const stepSeconds = histogram(
    'concord_step_duration_seconds',
    'How long one action took.',
    ['resource', 'result'],
    CALL_SECONDS,
  );
  const failures = counter(
    'concord_failures_total',
    'Failed reads and actions of reconciliations, by resource and code.',
    ['resource', 'code'],
  );
  const retries = counter('concord_retries_total', 'Failed reconciliations that are retried automatically.', [
    'tenant',
  ]);
  const leaseLosses = counter(
    'concord_lease_losses_total',
    'Reconciliations that ended because their lease on the user was lost.',
    ['tenant'],
  );
  const calls = counter(
    'concord_upstream_calls_total',
    'Calls to Auth0 and the PDS, by the class of the answer; turned_away was not sent, for want of room.',
    ['upstream', 'tenant', 'method', 'route', 'outcome'],
  );
  const callSeconds = histogram(
    'concord_upstream_call_duration_seconds',
    'How long a call took, whatever the answer.',
    ['upstream', 'route'],
    CALL_SECONDS,
  );
  const limited = counter('concord_upstream_rate_limited_total', 'Calls that were answered with 429.', [
    'upstream',
    'tenant',
    'bucket',
  ]);
  const room = gauge(
    'concord_upstream_calls_remaining',
    'Calls that were left by the last answer that spoke of limits.',
    ['upstream', 'tenant', 'bucket'],
  );
  const sweepUsers = gauge(
    'concord_sweep_progress_users',
    'Users compared by the sweep that this process runs, or ran last.',
    ['tenant', 'standing'],
  );
  const answers = histogram(
    'concord_http_request_duration_seconds',
    'How long a request took to be answered.',
    ['method', 'route', 'status'],
    CALL_SECONDS,
  );

  // A series that begins with its first 1 has no increase that an alert could see.
  for (const tenant of tenants) {
    retries.inc({ tenant }, 0);
    unknownCodes.inc({ tenant }, 0);
    leaseLosses.inc({ tenant }, 0);
    for (const end of PASS_ENDS) passes.inc({ tenant, end }, 0);
    for (const source of IGNORED_SOURCES)
      for (const reason of IGNORE_REASONS) ignored.inc({ tenant, source, reason }, 0);
  }

  function countEntries(tenant: TenantId, source: 'webhook' | 'pull', result: IngestResult): void {
    const { accepted, duplicates, rejected } = result;
    for (const [outcome, count] of Object.entries({
      accepted,
      duplicates,
      ignored: result.ignored,
      rejected,
    }))
      entries.inc({ tenant, source, outcome }, count);
    countIgnored(tenant, source, result.ignoredFor);
  }

  function countIgnored(tenant: TenantId, source: IgnoredSource, counts: IgnoredCounts): void {
    for (const reason of IGNORE_REASONS)
      if (counts[reason] !== undefined) ignored.inc({ tenant, source, reason }, counts[reason]);
  }

  return {
    registry,
    onAppend: (type: EventType, isNew: boolean) =>
      events.inc({ type, outcome: isNew ? 'appended' : 'duplicate' }),
    onCall: (upstream: Upstream, tenant: TenantId | undefined, call: CallInfo) => {
      const { method, route, bucket, sent, status, durationMs, remaining } = call;
      const whose = { upstream, tenant: tenant ?? '' };
      calls.inc({ ...whose, method, route, outcome: sent ? outcomeOf(status) : 'turned_away' });
      if (sent) callSeconds.observe({ upstream, route }, durationMs / 1_000);
      if (status === 429) limited.inc({ ...whose, bucket });
      if (remaining !== undefined) room.set({ ...whose, bucket }, remaining);
    },
    onStep: ({ action, outcome, durationMs }: StepInfo) => {
      const { resource, type } = action;
      steps.inc({ resource, action: type, outcome });
      const result = WITHOUT_FAILURE.has(outcome) ? outcome : 'failed';
      stepSeconds.observe({ resource, result }, durationMs / 1_000);
    },
    onPass: ({ tenant, causes }: Lease, result: PassResult) => {
      const { end, durationMs, latencyMs } = result;
      passes.inc({ tenant, end });
      passSeconds.observe({ end }, durationMs / 1_000);
      for (const { resource, code } of result.failures) failures.inc({ resource, code });
      if (end === 'failed' && result.retryAt !== undefined) retries.inc({ tenant });
      if (end === 'lease-lost') leaseLosses.inc({ tenant });
      if (end !== 'converged' || latencyMs === undefined) return;
      // The ids of Auth0's events begin with the tenant; all others are Concord's own.
      const isAuth0s = causes.some((cause) => cause.startsWith(`${tenant}:`));
      convergence.observe({ tenant, trigger: isAuth0s ? 'auth0' : 'other' }, latencyMs / 1_000);
    },
    onBrokenPass: ({ tenant }: Lease, durationMs: number) => {
      passes.inc({ tenant, end: 'broken-off' });
      passSeconds.observe({ end: 'broken-off' }, durationMs / 1_000);
    },
    onIngest: (tenant: TenantId, result: IngestResult) => {
      countEntries(tenant, 'webhook', result);
      lastDelivery.set({ tenant }, clock.now().getTime() / 1_000);
    },
    onPull: (tenant: TenantId, result: PullResult) => {
      countEntries(tenant, 'pull', result);
      pulls.inc({ tenant, end: result.end });
      if (result.readUntil !== undefined) readUntil.set({ tenant }, result.readUntil.getTime() / 1_000);
      if (result.end === 'stopped') return;
      for (const state of STREAM_STATES) streamState.set({ tenant, state }, state === result.stream ? 1 : 0);
    },
    onIgnored: countIgnored,
    onUnknownCode: (tenant: TenantId) => unknownCodes.inc({ tenant }),
    onSweepProgress: (tenant: TenantId, users: number, drifted: number) => {
      sweepUsers.set({ tenant, standing: 'looked-at' }, users);
      sweepUsers.set({ tenant, standing: 'drifted' }, drifted);
    },
    onAnswer: (method, route, status, durationMs) => {
      // Clients choose the method, so all unknown ones share a label.
      const known = METHODS.has(method) ? method : 'other';
      answers.observe({ method: known, route: route ?? 'none', status }, durationMs / 1_000);
    },
  };
}

const IGNORED_SOURCES = ['webhook', 'pull', 'database'] as const;
type IgnoredSource = (typeof IGNORED_SOURCES)[number];
const PASS_ENDS = [
  ...(['converged', 'held', 'deferred', 'failed', 'skipped', 'lease-lost', 'broken-off'] as const),
  ...(['not-a-user', 'excluded'] as const),
];
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const STREAM_STATES = ['active', 'paused', 'suspended', 'missing', 'none', 'unknown'] as const;

/** `2xx`, `429`, `none` where no answer came, and so on. */
/** Outcomes of an action that are no code of a failure. */
const WITHOUT_FAILURE: ReadonlySet<string> = new Set(['done', 'unchanged', 'refused', 'reserved']);

function outcomeOf(status: number): string {
  if (status === 0) return 'none';
  return status === 429 ? '429' : `${Math.trunc(status / 100)}xx`;
}
