import { describe, expect, it, vi } from 'vitest';
import type { LogEntry } from '../../../../src/sandbox/auth0/logs/log-entry.ts';
import type { Auth0Tenant } from '../../../../src/sandbox/auth0/tenant.ts';
import { until } from '../../../support/until.ts';
import { managementApi, startTenant, TestClock } from '../tenant-under-test.ts';
import { entriesOf, startReceiver } from './receiver.ts';

async function signUpMany(tenant: Auth0Tenant, count: number, prefix = 'p'): Promise<void> {
  for (let i = 0; i < count; i += 1) await tenant.signUp({ email: `${prefix}${i}@example.com` });
}

function ids(entries: readonly LogEntry[]): string[] {
  return entries.map((entry) => entry.log_id);
}

describe('delivery', () => {
  it.each([
    [
      'JSONLINES',
      (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
    ],
    ['JSONARRAY', (text: string) => JSON.parse(text)],
    ['JSONOBJECT', (text: string) => JSON.parse(text).logs],
  ] as const)('sends %s, with the authorization as it was typed', async (format, read) => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    tenant.logStream.add({ endpoint: receiver.endpoint, authorization: 'literally this', format });
    const { user_id } = await tenant.signUp({ email: 'alice@example.com', password: 'correct horse' });
    await tenant.logStream.flush();
    const [request] = receiver.requests;
    expect(request).toMatchObject({ authorization: 'literally this', contentType: 'application/json' });
    const [entry] = read(request?.text ?? '') as LogEntry[];
    expect(entry).toMatchObject({ log_id: entry?.data.log_id, data: { type: 'ss', user_id } });
    expect(request?.text).not.toContain('correct horse');
  });

  it('delivers everything, in batches, out of order, some of it twice', async () => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES' });
    await signUpMany(tenant, 100);
    await tenant.logStream.flush();
    const received = ids(entriesOf(receiver.requests));
    const written = ids(tenant.logs.readable());
    expect(new Set(received)).toEqual(new Set(written));
    expect(received.length).toBeGreaterThan(written.length);
    const firstSeen = [...new Set(received)];
    expect(firstSeen).not.toEqual(written);
    expect(receiver.requests.length).toBeLessThan(written.length);
  });

  it('doubles and shuffles the same way for the same seed', async () => {
    const orders: string[][] = [];
    for (let run = 0; run < 2; run += 1) {
      const clock = new TestClock();
      const tenant = await startTenant({ clock: clock.read, seed: 7 });
      const receiver = await startReceiver();
      tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES' });
      tenant.logStream.pause();
      await signUpMany(tenant, 30);
      tenant.logStream.resume();
      await tenant.logStream.flush();
      orders.push(ids(entriesOf(receiver.requests)));
    }
    expect(orders[0]).toEqual(orders[1]);
  });

  it('tries three times, then begins again with what failed, until it succeeds', async () => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    receiver.answer = (request) => (request <= 7 ? 500 : 200);
    const id = tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES' });
    await tenant.signUp({ email: 'alice@example.com' });
    await tenant.logStream.flush();
    expect(receiver.requests.length).toBeGreaterThanOrEqual(8);
    expect(new Set(ids(entriesOf(receiver.requests))).size).toBe(1);
    expect(tenant.logStream.failures(id)).toHaveLength(7);
    expect(tenant.logStream.failures(id)[0]?.message).toBe('HTTP 500');
  });

  it('says what is wrong when a flush does not come to an end', async () => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    receiver.answer = () => 401;
    const id = tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES' });
    await tenant.signUp({ email: 'alice@example.com' });
    await until('it has been refused', () => tenant.logStream.failures(id).length > 0);
    await expect(tenant.logStream.flush(50)).rejects.toThrow('HTTP 401');
  });
});

describe('a paused stream', () => {
  it('queues, and delivers on resume what is still within retention', async () => {
    const clock = new TestClock();
    const tenant = await startTenant({ clock: clock.read, retentionDays: 1 });
    const receiver = await startReceiver();
    const id = tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES' });
    tenant.logStream.pause(id);
    await tenant.signUp({ email: 'alice@example.com' });
    clock.advance(20 * 3_600_000);
    await tenant.signUp({ email: 'bob@example.com' });
    await tenant.logStream.flush();
    expect(receiver.requests).toEqual([]);
    clock.advance(5 * 3_600_000);
    tenant.logStream.resume(id);
    await tenant.logStream.flush();
    const names = entriesOf(receiver.requests).map((entry) => entry.data.user_name);
    expect(new Set(names)).toEqual(new Set(['bob@example.com']));
  });
});

it('suspends a stream after seven days of failure, until it is resumed', async () => {
  const clock = new TestClock();
  const tenant = await startTenant({ clock: clock.read });
  const receiver = await startReceiver();
  receiver.answer = () => {
    clock.advance(86_400_000);
    return 503;
  };
  const id = tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES' });
  await tenant.signUp({ email: 'alice@example.com' });
  await vi.waitFor(() => expect(tenant.logStream.status(id)).toBe('suspended'), { interval: 5 });
  receiver.answer = () => 200;
  const failed = receiver.requests.length;
  tenant.logStream.resume(id);
  await tenant.logStream.flush();
  expect(tenant.logStream.status(id)).toBe('active');
  expect(receiver.requests.length).toBeGreaterThan(failed);
});

describe('what a stream is set to', () => {
  it('sends only what its filters let pass', async () => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    const filters = [{ type: 'category', name: 'user.success' }] as const;
    tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES', filters: [...filters] });
    const { user_id } = await tenant.signUp({ email: 'alice@example.com' });
    await tenant.verifyEmail(user_id);
    await tenant.block(user_id);
    await tenant.logStream.flush();
    expect(new Set(entriesOf(receiver.requests).map((entry) => entry.data.type))).toEqual(new Set(['sv']));
  });

  it('covers personal data, so that only the id is left to go by', async () => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    const piiConfig = { log_fields: ['email' as const] };
    tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES', piiConfig });
    const { user_id } = await tenant.signUp({ email: 'alice@example.com' });
    await tenant.verifyEmail(user_id);
    await tenant.logStream.flush();
    const text = receiver.requests.map((request) => request.text).join('');
    expect(text).toContain(user_id);
    expect(text).not.toContain('alice@example.com');
  });

  it('replays from a given time when it is created', async () => {
    const clock = new TestClock();
    const tenant = await startTenant({ clock: clock.read });
    await tenant.signUp({ email: 'alice@example.com' });
    clock.advance(60_000);
    await tenant.signUp({ email: 'bob@example.com' });
    const receiver = await startReceiver();
    const startFrom = '2025-10-14T12:00:30.000Z';
    tenant.logStream.add({ endpoint: receiver.endpoint, format: 'JSONLINES', startFrom });
    await tenant.logStream.flush();
    const names = entriesOf(receiver.requests).map((entry) => entry.data.user_name);
    expect(new Set(names)).toEqual(new Set(['bob@example.com']));
  });

  it('can be read and changed through the Management API', async () => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    const call = await managementApi(tenant);
    const sink = {
      httpEndpoint: receiver.endpoint,
      httpContentFormat: 'JSONLINES',
      httpAuthorization: 'secret',
    };
    type Stream = { id: string; status: string; errorCode: string };
    const made = await call<Stream>('POST', '/log-streams', { name: 'concord', type: 'http', sink });
    expect(made.body).toMatchObject({ name: 'concord', status: 'active', sink });
    const path = `/log-streams/${made.body.id}`;
    expect((await call<Stream>('PATCH', path, { status: 'paused' })).body.status).toBe('paused');
    expect(tenant.logStream.status(made.body.id)).toBe('paused');
    expect((await call<Stream[]>('GET', '/log-streams')).body).toMatchObject([{ sink }]);
    tenant.logStream.hideAuthorization(true);
    expect((await call<Stream[]>('GET', '/log-streams')).body).toMatchObject([
      { sink: { ...sink, httpAuthorization: '*****' } },
    ]);
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
    expect(tenant.logs.readable().map((entry) => entry.data.description)).toEqual([
      'Create a log stream',
      'Update a log stream',
      'Delete log stream',
    ]);
    expect(JSON.stringify(tenant.logs.readable())).not.toContain('"secret"');
    const plain = { type: 'http', sink: { httpEndpoint: 'http://example.com/hook' } };
    expect((await call('POST', '/log-streams', plain)).status).toBe(400);
  });
});
