/**
 * What scanners, foreign pages and thieves send to the dashboard, and the code each is refused with. `SECRET` stands
 * where an answer must not repeat what was sent. Every one of them differs in one thing from a request that is answered.
 */
import { REQUEST_BODY_LIMIT_BYTES } from '../../../src/http/dashboard/requests.ts';
import { SESSION_MS } from '../../../src/http/dashboard/session.ts';

/** What a person who is signed in has, and a thief has of it. */
export interface Loot {
  readonly cookie: string;
  readonly csrf: string;
  /** Of another session. */
  readonly otherCsrf: string;
  /** Of a server with another token. */
  readonly foreignCookie: string;
}

export interface HostileRequest {
  readonly reason: string;
  /** Laid over a question, or over a decision, that is answered. */
  readonly over: 'question' | 'decision' | 'page' | 'sign-in';
  /** Whether the server asks for a token. */
  readonly token: boolean;
  readonly status: number;
  readonly code: string;
  readonly method?: 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS' | 'GET' | 'PATCH';
  readonly url?: string;
  /** Undefined takes one away. */
  readonly headers?: (loot: Loot) => Readonly<Record<string, string | undefined>>;
  readonly remoteAddress?: string;
  readonly payload?: string;
  /** How much later it is sent, in milliseconds. */
  readonly later?: number;
}

const none = () => ({});
const without = (name: string) => () => ({ [name]: undefined });
const signedPart = (cookie: string) => cookie.slice(cookie.indexOf('=') + 1);

function foreign(over: HostileRequest['over'], token: boolean): HostileRequest[] {
  const of = token ? 'with a token' : 'without a token';
  const crossSite = { over, token, status: 403, code: 'cross-site' } as const;
  const wrongOrigin = { over, token, status: 403, code: 'wrong-origin' } as const;
  const from = (origin: string) => () => ({ origin, 'sec-fetch-site': undefined });
  return [
    {
      ...crossSite,
      reason: `${of}, a page of another site`,
      headers: () => ({ 'sec-fetch-site': 'cross-site' }),
    },
    {
      ...crossSite,
      reason: `${of}, a page of another port`,
      headers: () => ({ 'sec-fetch-site': 'same-site' }),
    },
    {
      ...crossSite,
      reason: `${of}, a value that nobody knows`,
      headers: () => ({ 'sec-fetch-site': 'SECRET' }),
    },
    { ...wrongOrigin, reason: `${of}, another origin`, headers: from('https://evil.example') },
    { ...wrongOrigin, reason: `${of}, another port`, headers: from('http://localhost:8788') },
    {
      ...wrongOrigin,
      reason: `${of}, a name that begins alike`,
      headers: from('http://localhost.evil.example'),
    },
    { ...wrongOrigin, reason: `${of}, an opaque origin`, headers: from('null') },
    { ...wrongOrigin, reason: `${of}, no origin at all`, headers: from('SECRET') },
  ];
}

function elsewhere(over: HostileRequest['over']): HostileRequest[] {
  const notFromHere = { over, token: false, status: 403, code: 'not-from-here' } as const;
  const wrongHost = { over, token: false, status: 403, code: 'wrong-host' } as const;
  const named = (host: string) => () => ({
    host,
    origin: over === 'decision' ? `http://${host}` : undefined,
  });
  return [
    { ...notFromHere, reason: `a ${over} from another machine`, remoteAddress: '192.0.2.7' },
    { ...notFromHere, reason: `a ${over} from another by IPv6`, remoteAddress: '2001:db8::1' },
    ...['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].map((name) => ({
      ...notFromHere,
      reason: `a ${over} that a proxy passed on with ${name}`,
      headers: () => ({ [name]: '127.0.0.1' }),
    })),
    {
      ...wrongHost,
      reason: `a ${over} by a name that was made to point here`,
      headers: named('evil.example:8787'),
    },
    { ...wrongHost, reason: `a ${over} by a name that ends alike`, headers: named('evil-localhost') },
    {
      ...wrongHost,
      reason: `a ${over} by a name that begins alike`,
      headers: named('localhost.evil.example'),
    },
    { ...wrongHost, reason: `a ${over} by an address of another machine`, headers: named('192.0.2.7:8787') },
  ];
}

function thieves(over: 'question' | 'decision'): HostileRequest[] {
  const unauthorized = { over, token: true, status: 401, code: 'unauthorized' } as const;
  const cookie = (value: (loot: Loot) => string) => (loot: Loot) => ({ cookie: value(loot) });
  const altered = (change: (value: string) => string) =>
    cookie((loot) => `concord_session=${change(signedPart(loot.cookie))}`);
  return [
    { ...unauthorized, reason: `a ${over} with nothing`, headers: without('cookie') },
    { ...unauthorized, reason: `a ${over} with a wrong token`, headers: wrongToken('SECRET') },
    {
      ...unauthorized,
      reason: `a ${over} with a token that begins alike`,
      headers: wrongToken('dashboard-token-'),
    },
    { ...unauthorized, reason: `a ${over} with an empty token`, headers: wrongToken('') },
    {
      ...unauthorized,
      reason: `a ${over} with a proxy's password`,
      headers: () => ({ cookie: undefined, authorization: 'Basic U0VDUkVU' }),
    },
    { ...unauthorized, reason: `a ${over} with a session that has ended`, headers: none, later: SESSION_MS },
    {
      ...unauthorized,
      reason: `a ${over} with a session of another token`,
      headers: cookie((loot) => loot.foreignCookie),
    },
    {
      ...unauthorized,
      reason: `a ${over} with a session made longer`,
      headers: altered((value) => `9${value}`),
    },
    {
      ...unauthorized,
      reason: `a ${over} with a signature cut off`,
      headers: altered((value) => value.slice(0, -1)),
    },
    {
      ...unauthorized,
      reason: `a ${over} with no signature`,
      headers: altered((value) => value.replace(/\.[^.]*$/, '.')),
    },
    {
      ...unauthorized,
      reason: `a ${over} with the csrf as signature`,
      headers: (loot) => ({ cookie: `${loot.cookie.replace(/\.[^.]*$/, '')}.${loot.csrf}` }),
    },
    { ...unauthorized, reason: `a ${over} with an empty cookie`, headers: altered(() => '') },
    {
      ...unauthorized,
      reason: `a ${over} with a cookie of another name`,
      headers: cookie((loot) => `x${loot.cookie}`),
    },
    {
      ...unauthorized,
      reason: `a ${over} with the token as cookie`,
      headers: cookie(() => 'concord_session=SECRET'),
    },
  ];
}

function wrongToken(token: string) {
  return () => ({ cookie: undefined, authorization: `Bearer ${token}` });
}

const FORGED: readonly HostileRequest[] = [true, false].flatMap((token) => {
  const wrongCsrf = { over: 'decision', token, status: 403, code: 'wrong-csrf' } as const;
  const wrongType = { over: 'decision', token, status: 415, code: 'wrong-content-type' } as const;
  const csrf = (value: (loot: Loot) => string) => (loot: Loot) => ({ 'x-concord-csrf': value(loot) });
  const type = (name: string) => () => ({ 'content-type': name });
  const of = token ? 'with a token' : 'without a token';
  return [
    { ...wrongCsrf, reason: `${of}, no csrf`, headers: without('x-concord-csrf') },
    { ...wrongCsrf, reason: `${of}, an empty csrf`, headers: csrf(() => '') },
    { ...wrongCsrf, reason: `${of}, a csrf of another session`, headers: csrf((loot) => loot.otherCsrf) },
    { ...wrongCsrf, reason: `${of}, a csrf cut off`, headers: csrf((loot) => loot.csrf.slice(0, -1)) },
    { ...wrongType, reason: `${of}, a form`, headers: type('application/x-www-form-urlencoded') },
    { ...wrongType, reason: `${of}, plain text`, headers: type('text/plain') },
    { ...wrongType, reason: `${of}, a type that begins alike`, headers: type('application/jsonp') },
    { ...wrongType, reason: `${of}, no type`, headers: without('content-type') },
  ];
});

const CLUMSY: readonly HostileRequest[] = [
  ...(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const).map((method) => ({
    reason: `${method} of a question`,
    ...({ over: 'question', token: false, status: 405, code: 'method-not-allowed', method } as const),
  })),
  ...(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'] as const).map((method) => ({
    reason: `${method} of a decision`,
    ...({ over: 'decision', token: false, status: 405, code: 'method-not-allowed', method } as const),
  })),
  ...(['POST', 'PUT', 'DELETE', 'OPTIONS'] as const).map((method) => ({
    reason: `${method} of a page`,
    ...({ over: 'page', token: false, status: 405, code: 'method-not-allowed', method } as const),
  })),
  ...(['PUT', 'PATCH', 'OPTIONS'] as const).map((method) => ({
    reason: `${method} where one signs in`,
    ...({ over: 'sign-in', token: true, status: 405, code: 'method-not-allowed', method } as const),
  })),
  {
    reason: 'a decision that is too large',
    ...{ over: 'decision', token: true, status: 413, code: 'body-too-large' },
    payload: 'SECRET'.repeat(REQUEST_BODY_LIMIT_BYTES / 6 + 1),
  },
  {
    reason: 'a token that is too large',
    ...{ over: 'sign-in', token: true, status: 413, code: 'body-too-large' },
    payload: 'SECRET'.repeat(REQUEST_BODY_LIMIT_BYTES / 6 + 1),
  },
  {
    reason: 'a wrong token where one signs in',
    ...{ over: 'sign-in', token: true, status: 401, code: 'unauthorized' },
    payload: '{"token":"SECRET"}',
  },
  {
    reason: 'no text where one signs in',
    ...{ over: 'sign-in', token: true, status: 400, code: 'unreadable-request' },
    payload: '{"token":["SECRET"]}',
  },
  {
    reason: 'signing in where no token is asked for',
    over: 'sign-in',
    token: false,
    status: 409,
    code: 'no-token',
  },
  ...['application/x-www-form-urlencoded', 'text/plain'].map((type) => ({
    reason: `signing in by ${type}`,
    ...({ over: 'sign-in', token: true, status: 415, code: 'wrong-content-type' } as const),
    headers: () => ({ 'content-type': type }),
  })),
  ...[
    '/assets/../package.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/..\\..\\package.json',
    '/assets/%00',
    '/assets//etc/passwd',
    '/assets/index.html',
    '/assets/__proto__',
    '/assets/constructor',
    '/API/overview',
    '/api/overview/',
    '//api/overview',
    '/api/user/SECRET',
  ].map((url) => ({
    reason: `the path ${url}`,
    ...({ over: 'page', token: false, status: 404, code: 'not-found', url } as const),
  })),
  ...['/assets/%zz', '/users/%', '/%c0%ae%c0%ae/'].map((url) => ({
    reason: `the path ${url}`,
    ...({ over: 'page', token: false, status: 400, code: 'bad-request', url } as const),
  })),
];

export const HOSTILE: readonly HostileRequest[] = [
  ...elsewhere('question'),
  ...elsewhere('decision'),
  ...elsewhere('page'),
  ...elsewhere('sign-in'),
  ...foreign('question', false),
  ...foreign('question', true),
  ...foreign('decision', false),
  ...foreign('decision', true),
  ...foreign('sign-in', true),
  ...thieves('question'),
  ...thieves('decision'),
  ...FORGED,
  ...CLUMSY,
];

/** What no client would send: the first lines of a request that is sent as it is, without a token. */
export const UNCLIENTLIKE: readonly (readonly [status: number, first: string, ...headers: string[]])[] = [
  [404, 'GET /assets/../package.json HTTP/1.1', 'Host: localhost'],
  [404, 'GET /assets/../../../package.json HTTP/1.1', 'Host: localhost'],
  [404, 'GET /assets/..%2f..%2fpackage.json HTTP/1.1', 'Host: localhost'],
  [404, 'GET /assets/%2e%2e/%2e%2e/package.json HTTP/1.1', 'Host: localhost'],
  [404, 'GET /assets/..;/package.json HTTP/1.1', 'Host: localhost'],
  // As nginx passes on what it is asked for, unless it is told to say so.
  [403, 'GET /api/overview HTTP/1.0', 'Host: 127.0.0.1:8787', 'Connection: close'],
  [403, 'GET / HTTP/1.0', 'Host: 127.0.0.1:8787', 'Connection: close'],
  [403, 'GET /api/overview HTTP/1.0', 'Connection: close'],
  [403, 'GET /api/overview HTTP/1.1', 'Host:', 'Connection: close'],
  [400, 'GET /api/overview HTTP/1.1', 'Connection: close'],
  [403, 'GET /api/overview HTTP/1.1', 'Host: evil.example', 'Host: localhost'],
  [403, 'GET /api/overview HTTP/1.1', 'Host: localhost@evil.example'],
  [403, 'GET /api/overview HTTP/1.1', 'Host: localhost:1:2'],
  [400, 'GET /api/overview HTTP/1.1', 'Host: localhost', 'Sec-Fetch-Site : same-origin'],
  [
    403,
    'GET /api/overview HTTP/1.1',
    'Host: localhost',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Site: cross-site',
  ],
  [405, 'TRACE /api/overview HTTP/1.1', 'Host: localhost'],
  [
    413,
    'POST /api/session HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    'Content-Length: 999999',
  ],
];
