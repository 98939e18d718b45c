/** The page and its parts: who gets them, how, and what else is told with them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readAssets } from '../../../src/http/dashboard/assets.ts';
import { preferredEncoding } from '../../../src/http/dashboard/pages.ts';
import { exchange, listen } from '../wire.ts';
import { DASHBOARD_TOKEN, HERE, SCRIPT, testDashboard } from './test-dashboard.ts';

const SCRIPT_URL = `/assets/${SCRIPT}`;

describe('the document', () => {
  it.each([
    '/',
    '/users',
    '/users/auth0%7Calice',
    `/users/${'x'.repeat(500)}`,
    '/sweeps',
    '/users?sync=OutOfSync',
  ])('is at %s', async (url) => {
    const { app } = testDashboard();
    const answer = await app.inject({ url, headers: HERE });
    expect([answer.statusCode, answer.body]).toEqual([200, '<!doctype html><title>Concord</title>']);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
  });

  it.each(['/user', '/sweeps/', '/index.html', '/assets', '/assets/', '/api', '/api/', '/api/nothing'])(
    'is not at %s',
    async (url) => {
      const { app } = testDashboard();
      const answer = await app.inject({ url, headers: HERE });
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'application/problem+json']);
    },
  );

  it('comes with a policy that lets in nothing but our own files', async () => {
    const { app } = testDashboard();
    const { headers } = await app.inject({ url: '/', headers: HERE });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('was never built: that is said, with the command, and the API answers', async () => {
    const { app } = testDashboard({ assets: undefined });
    const answer = await app.inject({ url: '/users', headers: HERE });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8']);
    expect(answer.body).toContain('npm run build:dashboard');
    expect((await app.inject({ url: '/api/overview', headers: HERE })).statusCode).toBe(200);
    expect((await app.inject({ url: SCRIPT_URL, headers: HERE })).statusCode).toBe(404);
  });

  it('is shown to everybody who may sign in', async () => {
    const { app } = testDashboard({ token: DASHBOARD_TOKEN });
    const answer = await app.inject({
      url: '/',
      remoteAddress: '192.0.2.7',
      headers: { host: 'concord.example' },
    });
    expect(answer.statusCode).toBe(200);
  });

  it('without a token, whoever asks from elsewhere reads what to set', async () => {
    const { app } = testDashboard();
    const answer = await app.inject({ url: '/', remoteAddress: '192.0.2.7', headers: HERE });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([403, 'text/plain; charset=utf-8']);
    expect(answer.body).toContain('DASHBOARD_TOKEN');
  });
});

describe('an asset', () => {
  it('has a name that changes with it, and is kept for ever', async () => {
    const { app } = testDashboard();
    const { headers } = await app.inject({ url: SCRIPT_URL, headers: HERE });
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
  });

  it('comes compressed as the browser takes it, and every form has a tag of its own', async () => {
    const { app } = testDashboard();
    const plain = await app.inject({ url: SCRIPT_URL, headers: HERE });
    const [brotli, zipped] = await Promise.all(
      ['gzip, deflate, br', 'gzip, br;q=0'].map((accepted) =>
        app.inject({ url: SCRIPT_URL, headers: { ...HERE, 'accept-encoding': accepted } }),
      ),
    );
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect([brotli?.headers['content-encoding'], zipped?.headers['content-encoding']]).toEqual([
      'br',
      'gzip',
    ]);
    expect(brotliDecompressSync(brotli?.rawPayload ?? '').toString()).toBe(plain.body);
    expect(gunzipSync(zipped?.rawPayload ?? '').toString()).toBe(plain.body);
    expect(new Set([plain, brotli, zipped].map((answer) => answer?.headers.etag)).size).toBe(3);
  });

  it('that the browser has is not sent again', async () => {
    const { app } = testDashboard();
    const first = await app.inject({ url: SCRIPT_URL, headers: HERE });
    const tag = String(first.headers.etag);
    for (const known of [tag, `"other", W/${tag}`, '*']) {
      const again = await app.inject({ url: SCRIPT_URL, headers: { ...HERE, 'if-none-match': known } });
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', tag]);
    }
    const other = await app.inject({ url: SCRIPT_URL, headers: { ...HERE, 'if-none-match': '"other"' } });
    expect(other.statusCode).toBe(200);
  });

  it('can be asked about', async () => {
    const { app } = testDashboard();
    const { headers } = await app.inject({ url: SCRIPT_URL, headers: HERE });
    const answer = await exchange(await listen(app), [
      `HEAD ${SCRIPT_URL} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    ]);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain(`content-length: ${headers['content-length']}\r\n`);
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
  });
});

it.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['br', 'br'],
  ['gzip', 'gzip'],
  ['GZIP;q=0.5', 'gzip'],
  ['br;q=0, *', 'gzip'],
  ['*;q=0', undefined],
  ['br;q=nonsense', undefined],
])('of %s the encoding is %s', (accepted, encoding) => {
  expect(preferredEncoding(accepted)).toBe(encoding);
});

describe('what was built', () => {
  it('is read whole, or is not there', () => {
    const directory = mkdtempSync(join(tmpdir(), 'concord-assets-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    expect(readAssets(join(directory, 'nowhere'))).toBeUndefined();
    writeFileSync(join(directory, 'index.html'), '<title>page</title>');
    expect(readAssets(directory)?.files.size).toBe(0);
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'assets', 'index-1.css'), 'body {}');
    const assets = readAssets(directory);
    expect(assets?.document.bytes.toString()).toBe('<title>page</title>');
    expect(assets?.files.get('index-1.css')?.type).toBe('text/css; charset=utf-8');
  });
});
