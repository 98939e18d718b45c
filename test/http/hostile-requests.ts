/**
 * What scanners, bugs and attackers send to the webhook: the bytes of each request, the statuses it is answered
 * with, and what of it is kept. `SECRET` stands where an answer must not repeat what was sent. What is answered
 * with 200 is in `hostile-entries.ts`.
 */
import { gzipSync } from 'node:zlib';
import { DEFAULT_SERVER_LIMITS } from '../../src/http/server.ts';

export const TOKEN = 'first-token-of-32-bytes-and-more-0123456789';
export const OTHER_TENANTS_TOKEN = 'second-token-of-32-bytes-and-more-012345678';
export const WEBHOOK = '/webhooks/auth0/first';
export const AUTHORIZED = `Authorization: ${TOKEN}`;
const CLOSE = 'Connection: close';

export interface HostileRequest {
  readonly reason: string;
  readonly bytes: readonly (string | Buffer)[];
  /** One a request on the connection; none where the connection is closed without a word. */
  readonly answers: readonly number[];
  readonly kept?: Kept;
  /** A body that never ends: it stops, or goes on a byte at a time. */
  readonly slow?: 'stops' | 'drips';
}

export interface Kept {
  /** Ids of events. */
  readonly events?: readonly string[];
  readonly due?: readonly string[];
  /** Reasons of rejects, by the alphabet. */
  readonly rejects?: readonly string[];
  /** When the event happened, where the request says something about that. */
  readonly at?: string;
}

/** When the server believes to be: dates of entries are judged by it. */
export const NOW = new Date('2026-02-03T04:05:06.000Z');
export const DATE = '2026-02-03T04:00:00.000Z';
export const ALICE = 'auth0|SECRETalice';
const OVER_THE_LIMIT = DEFAULT_SERVER_LIMITS.bodyLimitBytes + 1;

export function entryOf(log_id: unknown, data: Readonly<Record<string, unknown>> = {}): object {
  return { log_id, data: { type: 'ss', user_id: ALICE, date: DATE, ...data } };
}
export const ONE = JSON.stringify([entryOf('1')]);

/** A request with these header lines, and nothing that makes it a good one. */
export function request(
  first: string,
  headers: readonly string[],
  body: string | Buffer = '',
): (string | Buffer)[] {
  return [`${[first, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`, body];
}

export function post(
  body: string | Buffer,
  { token = TOKEN, path = WEBHOOK, headers = [] }: PostOptions = {},
): (string | Buffer)[] {
  const authorization = token === null ? [] : [`Authorization: ${token}`];
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return request(`POST ${path} HTTP/1.1`, [CLOSE, length, ...authorization, ...headers], body);
}
interface PostOptions {
  /** Null for none. */
  readonly token?: string | null;
  readonly path?: string;
  readonly headers?: readonly string[];
}

export function chunked(body: string): (string | Buffer)[] {
  const chunk = `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  return request(`POST ${WEBHOOK} HTTP/1.1`, [CLOSE, AUTHORIZED, 'Transfer-Encoding: chunked'], chunk);
}

/** Whoever sends these has no token of this tenant's. Nothing may be kept. */
export const OF_STRANGERS: readonly HostileRequest[] = [
  { reason: 'no token', bytes: post(ONE, { token: null }), answers: [401] },
  { reason: 'an empty token', bytes: post(ONE, { token: '' }), answers: [401] },
  { reason: 'only the scheme', bytes: post(ONE, { token: 'Bearer' }), answers: [401] },
  { reason: 'the scheme twice', bytes: post(ONE, { token: 'Bearer bearer' }), answers: [401] },
  { reason: 'a wrong token', bytes: post(ONE, { token: 'x'.repeat(TOKEN.length) }), answers: [401] },
  { reason: 'the token of another tenant', bytes: post(ONE, { token: OTHER_TENANTS_TOKEN }), answers: [401] },
  { reason: 'the beginning of a token', bytes: post(ONE, { token: TOKEN.slice(0, -1) }), answers: [401] },
  { reason: 'a token and more', bytes: post(ONE, { token: `${TOKEN}x` }), answers: [401] },
  { reason: 'a token in capitals', bytes: post(ONE, { token: TOKEN.toUpperCase() }), answers: [401] },
  { reason: 'the token under another scheme', bytes: post(ONE, { token: `Basic ${TOKEN}` }), answers: [401] },
  {
    reason: 'tokens of both tenants',
    bytes: post(ONE, { token: `${TOKEN}, ${OTHER_TENANTS_TOKEN}` }),
    answers: [401],
  },
  { reason: 'a token of 8,000 characters', bytes: post(ONE, { token: 'x'.repeat(8_000) }), answers: [401] },
  { reason: 'a token beyond any header', bytes: post(ONE, { token: 'x'.repeat(20_000) }), answers: [431] },
  { reason: 'a token beyond ASCII', bytes: post(ONE, { token: 'schlüssel\u2028' }), answers: [401] },
  { reason: 'control characters in the header', bytes: post(ONE, { token: '\u0001\u001f' }), answers: [400] },
  { reason: 'NUL in the header', bytes: post(ONE, { token: `${TOKEN}\u0000` }), answers: [400] },
  {
    reason: 'the token in the query and in the body',
    bytes: post(`["${TOKEN}"]`, { token: null, path: `${WEBHOOK}?authorization=${TOKEN}` }),
    answers: [401],
  },
  {
    reason: 'a wrong token before the right one',
    bytes: post(ONE, { token: 'wrong', headers: [AUTHORIZED] }),
    answers: [401],
  },
  {
    reason: 'a wrong token and a body over the limit, which is not waited for',
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, ['Authorization: wrong', `Content-Length: ${OVER_THE_LIMIT}`]),
    answers: [401],
  },
  {
    reason: 'a wrong token and a question whether to go on',
    bytes: post(ONE, { token: 'wrong', headers: ['Expect: 100-continue'] }),
    answers: [401],
  },
  {
    reason: 'an authorized one, then one without a token, in one go',
    bytes: [
      ...request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, 'Content-Length: 2'], '[]'),
      ...post(ONE, { token: null }),
    ],
    answers: [200, 401],
  },
  {
    reason: 'a wrong token over HTTP/1.0',
    bytes: request(
      `POST ${WEBHOOK} HTTP/1.0`,
      ['Authorization: wrong', `Content-Length: ${ONE.length}`],
      ONE,
    ),
    answers: [401],
  },
  { reason: 'HTTP/0.9', bytes: ['GET /\r\n\r\n'], answers: [404] },
  { reason: 'HTTP/2', bytes: ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], answers: [400] },
  { reason: 'TLS', bytes: [Buffer.from('16030100a5010000a10303', 'hex'), '\r\n\r\n'], answers: [400] },
  { reason: 'a method that is none', bytes: request(`SECRET ${WEBHOOK} HTTP/1.1`, [CLOSE]), answers: [400] },
  { reason: 'a tunnel', bytes: request('CONNECT example.com:443 HTTP/1.1', []), answers: [] },
  {
    reason: 'another protocol',
    bytes: request(`GET ${WEBHOOK} HTTP/1.1`, ['Connection: upgrade, close', 'Upgrade: websocket']),
    answers: [405],
  },
];

/** The token is right, and the request is refused all the same. Nothing is kept. */
export const REFUSED: readonly HostileRequest[] = [
  ...['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].map((method) => ({
    reason: method,
    bytes: request(`${method} ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, CLOSE]),
    answers: [405],
  })),
  ...[
    ['a tenant that is none', '/webhooks/auth0/SECRET'],
    ['the name of a property of every object', '/webhooks/auth0/__proto__'],
    ['a tenant in capitals', '/webhooks/auth0/First'],
    ['a way up, encoded', '/webhooks/auth0/%2e%2e%2ffirst'],
    ['a way up', '/webhooks/auth0/first/../second'],
    ['two slashes', '//webhooks//auth0//first'],
    ['a slash too many', '/webhooks/auth0/first/'],
    ['NUL after the tenant', '/webhooks/auth0/first%00'],
    ['a parameter after the tenant', '/webhooks/auth0/first;SECRET'],
  ].map(([reason = '', path = '']) => ({ reason, bytes: post(ONE, { path }), answers: [404] })),
  { reason: 'a broken escape', bytes: post(ONE, { path: '/webhooks/auth0/%zz' }), answers: [400] },
  { reason: 'a broken escape of UTF-8', bytes: post(ONE, { path: '/webhooks/auth0/%ff' }), answers: [400] },
  { reason: 'a long path', bytes: post(ONE, { path: `${WEBHOOK}${'x'.repeat(500)}` }), answers: [414] },
  { reason: 'no body', bytes: post(''), answers: [400] },
  { reason: 'white space', bytes: post(' \r\n\t '), answers: [400] },
  { reason: 'a byte order mark alone', bytes: post('\ufeff'), answers: [400] },
  { reason: 'null', bytes: post('null'), answers: [400] },
  { reason: 'a number', bytes: post('7'), answers: [400] },
  { reason: 'an object of something else', bytes: post('{"$where":"SECRET"}'), answers: [400] },
  { reason: 'logs that are no list', bytes: post('{"logs":{"length":1e9}}'), answers: [400] },
  { reason: 'no JSON', bytes: post('SECRET'), answers: [400] },
  { reason: 'brackets alone', bytes: post(`[${'{},'.repeat(100_000)}{}]`), answers: [400] },
  { reason: 'lists that are never closed', bytes: post('['.repeat(10_000)), answers: [400] },
  { reason: 'NUL and nothing else', bytes: post(Buffer.alloc(1_000)), answers: [400] },
  { reason: 'compressed, and not said so', bytes: post(gzipSync(ONE)), answers: [400] },
  { reason: 'UTF-16', bytes: post(Buffer.from(ONE, 'utf16le')), answers: [400] },
  {
    reason: 'compressed',
    bytes: post(gzipSync(ONE), { headers: ['Content-Encoding: gzip'] }),
    answers: [415],
  },
  {
    reason: 'a kilobyte that unpacks to a megabyte',
    bytes: post(gzipSync(Buffer.alloc(1 << 20)), { headers: ['Content-Encoding: gzip, identity'] }),
    answers: [415],
  },
  {
    reason: 'a length over the limit, which is not waited for',
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, `Content-Length: ${OVER_THE_LIMIT}`]),
    answers: [413],
  },
  { reason: 'chunks over the limit', bytes: chunked(' '.repeat(OVER_THE_LIMIT)), answers: [413] },
  {
    reason: 'a length beyond all numbers',
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, `Content-Length: ${'9'.repeat(40)}`]),
    answers: [400],
  },
  ...['-1', '1, 1', '+2', '0x2', ''].map((length) => ({
    reason: `the length ${JSON.stringify(length)}`,
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, `Content-Length: ${length}`], '[]'),
    answers: [400],
  })),
  {
    reason: 'two lengths that differ',
    bytes: request(
      `POST ${WEBHOOK} HTTP/1.1`,
      [AUTHORIZED, 'Content-Length: 2', `Content-Length: ${ONE.length}`],
      ONE,
    ),
    answers: [400],
  },
  {
    reason: 'a length and chunks, with a request smuggled in',
    bytes: request(
      `POST ${WEBHOOK} HTTP/1.1`,
      [AUTHORIZED, 'Content-Length: 6', 'Transfer-Encoding: chunked'],
      `0\r\n\r\n${post(ONE).join('')}`,
    ),
    answers: [400],
  },
  {
    reason: 'an encoding that hides chunks, with a request smuggled in',
    bytes: request(
      `POST ${WEBHOOK} HTTP/1.1`,
      [AUTHORIZED, 'Transfer-Encoding: chunked, identity'],
      `0\r\n\r\n${post(ONE).join('')}`,
    ),
    answers: [400],
  },
  {
    reason: 'a space before the colon of the length',
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, 'Content-Length : 2'], '[]'),
    answers: [400],
  },
  {
    reason: 'a header that goes on in the next line',
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, 'X: 1\r\n\tContent-Length: 2'], '[]'),
    answers: [400],
  },
  {
    reason: 'a chunk beyond all numbers',
    bytes: request(
      `POST ${WEBHOOK} HTTP/1.1`,
      [AUTHORIZED, 'Transfer-Encoding: chunked'],
      `${'F'.repeat(17)}\r\n[]`,
    ),
    answers: [400],
  },
  {
    reason: 'a body that stops half way',
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, 'Content-Length: 500'], '['),
    answers: [408],
    slow: 'stops',
  },
  {
    reason: 'a body that comes a byte at a time',
    bytes: request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, 'Content-Length: 500'], '['),
    answers: [408],
    slow: 'drips',
  },
  {
    reason: 'headers that come a byte at a time',
    bytes: [`POST ${WEBHOOK} HTTP/1.1\r\nX:`],
    answers: [408],
    slow: 'drips',
  },
];
