/** The metrics that are counted while the work is done, as Prometheus sees them. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

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

/** Each metric by its name, help and labels, in the order of the page. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one list, with one statement for each metric.
export function declareMetrics(version: string) {
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
  const notices = counter(
    'concord_alert_notices_total',
    'Notices of alerts by receiver: taken, failed (a try that is repeated or was the last), or given_up (see the log).',
    ['receiver', 'outcome'],
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
  const reconciliationSeconds = histogram(
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
  const connections = gauge('concord_http_connections', 'Open connections to this process.', []);
  const refusedConnections = counter(
    'concord_http_connections_refused_total',
    'Connections that were refused because server.maxConnections was reached, or no descriptor was left.',
    [],
  );
  return {
    registry,
    events,
    entries,
    ignored,
    unknownCodes,
    notices,
    lastDelivery,
    streamState,
    readUntil,
    pulls,
    passes,
    reconciliationSeconds,
    convergence,
    steps,
    stepSeconds,
    failures,
    retries,
    leaseLosses,
    calls,
    callSeconds,
    limited,
    room,
    sweepUsers,
    answers,
    connections,
    refusedConnections,
  };
}
