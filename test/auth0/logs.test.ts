import { expect, test } from 'vitest';
import { createTenantLogs } from '../../src/auth0/logs.ts';
import { sendJson } from '../support/local-server.ts';
import { tenantOf } from './tenant.ts';

test('a page of the log and the place after it', async () => {
  const entries = [{ log_id: '900', type: 'ss' }, { anything: null }];
  const tenant = await tenantOf((_, response) =>
    sendJson(response, 200, entries, {
      link: `<${tenant.origin}/api/v2/logs?from=901&take=100>; rel="next"`,
    }),
  );
  const logs = createTenantLogs(tenant.client);
  expect(await logs.after('899')).toEqual({ entries, next: '901' });
  expect(tenant.requests.slice(1)).toEqual(['GET /api/v2/logs?from=899&take=100']);
});

test.each([
  ['no link', undefined],
  ['another link', '<https://example.com/api/v2/logs?from=1>; rel="prev"'],
  ['a link without a place', '<https://example.com/api/v2/logs>; rel="next"'],
])('%s: the last entry is the place to read on from, if there is one', async (_reason, link) => {
  const pages: unknown[][] = [[], [{ log_id: '900' }, { log_id: '901' }]];
  const { client } = await tenantOf((_, response) =>
    sendJson(response, 200, pages.shift(), link === undefined ? {} : { link }),
  );
  const logs = createTenantLogs(client);
  expect(await logs.after('899')).toEqual({ entries: [], next: undefined });
  expect(await logs.after('899')).toMatchObject({ next: '901' });
});

test('the oldest entry is asked for by search', async () => {
  const pages: unknown[][] = [[{ log_id: '900', type: 'ss' }], []];
  const tenant = await tenantOf((_, response) => sendJson(response, 200, pages.shift()));
  const logs = createTenantLogs(tenant.client);
  expect(await logs.oldest()).toEqual({ entries: [{ log_id: '900', type: 'ss' }], next: '900' });
  expect(await logs.oldest()).toEqual({ entries: [], next: undefined });
  const [path, query] = tenant.requests[1]?.split('?') ?? [];
  expect(path).toBe('GET /api/v2/logs');
  expect(query?.split('&').sort()).toEqual(['page=0', 'per_page=1', 'sort=date%3A1']);
});

test('an entry is kept, or is not, and a 404 of somebody else says neither', async () => {
  const answers: (readonly [number, unknown])[] = [
    [200, { log_id: '900' }],
    [404, { statusCode: 404, error: 'Not Found', errorCode: 'inexistent_log' }],
    [404, { message: 'no such route' }],
  ];
  const { client } = await tenantOf((_, response) => {
    const [status, body] = answers.shift() ?? [500, {}];
    return sendJson(response, status, body);
  });
  const logs = createTenantLogs(client);
  expect(await logs.has('900')).toBe(true);
  expect(await logs.has('900')).toBe(false);
  await expect(logs.has('900')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('log streams and how they stand', async () => {
  const { client } = await tenantOf((_, response) =>
    sendJson(response, 200, [
      {
        id: 'lst_1',
        name: 'Concord',
        type: 'http',
        status: 'suspended',
        sink: { httpEndpoint: 'https://x' },
      },
      { id: 'lst_2', type: 'datadog', status: 'active', sink: { datadogRegion: 'eu' } },
    ]),
  );
  expect(await createTenantLogs(client).streams()).toEqual([
    { id: 'lst_1', status: 'suspended', endpoint: 'https://x' },
    { id: 'lst_2', status: 'active', endpoint: undefined },
  ]);
});
