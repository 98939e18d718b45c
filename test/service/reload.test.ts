/** Secrets that are read again: what can be used is used at once, and what cannot changes nothing. */
import { describe, expect, it } from 'vitest';
import { liveConfig } from '../../src/config/live.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readTextFile } from '../../src/config/sources.ts';
import { generateKey } from '../../src/credentials/vault.ts';
import { UsageError } from '../../src/errors.ts';
import { createLogger } from '../../src/logger.ts';
import { reloadSecrets } from '../../src/service/reload.ts';

const token = (letter: string): string => letter.repeat(64);
const KEYS = generateKey('k1');
const FILES = {
  AUTH0_CLIENT_SECRET: 'first client secret',
  AUTH0_LOG_TOKEN: token('a'),
  AUTH0_EVENT_TOKEN: token('b'),
  PDS_ADMIN_PASSWORD: 'first admin password',
  PDS_RATE_LIMIT_BYPASS_KEY: 'first bypass key',
  METRICS_TOKEN: token('c'),
  DASHBOARD_TOKEN: token('d'),
  CONCORD_CREDENTIAL_KEYS: KEYS,
  ALERT_SLACK_URL: 'https://hooks.example.com/first',
};
const ROTATED: Readonly<Record<keyof typeof FILES, string>> = {
  AUTH0_CLIENT_SECRET: 'second client secret',
  AUTH0_LOG_TOKEN: token('e'),
  AUTH0_EVENT_TOKEN: token('f'),
  PDS_ADMIN_PASSWORD: 'second admin password',
  PDS_RATE_LIMIT_BYPASS_KEY: 'second bypass key',
  METRICS_TOKEN: token('g'),
  DASHBOARD_TOKEN: token('h'),
  CONCORD_CREDENTIAL_KEYS: `${generateKey('k2')},${KEYS}`,
  ALERT_SLACK_URL: 'https://hooks.example.com/second',
};

/** A configuration whose secrets are all in files, as Docker and systemd hand them on. */
function setUp(checkKeys: () => Promise<void> = async () => undefined) {
  const files = new Map<string, string>(Object.entries(FILES).map(([name, text]) => [`/run/${name}`, text]));
  const env: Record<string, string> = {
    ...{ MONGODB_URI: 'mongodb://db.example.com', MONGODB_DATABASE: 'shop' },
    ...{
      PDS_URL: 'https://pds.example.com',
      AUTH0_DOMAIN: 'example.eu.auth0.com',
      AUTH0_CLIENT_ID: 'client',
    },
    ...Object.fromEntries(Object.keys(FILES).map((name) => [`${name}_FILE`, `/run/${name}`])),
  };
  const readFile = (path: string): string => {
    if (!path.startsWith('/run/')) return readTextFile(path);
    const text = files.get(path);
    if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    return text;
  };
  const load = () => loadConfig({ env, readFile });
  const live = liveConfig(load(), load);
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', stream: { write: (line) => void lines.push(line) } });
  return { files, env, live, lines, reload: () => reloadSecrets({ live, checkKeys, logger }) };
}

function secretsOf({
  live: { config },
}: ReturnType<typeof setUp>): Readonly<Record<keyof typeof FILES, unknown>> {
  const [tenant] = config.tenants;
  return {
    AUTH0_CLIENT_SECRET: tenant?.clientSecret,
    AUTH0_LOG_TOKEN: tenant?.logTokens[0],
    AUTH0_EVENT_TOKEN: tenant?.eventTokens[0],
    PDS_ADMIN_PASSWORD: config.pds.adminPassword,
    PDS_RATE_LIMIT_BYPASS_KEY: config.pds.rateLimitBypassKey,
    METRICS_TOKEN: config.server.metricsToken,
    DASHBOARD_TOKEN: config.server.dashboardToken,
    CONCORD_CREDENTIAL_KEYS: config.credentials.keys,
    ALERT_SLACK_URL: config.alerts.receivers[0]?.url,
  };
}

describe('secrets that are read again', () => {
  it('are in use without a restart, each of them, and none is in the log', async () => {
    const setting = setUp();
    expect(secretsOf(setting)).toEqual(FILES);
    for (const [name, text] of Object.entries(ROTATED)) setting.files.set(`/run/${name}`, text);
    await setting.reload();
    expect(secretsOf(setting)).toEqual(ROTATED);
    expect(setting.lines).toHaveLength(1);
    expect(JSON.parse(setting.lines[0] ?? '')).toMatchObject({ level: 'info', settings: { length: 9 } });
    for (const secret of [...Object.values(FILES), ...Object.values(ROTATED)])
      expect(setting.lines.join()).not.toContain(secret);
  });

  it.each([
    ['is gone', undefined, 'AUTH0_LOG_TOKEN_FILE cannot be read (ENOENT)'],
    ['is empty', '\n', 'AUTH0_LOG_TOKEN_FILE names an empty file'],
    ['is half written', 'short', 'tenants[0].logTokens[0]: must be at least 32 bytes long'],
  ])('are all kept when a file %s, and the log names it', async (_what, text, problem) => {
    const setting = setUp();
    for (const [name, rotated] of Object.entries(ROTATED)) setting.files.set(`/run/${name}`, rotated);
    if (text === undefined) setting.files.delete('/run/AUTH0_LOG_TOKEN');
    else setting.files.set('/run/AUTH0_LOG_TOKEN', text);
    await setting.reload();
    expect(secretsOf(setting)).toEqual(FILES);
    expect(setting.lines).toHaveLength(1);
    expect(JSON.parse(setting.lines[0] ?? '')).toMatchObject({
      level: 'error',
      err: { message: expect.stringContaining(problem) as unknown },
    });
    setting.files.set('/run/AUTH0_LOG_TOKEN', ROTATED.AUTH0_LOG_TOKEN);
    await setting.reload();
    expect(secretsOf(setting)).toEqual(ROTATED);
  });

  it('are kept when the new keys do not open the stored passwords', async () => {
    const setting = setUp(() =>
      Promise.reject(new UsageError('The key k9 is missing', 'CREDENTIAL_KEY_MISSING')),
    );
    setting.files.set('/run/METRICS_TOKEN', ROTATED.METRICS_TOKEN);
    setting.files.set('/run/CONCORD_CREDENTIAL_KEYS', generateKey('k9'));
    await setting.reload();
    expect(secretsOf(setting)).toEqual(FILES);
    expect(setting.lines.join()).toContain('CREDENTIAL_KEY_MISSING');
  });

  it('do not bring other settings with them, and the log names those', async () => {
    const setting = setUp();
    const { port } = setting.live.config.server;
    setting.env['PORT'] = '9999';
    setting.files.set('/run/METRICS_TOKEN', ROTATED.METRICS_TOKEN);
    await setting.reload();
    expect(setting.live.config.server).toMatchObject({ port, metricsToken: ROTATED.METRICS_TOKEN });
    expect(JSON.parse(setting.lines[1] ?? '')).toMatchObject({ level: 'warn', settings: ['server.port'] });
  });
});
