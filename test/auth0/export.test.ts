import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createDirectory } from '../../src/auth0/management.ts';
import type { UserPage } from '../../src/ports/auth0.ts';
import { bodyOf, type Handler, sendJson } from '../support/local-server.ts';
import { type ApiUser, apiUsers, type Tenant, tenantOf } from './tenant.ts';

interface ExportingTenant {
  /** How many users the search counts. */
  readonly counted: number;
  /** What the job says at each look; the last is repeated. `location` is filled in. */
  readonly job?: readonly Record<string, unknown>[];
  readonly file: (response: ServerResponse) => void;
}

const JOB = 'job_0000000000000001';
const SIX_PAGES = Array.from({ length: 6 }, () => 200);

function ndjson(users: readonly ApiUser[]): string {
  return users.map((user) => `${JSON.stringify(user)}\n`).join('');
}

async function exporting({ counted, job = [{ status: 'completed' }], file }: ExportingTenant) {
  const seen: { asked?: unknown; fileAuthorization?: string | undefined } = {};
  let looks = 0;
  const api: Handler = async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/api/v2/users') return sendJson(response, 200, { total: counted, users: [] });
    if (path === '/api/v2/jobs/users-exports') {
      seen.asked = JSON.parse(await bodyOf(request));
      return sendJson(response, 200, { id: JOB, type: 'users_export', status: 'pending' });
    }
    if (path === `/api/v2/jobs/${JOB}`) {
      const { http, ...answer } = job[Math.min(looks, job.length - 1)] ?? {};
      looks += 1;
      if (http !== undefined) return sendJson(response, Number(http), {}, { 'retry-after': '3' });
      return sendJson(response, 200, {
        id: JOB,
        location: `${tenant.origin}/file`,
        ...answer,
      });
    }
    seen.fileAuthorization = request.headers.authorization;
    return file(response);
  };
  const tenant: Tenant = await tenantOf(api);
  return { tenant, seen };
}

/** The pages with anybody on them, who was on them, what was said of the listing, and how it ended. */
async function listed(tenant: Tenant, again?: string) {
  const pages: number[] = [];
  const ids = new Set<string>();
  const said: Pick<UserPage, 'listing' | 'total' | 'inexact'> = {};
  const ended = await (async () => {
    for await (const { users, unreadable: _, ...page } of createDirectory(tenant.client).everyone(again)) {
      Object.assign(said, page);
      if (users.length > 0) pages.push(users.length);
      for (const { userId } of users) ids.add(userId);
    }
  })().then(
    () => 'complete' as const,
    (error: { code: string; retryable: boolean }) => error,
  );
  return { pages, users: ids.size, ended, said };
}

describe('a tenant of 1,000 users or more is exported', () => {
  test.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['compressed', (text: string) => gzipSync(text)],
  ])('%s, in pages, with no token for the file', async (_reason, encode) => {
    const { tenant, seen } = await exporting({
      counted: 1_200,
      job: [{ status: 'pending' }, { status: 'processing', percentage_done: 50 }, { status: 'completed' }],
      file: (response) => response.end(encode(ndjson(apiUsers(1_200)))),
    });
    expect(await listed(tenant)).toEqual({
      ...{ pages: SIX_PAGES, users: 1_200, ended: 'complete' },
      said: { total: 1_200, listing: `${JOB}/1200` },
    });
    expect(seen).toEqual({
      asked: {
        format: 'json',
        fields: ['user_id', 'email', 'email_verified', 'blocked', 'created_at', 'identities'].map((name) => ({
          name,
        })),
      },
      fileAuthorization: undefined,
    });
    expect(tenant.clock.elapsedMs()).toBe(2_500);
  });

  test('a row that names no user is told of, and is no reason to do without the others', async () => {
    const odd = '{"user_id":7,"created_at":"soon"}\n';
    const { tenant } = await exporting({
      counted: 1_200,
      file: (response) => response.end(odd + ndjson(apiUsers(1_199))),
    });
    const pages: UserPage[] = [];
    for await (const page of createDirectory(tenant.client).everyone()) pages.push(page);
    expect(pages.flatMap(({ users }) => users)).toHaveLength(1_199);
    const told = [{ fields: ['user_id'] }];
    expect(pages.flatMap(({ unreadable = [] }) => unreadable)).toEqual(told);
  });

  test('in chunks that end anywhere, with a last line that lacks its end', async () => {
    const bytes = Buffer.from(ndjson(apiUsers(1_000).map((user) => ({ ...user, name: 'Ünlü' }))).trimEnd());
    const { tenant } = await exporting({
      counted: 1_000,
      file: (response) => {
        for (let from = 0; from < bytes.length; from += 4_099)
          response.write(bytes.subarray(from, from + 4_099));
        response.end();
      },
    });
    expect(await listed(tenant)).toMatchObject({ users: 1_000, ended: 'complete' });
  });

  test('compressed by the server on the way', async () => {
    const { tenant } = await exporting({
      counted: 1_000,
      file: (response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(ndjson(apiUsers(1_000))));
      },
    });
    expect(await listed(tenant)).toMatchObject({ users: 1_000, ended: 'complete' });
  });

  test('and a look that the rate limit refuses is taken later', async () => {
    const { tenant } = await exporting({
      counted: 1_000,
      job: [{ http: 429 }, { status: 'completed' }],
      file: (response) => response.end(ndjson(apiUsers(1_000))),
    });
    expect(await listed(tenant)).toMatchObject({ users: 1_000, ended: 'complete' });
    expect(tenant.clock.elapsedMs()).toBe(3_000);
  });
});

describe('an export that was read before', () => {
  const again = `${JOB}/1200`;

  test('is read again from the file of the same job, with no new one', async () => {
    const { tenant, seen } = await exporting({
      counted: 1_200,
      file: (response) => response.end(ndjson(apiUsers(1_200))),
    });
    expect(await listed(tenant, again)).toMatchObject({ pages: SIX_PAGES, ended: 'complete' });
    expect(seen.asked).toBeUndefined();
    expect(tenant.requests.filter((request) => request.startsWith('GET /api/v2/users'))).toHaveLength(1);
  });

  test('is whole when it holds who was counted when it was made, however many there are now', async () => {
    const { tenant } = await exporting({
      counted: 2_400,
      file: (response) => response.end(ndjson(apiUsers(1_200))),
    });
    expect(await listed(tenant, again)).toMatchObject({ users: 1_200, ended: 'complete' });
  });

  test.each([
    ['whose job is not kept any more', again, [{ http: 404 }]],
    ['whose link is refused', again, [{ status: 'completed' }]],
    ['that is none', 'of another kind', []],
  ])('%s, is gone', async (_reason, name, job) => {
    const { tenant, seen } = await exporting({
      ...{ counted: 1_200, job },
      file: (response) => response.writeHead(403).end('<Error>expired</Error>'),
    });
    expect(await listed(tenant, name)).toMatchObject({ pages: [], ended: { code: 'LISTING_GONE' } });
    expect(seen.asked).toBeUndefined();
  });
});

describe('who was changed since a moment', () => {
  const since = new Date('2026-02-01T00:00:00Z');
  const changedIn = async (tenant: Tenant): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { users } of createDirectory(tenant.client).changedSince(since))
      ids.push(...users.map(({ userId }) => userId));
    return ids;
  };

  test('is asked of the search', async () => {
    const tenant = await tenantOf((_request, response) =>
      sendJson(response, 200, { total: 2, users: apiUsers(2) }),
    );
    expect(await changedIn(tenant)).toEqual(['auth0|0', 'auth0|1']);
    const asked = new URL(tenant.requests.at(-1)?.slice('GET '.length) ?? '', 'http://localhost')
      .searchParams;
    expect(asked.get('q')).toBe('updated_at:[2026-02-01T00:00:00.000Z TO *]');
  });

  test('is picked from an export, where the search would cut it off', async () => {
    const lines = apiUsers(1_200).map((user, at) => ({
      ...user,
      updated_at: at % 3 === 0 ? '2026-02-01T00:00:00.000Z' : '2026-01-31T23:59:59.999Z',
    }));
    const { tenant, seen } = await exporting({
      counted: 1_200,
      file: (response) => response.end(ndjson(lines)),
    });
    expect(await changedIn(tenant)).toHaveLength(400);
    expect(JSON.stringify(seen.asked)).toContain('updated_at');
  });
});

describe('an export that is not whole throws', () => {
  const whole = ndjson(apiUsers(1_200));
  const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);

  test.each([
    [
      'cut connection',
      (response: ServerResponse) => {
        response
          .writeHead(200, { 'content-length': String(whole.length) })
          .write(half(Buffer.from(whole)), () => response.destroy());
      },
      'UNREACHABLE',
    ],
    [
      'cut connection, of no stated length',
      (response: ServerResponse) => {
        response.write(half(Buffer.from(whole)), () => response.destroy());
      },
      'UNREACHABLE',
    ],
    [
      'half a file that looks whole to HTTP',
      (response: ServerResponse) => response.end(half(Buffer.from(whole))),
      'UNEXPECTED_ANSWER',
    ],
    [
      'half a compressed file',
      (response: ServerResponse) => response.end(half(gzipSync(whole))),
      'UNREACHABLE',
    ],
    [
      'a dead link',
      (response: ServerResponse) => response.writeHead(403).end('<Error>expired</Error>'),
      'EXPORT_FAILED',
    ],
    [
      'a redirect',
      (response: ServerResponse) => response.writeHead(302, { location: '/elsewhere' }).end(),
      'EXPORT_FAILED',
    ],
    [
      'a line of endless length',
      (response: ServerResponse) => response.end(`{"email":"${'x'.repeat(100_000)}`),
      'UNEXPECTED_ANSWER',
    ],
    [
      'users who are odd one and all',
      (response: ServerResponse) => response.end('{"id":"auth0|x"}\n'.repeat(1_200)),
      'UNEXPECTED_ANSWER',
    ],
  ])('%s', async (_reason, file, code) => {
    const { tenant } = await exporting({ counted: 1_200, file: (response) => void file(response) });
    const { ended } = await listed(tenant);
    expect(ended).toMatchObject({ code, upstream: 'auth0' });
    expect(String(ended)).not.toMatch(/bob|example\.com|auth0\|/);
  });

  test.each([
    ['half of them', apiUsers(600), undefined, 600, 'total-too-high'],
    ['none', [], undefined, 0, 'total-too-high'],
    ['one less than the job itself says', apiUsers(1_199), 1_200, 1_199, 'total-too-high'],
    ['one more than the job itself says', apiUsers(1_200), 1_199, 1_200, 'total-too-low'],
    ['one twice', [...apiUsers(250), ...apiUsers(950, 249)], undefined, 1_199, 'repeated-rows'],
    [
      'one twice, on the last page',
      [...apiUsers(1_199), ...apiUsers(1, 1_198)],
      1_200,
      1_199,
      'repeated-rows',
    ],
    ['a few less than the search counts, which is no reason', apiUsers(1_190), undefined, 1_190, undefined],
  ] as const)(
    '%s: the users are given, and the last page says so',
    async (_what, users, total, found, inexact) => {
      const { tenant } = await exporting({
        counted: 1_200,
        ...(total === undefined ? {} : { job: [{ status: 'completed', summary: { total } }] }),
        file: (response) => response.end(ndjson([...users])),
      });
      const end = await listed(tenant);
      expect(end).toMatchObject({ users: found, ended: 'complete' });
      expect(end.said.inexact).toBe(inexact);
    },
  );

  test.each([
    ['that failed', [{ status: 'failed' }], 'EXPORT_FAILED'],
    ['that ended with no file', [{ status: 'completed', location: undefined }], 'EXPORT_FAILED'],
    ['of an unknown state', [{ status: 'asleep' }], 'UNEXPECTED_ANSWER'],
    ['that never ends', [{ status: 'processing' }], 'EXPORT_TIMEOUT'],
    ['that breaks', [{ http: 500 }], 'SERVER_ERROR'],
  ])('a job %s', async (_reason, job, code) => {
    const { tenant } = await exporting({ counted: 1_200, job, file: (response) => response.end(whole) });
    expect(await listed(tenant)).toMatchObject({ pages: [], ended: { code } });
    expect(tenant.clock.elapsedMs()).toBeLessThanOrEqual(600_000);
  });
});
