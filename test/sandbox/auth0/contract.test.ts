import { describe, expect, it } from 'vitest';
import type { Auth0Tenant } from '../../../src/sandbox/auth0/tenant.ts';
import { isContractPresent, pointerTo, readContract } from '../../support/auth0-contract.ts';
import { type Answer, type Call, managementApi, query, startTenant, TestClock } from './tenant-under-test.ts';

const STREAM = {
  name: 'concord',
  type: 'http',
  sink: {
    httpEndpoint: 'https://hooks.example.com/auth0',
    httpAuthorization: 'secret',
    httpContentFormat: 'JSONLINES',
    httpContentType: 'application/json',
  },
  filters: [{ type: 'category', name: 'auth.signup.success' }],
};

interface World {
  readonly tenant: Auth0Tenant;
  readonly call: Call;
  readonly clock: TestClock;
  readonly userPath: string;
  /** An identity of another user. */
  readonly social: { readonly provider: string; readonly user_id: string };
}

/** A tenant in which something has happened, so that no answer is trivially empty. */
async function startWorld(): Promise<World> {
  const clock = new TestClock();
  // Entries are gathered for longer than the test lasts: the endpoint above is not to be called.
  const tenant = await startTenant({ clock: clock.read, delivery: { gatherMs: 60_000 } });
  const { user_id } = await tenant.signUp({ email: 'alice@example.com', password: 'correct horse' });
  await tenant.verifyEmail(user_id);
  await tenant.logIn(user_id);
  await tenant.block(user_id);
  const social = { provider: 'google-oauth2', user_id: '7' };
  await tenant.socialLogIn({
    ...{ connection: social.provider, subject: social.user_id },
    ...{ email: 'bob@example.com', accessToken: 'token-of-google' },
  });
  await tenant.enterpriseLogIn({
    ...{ strategy: 'samlp', connection: 'corp', subject: 'Carol' },
    email: 'carol@example.com',
  });
  const call = await managementApi(tenant);
  return { tenant, call, clock, userPath: `/users/${encodeURIComponent(user_id)}`, social };
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ask: (world: World) => Promise<Answer<unknown>>;
}

async function made(world: World, path: string, body: unknown): Promise<string> {
  return (await world.call<{ id: string }>('POST', path, body)).body.id;
}

const TOTALS = query({ page: 0, per_page: 10, include_totals: true });
const EXPORT = { format: 'json', limit: 5, fields: [{ name: 'user_id' }] };
const NEW_USER = { connection: 'Username-Password-Authentication', email: 'new@example.com', password: 'x' };

const ROUTES: readonly Route[] = [
  { method: 'get', path: '/users', status: 200, ask: ({ call }) => call('GET', '/users?q=email:*') },
  { method: 'get', path: '/users', status: 200, ask: ({ call }) => call('GET', `/users${TOTALS}`) },
  { method: 'get', path: '/users/{id}', status: 200, ask: ({ call, userPath }) => call('GET', userPath) },
  {
    method: 'get',
    path: '/users-by-email',
    status: 200,
    ask: ({ call }) => call('GET', '/users-by-email?email=alice@example.com'),
  },
  { method: 'post', path: '/users', status: 201, ask: ({ call }) => call('POST', '/users', NEW_USER) },
  {
    method: 'patch',
    path: '/users/{id}',
    status: 200,
    ask: ({ call, userPath }) => call('PATCH', userPath, { blocked: false, email: 'x@example.com' }),
  },
  {
    method: 'delete',
    path: '/users/{id}',
    status: 204,
    ask: ({ call, userPath }) => call('DELETE', userPath),
  },
  {
    method: 'post',
    path: '/users/{id}/identities',
    status: 201,
    ask: ({ call, userPath, social }) => call('POST', `${userPath}/identities`, social),
  },
  {
    method: 'get',
    path: '/users/{id}',
    status: 200,
    ask: async ({ call, userPath, social }) => {
      await call('POST', `${userPath}/identities`, social);
      return call('GET', userPath);
    },
  },
  {
    method: 'delete',
    path: '/users/{id}/identities/{provider}/{user_id}',
    status: 200,
    ask: async ({ call, userPath, social }) => {
      await call('POST', `${userPath}/identities`, social);
      return call('DELETE', `${userPath}/identities/${social.provider}/${social.user_id}`);
    },
  },
  {
    method: 'get',
    path: '/users/{id}/logs',
    status: 200,
    ask: ({ call, userPath }) => call('GET', `${userPath}/logs${TOTALS}`),
  },
  { method: 'get', path: '/logs', status: 200, ask: ({ call }) => call('GET', '/logs?take=100') },
  { method: 'get', path: '/logs', status: 200, ask: ({ call }) => call('GET', `/logs${TOTALS}`) },
  {
    method: 'get',
    path: '/logs/{id}',
    status: 200,
    ask: ({ call, tenant }) => call('GET', `/logs/${tenant.logs.readable()[0]?.log_id}`),
  },
  {
    method: 'post',
    path: '/log-streams',
    status: 200,
    ask: ({ call }) => call('POST', '/log-streams', STREAM),
  },
  {
    method: 'get',
    path: '/log-streams',
    status: 200,
    ask: async (world) => {
      await made(world, '/log-streams', STREAM);
      return world.call('GET', '/log-streams');
    },
  },
  {
    method: 'get',
    path: '/log-streams/{id}',
    status: 200,
    ask: async (world) => world.call('GET', `/log-streams/${await made(world, '/log-streams', STREAM)}`),
  },
  {
    method: 'patch',
    path: '/log-streams/{id}',
    status: 200,
    ask: async (world) => {
      const id = await made(world, '/log-streams', STREAM);
      return world.call('PATCH', `/log-streams/${id}`, { status: 'paused' });
    },
  },
  {
    method: 'delete',
    path: '/log-streams/{id}',
    status: 204,
    ask: async (world) => world.call('DELETE', `/log-streams/${await made(world, '/log-streams', STREAM)}`),
  },
  {
    method: 'get',
    path: '/event-streams',
    status: 200,
    ask: async ({ call, tenant }) => {
      tenant.eventStream.add({ endpoint: 'https://hooks.example.com/events', token: 'secret' });
      return call('GET', '/event-streams');
    },
  },
  {
    method: 'post',
    path: '/jobs/users-exports',
    status: 200,
    ask: ({ call }) => call('POST', '/jobs/users-exports', EXPORT),
  },
  {
    method: 'get',
    path: '/jobs/{id}',
    status: 200,
    ask: async (world) => {
      const id = await made(world, '/jobs/users-exports', EXPORT);
      world.clock.advance(1000);
      return world.call('GET', `/jobs/${id}`);
    },
  },
];

describe.skipIf(!isContractPresent)('answers hold to the contract of the Management API', () => {
  const { contract, schemaOf } = isContractPresent
    ? readContract()
    : { contract: { paths: {} }, schemaOf: () => undefined };

  it.each(ROUTES)('$method $path answers $status', async ({ method, path, status, ask }) => {
    const answer = await ask(await startWorld());
    expect(answer.status).toBe(status);
    const described = contract.paths[path]?.[method]?.responses[status];
    expect(described, 'the contract knows this route and this status').toBeDefined();
    if (described?.content === undefined) {
      expect(answer.body).toBeUndefined();
      return;
    }
    const validate = schemaOf(pointerTo(path, method, status));
    validate?.(answer.body);
    expect(validate?.errors ?? []).toEqual([]);
  });

  it('would notice an answer that does not hold to it', () => {
    const validate = schemaOf(pointerTo('/users/{id}', 'get', 200));
    expect(validate?.({ user_id: 7, identities: [{ provider: 'nobody' }] })).toBe(false);
  });

  it.each(['/users', '/logs'])(
    'refuses no query parameter that GET %s is documented to take',
    async (path) => {
      const { call } = await startWorld();
      const values: Record<string, string> = {
        sort: 'date:1',
        q: 'type:s',
        search: 'web',
        search_engine: 'v3',
        fields: 'user_id',
        connection: 'x',
        from: '900',
      };
      const parameters = contract.paths[path]?.['get']?.parameters ?? [];
      expect(parameters.length).toBeGreaterThan(5);
      for (const { name } of parameters) {
        const value = values[name] ?? (/include|primary/.test(name) ? 'true' : '1');
        const { status } = await call('GET', `${path}${query({ [name]: value })}`);
        expect([name, status]).toEqual([name, 200]);
      }
    },
  );
});
