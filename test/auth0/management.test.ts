import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createDirectory } from '../../src/auth0/management.ts';
import { storedUserId } from '../../src/identity.ts';
import type { Auth0User, UserPage } from '../../src/ports/auth0.ts';
import { bodyOf, type Handler, sendJson } from '../support/local-server.ts';
import { type ApiUser, apiUsers, type Tenant, tenantOf, userIdOf } from './tenant.ts';

const aliceId = userIdOf('auth0|alice');
const alice: ApiUser = {
  user_id: aliceId,
  email: 'Alice@example.com',
  email_verified: true,
  created_at: '2026-01-02T03:04:05.678Z',
};
const noSuchUser = {
  statusCode: 404,
  error: 'Not Found',
  message: 'The user does not exist.',
  errorCode: 'inexistent_user',
};

function answering(body: unknown, status = 200): Handler {
  return (_, response) => sendJson(response, status, body);
}

test('one user by id, which is encoded', async () => {
  const tenant = await tenantOf(answering({ ...alice, blocked: true }));
  expect(await createDirectory(tenant.client).user(aliceId)).toEqual({
    userId: 'auth0|alice',
    email: 'Alice@example.com',
    emailVerified: true,
    blocked: true,
    createdAt: new Date('2026-01-02T03:04:05.678Z'),
  });
  expect(tenant.requests[1]).toMatch(/^GET \/api\/v2\/users\/auth0%7Calice\?fields=user_id%2Cemail%2C/);
});

test.each([
  ['no email', { email: undefined }, { email: undefined }],
  ['an empty one', { email: '' }, { email: undefined }],
  ['null', { email: null }, { email: undefined }],
  ['nothing said of verification', { email_verified: undefined }, { emailVerified: false }],
  ['verified as text', { email_verified: 'true' }, { emailVerified: true }],
  ['not verified, as text', { email_verified: 'false' }, { emailVerified: false }],
  ['nothing said of a block', { blocked: undefined }, { blocked: false }],
])('a user with %s', async (_reason, fields, facts) => {
  const { client } = await tenantOf(answering({ ...alice, ...fields }));
  expect(await createDirectory(client).user(aliceId)).toMatchObject(facts);
});

test.each([
  ['no id', { user_id: undefined }],
  ['an id that is no text', { user_id: 7 }],
  ['another id than was asked for', { user_id: 'auth0|bob' }],
])('a user with %s is not understood', async (_reason, fields) => {
  const { client } = await tenantOf(answering({ ...alice, ...fields }));
  await expect(createDirectory(client).user(aliceId)).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER' });
});

test.each([
  ['Auth0’s own', noSuchUser],
  ['Auth0’s own without a code', { ...noSuchUser, errorCode: undefined }],
])('absent: a 404 that is %s', async (_reason, body) => {
  const { client } = await tenantOf(answering(body, 404));
  expect(await createDirectory(client).user(aliceId)).toBe('absent');
});

test.each([
  ['of a proxy', (_, response) => response.writeHead(404).end('<html>not found</html>'), 'UNEXPECTED_ANSWER'],
  ['with nothing', (_, response) => response.writeHead(404).end(), 'UNEXPECTED_ANSWER'],
  ['of a gateway', answering({ message: 'no route' }, 404), 'NOT_FOUND'],
  [
    'about something else',
    answering({ ...noSuchUser, errorCode: 'inexistent_connection' }, 404),
    'NOT_FOUND',
  ],
  ['said with another status', answering(noSuchUser, 400), 'BAD_REQUEST'],
] as const satisfies readonly [string, Handler, string][])(
  'never absent: a 404 %s',
  async (_reason, handler, code) => {
    const { client } = await tenantOf(handler);
    await expect(createDirectory(client).user(aliceId)).rejects.toMatchObject({ code, upstream: 'auth0' });
  },
);

test.each([
  [
    '429',
    (_, response) => sendJson(response, 429, {}, { 'x-ratelimit-remaining': '0', 'retry-after': '2' }),
    { code: 'RATE_LIMITED', retryAfterMs: 2_000 },
  ],
  ['500', answering({}, 500), { code: 'SERVER_ERROR', retryable: true }],
  [
    '403',
    answering({ errorCode: 'insufficient_scope' }, 403),
    { code: 'FORBIDDEN', message: 'auth0 users.get answered 403 insufficient_scope.' },
  ],
  ['no answer', () => {}, { code: 'TIMEOUT', retryable: true, effect: 'none' }],
  ['a cut connection', (request) => request.socket.destroy(), { code: 'UNREACHABLE', effect: 'none' }],
] as const satisfies readonly [string, Handler, object][])(
  'a read that fails with %s',
  async (_reason, handler, expected) => {
    // The others answer, however long a busy machine takes for it.
    const tenant = await tenantOf(handler, expected.code === 'TIMEOUT' ? { timeoutMs: 100 } : {});
    await expect(createDirectory(tenant.client).user(aliceId)).rejects.toMatchObject(expected);
    // After the token; a read whose connection broke is made once more.
    expect(tenant.requests).toHaveLength(expected.code === 'UNREACHABLE' ? 3 : 2);
  },
);

const own = { provider: 'auth0', user_id: 'alice', connection: 'Users' };
const google = { provider: 'google-oauth2', user_id: '7', connection: 'google', access_token: 'hunter2' };

test.each([
  ['no identities', undefined, undefined],
  ['its own identity', [own], undefined],
  ['one linked into it', [own, google], ['google-oauth2|7']],
  ['its own identity last', [google, own], ['google-oauth2|7']],
  ['its own identity under another name', [{ ...own, user_id: '1' }, google], ['google-oauth2|7']],
  ['a number for an id', [own, { ...google, user_id: 7 }], ['google-oauth2|7']],
  ['a number that is not exact', [own, { ...google, user_id: 1e20 }], undefined],
  [
    'the same twice, and another',
    [own, google, { provider: 'a', user_id: 'b|c' }, google],
    ['a|b|c', 'google-oauth2|7'],
  ],
  [
    'odd ones, which cost themselves',
    [own, null, 'x', { provider: 7 }, { user_id: '8' }, google],
    ['google-oauth2|7'],
  ],
  ['a text in place of the list', 'google-oauth2|7', undefined],
  ['null in place of the list', null, undefined],
])('a user with %s', async (_reason, identities, linked) => {
  const { client } = await tenantOf(answering({ ...alice, identities }));
  const user = await createDirectory(client).user(aliceId);
  expect(user).toMatchObject({ userId: aliceId });
  expect(typeof user === 'object' ? user.linked : undefined).toEqual(linked);
  expect(Object.keys(user)).not.toContain('identities');
  expect(JSON.stringify(user)).not.toContain('hunter2');
});

test('an answer that is not understood quotes no identity', async () => {
  const row = { ...alice, user_id: 7, identities: [own, google] };
  const { client } = await tenantOf(answering(row));
  const error: unknown = await createDirectory(client)
    .user(aliceId)
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'UNEXPECTED_ANSWER' });
  expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
});

const INVALID_URI = {
  ...{ statusCode: 400, error: 'Bad Request', errorCode: 'invalid_uri' },
  message:
    "Path validation error: 'Object didn't pass validation for format user-id-with-max-length: undefined' on property id (The user_id of the user to retrieve).",
};

test('an id that Auth0 calls invalid is that, and every other refusal is a failure', async () => {
  const ask = async (status: number, body: unknown) => {
    const { client } = await tenantOf(answering(body, status));
    return createDirectory(client).user(aliceId);
  };
  expect(await ask(400, INVALID_URI)).toBe('invalid');
  const others = [{}, { ...INVALID_URI, errorCode: 'invalid_query_string' }, 'Bad Request', null];
  for (const body of others) await expect(ask(400, body)).rejects.toMatchObject({ upstream: 'auth0' });
  await expect(ask(404, INVALID_URI)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('users by identity: the user itself, and one into whom it is linked', async () => {
  const linking = { ...alice, identities: [own, google, { ...google, user_id: 'a"b' }] };
  const other = {
    ...alice,
    user_id: 'auth0|bob',
    identities: [own, { provider: 'google-oauth2', user_id: '8' }],
  };
  const itself = { ...alice, user_id: 'google-oauth2|7', identities: [google] };
  const users = [linking, other, itself];
  const tenant = await tenantOf(answering({ total: 3, users }));
  const directory = createDirectory(tenant.client);
  const found = await directory.usersByIdentity(userIdOf('google-oauth2|7'));
  expect(found.map(({ userId }) => userId)).toEqual([aliceId, 'google-oauth2|7']);
  expect(new URL(tenant.requests[1]?.slice(4) ?? '', 'http://localhost').searchParams.get('q')).toBe(
    'identities.user_id:"7" AND identities.provider:"google-oauth2"',
  );
  await directory.usersByIdentity(userIdOf('google-oauth2|a"b'));
  expect(decodeURIComponent(tenant.requests[2] ?? '')).toContain('identities.user_id:"a\\"b"');
  expect(await directory.usersByIdentity(storedUserId('nobody'))).toEqual([]);
  expect(tenant.requests).toHaveLength(3);
});

test('a user who may have the identity and cannot be read is no proof that nobody has', async () => {
  for (const odd of [{ user_id: undefined }, { identities: 'google-oauth2|7' }, { identities: [{}] }]) {
    const tenant = await tenantOf(answering({ total: 1, users: [{ ...alice, ...odd }] }));
    const asked = createDirectory(tenant.client).usersByIdentity(userIdOf('google-oauth2|7'));
    await expect(asked).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER' });
  }
});

test('users by address', async () => {
  const tenant = await tenantOf(answering([alice]));
  const users = await createDirectory(tenant.client).usersByEmail('alice+a@example.com');
  expect(users).toMatchObject([{ userId: aliceId }]);
  expect(tenant.requests[1]).toMatch(/^GET \/api\/v2\/users-by-email\?.*&email=alice%2Ba%40example\.com$/);
});

// ── Tokens ──

test('one token serves everybody who waits for it, and the calls after', async () => {
  const forms: string[] = [];
  const tenant = await tenantOf(answering(alice), {
    token: async (request, response) => {
      forms.push(await bodyOf(request));
      sendJson(response, 200, { access_token: 'one', expires_in: 86_400 });
    },
  });
  const directory = createDirectory(tenant.client);
  await Promise.all([directory.user(aliceId), directory.user(aliceId), directory.user(aliceId)]);
  await directory.user(aliceId);
  expect(forms).toEqual([
    'grant_type=client_credentials&client_id=concord&client_secret=hunter2&audience=https%3A%2F%2Fexample.eu.auth0.com%2Fapi%2Fv2%2F',
  ]);
});

test('a token is replaced a minute before it ends', async () => {
  const tenant = await tenantOf(answering(alice), { expiresInS: 600 });
  const directory = createDirectory(tenant.client);
  await directory.user(aliceId);
  await tenant.clock.delay(539_000);
  await directory.user(aliceId);
  expect(tokensAsked(tenant)).toBe(1);
  await tenant.clock.delay(1_000);
  await directory.user(aliceId);
  expect(tokensAsked(tenant)).toBe(2);
});

test('a 401 drops the token, and the call is made once more', async () => {
  const tenant = await tenantOf((request, response) => {
    if (request.headers.authorization === 'Bearer token-1') return sendJson(response, 401, {});
    return sendJson(response, 200, alice);
  });
  const directory = createDirectory(tenant.client);
  expect(await Promise.all([directory.user(aliceId), directory.user(aliceId)])).toMatchObject([
    { userId: aliceId },
    { userId: aliceId },
  ]);
  expect(tokensAsked(tenant)).toBe(2);
});

test('a second 401 is the answer', async () => {
  const tenant = await tenantOf(answering({}, 401));
  const read = createDirectory(tenant.client).user(aliceId);
  await expect(read).rejects.toMatchObject({ code: 'UNAUTHORIZED', retryable: false });
  expect(tenant.requests).toHaveLength(4);
});

test('wrong credentials fail the call and are asked with again by the next', async () => {
  const tenant = await tenantOf(answering(alice), {
    token: answering({ error: 'access_denied', error_description: 'Unauthorized hunter2' }, 401),
  });
  const directory = createDirectory(tenant.client);
  for (let call = 1; call <= 2; call += 1) {
    await expect(directory.user(aliceId)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: 'auth0 oauth.token answered 401 access_denied.',
    });
  }
  // No token was refused, so none is asked for once more.
  expect(tenant.requests).toEqual(['POST /oauth/token', 'POST /oauth/token']);
});

function tokensAsked(tenant: Tenant): number {
  return tenant.requests.filter((request) => request === 'POST /oauth/token').length;
}

// ── Listing ──

/** A list of users as it stands at each request for a page: 0 is the first. */
function listing(usersAt: (request: number) => ApiUser[]): Handler {
  let request = -1;
  return ({ url }, response) => {
    request += 1;
    const query = new URL(url, 'http://localhost').searchParams;
    const [page, perPage] = [Number(query.get('page')), Number(query.get('per_page'))];
    const users = usersAt(request);
    sendJson(response, 200, {
      start: page * perPage,
      limit: perPage,
      total: users.length,
      users: users.slice(page * perPage, (page + 1) * perPage),
    });
  };
}

async function everyoneIn(tenant: Tenant): Promise<Auth0User[]> {
  const users: Auth0User[] = [];
  for await (const page of createDirectory(tenant.client).everyone()) {
    expect(page.users.length).toBeLessThanOrEqual(500);
    users.push(...page.users);
  }
  return users;
}

test.each([0, 1, 100, 101, 999])('a tenant of %i users is paged through', async (count) => {
  const tenant = await tenantOf(listing(() => apiUsers(count)));
  expect((await everyoneIn(tenant)).map(({ userId }) => userId)).toEqual(
    apiUsers(count).map((user) => user.user_id),
  );
  expect(tenant.requests[1]).toContain('page=0&per_page=100&include_totals=true&sort=created_at%3A1&');
});

test('users who sign up while the list is read are in it', async () => {
  const tenant = await tenantOf(listing((request) => apiUsers([100, 210][request] ?? 250)));
  expect(await everyoneIn(tenant)).toHaveLength(250);
});

test('a deletion, which moves others across the edge of a page, starts the list again', async () => {
  const all = apiUsers(150);
  const tenant = await tenantOf(listing((request) => (request === 0 ? all : all.slice(1))));
  expect((await everyoneIn(tenant)).map(({ userId }) => userId)).toEqual(
    all.slice(1).map((user) => user.user_id),
  );
});

test('a row that names no user is told of, and is no reason to do without the others', async () => {
  const odd = [{ user_id: 'auth0|odd', email: 7 }, { email: 'bob@example.com', created_at: 'x' }, 'nobody'];
  const tenant = await tenantOf(answering({ total: 5, users: [...apiUsers(2), ...odd] }));
  const pages: UserPage[] = [];
  for await (const page of createDirectory(tenant.client).everyone()) pages.push(page);
  expect(pages.flatMap(({ users }) => users)).toHaveLength(3);
  expect(pages.flatMap(({ unreadable = [] }) => unreadable)).toEqual([
    { fields: ['user_id'] },
    { fields: ['the whole row'] },
  ]);
});

test('rows that name no user one and all are another format, which fails the list', async () => {
  const tenant = await tenantOf(answering({ total: 2, users: [{ name: 'bob' }, { id: 1 }] }));
  await expect(everyoneIn(tenant)).rejects.toMatchObject({
    code: 'UNEXPECTED_ANSWER',
    message: 'auth0 users.list answered with data that was not understood (invalid_type at user_id).',
  });
});

/** One page after another of these rows, with this total. */
function rows(rowsAt: (request: number) => ApiUser[], totalAt: (request: number) => number): Handler {
  let request = -1;
  return ({ url }, response) => {
    request += 1;
    const query = new URL(url, 'http://localhost').searchParams;
    const [page, perPage] = [Number(query.get('page')), Number(query.get('per_page'))];
    const users = rowsAt(request).slice(page * perPage, (page + 1) * perPage);
    sendJson(response, 200, { total: totalAt(request), users });
  };
}

const some = apiUsers(150);
const twice = [...some.slice(0, 100), ...some.slice(99)];

describe.each(['everyone', 'changedSince'] as const)('a list that is not exact, of %s', (method) => {
  test.each([
    [
      'fewer rows than the total says',
      rows(
        () => some,
        () => 180,
      ),
      150,
      'total-too-high',
    ],
    [
      'far fewer rows than the total says',
      rows(
        () => some,
        () => 900,
      ),
      150,
      'total-too-high',
    ],
    [
      'case 15: two rows of three',
      rows(
        () => some.slice(0, 2),
        () => 3,
      ),
      2,
      'total-too-high',
    ],
    [
      'more rows than the total says',
      rows(
        () => some,
        () => 120,
      ),
      150,
      'total-too-low',
    ],
    [
      'a total of none',
      rows(
        () => some.slice(0, 2),
        () => 0,
      ),
      2,
      'total-too-low',
    ],
    [
      'a row twice, across the edge of a page',
      rows(
        () => twice,
        () => 150,
      ),
      150,
      'repeated-rows',
    ],
    [
      'a row twice, and the total counts it',
      rows(
        () => twice,
        () => 151,
      ),
      150,
      'repeated-rows',
    ],
    [
      'a row left out of the first page alone',
      ({ url }, response) => {
        const page = Number(new URL(url, 'http://localhost').searchParams.get('page'));
        sendJson(response, 200, { total: 150, users: page === 0 ? some.slice(1, 100) : some.slice(100) });
      },
      149,
      'total-too-high',
    ],
    [
      'users who go away from page to page: whoever was seen in any of them',
      listing((request) => apiUsers(250 - request)),
      248,
      'changed-meanwhile',
    ],
  ] as const satisfies readonly [string, Handler, number, string][])(
    '%s: its users are given, and its last page says so',
    async (_reason, handler, users, inexact) => {
      const tenant = await tenantOf(handler);
      const directory = createDirectory(tenant.client);
      const found = new Set<string>();
      const said: unknown[] = [];
      for await (const page of method === 'everyone'
        ? directory.everyone()
        : directory.changedSince(new Date())) {
        for (const { userId } of page.users) found.add(userId);
        said.push(page.inexact);
      }
      expect(found.size).toBe(users);
      expect(said.filter((one) => one !== undefined)).toEqual([inexact]);
    },
  );

  test('only for once: it is read again', async () => {
    const tenant = await tenantOf(
      rows(
        () => some,
        (request) => (request < 2 ? 180 : 150),
      ),
    );
    const directory = createDirectory(tenant.client);
    for await (const page of method === 'everyone'
      ? directory.everyone()
      : directory.changedSince(new Date()))
      expect(page.inexact).toBeUndefined();
  });
});

test('the newest users, by pages, each once, also where the listing moves on meanwhile and of a tenant of any size', async () => {
  const rows = apiUsers(250).map((row, at) => ({
    ...row,
    created_at: new Date(2_000_000 - at).toISOString(),
  }));
  const tenant = await tenantOf((request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
    // Somebody signed up between the pages.
    const from = page === 0 ? 0 : page * 100 - 1;
    sendJson(response, 200, { total: 1_000_000, users: rows.slice(from, from + 100) });
  });
  const { users } = await createDirectory(tenant.client).newest(150);
  expect(users.map(({ userId }) => userId)).toEqual(rows.slice(0, 150).map(({ user_id }) => user_id));
  const asked = tenant.requests.filter((request) => request.includes('/api/v2/users?'));
  expect(asked).toHaveLength(2);
  for (const request of asked) expect(decodeURIComponent(request)).toContain('sort=created_at:-1');
});

test('of the newest, one that cannot be read is told of and costs no other', async () => {
  const rows = [alice, { ...alice, user_id: 7 }];
  const { client } = await tenantOf(answering({ total: 2, users: rows }));
  expect(await createDirectory(client).newest(5)).toMatchObject({
    users: [{ userId: aliceId }],
    unreadable: [{ fields: ['user_id'] }],
  });
});
