import { gunzipSync } from 'node:zlib';
import { ManagementClient, ManagementError } from 'auth0';
import { describe, expect, it } from 'vitest';
import type { Auth0Tenant } from '../../../src/sandbox/auth0/tenant.ts';
import { startReceiver } from './logs/receiver.ts';
import { APPLICATION, startTenant, TestClock } from './tenant-under-test.ts';

/** The real SDK. It insists on https and the tenant's domain, so its requests are sent elsewhere. */
function sdkFor(tenant: Auth0Tenant): ManagementClient {
  return new ManagementClient({
    domain: tenant.domain,
    ...APPLICATION,
    maxRetries: 0,
    fetch: (input, init) => {
      const asked = input instanceof Request ? input.url : String(input);
      return fetch(asked.replace(`https://${tenant.domain}`, tenant.url), init);
    },
  });
}

describe("Auth0's own SDK", () => {
  it('gets a token, once, and reads a user', async () => {
    const tenant = await startTenant();
    tenant.addUser({ user_id: 'auth0|alice', email: 'alice@example.com', email_verified: true });
    const sdk = sdkFor(tenant);
    const user = await sdk.users.get('auth0|alice');
    expect(user).toMatchObject({ user_id: 'auth0|alice', email: 'alice@example.com', email_verified: true });
    await sdk.users.get('auth0|alice');
    expect(tenant.requests.count('POST', '/oauth/token')).toBe(1);
    expect(await sdk.users.listUsersByEmail({ email: 'alice@example.com' })).toHaveLength(1);
  });

  it('turns a missing user, a refused secret and a rate limit into its errors', async () => {
    const tenant = await startTenant();
    const sdk = sdkFor(tenant);
    await expect(sdk.users.get('auth0|nobody')).rejects.toMatchObject({
      statusCode: 404,
      body: { errorCode: 'inexistent_user' },
    });
    tenant.faults.add({ path: '/api/v2/users/:id', answer: { type: 'status', status: 429 } });
    await expect(sdk.users.get('auth0|nobody')).rejects.toBeInstanceOf(ManagementError);
    expect(tenant.requests.count('GET', '/api/v2/users/:id')).toBe(2);
  });

  it('lists users page by page', async () => {
    const tenant = await startTenant();
    for (let i = 0; i < 120; i += 1) tenant.addUser({ user_id: `auth0|${String(i).padStart(3, '0')}` });
    const page = await sdkFor(tenant).users.list({ per_page: 100, sort: 'user_id:1', q: 'user_id:auth0*' });
    const found = [...page.data];
    expect(page.hasNextPage()).toBe(true);
    const next = await page.getNextPage();
    found.push(...next.data);
    expect(found.map((user) => user.user_id)).toHaveLength(120);
    expect(found.at(-1)?.user_id).toBe('auth0|119');
  });

  it('links two users and separates them again', async () => {
    const tenant = await startTenant();
    tenant.addUser({ user_id: 'auth0|alice', email: 'alice@example.com' });
    tenant.addUser({ user_id: 'samlp|corp|Alice', email: 'alice@example.com' });
    const sdk = sdkFor(tenant);
    const linked = await sdk.users.identities.link('auth0|alice', {
      provider: 'samlp',
      user_id: 'corp|Alice',
    });
    expect(linked.map(({ user_id }) => user_id)).toEqual(['alice', 'corp|Alice']);
    await expect(sdk.users.get('samlp|corp|Alice')).rejects.toMatchObject({ statusCode: 404 });
    const left = await sdk.users.identities.delete('auth0|alice', 'samlp', 'corp|Alice');
    expect(left.map(({ user_id }) => user_id)).toEqual(['alice']);
    expect(await sdk.users.get('samlp|corp|Alice')).toMatchObject({ email: 'alice@example.com' });
  });

  it('reads logs by search', async () => {
    const tenant = await startTenant();
    await tenant.signUp({ email: 'alice@example.com' });
    const page = await sdkFor(tenant).logs.list({ per_page: 10 });
    expect(page.data.map((entry) => entry.type)).toEqual(['ss']);
  });

  it('creates, pauses and lists log streams', async () => {
    const tenant = await startTenant();
    const receiver = await startReceiver();
    const sdk = sdkFor(tenant);
    const sink = { httpEndpoint: receiver.endpoint, httpContentFormat: 'JSONARRAY' } as const;
    const made = await sdk.logStreams.create({ type: 'http', name: 'concord', sink });
    await sdk.logStreams.update(made.id ?? '', { status: 'paused' });
    const [stream] = await sdk.logStreams.list();
    expect(stream).toMatchObject({ id: made.id, name: 'concord', status: 'paused', sink });
  });

  it('exports users by a job', async () => {
    const clock = new TestClock(new Date().toISOString());
    const tenant = await startTenant({ clock: clock.read });
    tenant.addUser({ user_id: 'auth0|alice', email: 'alice@example.com' });
    const sdk = sdkFor(tenant);
    const { id } = await sdk.jobs.usersExports.create({ format: 'json', fields: [{ name: 'user_id' }] });
    expect((await sdk.jobs.get(id)).status).toBe('pending');
    clock.advance(1000);
    const { location = '' } = await sdk.jobs.get(id);
    const file = Buffer.from(await (await fetch(location)).arrayBuffer());
    expect(gunzipSync(file).toString('utf8')).toBe('{"user_id":"auth0|alice"}\n');
  });
});
