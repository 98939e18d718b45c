import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Auth0Tenant } from '../../../../src/sandbox/auth0/tenant.ts';
import type { TenantUser } from '../../../../src/sandbox/auth0/users/user.ts';
import { type Call, managementApi, query, startTenant } from '../tenant-under-test.ts';

const ALICE = 'auth0|alice';

async function world(): Promise<{ tenant: Auth0Tenant; call: Call }> {
  const tenant = await startTenant({ exportMs: 0 });
  for (const name of ['alice', 'bob', 'carol', 'dave'])
    tenant.addUser({ user_id: `auth0|${name}`, email: `${name}@example.com`, email_verified: true });
  return { tenant, call: await managementApi(tenant) };
}

async function exported(call: Call): Promise<Record<string, unknown>[]> {
  const fields = [{ name: 'user_id' }, { name: 'email_verified' }];
  const { body: made } = await call<{ id: string }>('POST', '/jobs/users-exports', { fields });
  const { body: job } = await call<{ location: string }>('GET', `/jobs/${made.id}`);
  const file = Buffer.from(await (await fetch(job.location)).arrayBuffer());
  const lines = gunzipSync(file).toString('utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('odd values', () => {
  it.each([
    ['text', 'Ann Example'],
    ['null', null],
    ['a number', 1],
    ['an object', { verified: true }],
  ])('%s instead of a boolean is read by id, by email, in listings and in exports', async (_what, value) => {
    const { tenant, call } = await world();
    tenant.oddFields.add(ALICE, { email_verified: value });
    expect((await call('GET', '/users/auth0%7Calice')).body.email_verified).toEqual(value);
    const byEmail = await call<TenantUser[]>('GET', '/users-by-email?email=alice%40example.com');
    expect(byEmail.body[0]?.email_verified).toEqual(value);
    const { body: listed } = await call<TenantUser[]>('GET', '/users?sort=user_id:1');
    expect(listed.map((user) => user.email_verified)).toEqual([value, true, true, true]);
    const [first] = await exported(call);
    // An export leaves out what is null.
    if (value === null) expect(first).not.toHaveProperty('email_verified');
    else expect(first).toMatchObject({ user_id: ALICE, email_verified: value });
  });

  it('can be missing, in one kind of read only, and are over when cleared', async () => {
    const { tenant, call } = await world();
    tenant.oddFields.add(ALICE, { created_at: undefined, user_id: 7 }, ['listing']);
    const { body: listed } = await call<TenantUser[]>('GET', '/users?sort=user_id:1');
    expect(listed[0]).not.toHaveProperty('created_at');
    expect(listed[0]).toMatchObject({ user_id: 7 });
    expect((await call('GET', '/users/auth0%7Calice')).body).toMatchObject({ user_id: ALICE });
    expect((await exported(call))[0]).toMatchObject({ user_id: ALICE });
    tenant.oddFields.clear();
    const { body: again } = await call<TenantUser[]>('GET', '/users?sort=user_id:1');
    expect(again[0]).toMatchObject({ user_id: ALICE, created_at: expect.any(String) });
  });
});

describe('inexact listings', () => {
  it('state another total, and show the same rows', async () => {
    const { tenant, call } = await world();
    tenant.misstateListings({ totalOff: -1 });
    const { body } = await call('GET', `/users${query({ include_totals: true })}`);
    expect(body).toMatchObject({ total: 3, length: 4 });
    tenant.misstateListings({});
    const right = await call('GET', `/users${query({ include_totals: true })}`);
    expect(right.body.total).toBe(4);
  });

  it('repeat rows, over the border of a page and in exports', async () => {
    const { tenant, call } = await world();
    tenant.misstateListings({ repeatEvery: 2 });
    const pages = [0, 1, 2].map(async (page) => {
      const parameters = query({ page, per_page: 2, include_totals: true, sort: 'user_id:1' });
      const { body } = await call('GET', `/users${parameters}`);
      return body.users.map(({ user_id }) => user_id.slice('auth0|'.length));
    });
    expect(await Promise.all(pages)).toEqual([
      ['alice', 'bob'],
      ['bob', 'carol'],
      ['dave', 'dave'],
    ]);
    expect(await exported(call)).toHaveLength(6);
  });
});

describe('rows that come and go', () => {
  const pagesOf = async (call: Call) =>
    Promise.all(
      [0, 1].map(async (page) => {
        const parameters = query({ page, per_page: 2, include_totals: true, sort: 'user_id:1' });
        const { body } = await call('GET', `/users${parameters}`);
        return [body.total, ...body.users.map(({ user_id }) => user_id.slice('auth0|'.length))];
      }),
    );

  it.each([
    ['are left out', { omitEvery: 2 }, [[4, 'alice', 'carol'], [4]]],
    [
      'vanish while it is paged',
      { vanishByPage: 1 },
      [
        [4, 'alice', 'bob'],
        [3, 'dave'],
      ],
    ],
    [
      'appear while it is paged',
      { vanishByPage: -1 },
      [
        [4, 'alice', 'bob'],
        [5, 'bob', 'carol'],
      ],
    ],
  ] as const)('%s', async (_how, flaws, pages) => {
    const { tenant, call } = await world();
    tenant.misstateListings(flaws);
    expect(await pagesOf(call)).toEqual(pages);
  });
});

it.each(['undefined', 'null', 'nobody1', 'abc%40clients', '%7C7'])(
  '%s is no user id: 400 invalid_uri',
  async (id) => {
    const { call } = await world();
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await call(method, `/users/${id}`);
      expect([status, body.errorCode]).toEqual([400, 'invalid_uri']);
    }
  },
);
