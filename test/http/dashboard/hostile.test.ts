/** Whatever is sent to the dashboard by whoever should not: a clear refusal, and the desk is never asked. */
import { expect, test } from 'vitest';
import { createSessions } from '../../../src/http/dashboard/session.ts';
import { exchange, listen, statusesOf } from '../wire.ts';
import { HOSTILE, type HostileRequest, type Loot, UNCLIENTLIKE } from './hostile-requests.ts';
import {
  DASHBOARD_TOKEN,
  HERE,
  JSON_BODY,
  NOW,
  SCRIPT,
  type TestDashboard,
  testDashboard,
} from './test-dashboard.ts';

const DECISION = { type: 'retry', user: 'auth0|alice', by: 'bob', reason: 'SECRET' };

const GOOD = {
  question: { method: 'GET', url: '/api/overview' },
  decision: { method: 'POST', url: '/api/decisions', payload: JSON.stringify(DECISION) },
  page: { method: 'GET', url: '/users/auth0%7Calice' },
  'sign-in': { method: 'POST', url: '/api/session', payload: JSON.stringify({ token: DASHBOARD_TOKEN }) },
} as const;

/** A session as any process with this token starts it. */
function sessionOf(token: string): { readonly cookie: string; readonly csrf: string } {
  const sessions = createSessions(() => token, { now: () => NOW });
  const { session, cookie } = sessions.start(false);
  return { cookie: cookie.split(';')[0] ?? '', csrf: sessions.csrf(session.id) };
}

async function lootOf({ app }: TestDashboard, token: boolean): Promise<Loot> {
  const { cookie: foreignCookie } = sessionOf(`another-${DASHBOARD_TOKEN}`);
  const { csrf: otherCsrf } = sessionOf(DASHBOARD_TOKEN);
  if (token) return { ...sessionOf(DASHBOARD_TOKEN), otherCsrf, foreignCookie };
  const { csrf } = (await app.inject({ url: '/api/session', headers: HERE })).json<{ csrf: string }>();
  return { cookie: '', csrf, otherCsrf, foreignCookie };
}

/** Sends what is answered, with what the request lays over it. */
async function send(dashboard: TestDashboard, loot: Loot, hostile: Partial<HostileRequest>) {
  const good = GOOD[hostile.over ?? 'question'];
  const { method, url, payload }: { method: string; url: string; payload: string | undefined } = {
    payload: undefined,
    ...good,
  };
  const isWrite = method === 'POST';
  const headers = Object.entries({
    ...HERE,
    ...(isWrite ? { ...JSON_BODY, origin: 'http://localhost:8787' } : {}),
    ...(hostile.over === 'decision' ? { 'x-concord-csrf': loot.csrf } : {}),
    ...(loot.cookie === '' ? {} : { cookie: loot.cookie }),
    ...hostile.headers?.(loot),
  }).filter((header): header is [string, string] => header[1] !== undefined);
  const body = hostile.payload ?? payload;
  return dashboard.app.inject({
    method: hostile.method ?? (isWrite ? 'POST' : 'GET'),
    url: hostile.url ?? url,
    headers: Object.fromEntries(headers),
    ...(hostile.remoteAddress === undefined ? {} : { remoteAddress: hostile.remoteAddress }),
    ...(body === undefined || hostile.method === 'GET' ? {} : { payload: body }),
  });
}

test.each([true, false])('what nothing is laid over is answered; with a token: %s', async (token) => {
  const dashboard = testDashboard({ token: token ? DASHBOARD_TOKEN : undefined });
  const loot = await lootOf(dashboard, token);
  for (const over of ['question', 'decision', 'page'] as const) {
    expect([over, (await send(dashboard, loot, { over })).statusCode]).toEqual([over, 200]);
  }
  expect(dashboard.dashboardData.asked.map(([name]) => name)).toEqual(['overview', 'decide']);
  const asset = await send(dashboard, loot, { over: 'page', url: `/assets/${SCRIPT}` });
  expect(asset.statusCode).toBe(200);
});

test.each(HOSTILE.map((hostile) => [hostile.reason, hostile] as const))('%s', async (_reason, hostile) => {
  const dashboard = testDashboard({ token: hostile.token ? DASHBOARD_TOKEN : undefined });
  const loot = await lootOf(dashboard, hostile.token);
  dashboard.pass(hostile.later ?? 0);
  const answer = await send(dashboard, loot, hostile);
  expect(answer.statusCode).toBe(hostile.status);
  if (hostile.over === 'page' && hostile.status === 403) {
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toContain('Without a DASHBOARD_TOKEN');
  } else {
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toContain(`"urn:concord:problem:${hostile.code}"`);
  }
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  expect(answer.body).not.toContain('SECRET');
  expect(answer.body).not.toContain(DASHBOARD_TOKEN);
  expect(dashboard.logLines.join('')).not.toMatch(/SECRET|dashboard-token|concord_session/);
  expect(dashboard.dashboardData.asked).toEqual([]);
});

test.each(UNCLIENTLIKE)('%i: %s %s %s', async (status, ...lines) => {
  const { app, dashboardData } = testDashboard();
  const close = lines.includes('Connection: close') ? [] : ['Connection: close'];
  const answer = await exchange(await listen(app), [[...lines, ...close, '', ''].join('\r\n')]);
  expect(statusesOf(answer)).toEqual([status]);
  expect(answer).not.toContain('devDependencies');
  expect(dashboardData.asked).toEqual([]);
});
