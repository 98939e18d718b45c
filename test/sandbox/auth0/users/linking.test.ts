import { describe, expect, it } from 'vitest';
import type { CloudEvent } from '../../../../src/sandbox/auth0/logs/event-stream.ts';
import { startReceiver } from '../logs/receiver.ts';
import { managementApi, startTenant, TestClock } from '../tenant-under-test.ts';

const PRIMARY = 'auth0|alice';
const SECONDARY = 'google-oauth2|7';

async function twoUsers() {
  const clock = new TestClock('2025-10-14T12:00:00.000Z');
  const tenant = await startTenant({ clock: clock.read });
  tenant.addUser({ user_id: PRIMARY, email: 'alice@example.com', email_verified: true });
  await tenant.socialLogIn({
    ...{ connection: 'google-oauth2', subject: '7' },
    ...{ email: 'alice@gmail.example.com', accessToken: 'token-of-google' },
  });
  clock.advance(60_000);
  return { tenant, clock, call: await managementApi(tenant) };
}

describe('linking', () => {
  it('removes the secondary user and puts its identity, token included, into the primary', async () => {
    const { tenant, call } = await twoUsers();
    await tenant.linkUsers(PRIMARY, SECONDARY);
    expect((await call('GET', '/users/google-oauth2%7C7')).status).toBe(404);
    const { body } = await call('GET', '/users/auth0%7Calice');
    expect(body.email).toBe('alice@example.com');
    expect(body.identities).toEqual([
      expect.objectContaining({ provider: 'auth0', user_id: 'alice' }),
      {
        provider: 'google-oauth2',
        user_id: '7',
        connection: 'google-oauth2',
        isSocial: true,
        access_token: 'token-of-google',
        profileData: {
          email: 'alice@gmail.example.com',
          email_verified: true,
          name: 'alice@gmail.example.com',
        },
      },
    ]);
    expect((await call('GET', '/users')).body).toHaveLength(1);
  });

  it('writes one sapi, whose path names the primary, or nothing at all', async () => {
    const { tenant } = await twoUsers();
    const before = tenant.logs.readable().length;
    await tenant.linkUsers(PRIMARY, SECONDARY);
    const [entry, ...more] = tenant.logs.readable().slice(before);
    expect(more).toEqual([]);
    expect(entry?.data).toMatchObject({
      type: 'sapi',
      details: {
        request: {
          method: 'post',
          path: '/api/v2/users/auth0%7Calice/identities',
          body: { provider: 'google-oauth2', user_id: '7' },
        },
      },
    });
    await tenant.unlinkUsers(PRIMARY, SECONDARY, { logged: false });
    await tenant.linkUsers(PRIMARY, SECONDARY, { logged: false });
    expect(tenant.logs.readable()).toHaveLength(before + 1);
  });

  it('tells event streams of both users, or of neither', async () => {
    const { tenant } = await twoUsers();
    const receiver = await startReceiver();
    tenant.eventStream.add({ endpoint: receiver.endpoint, token: 'secret' });
    const told = async () => {
      await tenant.eventStream.flush();
      const events = receiver.requests.map(({ text }) => JSON.parse(text) as CloudEvent);
      return [...new Set(events.map(({ type, data }) => `${type} ${data.object.user_id}`))].sort();
    };
    await tenant.linkUsers(PRIMARY, SECONDARY, { logged: false });
    await tenant.unlinkUsers(PRIMARY, SECONDARY, { logged: false });
    expect(await told()).toEqual([]);
    await tenant.linkUsers(PRIMARY, SECONDARY);
    expect(await told()).toEqual([`user.deleted ${SECONDARY}`, `user.updated ${PRIMARY}`]);
  });

  it('undone, brings the secondary back as a new user', async () => {
    const { tenant, clock, call } = await twoUsers();
    const created = tenant.user(SECONDARY)?.created_at;
    await tenant.linkUsers(PRIMARY, SECONDARY);
    clock.advance(60_000);
    const answer = await call('DELETE', '/users/auth0%7Calice/identities/google-oauth2/7');
    expect([answer.status, tenant.user(PRIMARY)?.identities.length]).toEqual([200, 1]);
    const { body } = await call('GET', '/users/google-oauth2%7C7');
    expect(body).toMatchObject({ email: 'alice@gmail.example.com', email_verified: true });
    expect(body.created_at).toBe('2025-10-14T12:02:00.000Z');
    expect(created).toBe('2025-10-14T12:00:00.000Z');
    expect(tenant.logs.readable().at(-1)?.data.details).toMatchObject({
      request: { method: 'delete', path: '/api/v2/users/auth0%7Calice/identities/google-oauth2/7' },
    });
  });

  it.each([
    ['POST', '/users/auth0%7Calice/identities', { provider: 'auth0', user_id: 'alice' }, 400],
    ['POST', '/users/auth0%7Calice/identities', { provider: 'auth0', user_id: 'nobody' }, 404],
    ['POST', '/users/auth0%7Cnobody/identities', { provider: 'google-oauth2', user_id: '7' }, 404],
    ['POST', '/users/undefined/identities', { provider: 'google-oauth2', user_id: '7' }, 400],
    ['DELETE', '/users/auth0%7Calice/identities/auth0/alice', undefined, 400],
    ['DELETE', '/users/auth0%7Calice/identities/google-oauth2/7', undefined, 400],
  ])('%s %s with %j answers %i and changes nothing', async (method, path, body, status) => {
    const { tenant, call } = await twoUsers();
    const before = structuredClone(tenant.users());
    expect((await call(method, path, body)).status).toBe(status);
    expect(tenant.users()).toEqual(before);
  });
});

describe('logins through an identity provider', () => {
  it('an enterprise connection makes a verified address unverified again, and a later login verifies it', async () => {
    const tenant = await startTenant();
    const ann = { strategy: 'samlp', connection: 'corp', subject: 'Ann', email: 'ann@example.com' } as const;
    const first = await tenant.enterpriseLogIn({ ...ann, emailVerified: true });
    expect(first).toMatchObject({ user_id: 'samlp|corp|Ann', email_verified: true });
    expect(first.identities).toEqual([
      { provider: 'samlp', user_id: 'corp|Ann', connection: 'corp', isSocial: false },
    ]);
    await tenant.enterpriseLogIn(ann);
    expect(tenant.user('samlp|corp|Ann')?.email_verified).toBe(false);
    await tenant.enterpriseLogIn({ ...ann, emailVerified: true });
    expect(tenant.user('samlp|corp|Ann')).toMatchObject({ email_verified: true, logins_count: 3 });
    expect(tenant.logs.readable().map(({ data }) => [data.type, data.strategy_type])).toEqual(
      Array.from({ length: 3 }, () => ['s', 'enterprise']),
    );
  });

  it('a deleted user who logs in again is a new user under the same id', async () => {
    const { tenant, clock } = await twoUsers();
    const before = tenant.user(SECONDARY);
    await tenant.deleteUser(SECONDARY);
    expect(tenant.user(SECONDARY)).toBeUndefined();
    clock.advance(60_000);
    await tenant.socialLogIn({
      connection: 'google-oauth2',
      subject: '7',
      email: 'alice@gmail.example.com',
    });
    const after = tenant.user(SECONDARY);
    expect(Date.parse(after?.created_at ?? '')).toBeGreaterThan(Date.parse(before?.created_at ?? ''));
    expect(after).toMatchObject({ logins_count: 1 });
    expect(after?.identities[0]).not.toHaveProperty('access_token');
  });
});

describe('the entries of a deletion', () => {
  it.each([
    { entries: undefined, written: ['sapi', 'sdu'] },
    { entries: ['sapi'], written: ['sapi'] },
    { entries: ['sdu'], written: ['sdu'] },
    { entries: [], written: [] },
  ] as const)('$entries: $written', async ({ entries, written }) => {
    const { tenant, call } = await twoUsers();
    tenant.logDeletions(entries);
    const before = tenant.logs.readable().length;
    await call('DELETE', '/users/auth0%7Calice');
    const types = tenant.logs.readable().slice(before);
    expect(types.map(({ data }) => data.type)).toEqual(written);
  });
});
