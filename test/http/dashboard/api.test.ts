/** What the desk is asked, by what was asked here, and what is told when it cannot answer. */
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../src/dashboard-data/answers/decisions.ts';
import { UpstreamError, UsageError } from '../../../src/errors.ts';
import { HERE, JSON_BODY, type TestDashboard, testDashboard } from './test-dashboard.ts';
import { OVERVIEW, testDashboardData } from './test-dashboard-data.ts';

const ALICE = 'auth0|alice';
const WHY = { by: 'bob', reason: 'the index was mended' } as const;

async function decide({ app }: TestDashboard, decision: unknown) {
  const { csrf } = (await app.inject({ url: '/api/session', headers: HERE })).json<{ csrf: string }>();
  return app.inject({
    method: 'POST',
    url: '/api/decisions',
    headers: { ...HERE, ...JSON_BODY, origin: 'http://localhost:8787', 'x-concord-csrf': csrf },
    payload: typeof decision === 'string' ? decision : JSON.stringify(decision),
  });
}

describe('a question', () => {
  it.each<[url: string, asked: unknown[]]>([
    ['/api/overview', ['overview']],
    ['/api/history', ['history', '24h']],
    ['/api/history?range=7d', ['history', '7d']],
    ['/api/users', ['users', {}]],
    [
      '/api/users?search=%40alice&tenant=&sync=OutOfSync&situation=held&resource=account&reason=EmailTaken&after=auth0%7Ca',
      [
        'users',
        {
          search: '@alice',
          tenant: undefined,
          sync: 'OutOfSync',
          situation: 'held',
          resource: 'account',
          reason: 'EmailTaken',
          after: 'auth0|a',
        },
      ],
    ],
    ['/api/user?key=auth0%7Calice', ['user', ALICE]],
    [`/api/user?key=${'x'.repeat(288)}`, ['user', 'x'.repeat(288)]],
    ['/api/user/look?key=auth0%7Calice', ['look', ALICE]],
    ['/api/user/timeline?key=auth0%7Calice', ['timeline', ALICE, undefined]],
    ['/api/user/timeline?key=auth0%7Calice&before=first:1', ['timeline', ALICE, 'first:1']],
    ['/api/user/adoption?key=auth0%7Calice&did=did:plc:a', ['adoption', ALICE, 'did:plc:a']],
    ['/api/user/restoration?key=auth0%7Calice', ['restoration', ALICE]],
    ['/api/sweeps', ['sweeps']],
  ])('%s', async (url, asked) => {
    const { app, dashboardData } = testDashboard();
    const answer = await app.inject({ url, headers: HERE });
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(dashboardData.asked).toEqual([asked]);
  });

  it('is answered with what the desk says', async () => {
    const { app } = testDashboard();
    expect((await app.inject({ url: '/api/overview', headers: HERE })).json()).toEqual(OVERVIEW);
  });

  it.each([
    ['/api/history?range=SECRET', 'range must be one of 1h, 6h, 24h, 7d.'],
    ['/api/users?sync=SECRET', 'sync must be one of Synced, OutOfSync, Unknown.'],
    ['/api/users?SECRET=1', 'The query has an unknown field.'],
    ['/api/users?search=SECRET&search=SECRET', 'search must be 1 to 320 characters'],
    [`/api/users?search=${'SECRET'.repeat(60)}`, 'search must be 1 to 320 characters'],
    ['/api/overview?SECRET=1', 'The query has an unknown field.'],
    ['/api/user', 'key must be 1 to 288 characters'],
    ['/api/user?key=', 'key must be 1 to 288 characters'],
    ['/api/user?key=SECRET%00', 'key must be 1 to 288 characters'],
    ['/api/user/timeline?key=a&before=%1b[2J', 'before must be 1 to 300 characters'],
  ])('%s cannot be read', async (url, detail) => {
    const { app, dashboardData } = testDashboard();
    const answer = await app.inject({ url, headers: HERE });
    expect(answer.json()).toMatchObject({ status: 400, type: 'urn:concord:problem:unreadable-request' });
    expect(answer.json()).toMatchObject({ detail: expect.stringContaining(detail) });
    expect(answer.body).not.toContain('SECRET');
    expect(dashboardData.asked).toEqual([]);
  });

  it.each<[reason: string, error: Error, status: number, code: string, detail: string]>([
    [
      'nobody is known so',
      new UsageError('nobody answers to SECRET', 'USER_NOT_FOUND'),
      404,
      'user-not-found',
      'No user is known by this key.',
    ],
    [
      'something is in the way',
      new UsageError('The user is paused: resume first.', 'USER_PAUSED'),
      409,
      'user-paused',
      'The user is paused: resume first.',
    ],
    [
      'a system is away',
      new UpstreamError('SECRET', {
        upstream: 'auth0',
        code: 'TIMEOUT',
        retryable: true,
        retryAfterMs: 7_000,
      }),
      503,
      'unavailable',
      'Auth0 cannot be read now (TIMEOUT).',
    ],
    [
      'a system refuses',
      new UpstreamError('SECRET', { upstream: 'pds', code: 'UNAUTHORIZED', retryable: false }),
      502,
      'upstream-refused',
      'The PDS answers with an error (UNAUTHORIZED)',
    ],
    ['nobody foresaw it', new Error('SECRET'), 500, 'internal-error', 'internal error'],
  ])('that cannot be answered: %s', async (_reason, error, status, code, detail) => {
    const dashboardData = testDashboardData({ user: async () => Promise.reject(error) });
    const { app } = testDashboard({ dashboardData });
    const answer = await app.inject({ url: '/api/user?key=a', headers: HERE });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ status, type: `urn:concord:problem:${code}` });
    expect(answer.json()).toMatchObject({ detail: expect.stringContaining(detail) });
    expect(answer.body).not.toContain('SECRET');
    expect(answer.headers['retry-after']).toBe(status === 503 ? '7' : undefined);
  });
});

describe('a decision', () => {
  it.each<[Decision]>([
    [{ ...WHY, type: 'reconcile', user: ALICE }],
    [{ ...WHY, type: 'pause', user: ALICE, until: null }],
    [{ ...WHY, type: 'pause', user: ALICE, until: '2030-01-31T12:00:00.000Z' }],
    [{ ...WHY, type: 'resume', user: ALICE }],
    [{ ...WHY, type: 'retry', user: ALICE }],
    [{ ...WHY, type: 'adopt', user: ALICE, did: 'did:plc:a' }],
    [{ ...WHY, type: 'restore', user: ALICE, what: ['user-document', 'account-record'] }],
    [{ ...WHY, type: 'approve', run: 'run-1' }],
  ])('%j', async (decision) => {
    const dashboard = testDashboard();
    const answer = await decide(dashboard, decision);
    expect([answer.statusCode, answer.json()]).toEqual([200, { users: 1, what: 'alice is due' }]);
    expect(dashboard.dashboardData.asked).toEqual([['decide', decision]]);
  });

  it('is taken without the blanks around who and why', async () => {
    const dashboard = testDashboard();
    await decide(dashboard, { by: ' bob ', reason: 'index \n', type: 'retry', user: ALICE });
    expect(dashboard.dashboardData.asked).toEqual([
      ['decide', { by: 'bob', reason: 'index', type: 'retry', user: ALICE }],
    ]);
  });

  it.each<[decision: unknown, detail: string]>([
    ['', 'The body is not JSON.'],
    ['{"SECRET"', 'The body is not JSON.'],
    ['null', 'The body is not an object.'],
    ['[]', 'The body is not an object.'],
    [{}, 'type must be one of reconcile'],
    [{ ...WHY, type: 'SECRET', user: ALICE }, 'type must be one of reconcile'],
    [{ type: 'retry', user: ALICE, reason: 'why' }, 'by must be 1 to 80 characters'],
    [{ type: 'retry', user: ALICE, by: 'bob' }, 'reason must be 1 to 500 characters'],
    [{ ...WHY, by: ' ', type: 'retry', user: ALICE }, 'by must be 1 to 80 characters'],
    [{ ...WHY, by: 'SECRET'.repeat(14), type: 'retry', user: ALICE }, 'by must be 1 to 80 characters'],
    [{ ...WHY, reason: 'SECRET\nline', type: 'retry', user: ALICE }, 'reason must be 1 to 500 characters'],
    [
      { ...WHY, reason: 'SECRET\u202eline', type: 'retry', user: ALICE },
      'reason must be 1 to 500 characters',
    ],
    [{ ...WHY, reason: 'x'.repeat(501), type: 'retry', user: ALICE }, 'reason must be 1 to 500 characters'],
    [{ ...WHY, type: 'retry', user: { $ne: '' } }, 'user must be 1 to 288 characters'],
    [{ ...WHY, type: 'retry', user: ALICE, SECRET: 1 }, 'The body has an unknown field.'],
    [`{"by":"a","reason":"b","type":"retry","user":"u","__proto__":{}}`, 'The body has an unknown field'],
    [{ ...WHY, type: 'pause', user: ALICE }, 'until must be a moment'],
    [{ ...WHY, type: 'pause', user: ALICE, until: 'SECRET' }, 'until must be a moment'],
    [{ ...WHY, type: 'adopt', user: ALICE }, 'did must be 1 to 260 characters'],
    [{ ...WHY, type: 'restore', user: ALICE }, 'what must be a list'],
    [{ ...WHY, type: 'restore', user: ALICE, what: [] }, 'what must not be empty'],
    [{ ...WHY, type: 'restore', user: ALICE, what: ['SECRET'] }, 'what must be one of verification'],
    [{ ...WHY, type: 'approve', user: ALICE }, 'run must be 1 to 300 characters'],
  ])('%j cannot be read', async (decision, detail) => {
    const dashboard = testDashboard();
    const answer = await decide(dashboard, decision);
    expect(answer.json()).toMatchObject({ status: 400, type: 'urn:concord:problem:unreadable-request' });
    expect(answer.json()).toMatchObject({ detail: expect.stringContaining(detail) });
    expect(answer.body).not.toContain('SECRET');
    expect(dashboard.dashboardData.asked).toEqual([]);
  });
});
