import { readFileSync } from 'node:fs';
import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { UpstreamError, UsageError } from '../../src/errors.ts';
import { authorizationCheck } from '../../src/http/authorization.ts';
import { entry, NEXT_TOKEN, type TestServer, TOKEN, tenant, testServer, WEBHOOK } from './test-server.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

async function deliver(
  { app }: TestServer,
  payload: string,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  return app.inject({
    method: 'POST',
    url: WEBHOOK,
    payload,
    headers: { authorization: TOKEN, 'content-type': 'application/json', ...headers },
  });
}

function expectProblem(response: LightMyRequestResponse, status: number, code: string): void {
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toBe('application/problem+json');
  const { type, title, detail, ...rest } = response.json<Record<string, unknown>>();
  expect({ type, status: rest['status'] }).toEqual({ type: `urn:concord:problem:${code}`, status });
  expect([typeof title, typeof detail]).toEqual(['string', 'string']);
  expect(response.body).not.toMatch(/stack|at .*\.ts/);
}

describe('a delivery', () => {
  const counts = { accepted: 13, duplicates: 1, ignored: 1, rejected: 0 };
  it.each(['auth0-logs.array.json', 'auth0-logs.object.json', 'auth0-logs.jsonl'])(
    '%s is taken in',
    async (name) => {
      const server = testServer();
      const response = await deliver(server, fixture(name));
      expect(response.statusCode).toBe(200);
      expect(response.json()).toEqual(counts);
      expect(server.stores.events.size).toBe(13);
      expect([...server.stores.due.keys()].sort()).toEqual([
        'auth0|aaa000000000000000000001',
        'auth0|bbb000000000000000000002',
        'auth0|ccc000000000000000000003',
        'auth0|ddd000000000000000000004',
        'google-oauth2|104500000000000000001',
      ]);
      const again = await deliver(server, fixture(name));
      expect(again.json()).toEqual({ accepted: 0, duplicates: 14, ignored: 1, rejected: 0 });
    },
  );

  it('the formats leave the same in the log', async () => {
    const logs: unknown[] = [];
    for (const name of ['auth0-logs.array.json', 'auth0-logs.object.json', 'auth0-logs.jsonl']) {
      const server = testServer();
      await deliver(server, fixture(name));
      logs.push([...server.stores.events.values()]);
    }
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[2]).toEqual(logs[0]);
  });

  it.each([
    'application/json',
    'text/plain',
    'application/x-ndjson',
    'json lines',
    ';',
    'text/html; charset=latin1',
  ])('the content type %j decides nothing', async (contentType) => {
    const response = await deliver(testServer(), JSON.stringify(entry('1')), { 'content-type': contentType });
    expect(response.json()).toMatchObject({ accepted: 1 });
  });

  it('is answered without a content type', async () => {
    const { app } = testServer();
    const payload = Buffer.from(JSON.stringify([entry('1')]));
    const response = await app.inject({
      method: 'POST',
      url: WEBHOOK,
      payload,
      headers: { authorization: TOKEN },
    });
    expect(response.json()).toMatchObject({ accepted: 1 });
  });

  it('tells the hook of every delivery that was answered', async () => {
    const told: unknown[] = [];
    const server = testServer({
      onIngest: (to, result, durationMs) => told.push([to.id, result.accepted, durationMs >= 0]),
    });
    await deliver(server, JSON.stringify([entry('1'), entry('2')]));
    await deliver(server, 'not json');
    expect(told).toEqual([['first', 2, true]]);
  });
});

describe('bad bodies get a clear answer, and only text of them is kept', () => {
  const { bodies }: { bodies: string[] } = JSON.parse(fixture('bad-bodies.json'));
  const nothing = { accepted: 0, duplicates: 0, ignored: 0, rejected: 0 };
  const rows: readonly (readonly [body: string, status: number, counts?: Partial<typeof nothing>])[] = [
    ['', 400],
    ['null', 400],
    ['[]', 200, {}],
    ['{}', 400],
    ['{"logs":null}', 400],
    ['{"logs":[null,1,"x",{}]}', 200, { rejected: 4 }],
    ['not json', 400],
    ['{"logs":[{"log_id":"x"}]}', 200, { rejected: 1 }],
    [bodies[8] ?? '', 200, { rejected: 1 }],
    [bodies[9] ?? '', 200, { rejected: 1 }],
    [bodies[10] ?? '', 200, { rejected: 1 }],
    ['['.repeat(10_000) + ']'.repeat(10_000), 200, { rejected: 1 }],
    [`[${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}]`, 200, { rejected: 1 }],
  ];

  it('has a row for every body of the fixture', () => {
    expect(rows.slice(0, bodies.length).map(([body]) => body)).toEqual(bodies);
  });

  it.each(rows.map(([body, ...rest]) => [body.slice(0, 60), body, ...rest] as const))(
    '%j',
    async (_title, body, status, counts) => {
      const server = testServer();
      const response = await deliver(server, body);
      if (status === 400) expectProblem(response, 400, 'unreadable-body');
      else expect([response.statusCode, response.json()]).toEqual([status, { ...nothing, ...counts }]);
      expect(server.stores.events.size).toBe(0);
      expect(server.stores.due.size).toBe(0);
      for (const kept of server.stores.rejected) {
        expect(typeof kept.raw).toBe('string');
        expect(typeof kept.reason).toBe('string');
      }
    },
  );

  it('a good entry beside bad ones is kept, as strings and dates only', async () => {
    const server = testServer();
    const body = JSON.stringify([null, entry('1'), { log_id: 'x' }, entry('bad', '\u0000')]);
    expect((await deliver(server, body)).json()).toEqual({
      accepted: 1,
      duplicates: 0,
      ignored: 0,
      rejected: 3,
    });
    const [event] = server.stores.events.values();
    expect(
      Object.values(event?.data ?? {}).every((value) => value === null || typeof value === 'string'),
    ).toBe(true);
  });

  it('a bad line rejects that line', async () => {
    const server = testServer();
    const body = `${JSON.stringify(entry('1'))}\n{"log_id":"2",\n${JSON.stringify(entry('3'))}\n`;
    expect((await deliver(server, body)).json()).toEqual({
      accepted: 2,
      duplicates: 0,
      ignored: 0,
      rejected: 1,
    });
    expect(server.stores.rejected).toMatchObject([{ reason: 'the line is not JSON', raw: '{"log_id":"2",' }]);
  });
});

describe('authorization', () => {
  const body = JSON.stringify([entry('1')]);
  it.each([
    ['the token as it is', TOKEN],
    ['the token as a bearer token', `Bearer ${TOKEN}`],
    ['the next token', NEXT_TOKEN],
    ['the next token as a bearer token', `Bearer ${NEXT_TOKEN}`],
  ])('good: %s', async (_what, authorization) => {
    expect((await deliver(testServer(), body, { authorization })).statusCode).toBe(200);
  });

  it.each([
    ['none', ''],
    ['only the scheme', 'Bearer '],
    ['the beginning of a token', TOKEN.slice(0, -1)],
    ['a token and more', `${TOKEN}x`],
    ['another of the same length', TOKEN.replace(/.$/, 'x')],
    ['the token of another tenant', 'Bearer typed-with-the-scheme'],
    ['another scheme', `Basic ${TOKEN}`],
    ['a long one', 'x'.repeat(8_000)],
  ])('refused, and nothing kept: %s', async (_what, authorization) => {
    const server = testServer();
    const response = await deliver(server, body, { authorization });
    expectProblem(response, 401, 'unauthorized');
    expect(response.headers['www-authenticate']).toBe('Bearer');
    expect(server.stores.calls).toEqual([]);
  });

  it('refused without the header', async () => {
    const { app } = testServer();
    expectProblem(await app.inject({ method: 'POST', url: WEBHOOK, payload: body }), 401, 'unauthorized');
  });

  it('a token that was typed with its scheme', () => {
    const isAuthorized = authorizationCheck(['Bearer abc']);
    expect(isAuthorized('Bearer abc')).toBe(true);
    expect(isAuthorized('abc')).toBe(false);
  });

  it('a token beyond ASCII arrives byte by byte', () => {
    const isAuthorized = authorizationCheck(['schlüssel']);
    expect(isAuthorized(Buffer.from('schlüssel').toString('latin1'))).toBe(true);
    expect(isAuthorized(undefined)).toBe(false);
  });

  it.each([[[]], [['']], [['good', ' ']]])('tokens %j are refused at the start', (tokens) => {
    expect(() => testServer({ tenants: [tenant('first', ...tokens)] })).toThrow(UsageError);
  });
});

describe('refusals before the body, in their order', () => {
  it('an unknown tenant, whatever the method and the token', async () => {
    const { app } = testServer();
    for (const name of ['nobody', '__proto__', 'constructor', 'First', 'first%00']) {
      for (const method of ['POST', 'GET'] as const) {
        expectProblem(await app.inject({ method, url: `/webhooks/auth0/${name}` }), 404, 'unknown-tenant');
      }
    }
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)('%s is not answered', async (method) => {
    const { app } = testServer();
    const response = await app.inject({ method, url: WEBHOOK });
    expectProblem(response, 405, 'method-not-allowed');
    expect(response.headers.allow).toBe('POST');
  });

  it('a wrong token is refused before a body that is too large', async () => {
    const server = testServer({ limits: { bodyLimitBytes: 10 } });
    expectProblem(await deliver(server, 'x'.repeat(11), { authorization: 'wrong' }), 401, 'unauthorized');
  });

  it.each(['gzip', 'br', 'identity, gzip'])('content-encoding %s', async (encoding) => {
    const response = await deliver(testServer(), '[]', { 'content-encoding': encoding });
    expectProblem(response, 415, 'content-encoding');
  });

  it('content-encoding identity is none', async () => {
    expect((await deliver(testServer(), '[]', { 'content-encoding': 'Identity' })).statusCode).toBe(200);
  });
});

describe('limits', () => {
  it('a body over the limit', async () => {
    const server = testServer({ limits: { bodyLimitBytes: 100 } });
    expect((await deliver(server, `[]${' '.repeat(98)}`)).statusCode).toBe(200);
    expectProblem(await deliver(server, `[]${' '.repeat(99)}`), 413, 'body-too-large');
    expect(server.stores.calls).toEqual([]);
  });

  it('more deliveries than can be taken in at once are told to come back', async () => {
    const gate = deferred();
    const server = testServer({
      limits: { maxIngesting: 1 },
      ingest: async () => {
        gate.entered();
        await gate.opened;
        return { accepted: 0, duplicates: 0, ignored: 0, ignoredFor: {}, rejected: 0 };
      },
    });
    const first = deliver(server, '[]');
    await gate.reached;
    const second = await deliver(server, '[]');
    expectProblem(second, 503, 'unavailable');
    expect(second.headers['retry-after']).toBe('1');
    gate.open();
    expect((await first).statusCode).toBe(200);
    expect((await deliver(server, '[]')).statusCode).toBe(200);
  });

  it('a delivery that cannot be made durable in time is answered as not taken in', async () => {
    const server = testServer({ limits: { ingestTimeoutMs: 1 }, ingest: () => new Promise(() => {}) });
    expectProblem(await deliver(server, '[]'), 503, 'unavailable');
  });
});

describe('failures behind the webhook', () => {
  const secret = 'SECRET alice@example.com';
  const body = JSON.stringify([entry('1')]);

  it.each(['append', 'markDue'] as const)(
    'MongoDB out of reach in %s: 503, and the repeat succeeds',
    async (call) => {
      const server = testServer();
      server.stores.failOnce(
        call,
        new UpstreamError(secret, {
          upstream: 'mongodb',
          code: 'UNREACHABLE',
          retryable: true,
          retryAfterMs: 1_500,
        }),
      );
      const response = await deliver(server, body);
      expectProblem(response, 503, 'unavailable');
      expect(response.headers['retry-after']).toBe('2');
      expect(response.body).not.toContain('SECRET');
      expect((await deliver(server, body)).statusCode).toBe(200);
      expect(server.stores.due.size).toBe(1);
    },
  );

  it('rejects that cannot be kept are a failure of the delivery', async () => {
    const server = testServer();
    server.stores.failOnce(
      'rejects',
      new UpstreamError(secret, { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true }),
    );
    const response = await deliver(server, '[null]');
    expectProblem(response, 503, 'unavailable');
    expect(response.headers['retry-after']).toBe('5');
  });

  it('an unexpected error says nothing of itself, and its id leads to the log', async () => {
    const server = testServer();
    server.stores.failOnce('append', new TypeError(secret));
    const response = await deliver(server, body);
    expectProblem(response, 500, 'internal-error');
    expect(response.body).not.toContain('SECRET');
    const { requestId, detail } = response.json<Record<string, string>>();
    expect(detail).toBe('internal error');
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    const line = server.logLines.find((text) => text.includes('request failed')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ reqId: requestId, error: secret, name: 'TypeError' });
  });
});

function deferred() {
  let open = (): void => {};
  let entered = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    entered = resolve;
  });
  return { opened, reached, open: () => open(), entered: () => entered() };
}
