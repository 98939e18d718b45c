import { describe, expect, test } from 'vitest';
import { UpstreamError } from '../src/errors.ts';
import { createLogger, type Logger, type LoggerOptions } from '../src/logger.ts';

const ALICE = 'alice@example.com';

function logged(
  write: (log: Logger) => void,
  options: Partial<LoggerOptions> & { isTTY?: boolean } = {},
): string {
  const lines: string[] = [];
  const { isTTY = false, ...rest } = options;
  const stream = { isTTY, write: (line: string) => void lines.push(line) };
  write(createLogger({ level: 'info', stream, env: {}, ...rest }));
  return lines.join('');
}

const json = (write: (log: Logger) => void, options?: Partial<LoggerOptions>) =>
  JSON.parse(logged(write, options)) as Record<string, unknown>;

describe('JSON', () => {
  test('is one line with the time, the level, the message and the fields', () => {
    const line = logged((log) => log.info({ user: 'auth0|1', count: 3 }, 'User converged'));
    expect(line.endsWith('}\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      user: 'auth0|1',
      count: 3,
      msg: 'User converged',
    });
  });

  test('the level decides what is written', () => {
    expect(logged((log) => log.debug('x'))).toBe('');
    expect(logged((log) => log.warn('x'), { level: 'error' })).toBe('');
    expect(logged((log) => log.fatal('x'), { level: 'silent' })).toBe('');
  });

  test('a child keeps its fields', () => {
    expect(json((log) => log.child({ tenant: 'aesthetic' }).info('x'))).toMatchObject({
      tenant: 'aesthetic',
    });
  });

  test('an error is told with its code and the chain of its causes', () => {
    const root = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const error = new UpstreamError('createAccount failed', {
      upstream: 'pds',
      code: 'PDS_UNREACHABLE',
      retryable: true,
      effect: 'unknown',
      cause: new AggregateError([root], 'all addresses failed', { cause: 'not an error' }),
    });
    expect(json((log) => log.error({ err: error }, 'x'))['err']).toMatchObject({
      name: 'UpstreamError',
      code: 'PDS_UNREACHABLE',
      upstream: 'pds',
      retryable: true,
      effect: 'unknown',
      message: 'createAccount failed',
      stack: expect.stringContaining('logger.test.ts'),
      cause: {
        name: 'AggregateError',
        errors: [{ message: 'socket hang up', code: 'ECONNRESET' }],
        cause: 'not an error',
      },
    });
  });

  test('an error is told in any field, and in the binding of a child', () => {
    const error = new Error('broken');
    expect(json((log) => log.info({ last: { failures: [error] } }, 'x'))).toMatchObject({
      last: { failures: [{ message: 'broken' }] },
    });
    expect(json((log) => log.child({ err: error }).info('x'))).toMatchObject({ err: { message: 'broken' } });
  });

  test('what refers to itself ends', () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    const error = new Error('round');
    error.cause = error;
    expect(logged((log) => log.info({ loop, error }, 'x'))).toContain('left out');
  });
});

describe('no address from info up', () => {
  const cases: readonly [where: string, write: (log: Logger) => void][] = [
    ['the message', (log) => log.info(`${ALICE} signed up`)],
    ['a field', (log) => log.info({ note: `mail to <${ALICE}>` }, 'x')],
    ['a field called email', (log) => log.info({ email: 'alice at example.com alice@' }, 'x')],
    ['the name of a field', (log) => log.info({ [ALICE]: 1 }, 'x')],
    ['a deep field', (log) => log.warn({ a: [{ b: { c: ALICE } }] }, 'x')],
    ['the binding of a child', (log) => log.child({ subject: ALICE }).info('x')],
    ['an error', (log) => log.error(new Error(`E11000 dup key: { email: "${ALICE}" }`))],
    [
      'a nested cause',
      (log) =>
        log.error({ err: new Error('a', { cause: new Error('b', { cause: new Error(ALICE) }) }) }, 'x'),
    ],
    ['a cause that is a text', (log) => log.error({ err: new Error('a', { cause: ALICE }) }, 'x')],
    [
      'the code of an error',
      (log) => log.error({ err: Object.assign(new Error('a'), { code: ALICE }) }, 'x'),
    ],
    ['an Auth0 id that is an address', (log) => log.info({ user: `samlp|${ALICE}` }, 'x')],
    ['a URL', (log) => log.info({ url: '/api/v2/users-by-email?email=alice%40example.com' }, 'x')],
    ['a raw payload', (log) => log.info({ raw: JSON.stringify({ user_name: ALICE }) }, 'x')],
    [
      'a raw payload with escapes',
      (log) => log.info({ raw: '{"user_name":"alice\\u0040example.com"}' }, 'x'),
    ],
    ['a quoted local part', (log) => log.info({ to: '"alice b"@example.com' }, 'x')],
    ['a tag and capitals', (log) => log.info({ to: 'ALICE+sotce@EXAMPLE.COM' }, 'x')],
    ['a field called level', (log) => log.info({ level: 'debug', note: ALICE }, 'x')],
    ['a value that turns into JSON by itself', (log) => log.info({ value: { toJSON: () => ALICE } }, 'x')],
    ['a format argument', (log) => log.info('for %s', ALICE)],
  ];

  test.each(cases)('in %s', (_where, write) => {
    for (const pretty of [false, true]) {
      const line = logged(write, { pretty });
      expect(line).not.toBe('');
      expect(line).not.toMatch(/alice/i);
    }
  });

  test('and what only looks a little like one is left', () => {
    const text = 'node_modules/@atproto/api and biome@2.5.15 for @alice at did:plc:abc';
    expect(json((log) => log.info({ text }, 'x'))['text']).toBe(text);
  });

  test('at debug it may be told', () => {
    expect(logged((log) => log.debug({ note: ALICE }, 'x'), { level: 'debug' })).toContain(ALICE);
  });
});

describe('no secret at any level', () => {
  const canary = 'canary-0123456789';
  const fields: readonly object[] = [
    { password: canary },
    { pds: { adminPassword: canary } },
    { tenants: [{ clientSecret: canary, logTokens: [canary] }] },
    { headers: { Authorization: canary, 'x-ratelimit-bypass': canary, cookie: canary } },
    { credentials: { keys: canary } },
    { access_token: canary },
    { inviteCode: canary },
    { note: `Authorization: Bearer ${canary}` },
    { uri: `mongodb+srv://concord:${canary}@db.example.com/platform` },
    { err: new Error(`GET https://admin:${canary}@pds.example.com failed`) },
  ];

  test.each(fields)('%o', (field) => {
    for (const pretty of [false, true]) {
      const line = logged((log) => log.trace(field, 'x'), { level: 'trace', pretty });
      expect(line).toContain('[redacted]');
      expect(line).not.toContain(canary);
    }
  });

  test('whether there is one may be told', () => {
    expect(json((log) => log.info({ hasPassword: true, password: null }, 'x'))).toMatchObject({
      hasPassword: true,
      password: null,
    });
  });
});

describe('lines to read', () => {
  test('have the time, the level, the message and key=value', () => {
    const line = logged(
      (log) => log.warn({ user: 'auth0|1', reason: 'no answer', n: 2, o: { a: 1 } }, 'User waits'),
      {
        pretty: true,
      },
    );
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}User waits user=auth0\|1 reason="no answer" n=2 o=\{"a":1\}\n$/,
    );
  });

  test('tell an error with its causes on the same line', () => {
    const error = new Error('a', { cause: new TypeError('b', { cause: 'c' }) });
    expect(logged((log) => log.error({ err: error }, 'x'), { pretty: true })).toMatch(
      / x err="Error: a <- TypeError: b <- c"\n$/,
    );
  });

  test('show control characters and stay one line', () => {
    const line = logged((log) => log.info({ handle: '\u001b[2Jalice\nINFO forged\u202e' }, 'a\u001bb'), {
      pretty: true,
    });
    expect(line.match(/\n/g)).toHaveLength(1);
    expect(line).not.toContain('\u001b');
    expect(line).not.toContain('\u202e');
  });

  test('are for a terminal, with colour unless NO_COLOR', () => {
    expect(logged((log) => log.info('x'), { isTTY: true })).toContain('\u001b[32mINFO');
    expect(logged((log) => log.info('x'), { isTTY: true, env: { NO_COLOR: '1' } })).toMatch(/ INFO {2}x\n$/);
    expect(logged((log) => log.info('x'), { isTTY: true, color: false })).not.toContain('\u001b');
    expect(logged((log) => log.info('x'), { isTTY: true, pretty: false })).toMatch(/^\{/);
  });
});
