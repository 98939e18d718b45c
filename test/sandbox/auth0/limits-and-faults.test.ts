import { describe, expect, it } from 'vitest';
import { managementApi, startTenant, TestClock } from './tenant-under-test.ts';

describe('the rate limit', () => {
  it('is a token bucket, told of in every answer', async () => {
    const clock = new TestClock('2025-10-14T12:00:00.000Z');
    const tenant = await startTenant({ clock: clock.read, rateLimit: { requestsPerSecond: 2, burst: 3 } });
    const call = await managementApi(tenant);
    const remaining: (string | null)[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { headers } = await call('GET', '/users');
      remaining.push(headers.get('x-ratelimit-remaining'));
      expect(headers.get('x-ratelimit-limit')).toBe('3');
    }
    expect(remaining).toEqual(['2', '1', '0']);
    const refused = await call('GET', '/users');
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      statusCode: 429,
      error: 'Too Many Requests',
      message: 'Global limit has been reached',
      errorCode: 'too_many_requests',
    });
    const reset = Number(refused.headers.get('x-ratelimit-reset'));
    expect(reset).toBe(Date.parse('2025-10-14T12:00:01.000Z') / 1000);
    expect(refused.headers.get('retry-after')).toBeNull();
    clock.advance(500);
    expect((await call('GET', '/users')).status).toBe(200);
    expect((await call('GET', '/nowhere')).status).toBe(429);
  });
});

it('counts what others have used of another limit', async () => {
  const clock = new TestClock();
  const tenant = await startTenant({ clock: clock.read });
  const call = await managementApi(tenant);
  tenant.limit({ requestsPerSecond: 1, burst: 40 }, 2);
  const { headers } = await call('GET', '/users');
  expect([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).toEqual(['40', '1']);
});

describe('faults', () => {
  it('answer an error as often as told, and then no more', async () => {
    const tenant = await startTenant();
    tenant.addUser({ user_id: 'auth0|alice' });
    const call = await managementApi(tenant);
    const answer = { type: 'status', status: 429, headers: { 'retry-after': '2' } } as const;
    tenant.faults.add({ path: '/api/v2/users/:id', times: 2, answer });
    const first = await call('GET', '/users/auth0%7Calice');
    expect([first.status, first.body.errorCode]).toEqual([429, 'too_many_requests']);
    expect(first.headers.get('retry-after')).toBe('2');
    expect((await call('GET', '/users')).status).toBe(200);
    expect((await call('GET', '/users/auth0%7Calice')).status).toBe(429);
    expect((await call('GET', '/users/auth0%7Calice')).status).toBe(200);
  });

  it('can be for one method, one path, or an expression, and be taken back', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    const answer = { type: 'status', status: 503 } as const;
    tenant.faults.add({ method: 'PATCH', path: /page=3/, answer });
    expect((await call('GET', '/users?page=3')).status).toBe(200);
    tenant.faults.clear();
    tenant.faults.add({ path: /page=3/, answer });
    expect((await call('GET', '/users?page=2')).status).toBe(200);
    expect((await call('GET', '/users?page=3')).status).toBe(503);
    tenant.faults.add({ path: '/oauth/token', answer: { type: 'status', status: 500 } });
    const token = await fetch(`${tenant.url}/oauth/token`, { method: 'POST' });
    expect(token.status).toBe(500);
  });

  it('can cut the connection, or let a request hang until the caller, or the tenant, gives up', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    tenant.faults.add({ path: '/api/v2/users', answer: { type: 'cut' } });
    await expect(call('GET', '/users')).rejects.toThrow();
    tenant.faults.add({ path: '/api/v2/users', answer: { type: 'hang' } });
    const signal = AbortSignal.timeout(30);
    await expect(fetch(`${tenant.url}/api/v2/users`, { signal })).rejects.toThrow();
    tenant.faults.add({ path: '/api/v2/users', answer: { type: 'hang' } });
    const hanging = expect(call('GET', '/users')).rejects.toThrow();
    await expect.poll(() => tenant.requests.count('GET', '/api/v2/users')).toBe(3);
    await tenant.stop();
    await hanging;
  });
});

describe('counters', () => {
  it('say how often each route was called', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    tenant.requests.reset();
    await call('GET', '/users/auth0%7Calice');
    await call('GET', '/users/auth0%7Cbob');
    await call('GET', '/users?page=1');
    const nowhere = await call('GET', '/nowhere');
    expect([nowhere.status, nowhere.body.message]).toEqual([404, 'Not Found']);
    expect(tenant.requests.byRoute()).toEqual({
      'GET /api/v2/users/:id': 2,
      'GET /api/v2/users': 1,
      'GET /api/v2/nowhere': 1,
    });
    expect(tenant.requests.total()).toBe(4);
  });
});

it('stops at once, also with a delivery under way that nobody answers', async () => {
  const tenant = await startTenant();
  const silent = await startTenant();
  silent.faults.add({ path: '/hook', answer: { type: 'hang' } });
  tenant.logStream.add({ endpoint: `${silent.url}/hook`, format: 'JSONLINES' });
  await tenant.signUp({ email: 'alice@example.com' });
  await expect.poll(() => silent.requests.count('POST', '/hook')).toBe(1);
  const startedMs = performance.now();
  await tenant.stop();
  expect(performance.now() - startedMs).toBeLessThan(1000);
  await expect(fetch(tenant.url)).rejects.toThrow();
});
