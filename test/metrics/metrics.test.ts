/** What is counted of a pass, a call and a pull, and by which labels. */
import { describe, expect, test } from 'vitest';
import type { PullResult } from '../../src/engine/intake/pull.ts';
import type { ReconciliationResult } from '../../src/engine/reconcile/reconcile.ts';
import { eventId } from '../../src/identity.ts';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import type { Lease } from '../../src/ports/queue.ts';
import { alice } from '../mongo/subjects/people.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const { tenant, user, userId } = alice;

function counted(): { readonly metrics: Metrics; read(name: string): Promise<string[]> } {
  const metrics = createMetrics(virtualClock(), '1.2.3', [tenant]);
  const read = async (name: string) =>
    (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith(name) && !line.endsWith(' 0'))
      .map((line) => line.slice(name.length));
  return { metrics, read };
}

function leaseWith(...causes: readonly string[]): Lease {
  return {
    ...{ user, userId, tenant, token: 'token', until: new Date(), dueCount: 1, isRoutine: false },
    ...{ dueSince: undefined, dueLatest: undefined, observedAt: undefined, shown: undefined },
    ...{ unfinished: 0, isTakeover: false },
    causes: causes.map((cause) => eventId(cause)),
  };
}

const result: ReconciliationResult = {
  ...{ user, end: 'converged', conditions: [], applied: [], failures: [] },
  ...{ retryAt: undefined, durationMs: 250, latencyMs: 1_500 },
};

describe('a pass', () => {
  test('that converged is counted, with the time since Auth0 told of it', async () => {
    const { metrics, read } = counted();
    metrics.onReconciliation(leaseWith(`${tenant}:900`), result);
    expect(await read('concord_passes_total')).toEqual([`{tenant="${tenant}",end="converged"} 1`]);
    expect(await read('concord_convergence_seconds_sum')).toEqual([
      `{tenant="${tenant}",trigger="auth0"} 1.5`,
    ]);
    expect(await read('concord_pass_duration_seconds_sum')).toEqual(['{end="converged"} 0.25']);
  });

  test('of the sweep is no sign-up that took all day', async () => {
    const { metrics, read } = counted();
    metrics.onReconciliation(leaseWith('0190163d-8694-739b-aea5-966c26f8ad91'), result);
    expect(await read('concord_convergence_seconds_sum')).toEqual([
      `{tenant="${tenant}",trigger="other"} 1.5`,
    ]);
  });

  test('that failed is counted by what failed, and as a retry where there is one', async () => {
    const { metrics, read } = counted();
    const failure = { error: new Error('alice@example.com'), retryAfterMs: undefined };
    metrics.onReconciliation(leaseWith(), {
      ...result,
      end: 'failed',
      failures: [{ ...failure, resource: 'account', code: 'TIMEOUT' }],
      retryAt: new Date(),
    });
    expect(await read('concord_failures_total')).toEqual(['{resource="account",code="TIMEOUT"} 1']);
    expect(await read('concord_retries_total')).toEqual([`{tenant="${tenant}"} 1`]);
    expect(await read('concord_convergence_seconds_count')).toEqual([]);
  });

  test('that lost its lease, and one that broke off', async () => {
    const { metrics, read } = counted();
    metrics.onReconciliation(leaseWith(), { ...result, end: 'lease-lost', latencyMs: undefined });
    metrics.onBrokenReconciliation(leaseWith(), 40);
    expect(await read('concord_lease_losses_total')).toEqual([`{tenant="${tenant}"} 1`]);
    expect(await read('concord_passes_total')).toEqual([
      `{tenant="${tenant}",end="lease-lost"} 1`,
      `{tenant="${tenant}",end="broken-off"} 1`,
    ]);
  });
});

const call = { method: 'GET', route: 'users.get', bucket: 'users', sent: true, durationMs: 20 } as const;

test.each([
  [200, '2xx'],
  [404, '4xx'],
  [429, '429'],
  [503, '5xx'],
  [0, 'none'],
])('an answer of %i is %s', async (status, outcome) => {
  const { metrics, read } = counted();
  metrics.onCall('auth0', tenant, { ...call, status, remaining: 9 });
  const labels = `upstream="auth0",tenant="${tenant}",method="GET",route="users.get"`;
  expect(await read('concord_upstream_calls_total')).toEqual([`{${labels},outcome="${outcome}"} 1`]);
  expect(await read('concord_upstream_rate_limited_total')).toHaveLength(status === 429 ? 1 : 0);
  expect(await read('concord_upstream_calls_remaining')).toEqual([
    `{upstream="auth0",tenant="${tenant}",bucket="users"} 9`,
  ]);
});

test('a call that was turned away took no time of the other side’s', async () => {
  const { metrics, read } = counted();
  metrics.onCall('pds', undefined, { ...call, sent: false, status: 0, remaining: undefined });
  expect(await read('concord_upstream_calls_total')).toEqual([
    '{upstream="pds",tenant="",method="GET",route="users.get",outcome="turned_away"} 1',
  ]);
  expect(await read('concord_upstream_call_duration_seconds_count')).toEqual([]);
});

test('a pull says how far it came, and how the stream stands until the next one', async () => {
  const { metrics, read } = counted();
  const pulled: PullResult = {
    ...{ entries: 3, accepted: 2, duplicates: 1, ignored: 0, ignoredFor: {}, rejected: 0 },
    ...{ failure: undefined, gaps: [] },
    ...{ end: 'caught-up', readUntil: new Date(1_700_000_000_000), stream: 'suspended' },
  };
  metrics.onPull(tenant, pulled);
  expect(await read('concord_stream_state')).toEqual([`{tenant="${tenant}",state="suspended"} 1`]);
  metrics.onPull(tenant, { ...pulled, stream: 'active' });
  expect(await read('concord_stream_state')).toEqual([`{tenant="${tenant}",state="active"} 1`]);
  metrics.onPull(tenant, { ...pulled, end: 'stopped', stream: 'unknown' });
  expect(await read('concord_stream_state')).toEqual([`{tenant="${tenant}",state="active"} 1`]);
  expect(await read('concord_pull_read_until_timestamp_seconds')).toEqual([
    `{tenant="${tenant}"} 1700000000`,
  ]);
});

test('what is ignored is counted by the way it came and why, from zero', async () => {
  const { metrics, read } = counted();
  const result = { accepted: 0, duplicates: 0, ignored: 3, rejected: 0 };
  metrics.onIngest(tenant, { ...result, ignoredFor: { 'no-subject': 1, 'not-a-user-id': 2 } });
  metrics.onIgnored(tenant, 'database', { excluded: 4 });
  expect(await metrics.registry.metrics()).toContain(
    `concord_ignored_total{tenant="${tenant}",source="pull",reason="excluded"} 0`,
  );
  expect(await read('concord_ignored_total')).toEqual([
    `{tenant="${tenant}",source="webhook",reason="no-subject"} 1`,
    `{tenant="${tenant}",source="webhook",reason="not-a-user-id"} 2`,
    `{tenant="${tenant}",source="database",reason="excluded"} 4`,
  ]);
});

test('a method that nobody has heard of is no label of its own', async () => {
  const { metrics, read } = counted();
  metrics.onAnswer('PURGE', null, 404, 2);
  expect(await read('concord_http_request_duration_seconds_count')).toEqual([
    '{method="other",route="none",status="404"} 1',
  ]);
});
