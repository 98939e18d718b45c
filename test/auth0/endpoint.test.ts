import { expect, test } from 'vitest';
import { askEndpoint } from '../../src/auth0/endpoint.ts';
import { localServer, unusedOrigin } from '../support/local-server.ts';

const problem = (code: string) => JSON.stringify({ type: `urn:concord:problem:${code}` });

test.each([
  ['a Concord, which takes only POST', 405, problem('method-not-allowed'), { by: 'concord' }],
  ['a Concord that has no such tenant', 404, problem('not-found'), { by: 'concord-without-tenant' }],
  ['a web site', 200, '<html>', { by: 'another', status: 200 }],
  ['a proxy that knows no such path', 404, 'no such page', { by: 'another', status: 404 }],
  ['a redirect, which Auth0 would not follow', 302, '', { by: 'another', status: 302 }],
  ['a proxy that lets only POST through', 405, '', { by: 'nobody' }],
  ['a proxy with nothing behind it', 502, '', { by: 'nobody' }],
])('%s', async (_who, status, body, answer) => {
  const { origin, requests } = await localServer((request, response) => {
    // No token of ours is shown to whoever that is.
    expect(request.headers.authorization).toBeUndefined();
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(body);
  });
  expect(await askEndpoint(`${origin}/webhooks/auth0/a`, 5_000)).toEqual(answer);
  expect(requests).toEqual(['GET /webhooks/auth0/a']);
});

test('nobody, where nothing listens, and where nothing is said in time', async () => {
  expect(await askEndpoint(await unusedOrigin(), 5_000)).toEqual({ by: 'nobody' });
  const { origin } = await localServer(() => {});
  expect(await askEndpoint(origin, 50)).toEqual({ by: 'nobody' });
});
