import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeError, UpstreamError } from '../../src/errors.ts';
import { type Call, type Caller, type CallerOptions, createCaller } from '../../src/upstream/caller.ts';
import type { CallInfo } from '../../src/upstream/guarded-fetch.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { bodyOf, type Handler, localServer, sendJson, unusedOrigin } from '../support/local-server.ts';
import { leapingClock } from '../support/virtual-clock.ts';

const secret = 'alice@example.com';

function callerOf(
  origin: string,
  options: Pick<CallerOptions, 'timeoutMs' | 'onCall' | 'fetch'> = {},
): Caller {
  const clock = leapingClock();
  const limiter = new RateLimiter({ upstream: 'pds', clock, maxWaitMs: 0 });
  return createCaller({ upstream: 'pds', origin, clock, limiter, ...options });
}

const read: Call<{ ok: true }> = {
  method: 'GET',
  route: 'test.read',
  path: `/people/${encodeURIComponent(secret)}`,
  query: { email: secret },
  parse: (body) => z.object({ ok: z.literal(true) }).parse(body),
};
const write: typeof read = { ...read, method: 'POST', route: 'test.write', json: { email: secret } };

async function failureOf(call: Promise<unknown>): Promise<UpstreamError> {
  const error = await call.then(
    () => new Error('It did not fail.'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof UpstreamError)) throw error;
  // Whatever happened, what was asked and what was answered stays out of the error.
  expect(describeError(error)).not.toMatch(/alice|people|hunter2/);
  return error;
}

const answers: readonly [reason: string, Handler, Partial<UpstreamError>, effectOfWriting: string][] = [
  [
    '400 with a name',
    (_, to) => sendJson(to, 400, { error: 'InvalidRequest', message: secret }),
    { code: 'BAD_REQUEST', retryable: false, message: 'pds test.read answered 400 InvalidRequest.' },
    'none',
  ],
  [
    '400 whose name is none',
    (_, to) => sendJson(to, 400, { error: secret }),
    { code: 'BAD_REQUEST', message: 'pds test.read answered 400.' },
    'none',
  ],
  ['401', (_, to) => sendJson(to, 401, {}), { code: 'UNAUTHORIZED', retryable: false }, 'none'],
  [
    '403 of a firewall',
    (_, to) => to.writeHead(403).end('<p>'),
    { code: 'FORBIDDEN', retryable: false },
    'none',
  ],
  [
    '404',
    (_, to) => sendJson(to, 404, { errorCode: 'inexistent_user' }),
    { code: 'NOT_FOUND', retryable: false },
    'none',
  ],
  [
    '404 of a proxy',
    (_, to) => to.writeHead(404).end('<p>no'),
    { code: 'UNEXPECTED_ANSWER', retryable: true },
    'unknown',
  ],
  ['408', (_, to) => sendJson(to, 408, {}), { code: 'TIMEOUT', retryable: true }, 'unknown'],
  ['409', (_, to) => sendJson(to, 409, {}), { code: 'CONFLICT', retryable: false }, 'none'],
  [
    '429',
    (_, to) => sendJson(to, 429, {}, { 'retry-after': '7' }),
    { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 7_000 },
    'none',
  ],
  [
    '500',
    (_, to) => sendJson(to, 500, {}),
    { code: 'SERVER_ERROR', retryable: true, isOutage: false },
    'unknown',
  ],
  [
    '500 of a proxy',
    (_, to) => to.writeHead(500).end('<html>'),
    { code: 'SERVER_ERROR', isOutage: true },
    'unknown',
  ],
  ['502', (_, to) => sendJson(to, 502, {}), { code: 'SERVER_ERROR', isOutage: true }, 'unknown'],
  [
    '503 that says when',
    (_, to) => to.writeHead(503, { 'retry-after': '9' }).end(),
    { code: 'SERVER_ERROR', retryAfterMs: 9_000 },
    'unknown',
  ],
  [
    'a redirect',
    (_, to) => to.writeHead(302, { location: '/elsewhere' }).end(),
    { code: 'UNEXPECTED_ANSWER', retryable: true },
    'unknown',
  ],
  [
    'no JSON',
    (_, to) => to.end('<html>hunter2'),
    { code: 'UNEXPECTED_ANSWER', retryable: true, isOutage: true },
    'unknown',
  ],
  [
    'nothing',
    (_, to) => to.end(),
    { code: 'UNEXPECTED_ANSWER', retryable: false, isOutage: false },
    'unknown',
  ],
  [
    'other JSON',
    (_, to) => sendJson(to, 200, { ok: 'hunter2' }),
    {
      code: 'UNEXPECTED_ANSWER',
      retryable: false,
      message: 'pds test.read answered with data that was not understood (invalid_value at ok).',
    },
    'unknown',
  ],
  [
    'too much',
    (_, to) => to.end(`"${'x'.repeat(2_000)}"`),
    { code: 'ANSWER_TOO_LARGE', retryable: false },
    'unknown',
  ],
  [
    'a cut connection',
    (request) => request.socket.destroy(),
    { code: 'UNREACHABLE', retryable: true },
    'unknown',
  ],
  [
    'half an answer',
    (_, to) => {
      to.writeHead(200, { 'content-length': '100' }).write('{');
      setImmediate(() => to.destroy());
    },
    { code: 'UNREACHABLE', retryable: true },
    'unknown',
  ],
];

test.each(answers)('%s', async (_reason, handler, expected, effectOfWriting) => {
  const server = await localServer(handler);
  const call = callerOf(server.origin);
  const failed = await failureOf(call({ ...read, maxBytes: 1_000 }));
  expect(failed).toMatchObject({ ...expected, upstream: 'pds', effect: 'none' });

  const written = await failureOf(callerOf(server.origin)({ ...write, maxBytes: 1_000 }));
  expect(written).toMatchObject({ code: failed.code, effect: effectOfWriting });
  // Once each: neither a retry nor a followed redirect. Only a read whose connection broke is made once more.
  expect(server.requests).toHaveLength(failed.code === 'UNREACHABLE' ? 3 : 2);
});

/** Closes a connection that it kept open at the moment when the next request comes on it, once. */
async function serverThatClosesOnce() {
  const used = new WeakSet<object>();
  let hasClosed = false;
  const server = await localServer((request, response) => {
    const isReused = used.has(request.socket);
    used.add(request.socket);
    if (!isReused || hasClosed) return sendJson(response, 200, { ok: true });
    hasClosed = true;
    return request.socket.destroy();
  });
  return { ...server, hasClosed: () => hasClosed };
}

test.each([
  ['a read', read],
  ['a POST that only reads', { ...write, onlyReads: true as const }],
])('%s on a connection that the other side had kept open and closes is made again', async (_reason, call) => {
  const server = await serverThatClosesOnce();
  const infos: CallInfo[] = [];
  const caller = callerOf(server.origin, { onCall: (info) => void infos.push(info) });
  // Which connection of several is taken is not ours to choose.
  while (!server.hasClosed()) expect(await caller(call)).toEqual({ ok: true });
  // Both attempts count against the quota, and are in the metrics.
  expect(infos.map(({ status }) => status).slice(-2)).toEqual([0, 200]);
});

test('a write on such a connection is not made again, unless it was certainly not sent', async () => {
  const server = await serverThatClosesOnce();
  const caller = callerOf(server.origin);
  let failed: unknown;
  while (failed === undefined)
    failed = await caller(write).then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(failed).toMatchObject({ code: 'UNREACHABLE', effect: 'unknown' });
  expect(server.hasClosed()).toBe(true);

  const refused = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' });
  let calls = 0;
  const clock = leapingClock();
  const once = createCaller({
    ...{ upstream: 'pds', origin: server.origin, clock },
    limiter: new RateLimiter({ upstream: 'pds', clock, maxWaitMs: 0 }),
    fetch: (...request) => {
      calls += 1;
      return calls === 1
        ? Promise.reject(new TypeError('fetch failed', { cause: refused }))
        : fetch(...request);
    },
  });
  expect(await once(write)).toEqual({ ok: true });
  expect(calls).toBe(2);
});

test.each([
  ['no answer', () => {}],
  ['an answer that does not end', (_request, response) => response.writeHead(200).write('{"ok":')],
] as const satisfies readonly [string, Handler][])('%s in time is TIMEOUT', async (_reason, handler) => {
  const { origin } = await localServer(handler);
  const call = callerOf(origin, { timeoutMs: 60 });
  expect(await failureOf(call(read))).toMatchObject({ code: 'TIMEOUT', retryable: true, effect: 'none' });
  expect(await failureOf(call(write))).toMatchObject({ code: 'TIMEOUT', effect: 'unknown' });
});

test('a fetch that neither answers nor heeds its signal is TIMEOUT', async () => {
  const call = callerOf('http://127.0.0.1:1', { timeoutMs: 60, fetch: () => new Promise(() => undefined) });
  expect(await failureOf(call(write))).toMatchObject({ code: 'TIMEOUT', effect: 'unknown' });
});

test.each([
  ['a port that nobody listens on', unusedOrigin],
  ['a name that nobody has', async () => 'http://nobody.invalid'],
])('%s is UNREACHABLE, and nothing was sent', async (_reason, origin) => {
  const failed = await failureOf(callerOf(await origin())(write));
  expect(failed).toMatchObject({ code: 'UNREACHABLE', retryable: true, effect: 'none' });
});

test('a parsed answer, with query, headers and body as given', async () => {
  const seen: unknown[] = [];
  const server = await localServer(async (request, response) => {
    seen.push(request.headers['content-type'], request.headers['x-test'], await bodyOf(request));
    sendJson(response, 200, { ok: true });
  });
  const query = { dids: ['did:plc:a', 'did:plc:b'], cursor: undefined, page: 0, fields: true };
  const answer = await callerOf(server.origin)({ ...write, path: '/a', query, headers: { 'x-test': '1' } });
  expect(answer).toEqual({ ok: true });
  expect(server.requests).toEqual(['POST /a?dids=did%3Aplc%3Aa&dids=did%3Aplc%3Ab&page=0&fields=true']);
  expect(seen).toEqual(['application/json', '1', JSON.stringify({ email: secret })]);
});

test('a refusal that means something is an answer, and a 5xx or 429 never is', async () => {
  let status = 400;
  const { origin } = await localServer((_, response) => sendJson(response, status, { error: 'NotFound' }));
  const call: Call<string> = { ...read, parse: () => 'there', refusal: ({ status }) => `refused ${status}` };
  expect(await callerOf(origin)(call)).toBe('refused 400');
  for (status of [429, 500]) await failureOf(callerOf(origin)(call));
});

test('what a parser throws by mistake is not taken for the network', async () => {
  const { origin } = await localServer((_, response) => sendJson(response, 200, {}));
  const parse = (): never => {
    throw new RangeError('a bug');
  };
  await expect(callerOf(origin)({ ...read, parse })).rejects.toBeInstanceOf(RangeError);
});

test('every call is told of once, also one without an answer', async () => {
  const told: CallInfo[] = [];
  const common = { bucket: '', sent: true, durationMs: expect.any(Number), remaining: undefined };
  const { origin } = await localServer((_, response) => sendJson(response, 200, { ok: true }));
  await callerOf(origin, { onCall: (info) => told.push(info) })(read);
  await failureOf(callerOf(await unusedOrigin(), { onCall: (info) => told.push(info) })(write));
  expect(told).toEqual([
    { ...common, method: 'GET', route: 'test.read', status: 200 },
    { ...common, method: 'POST', route: 'test.write', status: 0 },
  ]);
});

test('a call that was turned away is told of too, with what is left', async () => {
  const told: CallInfo[] = [];
  const limits = { 'ratelimit-limit': '1', 'ratelimit-remaining': '0', 'ratelimit-reset': '9999999999' };
  const { origin } = await localServer((_, response) => sendJson(response, 200, { ok: true }, limits));
  const call = callerOf(origin, { onCall: (info) => told.push(info) });
  await call(read);
  await failureOf(call(read));
  expect(told).toMatchObject([
    { sent: true, status: 200, remaining: 0 },
    { sent: false, status: 0, remaining: 0 },
  ]);
});

test('after a refusal nothing is sent until the other side may be asked again', async () => {
  const server = await localServer((_, response) => sendJson(response, 429, {}, { 'retry-after': '60' }));
  const call = callerOf(server.origin);
  await failureOf(call(write));
  expect(await failureOf(call(write))).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterMs: 60_000,
    effect: 'none',
  });
  expect(server.requests).toHaveLength(1);
});

test('limits of one account do not hold up the others', async () => {
  const server = await localServer((_, response) => sendJson(response, 429, {}, { 'retry-after': '60' }));
  const call = callerOf(server.origin);
  await failureOf(call({ ...write, ignoreLimits: true }));
  await failureOf(call({ ...write, ignoreLimits: true }));
  expect(server.requests).toHaveLength(2);
});
