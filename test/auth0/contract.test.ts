/** Every call of the Auth0 adapter is one that the Management API describes: route, parameters and body. */
import { describe, expect, it } from 'vitest';
import { type Auth0ClientOptions, createAuth0Client } from '../../src/auth0/client.ts';
import { exportUsers } from '../../src/auth0/export.ts';
import { createAuth0Inspection } from '../../src/auth0/inspection.ts';
import { createTenantLogs } from '../../src/auth0/logs.ts';
import { createDirectory } from '../../src/auth0/management.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { APPLICATION, startTenant } from '../sandbox/auth0/tenant-under-test.ts';
import { isContractPresent, type OpenApi, operationAt, readContract } from '../support/auth0-contract.ts';
import { leapingClock } from '../support/virtual-clock.ts';
import { userIdOf } from './tenant.ts';

interface Request {
  readonly method: string;
  /** Below /api/v2. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** Does what the adapter can do, on a tenant with a user, a log and a stream. */
async function everyCall(): Promise<readonly Request[]> {
  const requests: Request[] = [];
  const recording: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.pathname.startsWith('/api/v2/')) {
      const body = init?.body == null ? undefined : await new Response(init.body).json();
      const path = url.pathname.slice('/api/v2'.length);
      requests.push({ method: (init?.method ?? 'GET').toLowerCase(), path, query: url.searchParams, body });
    }
    return fetch(input, init);
  };
  const tenant = await startTenant({ exportMs: 0 });
  const { user_id } = await tenant.signUp({ email: 'alice@example.com', password: 'correct horse' });
  const id = userIdOf(user_id);
  const clock = leapingClock();
  const options: Auth0ClientOptions = {
    ...{ domain: tenant.domain, managementUrl: tenant.url, ...APPLICATION, clock, fetch: recording },
    limiter: new RateLimiter({ upstream: 'auth0', clock }),
  };
  const client = createAuth0Client(options);
  const directory = createDirectory(client);
  expect(await directory.user(id)).toMatchObject({ userId: id });
  expect(await directory.usersByEmail('alice@example.com')).toHaveLength(1);
  expect(await directory.usersByIdentity(id)).toHaveLength(1);
  expect((await directory.newest(1)).users).toHaveLength(1);
  for await (const { users } of directory.everyone()) expect(users).toHaveLength(1);
  for await (const { users } of directory.changedSince(new Date(0))) expect(users).toHaveLength(1);
  for await (const _ of exportUsers(client, { countUsers: async () => 1, since: new Date(0) }));
  const logs = createTenantLogs(client);
  const { next } = await logs.oldest();
  if (next === undefined) throw new Error('The log is empty.');
  await logs.after(next);
  expect(await logs.has(next)).toBe(true);
  await logs.streams();
  const doctor = createAuth0Inspection(options);
  expect(await doctor.users()).not.toBe('forbidden');
  expect(await doctor.logs()).toBe('readable');
  expect(await doctor.logStreams()).toEqual([]);
  expect(await doctor.eventStreams()).toEqual([]);
  return requests;
}

function routeOf(contract: OpenApi, path: string): string | undefined {
  const matches = (route: string) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
  return Object.keys(contract.paths).find(matches);
}

const CASTS: Readonly<Record<string, (text: string) => unknown>> = {
  integer: Number,
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

describe.skipIf(!isContractPresent)('the contract of the Management API', () => {
  const { contract, schemaOf } = isContractPresent
    ? readContract()
    : { contract: { paths: {} }, schemaOf: () => undefined };

  /** What of the request the contract does not describe. */
  function undescribed({ method, path, query, body }: Request): readonly unknown[] {
    const route = routeOf(contract, path);
    const operation = route === undefined ? undefined : contract.paths[route]?.[method];
    if (route === undefined || operation === undefined) return [`no ${method} ${path}`];
    const parameters = operation.parameters ?? [];
    const odd: unknown[] = [];
    for (const [name, value] of query) {
      const at = parameters.findIndex((one) => one.in === 'query' && one.name === name);
      const validate = at < 0 ? undefined : schemaOf(`${operationAt(route, method)}/parameters/${at}/schema`);
      const cast = CASTS[parameters[at]?.schema.type ?? 'string'];
      if (validate === undefined) odd.push(`no parameter ${name}`);
      else if (!validate(cast === undefined ? value : cast(value))) odd.push([name, validate.errors]);
    }
    if (body === undefined) return odd;
    const validate = schemaOf(`${operationAt(route, method)}/requestBody/content/application~1json/schema`);
    return validate?.(body) === true ? odd : [...odd, validate?.errors];
  }

  it('has every call of the adapter', async () => {
    const requests = await everyCall();
    for (const request of requests)
      expect([request.method, request.path, undescribed(request)]).toEqual([
        ...[request.method, request.path, []],
      ]);
    const routes = new Set(requests.map(({ method, path }) => `${method} ${routeOf(contract, path)}`));
    expect([...routes].sort()).toEqual([
      ...['get /event-streams', 'get /jobs/{id}', 'get /log-streams', 'get /logs', 'get /logs/{id}'],
      ...['get /users', 'get /users-by-email', 'get /users/{id}', 'post /jobs/users-exports'],
    ]);
  });

  it.each<[string, Request]>([
    ['another route', { method: 'get', path: '/people', query: new URLSearchParams(), body: undefined }],
    [
      'an unknown parameter',
      { method: 'get', path: '/users', query: new URLSearchParams({ size: '1' }), body: undefined },
    ],
    [
      'a parameter out of bounds',
      { method: 'get', path: '/users', query: new URLSearchParams({ per_page: '101' }), body: undefined },
    ],
    [
      'another body',
      { method: 'post', path: '/jobs/users-exports', query: new URLSearchParams(), body: { format: 'xml' } },
    ],
  ])('has no call with %s', (_what, request) => {
    expect(undescribed(request)).toHaveLength(1);
  });
});
