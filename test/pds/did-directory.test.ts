/** What the directory of DIDs may answer, and what is made of it. */
import { describe, expect, it, test } from 'vitest';
import { UpstreamError } from '../../src/errors.ts';
import { type Did, parseDid } from '../../src/identity.ts';
import { createDidDirectory } from '../../src/pds/did-directory.ts';
import type { DidDirectory } from '../../src/ports/accounts.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { aliceDid, bobDid } from '../mongo/subjects/people.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const HERE = 'https://pds.example.com';
const ELSEWHERE = 'https://elsewhere.example.org';

type Answer = (url: string) => Response | Promise<Response>;

function didOf(text: string): Did {
  const did = parseDid(text);
  if (did === undefined) throw new Error(`${text} is no DID.`);
  return did;
}

function setUp(answer: Answer, plcUrl = 'https://plc.example.com') {
  const clock = virtualClock();
  const asked: string[] = [];
  const limiter = new RateLimiter({ upstream: 'plc', clock, maxWaitMs: 0 });
  const fetch = (async (input: URL) => {
    asked.push(String(input));
    return answer(String(input));
  }) as unknown as typeof globalThis.fetch;
  const own = { includes: async (origin: string) => origin === HERE };
  const dids = createDidDirectory({ plcUrl, own, clock, limiter, fetch });
  return { dids, clock, asked };
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}

function documentOf(did: string, ...service: unknown[]): Response {
  return json({
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: did,
    alsoKnownAs: ['at://alice'],
    service,
  });
}

const pdsAt = (serviceEndpoint: unknown, id = '#atproto_pds') => ({
  id,
  type: 'AtprotoPersonalDataServer',
  serviceEndpoint,
});

async function failureOf(dids: DidDirectory, did: Did = aliceDid): Promise<UpstreamError> {
  const error = await dids.serviceOf(did).catch((caught: unknown) => caught);
  if (!(error instanceof UpstreamError)) throw error;
  expect(error.upstream).toBe('plc');
  return error;
}

describe('a did:plc', () => {
  it.each<[string, Response, object]>([
    ['that names this PDS', documentOf(aliceDid, pdsAt(HERE)), { type: 'here' }],
    ['that names it with a path', documentOf(aliceDid, pdsAt(`${HERE}/`)), { type: 'here' }],
    [
      'that names it by a full id',
      documentOf(aliceDid, pdsAt(HERE, `${aliceDid}#atproto_pds`)),
      { type: 'here' },
    ],
    [
      'that names another PDS, beside services that are none',
      documentOf(aliceDid, null, { id: '#other', serviceEndpoint: {} }, pdsAt(`${ELSEWHERE}/xrpc`)),
      { type: 'elsewhere', origin: ELSEWHERE },
    ],
    ['without services', json({ id: aliceDid }), { type: 'nowhere' }],
    [
      'whose service is of another type',
      documentOf(aliceDid, { ...pdsAt(HERE), type: 'X' }),
      { type: 'nowhere' },
    ],
    [
      'whose service is of another DID',
      documentOf(aliceDid, pdsAt(HERE, `${bobDid}#atproto_pds`)),
      { type: 'nowhere' },
    ],
    ['whose endpoint is no web address', documentOf(aliceDid, pdsAt('at://alice')), { type: 'nowhere' }],
    ['whose endpoint is no text', documentOf(aliceDid, pdsAt(['x'])), { type: 'nowhere' }],
    ['that is not registered', json({ message: 'DID not registered' }, 404), { type: 'nowhere' }],
    ['that is deactivated', json({ message: 'DID not available' }, 410), { type: 'nowhere' }],
  ])('%s', async (_what, response, location) => {
    const { dids, asked } = setUp(() => response);
    expect(await dids.serviceOf(aliceDid)).toEqual(location);
    expect(asked).toEqual([`https://plc.example.com/${aliceDid}`]);
  });

  it.each<[string, Response, string]>([
    ['a document of another DID', documentOf(bobDid, pdsAt(HERE)), 'UNEXPECTED_ANSWER'],
    ['something else than a document', json(['x']), 'UNEXPECTED_ANSWER'],
    ['404 of a proxy', new Response('<p>no', { status: 404 }), 'UNEXPECTED_ANSWER'],
    ['a redirect', new Response(null, { status: 302, headers: { location: HERE } }), 'UNEXPECTED_ANSWER'],
    ['500', json({}, 500), 'SERVER_ERROR'],
    ['429', json({}, 429), 'RATE_LIMITED'],
    ['more than a document has', json({ id: aliceDid, x: 'x'.repeat(70_000) }), 'ANSWER_TOO_LARGE'],
  ])('%s is no answer', async (_what, response, code) => {
    const { dids } = setUp(() => response);
    expect(await failureOf(dids)).toMatchObject({ code });
  });

  test('is asked below the path of the directory', async () => {
    const { dids, asked } = setUp(() => documentOf(aliceDid), 'https://example.com/plc/');
    await dids.serviceOf(aliceDid);
    expect(asked).toEqual([`https://example.com/plc/${aliceDid}`]);
  });

  test('is not asked for a while after the directory did not answer', async () => {
    let isAway = true;
    const { dids, asked, clock } = setUp(() => {
      if (isAway) throw new TypeError('fetch failed');
      return documentOf(aliceDid, pdsAt(HERE));
    });
    expect(await failureOf(dids)).toMatchObject({ code: 'UNREACHABLE' });
    isAway = false;
    expect(await failureOf(dids, bobDid)).toMatchObject({ code: 'UNREACHABLE' });
    expect(asked).toHaveLength(1);
    await clock.advance(15_000);
    expect(await dids.serviceOf(aliceDid)).toEqual({ type: 'here' });
    expect(asked).toHaveLength(2);
  });
});

describe('a did:web', () => {
  const did = didOf('did:web:Alice.example.net');

  test('is asked for at its own host', async () => {
    const { dids, asked } = setUp(() => documentOf(did, pdsAt(ELSEWHERE)));
    expect(await dids.serviceOf(did)).toEqual({ type: 'elsewhere', origin: ELSEWHERE });
    expect(asked).toEqual(['https://alice.example.net/.well-known/did.json']);
  });

  it.each<[string, Answer]>([
    ['a host without a document', () => new Response('<p>no', { status: 404 })],
    ['a host that says so in JSON', () => json({}, 404)],
    [
      'a host that is away',
      () => {
        throw new TypeError('fetch failed');
      },
    ],
  ])('%s says nothing, and nothing of the PLC directory', async (_what, answer) => {
    const { dids } = setUp((url) => (url.includes('plc') ? documentOf(aliceDid, pdsAt(HERE)) : answer(url)));
    expect(await failureOf(dids, did)).toMatchObject({ code: 'DID_WEB_UNREADABLE' });
    expect(await dids.serviceOf(aliceDid)).toEqual({ type: 'here' });
  });

  it.each([
    'localhost',
    '127.0.0.1',
    '169.254.169.254',
    'intranet',
    'localhost%3A2583',
    'example.com:people:bob',
  ])('%s is no public host, and is not asked', async (host) => {
    const { dids, asked } = setUp(() => json({}));
    expect(await failureOf(dids, didOf(`did:web:${host}`))).toMatchObject({ code: 'DID_WEB_UNREADABLE' });
    expect(asked).toEqual([]);
  });
});
