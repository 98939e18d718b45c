/** Calls by the SDKs against a hostile other side: whatever it answers, the SDK is as careful as our own call. */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createSdkCaller, type SdkCall } from '../../src/auth0/sdk.ts';
import { UpstreamError } from '../../src/errors.ts';
import { createXrpc, type XrpcCall } from '../../src/pds/xrpc.ts';
import { type Call, createCaller } from '../../src/upstream/caller.ts';
import type { CallInfo, GuardOptions } from '../../src/upstream/guarded-fetch.ts';
import type { Reading } from '../../src/upstream/interpret.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { type Handler, localServer, sendJson } from '../support/local-server.ts';
import { leapingClock } from '../support/virtual-clock.ts';

const SECRET = 'hunter2';
const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
type Outcome = { readonly ok: true } | 'refused';
const reading: Reading<Outcome> = {
  parse: (body) => z.object({ ok: z.literal(true) }).parse(body),
  refusal: ({ status }) => (status === 404 ? 'refused' : undefined),
};

type Options = Partial<Pick<GuardOptions, 'fetch' | 'timeoutMs' | 'onCall'>>;
type Ask = (origin: string, options?: Options) => Promise<Outcome>;

function guard(upstream: 'auth0' | 'pds', options: Options = {}) {
  const clock = leapingClock();
  return { clock, limiter: new RateLimiter({ upstream, clock, maxWaitMs: 0 }), ...options };
}

function byAuth0(call: Pick<SdkCall<Outcome>, 'method' | 'send'>): Ask {
  return (origin, options) => {
    const send = createSdkCaller(origin, guard('auth0', options));
    return send({ route: 'test', ...reading, ...call }, SECRET);
  };
}

function byPds(call: XrpcCall<Outcome>): Ask {
  return (url, options) => {
    const xrpc = createXrpc({ url, adminPassword: SECRET, ...guard('pds', options) });
    return xrpc(call);
  };
}

function directly(upstream: 'auth0' | 'pds', route: string, method: 'GET' | 'POST'): Ask {
  return (origin, options) => {
    const call: Call<Outcome> = { method, route, path: '/', ...reading };
    return createCaller({ upstream, origin, ...guard(upstream, options) })(call);
  };
}

/** By the SDK, and the same call without it. */
const CALLS: readonly (readonly [name: string, writes: boolean, bySdk: Ask, direct: Ask])[] = [
  [
    'Auth0, a read',
    false,
    byAuth0({ method: 'GET', send: async (sdk) => (await sdk.users()).get('auth0|alice').withRawResponse() }),
    directly('auth0', 'test', 'GET'),
  ],
  [
    'Auth0, a page',
    false,
    byAuth0({ method: 'GET', send: async (sdk) => (await sdk.logs()).list() }),
    directly('auth0', 'test', 'GET'),
  ],
  [
    'Auth0, a write',
    true,
    byAuth0({
      method: 'POST',
      send: async (sdk) => (await sdk.jobs()).usersExports.create({ format: 'json' }).withRawResponse(),
    }),
    directly('auth0', 'test', 'POST'),
  ],
  [
    'the PDS, a query',
    false,
    byPds({ name: 'admin.getAccountInfo', query: { did: DID }, as: 'admin', ...reading }),
    directly('pds', 'admin.getAccountInfo', 'GET'),
  ],
  [
    'the PDS, a procedure',
    true,
    byPds({ name: 'admin.deleteAccount', input: { did: DID }, as: 'admin', ...reading }),
    directly('pds', 'admin.deleteAccount', 'POST'),
  ],
];

/** What a caller may rest on: the answer, or all that an error says. */
async function outcomeOf(asked: Promise<Outcome>): Promise<unknown> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    const { message, code, retryable, isOutage, retryAfterMs, effect, upstream } = error;
    return { message, code, retryable, isOutage, retryAfterMs, effect, upstream };
  }
}

const anyText = fc.oneof(
  fc.json(),
  fc.string(),
  fc.constantFrom('', '{"ok":true}', '<html>', 'null', `{"error":"NotFound","message":"${SECRET}"}`),
);
const anyAnswer = fc.record({
  status: fc.oneof(
    fc.integer({ min: 200, max: 599 }),
    fc.constantFrom(200, 201, 302, 400, 401, 403, 404, 408, 409, 418, 429, 500, 503),
  ),
  text: anyText,
  type: fc.constantFrom(undefined, 'application/json', 'application/json; charset=utf-8', 'text/html', 'x'),
  retryAfter: fc.constantFrom(undefined, '7', 'soon'),
});

describe.each(CALLS)('%s', (_name, writes, bySdk, direct) => {
  const origin = 'http://127.0.0.1:9';

  it('means what the same call without the SDK means, whatever is answered, and is made once', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async ({ status, text, type, retryAfter }) => {
        let asked = 0;
        const fetch = async () => {
          asked += 1;
          const hasBody = status !== 204 && status !== 205 && status !== 304;
          return new Response(hasBody ? text : null, {
            status,
            headers: {
              ...(type === undefined ? {} : { 'content-type': type }),
              ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
            },
          });
        };
        const told = await outcomeOf(bySdk(origin, { fetch }));
        expect(asked).toBe(1);
        expect(told).toEqual(await outcomeOf(direct(origin, { fetch })));
        expect(inspect(told)).not.toContain(SECRET);
      }),
      { numRuns: 300 },
    );
  });

  const failing = async (handler: Handler, options: Options = {}) => {
    const server = await localServer(handler);
    const error: unknown = await bySdk(server.origin, options).catch((caught: unknown) => caught);
    // Neither what was asked or answered, nor the credentials.
    expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2|alice|Basic|Bearer/);
    if (!(error instanceof UpstreamError)) throw error;
    return { error, requests: server.requests };
  };
  const effect = writes ? 'unknown' : 'none';

  it('an HTML page with 200 is no data', async () => {
    const { error } = await failing((_, to) =>
      to.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${SECRET}`),
    );
    expect(error).toMatchObject({ code: 'UNEXPECTED_ANSWER', retryable: true, effect });
  });

  it('a redirect, also to the same origin, is not followed with our credentials', async () => {
    const { error, requests } = await failing(({ url }, to) =>
      url === '/elsewhere'
        ? sendJson(to, 200, { ok: true })
        : to.writeHead(302, { location: '/elsewhere' }).end(),
    );
    expect(error).toMatchObject({ code: 'UNEXPECTED_ANSWER', retryable: true, effect });
    expect(requests).toHaveLength(1);
  });

  it('an answer that stops after its headers ends with the time for the whole call', async () => {
    const { error } = await failing(
      (_, to) => to.writeHead(200, { 'content-type': 'application/json' }).write('{"ok":'),
      { timeoutMs: 60 },
    );
    expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true, effect });
  });

  it('an answer in another form is not passed on', async () => {
    const { error } = await failing((_, to) => sendJson(to, 200, { ok: SECRET }));
    expect(error).toMatchObject({ code: 'UNEXPECTED_ANSWER', retryable: false, effect });
  });

  it('a refusal that quotes us is told of by its name alone', async () => {
    const { error } = await failing((_, to) =>
      sendJson(to, 400, { error: 'InvalidRequest', message: `alice@example.com ${SECRET}` }),
    );
    expect(error.message).toMatch(/ answered 400 InvalidRequest\.$/);
    expect(error).toMatchObject({ code: 'BAD_REQUEST', effect: 'none', cause: undefined });
  });

  it.each([
    [409, 'CONFLICT'],
    [418, 'BAD_REQUEST'],
  ])('a status that the SDK does not know stays what it is: %i', async (status, code) => {
    const { error } = await failing((_, to) => sendJson(to, status, {}));
    expect(error).toMatchObject({ code, effect: 'none' });
    expect(error.message).toContain(`answered ${status}`);
  });

  it('too much is not read to its end', async () => {
    const { error } = await failing((_, to) => to.end(`"${'x'.repeat(9 * 1024 * 1024)}"`));
    expect(error).toMatchObject({ code: 'ANSWER_TOO_LARGE', retryable: false, effect });
  });

  it.each([408, 429, 500, 503])('%i is not tried again by the SDK', async (status) => {
    const told: CallInfo[] = [];
    const { requests } = await failing((_, to) => sendJson(to, status, {}, { 'retry-after': '1' }), {
      onCall: (info) => told.push(info),
    });
    expect(requests).toHaveLength(1);
    expect(told).toMatchObject([{ sent: true, status, method: writes ? 'POST' : 'GET' }]);
  });

  it('a call that failed leaves no timer that would keep a command from ending', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await failing((_, to) => sendJson(to, 400, {}));
    await new Promise((resolve) => setImmediate(resolve));
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('an answer that the lexicon does not allow', () => {
  const answering = (body: unknown): Ask => {
    const fetch = async () => Response.json(body);
    return (origin) =>
      byPds({ name: 'admin.getAccountInfo', query: { did: DID }, as: 'admin', ...reading })(origin, {
        fetch,
      });
  };

  it.each([
    ['an odd field that is not read', { ok: true, email: null, indexedAt: 7 }],
    ['a link that is none', { ok: true, avatar: { $link: 7 } }],
  ])('%s costs nothing', async (_what, body) => {
    expect(await answering(body)('http://127.0.0.1:9')).toMatchObject({ ok: true });
  });
});

it('what the SDK throws of its own is told of by its name alone', async () => {
  const send = () => Promise.reject(new RangeError(`alice ${SECRET}`));
  const asked = byAuth0({ method: 'GET', send })('http://127.0.0.1:9');
  expect(await outcomeOf(asked)).toMatchObject({
    message: 'auth0 test failed in the SDK (RangeError).',
    ...{ code: 'UNEXPECTED_ANSWER', retryable: false, effect: 'none' },
  });
});
