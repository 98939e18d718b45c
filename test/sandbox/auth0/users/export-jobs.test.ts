import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Auth0Tenant, Auth0TenantOptions } from '../../../../src/sandbox/auth0/tenant.ts';
import { type Call, managementApi, startTenant, TestClock } from '../tenant-under-test.ts';

type Job = { id: string; status: string; location?: string };

async function start(
  options: Partial<Auth0TenantOptions> = {},
): Promise<{ clock: TestClock; tenant: Auth0Tenant; call: Call }> {
  const clock = new TestClock();
  const tenant = await startTenant({ clock: clock.read, exportMs: 100, ...options });
  tenant.addUser({ user_id: 'auth0|alice', email: 'alice@example.com', email_verified: true });
  tenant.addUser({ user_id: 'google-oauth2|bob', name: 'Bob "=1+1"' });
  return { clock, tenant, call: await managementApi(tenant) };
}

/** Runs a job to its end and downloads the file. */
async function exported(call: Call, clock: TestClock, request: unknown): Promise<Buffer> {
  const { id } = (await call<Job>('POST', '/jobs/users-exports', request)).body;
  clock.advance(100);
  const { location = '' } = (await call<Job>('GET', `/jobs/${id}`)).body;
  return Buffer.from(await (await fetch(location)).arrayBuffer());
}

describe('an export job', () => {
  it('is pending, then processing, then completed with a link to a gzipped file of lines', async () => {
    const { clock, call } = await start();
    const made = await call<Job>('POST', '/jobs/users-exports', { format: 'json' });
    expect(made.body).toMatchObject({ type: 'users_export', status: 'pending', format: 'json' });
    const path = `/jobs/${made.body.id}`;
    expect((await call<Job>('GET', path)).body.status).toBe('pending');
    clock.advance(60);
    expect((await call<Job>('GET', path)).body.status).toBe('processing');
    clock.advance(60);
    const done = (await call<Job>('GET', path)).body;
    expect(done.status).toBe('completed');
    const file = await fetch(done.location ?? '');
    const lines = gunzipSync(Buffer.from(await file.arrayBuffer()))
      .toString('utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { user_id: 'auth0|alice', email: 'alice@example.com', email_verified: true },
      { user_id: 'google-oauth2|bob' },
    ]);
  });

  it('gives links that die after a minute, and is gone after a day', async () => {
    const { clock, call } = await start({ tokenLifetimeS: 200_000 });
    const { id } = (await call<Job>('POST', '/jobs/users-exports', {})).body;
    clock.advance(100);
    const { location = '' } = (await call<Job>('GET', `/jobs/${id}`)).body;
    clock.advance(60_000);
    expect((await fetch(location)).status).toBe(403);
    const { location: fresh = '' } = (await call<Job>('GET', `/jobs/${id}`)).body;
    expect((await fetch(fresh)).status).toBe(200);
    clock.advance(80_000_000);
    expect((await call('GET', `/jobs/${id}`)).status).toBe(200);
    clock.advance(6_400_000);
    expect((await call('GET', `/jobs/${id}`)).body.errorCode).toBe('inexistent_job');
  });

  it('can be for some fields, as plain text, one connection, or CSV', async () => {
    const { clock, call } = await start({ exportGzip: false });
    const fields = [{ name: 'user_id' }, { name: 'identities[0].connection', export_as: 'connection' }];
    expect((await exported(call, clock, { fields, limit: 1 })).toString()).toBe(
      '{"user_id":"auth0|alice","connection":"Username-Password-Authentication"}\n',
    );
    const own = await exported(call, clock, { connection_id: 'con_0000000000000001' });
    expect(own.toString().trim().split('\n')).toHaveLength(1);
    const csv = await exported(call, clock, {
      format: 'csv',
      fields: [{ name: 'name' }, { name: 'created_at' }],
    });
    expect(csv.toString().split('\n')).toEqual([
      'name,created_at',
      `"'alice@example.com",2025-10-14T12:00:00.000Z`,
      `"'Bob ""=1+1""",2025-10-14T12:00:00.000Z`,
      '',
    ]);
  });

  it('reads the index, which lags', async () => {
    const { clock, tenant, call } = await start({ indexDelayMs: 500, exportGzip: false });
    await tenant.signUp({ email: 'new@example.com' });
    expect((await exported(call, clock, {})).toString()).not.toContain('new@example.com');
    clock.advance(500);
    expect((await exported(call, clock, {})).toString()).toContain('new@example.com');
  });
});
