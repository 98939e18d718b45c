/** Who is shown the metrics. */
import { expect, test } from 'vitest';
import { testServer } from './test-server.ts';

const TOKEN = 'metrics-token-0123456789-0123456789';
const page = { contentType: 'text/plain; version=0.0.4', read: async () => 'concord_up 1\n' };

interface Ask {
  readonly remoteAddress?: string;
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
}

const asks: readonly [status: number, reason: string, token: string | undefined, ask: Ask][] = [
  [200, 'this machine', undefined, { remoteAddress: '127.0.0.1' }],
  [200, 'this machine by IPv6', undefined, { remoteAddress: '::1' }],
  [200, 'this machine by both', undefined, { remoteAddress: '::ffff:127.0.0.1' }],
  [403, 'another machine', undefined, { remoteAddress: '192.0.2.7' }],
  [403, 'a name that only begins so', undefined, { remoteAddress: '::ffff:192.0.2.127' }],
  [403, 'a proxy on this machine', undefined, { headers: { 'x-forwarded-for': '192.0.2.7' } }],
  [403, 'another one', undefined, { headers: { forwarded: 'for=192.0.2.7' } }],
  [
    403,
    'another machine with any token',
    undefined,
    { remoteAddress: '192.0.2.7', headers: { authorization: TOKEN } },
  ],
  [200, 'the token', TOKEN, { remoteAddress: '192.0.2.7', headers: { authorization: `Bearer ${TOKEN}` } }],
  [
    200,
    'the token through a proxy',
    TOKEN,
    { headers: { authorization: TOKEN, 'x-forwarded-for': '192.0.2.7' } },
  ],
  [401, 'no token, though from here', TOKEN, { remoteAddress: '127.0.0.1' }],
  [401, 'a token that begins alike', TOKEN, { headers: { authorization: `Bearer ${TOKEN}0` } }],
  [405, 'another method', undefined, { method: 'POST' }],
];

test.each(asks)('%i for %s', async (status, _reason, token, { method = 'GET', ...ask }) => {
  const { app } = testServer({ metrics: { ...page, token } });
  const answer = await app.inject({ method, url: '/metrics', ...ask });
  expect(answer.statusCode).toBe(status);
  expect(answer.body.includes('concord_up')).toBe(status === 200);
});

test('the page has the type that Prometheus knows', async () => {
  const { app } = testServer({ metrics: { ...page, token: undefined } });
  const answer = await app.inject({ url: '/metrics' });
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
});

test('a server that is given no metrics has none', async () => {
  const { app } = testServer();
  expect((await app.inject({ url: '/metrics' })).statusCode).toBe(404);
});

test('every answer is told of, by its route and not by what was typed', async () => {
  const told: unknown[] = [];
  const { app } = testServer({
    onAnswer: (method, route, status) => told.push([method, route, status]),
  });
  await app.inject({ url: '/healthz?who=alice@example.com' });
  await app.inject({ url: '/alice@example.com' });
  await app.inject({ method: 'POST', url: '/webhooks/auth0/first', payload: '[]' });
  expect(told).toEqual([
    ['GET', '/healthz', 200],
    ['GET', null, 404],
    ['POST', '/webhooks/auth0/:tenant', 401],
  ]);
});
