import { expect, test } from 'vitest';
import { createTenantLogs } from '../../src/auth0/logs.ts';
import { sendJson } from '../support/local-server.ts';
import { tenantOf } from './tenant.ts';

test('a page of the log and the checkpoint after it', async () => {
  const entries = [{ log_id: '900', type: 'ss' }, { anything: null }];
  const tenant = await tenantOf((_, response) =>
    sendJson(response, 200, entries, {
      link: `<${tenant.origin}/api/v2/logs?from=901&take=2>; rel="next"`,
    }),
  );
  const logs = createTenantLogs(tenant.client);
  expect(await logs.logs({ from: '899', take: 2 })).toEqual({ entries, next: '901' });
  await logs.logs({});
  expect(tenant.requests.slice(1)).toEqual(['GET /api/v2/logs?from=899&take=2', 'GET /api/v2/logs?take=100']);
});

test.each([
  ['no link', undefined],
  ['another link', '<https://example.com/api/v2/logs?from=1>; rel="prev"'],
  ['a link without a checkpoint', '<https://example.com/api/v2/logs>; rel="next"'],
])('%s names no checkpoint', async (_reason, link) => {
  const { client } = await tenantOf((_, response) =>
    sendJson(response, 200, [], link === undefined ? {} : { link }),
  );
  expect(await createTenantLogs(client).logs({ from: '899' })).toEqual({ entries: [], next: undefined });
});

test('log streams and how they stand', async () => {
  const stream = { id: 'lst_1', name: 'Concord', type: 'http', status: 'suspended' };
  const { client } = await tenantOf((_, response) =>
    sendJson(response, 200, [{ ...stream, sink: { httpEndpoint: 'x' } }]),
  );
  expect(await createTenantLogs(client).logStreams()).toEqual([stream]);
});
