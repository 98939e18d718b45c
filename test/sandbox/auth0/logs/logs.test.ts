import { describe, expect, it } from 'vitest';
import type { LogData } from '../../../../src/sandbox/auth0/logs/log-entry.ts';
import type { Auth0Tenant } from '../../../../src/sandbox/auth0/tenant.ts';
import { type Call, managementApi, query, startTenant, TestClock } from '../tenant-under-test.ts';

/** The entries of everything that happens to a user, one after the other. */
async function liveALife(tenant: Auth0Tenant): Promise<string> {
  const { user_id } = await tenant.signUp({ email: 'alice@example.com', password: 'correct horse' });
  await tenant.verifyEmail(user_id);
  await tenant.logIn(user_id);
  await tenant.changeEmail(user_id, 'alice.new@example.com');
  await tenant.block(user_id);
  await tenant.deleteUser(user_id);
  return user_id;
}

/** Follows the Link header from `start` until a page is empty, and one step further. */
async function readByCheckpoint(call: Call, start: string): Promise<{ pages: LogData[][]; links: string[] }> {
  const pages: LogData[][] = [];
  const links: string[] = [];
  let path = start;
  while (pages.at(-1)?.length !== 0) {
    const { body, headers } = await call<LogData[]>('GET', path);
    pages.push(body);
    const link = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? '';
    links.push(link);
    path = link.slice(link.indexOf('/logs'));
  }
  return { pages, links };
}

describe('log entries', () => {
  it('are written for everything that happens, in the shape Auth0 gives them', async () => {
    const tenant = await startTenant();
    const user_id = await liveALife(tenant);
    const entries = tenant.logs.readable();
    expect(entries.map((entry) => entry.data.type)).toEqual([
      'ss',
      'sv',
      's',
      'sapi',
      'sce',
      'sapi',
      'sapi',
      'sdu',
    ]);
    const [signedUp, verified, , written, changed, , deletion, deleted] = entries.map((entry) => entry.data);
    expect(signedUp).toMatchObject({
      user_id,
      user_name: 'alice@example.com',
      details: { body: { email: 'alice@example.com', password: '*****', tenant: 'aesthetic' } },
      strategy_type: 'database',
      tenant_name: 'aesthetic',
      hostname: 'aesthetic.us.auth0.com',
    });
    expect(verified).toMatchObject({
      details: { email: 'alice@example.com', query: { user_id, idp_user_id: null } },
    });
    expect(written).toMatchObject({
      user_id: 'auth0|admin0000000000000000001',
      description: 'Update a User',
      details: {
        request: { method: 'patch', channel: 'https://manage.auth0.com/' },
        response: { statusCode: 200 },
      },
    });
    expect(changed?.details).toMatchObject({
      body: { email: 'alice@example.com', newEmail: 'alice.new@example.com', email_verified: 'false' },
    });
    expect(deletion?.details).toMatchObject({
      request: { method: 'delete', path: `/api/v2/users/${encodeURIComponent(user_id)}` },
    });
    expect(deleted).toMatchObject({ user_id });
    expect(deleted).not.toHaveProperty('client_id');
  });

  it('have ids of 56 digits that sort in the order of writing, even when the clock is set back', async () => {
    const clock = new TestClock();
    const tenant = await startTenant({ clock: clock.read });
    await tenant.signUp({ email: 'alice@example.com' });
    clock.advance(-60_000);
    await tenant.signUp({ email: 'bob@example.com' });
    clock.advance(120_000);
    const entries = tenant.logs.readable();
    expect(entries.map((entry) => entry.data.user_name)).toEqual(['alice@example.com', 'bob@example.com']);
    const ids = entries.map((entry) => entry.log_id);
    expect(ids).toEqual([...ids].sort());
    for (const id of ids) expect(id).toMatch(/^90020251014\d{45}$/);
    expect(entries[0]?.data.log_id).toBe(ids[0]);
  });

  it('name an administrator, or nobody, as the writer through the Management API, and hide passwords', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    const connection = 'Username-Password-Authentication';
    await call('POST', '/users', { connection, email: 'bob@example.com', password: 'correct horse' });
    const [entry] = tenant.logs.readable();
    expect(entry?.data).toMatchObject({ type: 'sapi', user_id: '', client_id: 'cli_m2m' });
    expect(entry?.data.details).toMatchObject({
      request: { method: 'post', path: '/api/v2/users', body: { password: '*****' } },
      response: { statusCode: 201, body: { email: 'bob@example.com' } },
    });
    expect(JSON.stringify(entry)).not.toContain('correct horse');
  });

  it('tell of a first social login by s alone, or by ss as well', async () => {
    const person = { connection: 'google-oauth2', email: 'bob@example.com' };
    const quiet = await startTenant();
    await quiet.socialLogIn(person);
    expect(quiet.logs.readable().map((entry) => entry.data.type)).toEqual(['s']);
    const talkative = await startTenant({ logsSocialSignup: true });
    await talkative.socialLogIn(person);
    await talkative.socialLogIn(person);
    expect(talkative.logs.readable().map((entry) => entry.data.type)).toEqual(['ss', 's', 's']);
  });

  it('are not written for users who were added or dropped silently', async () => {
    const tenant = await startTenant();
    tenant.addUser({ user_id: 'auth0|alice' });
    tenant.dropUser('auth0|alice');
    expect(tenant.user('auth0|alice')).toBeUndefined();
    expect(tenant.logs.readable()).toEqual([]);
  });
});

describe('reading by checkpoint', () => {
  it('goes through all entries in the order of their ids, and waits at the end', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    await liveALife(tenant);
    const { pages, links } = await readByCheckpoint(call, '/logs?take=3');
    expect(pages.map((page) => page.length)).toEqual([3, 3, 2, 0]);
    expect(links.at(-1)).toBe(links.at(-2));
    await tenant.signUp({ email: 'bob@example.com' });
    const end = links.at(-1) ?? '';
    const { body } = await call<LogData[]>('GET', end.slice(end.indexOf('/logs')));
    expect(body.map((entry) => entry.user_name)).toEqual(['bob@example.com']);
  });

  it('refuses more than 100 at once, and reads on from an id that is gone', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    await liveALife(tenant);
    expect((await call('GET', '/logs?take=101')).status).toBe(400);
    expect((await call('GET', '/logs?from=90020000101&take=100')).body).toHaveLength(8);
  });
});

describe('reading by search', () => {
  it('finds by type, user and date, newest first', async () => {
    const clock = new TestClock();
    const tenant = await startTenant({ clock: clock.read });
    const call = await managementApi(tenant);
    const { user_id } = await tenant.signUp({ email: 'alice@example.com' });
    clock.advance(1000);
    await tenant.verifyEmail(user_id);
    await tenant.signUp({ email: 'bob@example.com' });
    const types = async (q: string) =>
      (await call<LogData[]>('GET', `/logs${query({ q })}`)).body.map((entry) => entry.type);
    expect(await types(`user_id:"${user_id}"`)).toEqual(['sv', 'ss']);
    expect(await types('type:ss AND date:[2025-10-14T12:00:01.000Z TO *]')).toEqual(['ss']);
    expect(await types('type:(sv OR s)')).toEqual(['sv']);
    const total = await call('GET', `/logs${query({ include_totals: true, per_page: 1 })}`);
    expect(total.body).toMatchObject({ start: 0, limit: 1, length: 1, total: 3 });
    expect((await call('GET', `/logs${query({ search: 'BOB' })}`)).body).toHaveLength(1);
  });

  it('reaches 1000 results and no more', async () => {
    const call = await managementApi(await startTenant());
    expect((await call('GET', '/logs?page=9&per_page=100')).status).toBe(200);
    expect((await call('GET', '/logs?page=10&per_page=100')).body.errorCode).toBe('invalid_paging');
  });

  it('shows one entry, and the entries of one user', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    const user_id = await liveALife(tenant);
    const own = await call<LogData[]>('GET', `/users/${encodeURIComponent(user_id)}/logs?sort=date:1`);
    expect(own.body.map((entry) => entry.type)).toEqual(['ss', 'sv', 's', 'sce', 'sdu']);
    const [first] = own.body;
    expect((await call('GET', `/logs/${first?.log_id}`)).body).toEqual(first);
    expect((await call('GET', '/logs/900')).status).toBe(404);
  });
});

it('lags behind by the log delay, and forgets beyond retention', async () => {
  const clock = new TestClock();
  const tenant = await startTenant({ clock: clock.read, logDelayMs: 1000, retentionDays: 1 });
  const call = await managementApi(tenant);
  await tenant.signUp({ email: 'alice@example.com' });
  const count = async () => (await call<LogData[]>('GET', '/logs?take=10')).body.length;
  expect(await count()).toBe(0);
  clock.advance(1000);
  expect(await count()).toBe(1);
  clock.set('2025-10-15T12:00:00.001Z');
  const later = await managementApi(tenant);
  expect((await later<LogData[]>('GET', '/logs?take=10')).body).toEqual([]);
});
