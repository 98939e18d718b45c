/** Signing in and out, and what a session is good for. */
import { describe, expect, it } from 'vitest';
import { SESSION_MS } from '../../../src/http/dashboard/session.ts';
import { DASHBOARD_TOKEN, HERE, JSON_BODY, type TestDashboard, testDashboard } from './test-dashboard.ts';

const FROM_AFAR = { host: 'concord.example', origin: 'https://concord.example', ...JSON_BODY } as const;

async function signIn(
  { app }: TestDashboard,
  headers: Record<string, string> = FROM_AFAR,
  token = DASHBOARD_TOKEN,
) {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/session',
    headers,
    payload: JSON.stringify({ token }),
    remoteAddress: '192.0.2.7',
  });
  const header = String(answer.headers['set-cookie']);
  return { answer, header, cookie: header.split(';')[0] ?? '' };
}

async function look({ app }: TestDashboard, headers: Record<string, string>): Promise<number> {
  return (await app.inject({ url: '/api/session', headers })).statusCode;
}

describe('signing in', () => {
  it('gives a cookie that scripts and other sites do not see, and that holds no token', async () => {
    const dashboard = testDashboard({ token: DASHBOARD_TOKEN });
    const { answer, header, cookie } = await signIn(dashboard);
    expect(answer.statusCode).toBe(200);
    expect(header).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
    expect(header).not.toContain(DASHBOARD_TOKEN);
    const { csrf, ...rest } = answer.json<{ csrf: string }>();
    expect(rest).toEqual({ hasToken: true, version: '1.2.3' });
    const asked = await dashboard.app.inject({
      url: '/api/session',
      headers: { host: 'concord.example', cookie },
    });
    expect(asked.json()).toEqual({ csrf, hasToken: true, version: '1.2.3' });
  });

  it.each<[secure: boolean, headers: Record<string, string>]>([
    [true, { host: 'a.example', 'x-forwarded-proto': 'https' }],
    [true, { host: 'a.example', forwarded: 'for=192.0.2.7;proto=https' }],
    [true, { host: 'a.example', origin: 'https://a.example' }],
    [false, { host: 'a.example', origin: 'http://a.example' }],
    [false, { host: 'a.example', 'x-forwarded-proto': 'http' }],
    [false, { host: 'a.example' }],
  ])('for https alone: %s, by %j', async (secure, headers) => {
    const { header } = await signIn(testDashboard({ token: DASHBOARD_TOKEN }), { ...headers, ...JSON_BODY });
    expect(header.endsWith('; Secure')).toBe(secure);
  });

  it.each([
    [200, { host: 'ops.example:8443', origin: 'https://ops.example:8443' }],
    [200, { host: 'OPS.example:443', origin: 'https://ops.example' }],
    [200, { host: '127.0.0.1:8787', 'x-forwarded-host': 'ops.example', origin: 'https://ops.example' }],
    [403, { host: '127.0.0.1:8787', origin: 'https://ops.example' }],
    [403, { host: 'ops.example', origin: 'https://ops.example:8443' }],
  ])('behind a proxy: %i by %j', async (status, headers) => {
    const { answer } = await signIn(testDashboard({ token: DASHBOARD_TOKEN }), { ...headers, ...JSON_BODY });
    expect(answer.statusCode).toBe(status);
  });

  it('takes a token of any characters', async () => {
    const token = `pässwörter-und-noch-mehr-${DASHBOARD_TOKEN}`;
    const { answer } = await signIn(testDashboard({ token }), FROM_AFAR, token);
    expect(answer.statusCode).toBe(200);
  });

  it('is open to the right token however many wrong ones were tried, so that nobody can lock the operators out', async () => {
    const dashboard = testDashboard({ token: DASHBOARD_TOKEN });
    for (let tries = 0; tries < 50; tries += 1) {
      expect(await look(dashboard, { ...HERE, authorization: `wrong-${tries}` })).toBe(401);
      expect((await signIn(dashboard, FROM_AFAR, `wrong-${tries}`)).answer.statusCode).toBe(401);
    }
    expect((await signIn(dashboard)).answer.statusCode).toBe(200);
    expect(await look(dashboard, { ...HERE, authorization: DASHBOARD_TOKEN })).toBe(200);
  });
});

describe('a session', () => {
  it('is good for twelve hours, also after a restart, and beside a password of the proxy', async () => {
    const { cookie } = await signIn(testDashboard({ token: DASHBOARD_TOKEN }));
    const restarted = testDashboard({ token: DASHBOARD_TOKEN });
    restarted.pass(SESSION_MS - 1);
    expect(await look(restarted, { ...HERE, cookie })).toBe(200);
    expect(await look(restarted, { ...HERE, cookie, authorization: 'Basic cHJveHk6cGFzc3dvcmQ=' })).toBe(200);
    restarted.pass(1);
    expect(await look(restarted, { ...HERE, cookie })).toBe(401);
  });

  it('is found among other cookies, also behind one of its name that somebody else has set', async () => {
    const dashboard = testDashboard({ token: DASHBOARD_TOKEN });
    const { cookie } = await signIn(dashboard);
    expect(await look(dashboard, { ...HERE, cookie: `a=b; concord_session=forged;${cookie}; c=d` })).toBe(
      200,
    );
  });

  it('is forgotten by the browser that signs out', async () => {
    const { app } = testDashboard({ token: DASHBOARD_TOKEN });
    const answer = await app.inject({ method: 'DELETE', url: '/api/session', headers: HERE });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(answer.headers['set-cookie']).toMatch(/^concord_session=; .*Max-Age=0$/);
    const foreign = await app.inject({
      method: 'DELETE',
      url: '/api/session',
      headers: { ...HERE, 'sec-fetch-site': 'cross-site' },
    });
    expect([foreign.statusCode, foreign.headers['set-cookie']]).toEqual([403, undefined]);
  });
});

describe('the token itself', () => {
  it.each([DASHBOARD_TOKEN, `Bearer ${DASHBOARD_TOKEN}`])(
    'is good in a header, for scripts',
    async (authorization) => {
      const dashboard = testDashboard({ token: DASHBOARD_TOKEN });
      const headers = { host: 'concord.example', authorization };
      const { csrf } = (await dashboard.app.inject({ url: '/api/session', headers })).json<{
        csrf: string;
      }>();
      const answer = await dashboard.app.inject({
        method: 'POST',
        url: '/api/decisions',
        headers: { ...headers, ...JSON_BODY, 'x-concord-csrf': csrf },
        payload: JSON.stringify({ type: 'retry', user: 'auth0|alice', by: 'bob', reason: 'mended' }),
      });
      expect(answer.statusCode).toBe(200);
    },
  );
});

describe('without a token', () => {
  it.each(['localhost', 'LOCALHOST:8787', '127.0.0.1:8787', '[::1]:8787'])(
    'this machine is answered as %s',
    async (host) => {
      const { app } = testDashboard();
      const answer = await app.inject({ url: '/api/session', headers: { host } });
      expect(answer.json()).toMatchObject({ hasToken: false, version: '1.2.3' });
    },
  );
});
