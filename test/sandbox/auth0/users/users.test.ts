import { describe, expect, it } from 'vitest';
import type { Auth0Tenant } from '../../../../src/sandbox/auth0/tenant.ts';
import type { TenantUser } from '../../../../src/sandbox/auth0/users/user.ts';
import { managementApi, query, startTenant, TestClock } from '../tenant-under-test.ts';

const ALICE = { user_id: 'auth0|alice', email: 'alice@example.com', created_at: '2025-10-01T08:00:00.000Z' };
const BOB = { user_id: 'auth0|bob', email: 'bob@example.com', created_at: '2025-10-02T08:00:00.000Z' };

function addMany(tenant: Auth0Tenant, count: number): void {
  for (let i = 0; i < count; i += 1) {
    const id = String(i).padStart(5, '0');
    const created_at = new Date(Date.parse('2025-01-01T00:00:00.000Z') + i * 60_000).toISOString();
    tenant.addUser({ user_id: `auth0|${id}`, email: `p${id}@example.com`, created_at });
  }
}

describe('one user by id', () => {
  it('answers the user, found by a percent-encoded id', async () => {
    const tenant = await startTenant();
    tenant.addUser(ALICE);
    const call = await managementApi(tenant);
    const { status, body } = await call('GET', '/users/auth0%7Calice');
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...ALICE, email_verified: false, name: 'alice@example.com' });
    expect(body.identities).toEqual([
      {
        connection: 'Username-Password-Authentication',
        provider: 'auth0',
        user_id: 'alice',
        isSocial: false,
      },
    ]);
  });

  it('answers 404 with inexistent_user for nobody, and 400 for what is no user id', async () => {
    const call = await managementApi(await startTenant());
    const missing = await call('GET', '/users/auth0%7Cnobody');
    expect(missing.status).toBe(404);
    expect(missing.body).toEqual({
      statusCode: 404,
      error: 'Not Found',
      message: 'The user does not exist.',
      errorCode: 'inexistent_user',
    });
    const malformed = await call('GET', '/users/nobody');
    expect([malformed.status, malformed.body.errorCode]).toEqual([400, 'invalid_uri']);
  });

  it('shows a write at once, while list and search follow after the delay', async () => {
    const clock = new TestClock();
    const tenant = await startTenant({ clock: clock.read, indexDelayMs: 500 });
    tenant.addUser(ALICE);
    const call = await managementApi(tenant);
    await call('PATCH', '/users/auth0%7Calice', { email_verified: true });
    const bob = await tenant.signUp({ email: 'bob@example.com' });

    expect((await call('GET', '/users/auth0%7Calice')).body.email_verified).toBe(true);
    expect((await call('GET', '/users-by-email?email=bob%40example.com')).body).toHaveLength(1);
    const stale = (await call('GET', '/users')).body;
    expect(stale).toMatchObject([{ user_id: 'auth0|alice', email_verified: false }]);

    clock.advance(500);
    const { body: fresh } = await call<TenantUser[]>('GET', '/users');
    expect(fresh.map((user) => [user.user_id, user.email_verified])).toEqual([
      [bob.user_id, false],
      ['auth0|alice', true],
    ]);
  });
});

describe('listing users', () => {
  it('pages, with and without totals', async () => {
    const tenant = await startTenant();
    addMany(tenant, 230);
    const call = await managementApi(tenant);
    const page = query({ page: 2, per_page: 100, include_totals: true, sort: 'created_at:1' });
    const { body } = await call('GET', `/users${page}`);
    expect(body).toMatchObject({ start: 200, limit: 100, length: 30, total: 230 });
    expect(body.users[0]?.user_id).toBe('auth0|00200');
    expect((await call('GET', '/users')).body).toHaveLength(50);
    const newest = await call('GET', `/users${query({ sort: 'created_at:-1', per_page: 1 })}`);
    expect(newest.body).toMatchObject([{ user_id: 'auth0|00229' }]);
  });

  it('refuses to page beyond 1000 results, although it counts them all', async () => {
    const tenant = await startTenant();
    addMany(tenant, 1100);
    const call = await managementApi(tenant);
    const last = await call('GET', `/users${query({ page: 9, per_page: 100, include_totals: true })}`);
    expect(last.body).toMatchObject({ length: 100, total: 1100 });
    const beyond = await call('GET', `/users${query({ page: 10, per_page: 100 })}`);
    expect([beyond.status, beyond.body.errorCode]).toEqual([400, 'invalid_paging']);
  });

  it('reaches everybody through windows of created_at', async () => {
    const tenant = await startTenant();
    addMany(tenant, 1100);
    const call = await managementApi(tenant);
    const middle = '2025-01-01T10:00:00.000Z';
    const early = `created_at:[* TO ${middle}}`;
    const late = `created_at:[${middle} TO *]`;
    const totals = await Promise.all(
      [early, late].map(async (q) => {
        const parameters = query({ q, include_totals: true, search_engine: 'v3' });
        return (await call('GET', `/users${parameters}`)).body.total;
      }),
    );
    expect(totals).toEqual([600, 500]);
  });

  it.each([
    ['per_page=101', 'invalid_query_string', 'more than 100 a page'],
    ['page=-1', 'invalid_query_string', 'a negative page'],
    ['sort=created_at', 'invalid_query_string', 'a sort without direction'],
    ['from=x', 'invalid_query_string', 'checkpoints are for logs'],
    ['q=created_at:[', 'invalid_query_string', 'a query that cannot be read'],
  ])('answers 400 to %s (%s): %s', async (parameters, errorCode) => {
    const call = await managementApi(await startTenant());
    const { status, body } = await call('GET', `/users?${parameters}`);
    expect([status, body.errorCode]).toEqual([400, errorCode]);
  });

  it('searches, and answers only the fields that were asked for', async () => {
    const tenant = await startTenant();
    tenant.addUser({ ...ALICE, email_verified: true });
    tenant.addUser({ ...BOB, blocked: true });
    const call = await managementApi(tenant);
    const find = async (q: string, more = {}) =>
      (await call<TenantUser[]>('GET', `/users${query({ q, ...more })}`)).body;
    expect(await find('email:"ALICE@example.com"', { fields: 'user_id,email' })).toEqual([
      { user_id: 'auth0|alice', email: 'alice@example.com' },
    ]);
    expect(await find('blocked:true AND email_verified:false', { fields: 'user_id' })).toEqual([
      { user_id: 'auth0|bob' },
    ]);
    const excluded = await find('user_id:"auth0|bob"', { fields: 'identities,name', include_fields: false });
    expect(excluded).toMatchObject([{ user_id: 'auth0|bob' }]);
    expect(excluded[0]).not.toHaveProperty('identities');
  });
});

describe('users by email', () => {
  it('compares the email exactly', async () => {
    const tenant = await startTenant();
    tenant.addUser(ALICE);
    tenant.addUser({ user_id: 'google-oauth2|1', email: 'alice@example.com', email_verified: true });
    const call = await managementApi(tenant);
    expect((await call('GET', '/users-by-email?email=alice%40example.com')).body).toHaveLength(2);
    expect((await call('GET', '/users-by-email?email=Alice%40example.com')).body).toEqual([]);
    expect((await call('GET', '/users-by-email')).status).toBe(400);
  });
});

describe('writing users', () => {
  it('creates, changes and deletes, and finds nobody afterwards', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    const connection = 'Username-Password-Authentication';
    const profile = { connection, email: 'Alice@example.com', password: 'correct horse' };
    const made = await call('POST', '/users', profile);
    expect([made.status, made.body.email]).toEqual([201, 'alice@example.com']);
    const path = `/users/${encodeURIComponent(made.body.user_id)}`;
    expect((await call('PATCH', path, { email_verified: true })).body.email_verified).toBe(true);
    const moved = await call('PATCH', path, { email: 'alice.new@example.com' });
    expect(moved.body).toMatchObject({ email: 'alice.new@example.com', email_verified: false });
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
    expect((await call('DELETE', path)).status).toBe(204);
  });

  it('refuses a second user with the same email, and a change to a taken one', async () => {
    const tenant = await startTenant();
    tenant.addUser(ALICE);
    tenant.addUser(BOB);
    const call = await managementApi(tenant);
    const connection = 'Username-Password-Authentication';
    const second = await call('POST', '/users', { connection, email: ALICE.email, password: 'x' });
    expect([second.status, second.body.message]).toEqual([409, 'The user already exists.']);
    const taken = await call('PATCH', '/users/auth0%7Cbob', { email: ALICE.email });
    expect([taken.status, taken.body.message]).toEqual([400, 'The specified new email already exists']);
    const unknown = await call('PATCH', '/users/auth0%7Cbob', { user_id: 'auth0|alice' });
    expect([unknown.status, unknown.body.errorCode]).toEqual([400, 'invalid_body']);
  });

  it('lets only the identity provider change the email of a social user', async () => {
    const tenant = await startTenant();
    const person = { connection: 'google-oauth2', subject: '7' };
    const { user_id } = await tenant.socialLogIn({ ...person, email: 'bob@example.com' });
    await expect(tenant.changeEmail(user_id, 'x@example.com')).rejects.toMatchObject({
      code: 'not-a-database-user',
    });
    await tenant.socialLogIn({ ...person, email: 'bob.new@example.com' });
    expect(tenant.user(user_id)).toMatchObject({ email: 'bob.new@example.com', logins_count: 2 });
  });
});
