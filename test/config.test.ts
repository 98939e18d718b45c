import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type ConfigNeed, loadConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { readEnvironment } from '../src/config/sources.ts';
import { emailTagOf } from '../src/config/tenants.ts';

const KEY = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
const TOKEN = 'a-webhook-token-of-more-than-32-bytes';

const ENV = {
  MONGODB_URI: 'mongodb://127.0.0.1:27017/?replicaSet=rs0',
  MONGODB_DATABASE: 'platform',
  AUTH0_DOMAIN: 'example.eu.auth0.com',
  AUTH0_CLIENT_ID: 'client-id',
  AUTH0_CLIENT_SECRET: 'client-secret',
  AUTH0_LOG_TOKEN: TOKEN,
  PDS_URL: 'https://pds.example.com/',
  PDS_ADMIN_PASSWORD: 'admin-password',
  CONCORD_CREDENTIAL_KEYS: KEY,
};

interface World {
  readonly env?: Record<string, string | undefined>;
  /** The text of /concord.yaml, laid over the default. */
  readonly yaml?: string;
  /** Other files, such as those that hold a secret. */
  readonly files?: Record<string, string>;
  readonly needs?: readonly ConfigNeed[];
}

function load({ env = ENV, yaml, files = {}, needs }: World = {}): Config {
  const known: Record<string, string> = yaml === undefined ? files : { ...files, '/concord.yaml': yaml };
  return loadConfig({
    env,
    files: yaml === undefined ? [] : ['/concord.yaml'],
    ...(needs === undefined ? {} : { needs }),
    readFile: (path) => known[path] ?? readFileSync(path, 'utf8'),
  });
}

/** Every problem of a configuration that does not load, without the heading. */
function problems(world: World): string[] {
  try {
    load(world);
  } catch (error) {
    expect(error).toMatchObject({ name: 'UsageError', code: 'CONFIG_INVALID' });
    return String(error).split('\n  ').slice(1);
  }
  return [];
}

const shipped = (name: string) => fileURLToPath(new URL(`../config/${name}`, import.meta.url));

describe('one tenant from the environment', () => {
  test('needs no file and has every default', () => {
    expect(load()).toMatchObject({
      mongodb: { uri: ENV.MONGODB_URI, database: 'platform' },
      pds: {
        ...{ url: 'https://pds.example.com', plcUrl: 'https://plc.directory' },
        ...{ requestTimeoutMs: 30_000, requestsPerSecond: null },
      },
      credentials: { storage: null, keys: KEY },
      tenants: [
        {
          id: 'default',
          domain: 'example.eu.auth0.com',
          managementUrl: 'https://example.eu.auth0.com',
          clientId: 'client-id',
          clientSecret: 'client-secret',
          logTokens: [TOKEN],
          eventTokens: [],
          logRetentionDays: null,
          keyPrefix: '',
          emailTag: null,
        },
      ],
      engine: { concurrency: 4, backoff: { jitter: 0.2 }, settleMs: 45_000 },
      schedule: { pull: '*/5 * * * *', reconcile: '*/5 * * * *', sweep: '17 3 * * *' },
      server: { host: '127.0.0.1', port: 8787, bodyLimitBytes: 2 * 1024 * 1024 },
      policy: { observeOnly: false },
      log: { level: 'info', pretty: null },
    });
  });

  test('takes what is optional where it is set', () => {
    const config = load({
      env: {
        ...ENV,
        AUTH0_LOG_TOKEN_NEXT: 'the-next-webhook-token-of-32-bytes',
        AUTH0_EVENT_TOKEN: 'the-event-stream-token-of-32-bytes',
        AUTH0_MANAGEMENT_URL: 'http://127.0.0.1:3001/',
        PDS_DID_PLC_URL: 'http://127.0.0.1:2582/',
        AUTH0_TENANT: 'aesthetic',
        PDS_RATE_LIMIT_BYPASS_KEY: 'bypass',
        PORT: '9000',
        HOST: '0.0.0.0',
      },
    });
    expect(config.tenants[0]).toMatchObject({
      id: 'aesthetic',
      managementUrl: 'http://127.0.0.1:3001',
      logTokens: [TOKEN, 'the-next-webhook-token-of-32-bytes'],
      eventTokens: ['the-event-stream-token-of-32-bytes'],
    });
    expect(config.pds).toMatchObject({ rateLimitBypassKey: 'bypass', plcUrl: 'http://127.0.0.1:2582' });
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 9000 });
  });

  test('a variable that is set to nothing counts as not set', () => {
    const config = load({
      env: { ...ENV, AUTH0_LOG_TOKEN_NEXT: '', PORT: '', PDS_RATE_LIMIT_BYPASS_KEY: '' },
    });
    expect(config.tenants[0]?.logTokens).toEqual([TOKEN]);
    expect(config.server.port).toBe(8787);
    expect(config.pds.rateLimitBypassKey).toBeUndefined();
  });

  test('a secret that looks like a number or a boolean stays a text', () => {
    expect(load({ env: { ...ENV, PDS_ADMIN_PASSWORD: '0012' } }).pds.adminPassword).toBe('0012');
    expect(load({ env: { ...ENV, PDS_ADMIN_PASSWORD: 'true' } }).pds.adminPassword).toBe('true');
  });

  test('a secret may hold what looks like a reference', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the reference that is not to be followed.
    const password = '${PDS_URL}$${x}';
    expect(load({ env: { ...ENV, PDS_ADMIN_PASSWORD: password } }).pds.adminPassword).toBe(password);
  });

  test('is frozen to the bottom', () => {
    const config = load();
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.engine.backoff)).toBe(true);
    expect(Object.isFrozen(config.tenants[0]?.logTokens)).toBe(true);
  });
});

describe('exclude', () => {
  const withExclude = (exclude: unknown) => problems({ yaml: JSON.stringify({ exclude }) });

  test('is a list of keys and patterns, and none by default', () => {
    expect(load().exclude).toEqual([]);
    expect(load().tenants[0]?.exclude).toEqual([]);
    expect(load({ yaml: JSON.stringify({ exclude: ['guest-*', 'auth0|1'] }) }).exclude).toEqual([
      'guest-*',
      'auth0|1',
    ]);
  });

  test('does not take what excludes every user, or no text', () => {
    expect(withExclude(['*'])).toEqual([
      expect.stringMatching(/^exclude\[0\]: must not be \*, which excludes/),
    ]);
    expect(withExclude(['a', 7])).toEqual(['exclude[1]: must be a text: put it in quotes']);
    expect(withExclude('guest-*')).toEqual(['exclude: must be a list of keys and patterns']);
  });
});

describe('NAME_FILE', () => {
  const { PDS_ADMIN_PASSWORD: _, ...without } = ENV;
  const env = { ...without, PDS_ADMIN_PASSWORD_FILE: '/run/secrets/pds' };

  test('holds the secret, without its last line break', () => {
    expect(load({ env, files: { '/run/secrets/pds': ' from a file \n' } }).pds.adminPassword).toBe(
      ' from a file ',
    );
    expect(load({ env, files: { '/run/secrets/pds': 'crlf\r\n' } }).pds.adminPassword).toBe('crlf');
  });

  test('is a problem when it cannot be read, is empty, or is set beside NAME', () => {
    expect(problems({ env })).toEqual(['pds.adminPassword: PDS_ADMIN_PASSWORD_FILE cannot be read (ENOENT)']);
    expect(problems({ env, files: { '/run/secrets/pds': '\n' } })).toEqual([
      'pds.adminPassword: PDS_ADMIN_PASSWORD_FILE names an empty file',
    ]);
    expect(problems({ env: { ...env, PDS_ADMIN_PASSWORD: 'x' } })).toEqual([
      'pds.adminPassword: PDS_ADMIN_PASSWORD and PDS_ADMIN_PASSWORD_FILE are both set: keep one of them',
    ]);
  });

  test('is a problem for an optional secret too: somebody wanted it', () => {
    expect(problems({ env: { ...ENV, PDS_RATE_LIMIT_BYPASS_KEY_FILE: '/run/secrets/none' } })).toEqual([
      'pds.rateLimitBypassKey: PDS_RATE_LIMIT_BYPASS_KEY_FILE cannot be read (ENOENT)',
    ]);
  });
});

describe('.env', () => {
  const readFile = (path: string) => {
    expect(path).toBe('/srv/concord/.env');
    return 'PORT=1\nHOST="::1"\n';
  };

  test('adds to the environment and does not override it', () => {
    expect(readEnvironment({ PORT: '2' }, '/srv/concord', readFile)).toEqual({ PORT: '2', HOST: '::1' });
  });

  test('need not be there', () => {
    const missing = () => readFileSync('/nowhere/.env', 'utf8');
    expect(readEnvironment({ PORT: '2' }, '/srv/concord', missing)).toEqual({ PORT: '2' });
  });
});

describe('problems', () => {
  test('an empty environment names every missing variable', () => {
    expect(problems({ env: {} })).toEqual([
      'mongodb.uri: MONGODB_URI is not set (nor MONGODB_URI_FILE)',
      'mongodb.database: MONGODB_DATABASE is not set (nor MONGODB_DATABASE_FILE)',
      'pds.url: PDS_URL is not set (nor PDS_URL_FILE)',
      'pds.adminPassword: PDS_ADMIN_PASSWORD is not set (nor PDS_ADMIN_PASSWORD_FILE)',
      'tenants[0].domain: AUTH0_DOMAIN is not set (nor AUTH0_DOMAIN_FILE)',
      'tenants[0].clientId: AUTH0_CLIENT_ID is not set (nor AUTH0_CLIENT_ID_FILE)',
      'tenants[0].clientSecret: AUTH0_CLIENT_SECRET is not set (nor AUTH0_CLIENT_SECRET_FILE)',
      'tenants[0].logTokens[0]: AUTH0_LOG_TOKEN is not set (nor AUTH0_LOG_TOKEN_FILE)',
      'credentials.keys: CONCORD_CREDENTIAL_KEYS is not set (nor CONCORD_CREDENTIAL_KEYS_FILE)',
    ]);
  });

  test('every kind of problem is in one message', () => {
    const { MONGODB_URI: _, ...env } = ENV;
    expect(
      problems({
        env: { ...env, PORT: 'http' },
        yaml: [
          'pds: { adminPasword: x, requestTimeoutMs: 1.5 }',
          'engine: { concurrency: 0, backoff: { firstMs: 10, maxMs: 5 } }',
          'schedule: { sweep: nightly }',
          'credentials: { storage: hidden }',
          'nonsense: true',
        ].join('\n'),
      }).sort(),
    ).toEqual([
      'credentials.storage: must be one of sealed, plaintext',
      'engine.backoff.maxMs: must not be less than firstMs',
      'engine.concurrency: must be a whole number from 1 to 256',
      'mongodb.uri: MONGODB_URI is not set (nor MONGODB_URI_FILE)',
      'nonsense: is not a setting',
      'pds.adminPasword: is not a setting',
      'pds.requestTimeoutMs: must be a whole number from 100 to 600000',
      'schedule.sweep: must be a cron expression such as */5 * * * *',
      'server.port: must be a whole number from 0 to 65535',
    ]);
  });

  test.each([
    ['MONGODB_URI', 'postgres://canary-9', 'mongodb.uri: must begin with mongodb:// or mongodb+srv://'],
    [
      'AUTH0_DOMAIN',
      'https://canary-9.auth0.com/',
      'tenants[0].domain: must be a host name such as example.eu.auth0.com, without https:// and without a path',
    ],
    [
      'AUTH0_LOG_TOKEN',
      'canary-9',
      'tenants[0].logTokens[0]: must be at least 32 bytes long (openssl rand -hex 32 makes one)',
    ],
    [
      'PDS_URL',
      'https://admin:canary-9@pds.example.com',
      'pds.url: must be an http(s) URL such as https://pds.example.com, without user, query or fragment',
    ],
    [
      'CONCORD_CREDENTIAL_KEYS',
      'k1:canary-9',
      'credentials.keys: key 1 of the list must be 32 bytes in base64 after its colon',
    ],
    ['AUTH0_TENANT', 'Canary 9', 'tenants[0].id: must be 1 to 32 lower-case letters, digits and hyphens'],
  ])('a malformed %s is told without its value', (name, value, problem) => {
    expect(problems({ env: { ...ENV, [name]: value } })).toEqual([problem]);
  });

  test('a secret that YAML reads as a number is refused rather than changed', () => {
    expect(problems({ yaml: 'pds: { adminPassword: 0012 }' })).toEqual([
      'pds.adminPassword: must be a text: put it in quotes',
    ]);
  });

  test('a file that is not YAML is told by its place, without its text', () => {
    expect(problems({ yaml: 'pds:\n  adminPassword: *canary-9' })).toEqual([
      expect.stringMatching(/^\/concord\.yaml: is not valid YAML/),
    ]);
    expect(problems({ yaml: 'pds: "canary-9\n' }).join()).not.toContain('canary-9');
    expect(problems({ yaml: '- canary-9' })).toEqual(['/concord.yaml: is not a mapping of settings']);
  });

  test('a file that is not there is told', () => {
    expect(() => loadConfig({ env: { ...ENV, CONCORD_CONFIG: '/nowhere.yaml' } })).toThrow(
      '/nowhere.yaml: cannot be read (ENOENT)',
    );
  });

  test('a creation is not judged while its call may be under way', () => {
    expect(problems({ yaml: 'engine: { settleMs: 30000 }' })).toEqual([
      'engine.settleMs: must be longer than pds.requestTimeoutMs: until then the creation may still be under way',
    ]);
    expect(problems({ yaml: 'engine: { settleMs: 30001 }' })).toEqual([]);
  });

  test('a call ends before the lease that it was begun under', () => {
    expect(problems({ yaml: 'engine: { leaseMs: 60000 }' })).toEqual([
      'engine.leaseMs: must be more than twice pds.requestTimeoutMs: no call may outlast the lease it was begun under',
    ]);
    expect(problems({ yaml: 'engine: { leaseMs: 60001 }' })).toEqual([]);
    expect(problems({ yaml: 'pds: { requestTimeoutMs: 60000 }' })).toHaveLength(2);
  });

  test('a lease lasts at least as long as one renewal', () => {
    expect(problems({ yaml: 'engine: { maxLeaseMs: 89999 }' })).toEqual([
      'engine.maxLeaseMs: must be at least engine.leaseMs: a lease is renewed until then',
    ]);
    expect(problems({ yaml: 'engine: { maxLeaseMs: 90000 }' })).toEqual([]);
  });
});

describe('who is told of alerts', () => {
  const url = 'https://hooks.slack.com/services/T0/B0/s3cret?x=1';
  const receiver = (text: string) => `alerts: { receivers: [${text}] }`;

  test('is whoever has an address, which may come from a file', () => {
    const addresses = ({ alerts }: Config) => alerts.receivers.map(({ name, url: at }) => [name, at]);
    expect(addresses(load())).toEqual([
      ['slack', undefined],
      ['webhook', undefined],
    ]);
    const env = { ...ENV, ALERT_SLACK_URL_FILE: '/run/slack' };
    expect(addresses(load({ env, files: { '/run/slack': `${url}\n` } }))).toEqual([
      ['slack', url],
      ['webhook', undefined],
    ]);
  });

  test.each([
    [
      'ftp://example.com/s3cret',
      'alerts.receivers[0].url: must be an http(s) URL, without user and password',
    ],
    [
      'https://me:s3cret@example.com/',
      'alerts.receivers[0].url: must be an http(s) URL, without user and password',
    ],
    ['s3cret', 'alerts.receivers[0].url: must be an http(s) URL, without user and password'],
  ])('has an address that can be used, and that no message repeats: %s', (address, problem) => {
    expect(problems({ yaml: receiver(`{ name: pager, format: json, url: '${address}' }`) })).toEqual([
      problem,
    ]);
  });

  test('has a name of its own', () => {
    const twice = receiver(
      `{ name: a, format: json, url: '${url}' }, { name: a, format: slack, url: '${url}' }`,
    );
    expect(problems({ yaml: twice })).toEqual([
      'alerts.receivers: must give each receiver a name of its own',
    ]);
  });
});

describe('needs', () => {
  const env = { MONGODB_URI: ENV.MONGODB_URI, MONGODB_DATABASE: 'platform' };

  test('what a command does without may be missing', () => {
    const config = load({ env, needs: ['mongodb'] });
    expect(config.mongodb.database).toBe('platform');
    expect(config.tenants[0]).toMatchObject({ id: 'default', keyPrefix: '', logTokens: [] });
  });

  test('what it needs may not', () => {
    expect(problems({ env, needs: ['mongodb', 'auth0'] })).toEqual([
      'tenants[0].domain: AUTH0_DOMAIN is not set (nor AUTH0_DOMAIN_FILE)',
      'tenants[0].clientId: AUTH0_CLIENT_ID is not set (nor AUTH0_CLIENT_ID_FILE)',
      'tenants[0].clientSecret: AUTH0_CLIENT_SECRET is not set (nor AUTH0_CLIENT_SECRET_FILE)',
    ]);
  });

  test('to read what is missing throws with the name of the variable', () => {
    const config = load({ env, needs: ['mongodb'] });
    expect(() => config.pds.adminPassword).toThrow('pds.adminPassword: PDS_ADMIN_PASSWORD is not set');
    expect(() => config.tenants[0]?.clientSecret).toThrow(
      'tenants[0].clientSecret: AUTH0_CLIENT_SECRET is not set',
    );
    expect(() => JSON.stringify(config)).not.toThrow();
  });

  test('storage of passwords is chosen in a file or in the environment', () => {
    const chosen = (world: World) => load(world).credentials.storage;
    expect(chosen({ env: { ...ENV, CONCORD_CREDENTIAL_STORAGE: 'plaintext' } })).toBe('plaintext');
    expect(chosen({ env: ENV, yaml: 'credentials: { storage: sealed }' })).toBe('sealed');
    expect(problems({ env: { ...ENV, CONCORD_CREDENTIAL_STORAGE: 'hidden' } })).toEqual([
      'credentials.storage: must be one of sealed, plaintext',
    ]);
  });

  test('plaintext storage needs no key, and storage that was not chosen needs one', () => {
    const { CONCORD_CREDENTIAL_KEYS: _, ...without } = ENV;
    expect(problems({ env: without })).toEqual([
      'credentials.keys: CONCORD_CREDENTIAL_KEYS is not set (nor CONCORD_CREDENTIAL_KEYS_FILE)',
    ]);
    expect(load({ env: without, yaml: 'credentials: { storage: plaintext }' }).credentials).toEqual({
      storage: 'plaintext',
    });
  });
});

describe('layers', () => {
  test('mappings are merged and lists are replaced', () => {
    const config = load({
      env: { ...ENV, SECRET: 's', TOKEN },
      yaml: `
engine: { backoff: { jitter: 0 } }
pds:
tenants:
  - { id: bobs, domain: bob.auth0.com, clientId: bob, clientSecret: "\${SECRET}", logTokens: ["\${TOKEN}"] }
`,
    });
    expect(config.engine.backoff).toEqual({ firstMs: 1000, factor: 2, maxMs: 3_600_000, jitter: 0 });
    expect(config.pds.requestTimeoutMs).toBe(30_000);
    expect(config.tenants.map((tenant) => tenant.id)).toEqual(['bobs']);
    expect(config.tenants[0]).toMatchObject({ keyPrefix: '', emailTag: null, clientSecret: 's' });
  });

  test('CONCORD_CONFIG names the file when no other is named', () => {
    const config = loadConfig({ env: { ...ENV, CONCORD_CONFIG: shipped('sandbox.yaml') } });
    expect(config.engine.pollMs).toBe(100);
  });

  test('an interval can be switched off', () => {
    expect(load({ yaml: 'schedule: { sweep: null }' }).schedule.sweep).toBeNull();
  });
});

describe('the shipped files', () => {
  test('config/sandbox.yaml is the default, faster', () => {
    const config = loadConfig({ env: ENV, files: [shipped('sandbox.yaml')] });
    expect(config.engine.backoff.maxMs).toBeLessThanOrEqual(5000);
    expect(config.tenants[0]?.id).toBe('default');
  });

  test('config/two-tenants.example.yaml has two tenants in one database', () => {
    const { MONGODB_URI, MONGODB_DATABASE, PDS_URL, PDS_ADMIN_PASSWORD, CONCORD_CREDENTIAL_KEYS } = ENV;
    const env = {
      ...{ MONGODB_URI, MONGODB_DATABASE, PDS_URL, PDS_ADMIN_PASSWORD, CONCORD_CREDENTIAL_KEYS },
      AESTHETIC_AUTH0_DOMAIN: 'aesthetic.us.auth0.com',
      AESTHETIC_AUTH0_CLIENT_ID: 'a',
      AESTHETIC_AUTH0_CLIENT_SECRET: 'b',
      AESTHETIC_AUTH0_LOG_TOKEN: TOKEN,
      SOTCE_AUTH0_DOMAIN: 'sotce.us.auth0.com',
      SOTCE_AUTH0_CLIENT_ID: 'c',
      SOTCE_AUTH0_CLIENT_SECRET: 'd',
      SOTCE_AUTH0_LOG_TOKEN: TOKEN.toUpperCase(),
    };
    const config = loadConfig({ env, files: [shipped('two-tenants.example.yaml')] });
    expect(config.tenants).toMatchObject([
      { id: 'aesthetic', keyPrefix: '', emailTag: null, sisterOf: null },
      { id: 'sotce', sisterOf: 'aesthetic' },
    ]);
    expect(config.tenants.map((tenant) => emailTagOf(config.tenants, tenant))).toEqual([
      'aesthetic',
      'sotce',
    ]);
    expect(config.tenants).toMatchObject([
      {},
      { keyPrefix: 'sotce-', emailTag: 'sotce', managementUrl: 'https://sotce.us.auth0.com' },
    ]);
  });
});

describe('tenants of one database', () => {
  const tenant = (fields: object) => ({ domain: 'x.auth0.com', clientId: 'x', clientSecret: 'x', ...fields });
  const token = (letter: string) => letter.repeat(32);
  const tenants = (...list: object[]) => ({ yaml: JSON.stringify({ tenants: list.map(tenant) }) });

  test.each([
    {
      reason: 'an id names one webhook address',
      list: [
        { id: 'a', logTokens: [token('a')] },
        { id: 'a', logTokens: [token('b')], keyPrefix: 'b-' },
      ],
      problem: 'tenants[1].id: a is the id of tenants[0] too',
    },
    {
      reason: 'without prefixes, two people with one Auth0 id would be one user',
      list: [
        { id: 'a', logTokens: [token('a')] },
        { id: 'b', logTokens: [token('b')] },
      ],
      problem:
        'tenants[1].keyPrefix: is empty, and so is that of tenants[0]: only one tenant may store its Auth0 ids without a prefix, or two people could come to one key',
    },
    {
      reason: 'the same prefix is no prefix',
      list: [
        { id: 'a', logTokens: [token('a')], keyPrefix: 'x-' },
        { id: 'b', logTokens: [token('b')], keyPrefix: 'x-' },
      ],
      problem: 'tenants[1].keyPrefix: is that of tenants[0] too: two people could come to one key',
    },
    {
      reason: 'x- and an id that begins with y- would be x-y- and the rest',
      list: [
        { id: 'a', logTokens: [token('a')], keyPrefix: 'x-' },
        { id: 'b', logTokens: [token('b')], keyPrefix: 'x-y-' },
      ],
      problem: 'tenants[0].keyPrefix: begins the prefix of tenants[1]: two people could come to one key',
    },
    {
      reason: 'google-oauth2|1 is an Auth0 id of the tenant without a prefix',
      list: [
        { id: 'a', logTokens: [token('a')] },
        { id: 'b', logTokens: [token('b')], keyPrefix: 'google-' },
      ],
      problem:
        "tenants[1].keyPrefix: is how the Auth0 ids of google-apps begin: a key could be read as another tenant's id",
    },
    {
      reason: 'a prefix shows where it ends',
      list: [{ id: 'a', logTokens: [token('a')], keyPrefix: 'sotce' }],
      problem:
        'tenants[0].keyPrefix: must be empty, or up to 32 lower-case letters, digits and hyphens that end in a hyphen',
    },
    {
      reason: "with another tenant's token one could write to its log",
      list: [
        { id: 'a', logTokens: [token('a')] },
        { id: 'b', logTokens: [token('a')], keyPrefix: 'b-' },
      ],
      problem: 'tenants[1].logTokens[0]: is the same token as tenants[0].logTokens[0]',
    },
    {
      reason: 'a sister is a tenant',
      list: [{ id: 'a', logTokens: [token('a')], sisterOf: 'b' }],
      problem: 'tenants[0].sisterOf: there is no tenant b',
    },
    {
      reason: 'and another one',
      list: [{ id: 'a', logTokens: [token('a')], sisterOf: 'a' }],
      problem: 'tenants[0].sisterOf: is the tenant itself',
    },
    {
      reason: 'of three it would be open whose handle a person’s is',
      list: [
        { id: 'a', logTokens: [token('a')] },
        { id: 'b', logTokens: [token('b')], keyPrefix: 'b-', sisterOf: 'a' },
        { id: 'c', logTokens: [token('c')], keyPrefix: 'c-', sisterOf: 'b' },
      ],
      problem: 'tenants[2].sisterOf: b has a sisterOf itself; only one of two linked tenants names the other',
    },
    {
      reason: 'nor has one two sisters',
      list: [
        { id: 'a', logTokens: [token('a')] },
        { id: 'b', logTokens: [token('b')], keyPrefix: 'b-', sisterOf: 'a' },
        { id: 'c', logTokens: [token('c')], keyPrefix: 'c-', sisterOf: 'a' },
      ],
      problem: 'tenants[2].sisterOf: a is already linked to tenants[1]; only two tenants can be linked',
    },
    {
      reason: 'with one tag both users of a person would want one address',
      list: [
        { id: 'a', logTokens: [token('a')] },
        { id: 'b', logTokens: [token('b')], keyPrefix: 'b-', sisterOf: 'a', emailTag: 'a' },
      ],
      problem:
        'tenants[1].emailTag: a is the tag of tenants[0] too, which is its id where none is set; linked tenants need two',
    },
    {
      reason: 'a tag is a part of an address',
      list: [{ id: 'a', logTokens: [token('a')], emailTag: true }],
      problem:
        'tenants[0].emailTag: must be 1 to 32 lower-case letters, digits and hyphens, or false for none',
    },
    {
      reason: 'with one token for both, neither could be rotated alone',
      list: [{ id: 'a', logTokens: [token('a')], eventTokens: [token('a')] }],
      problem: 'tenants[0].eventTokens[0]: is the same token as tenants[0].logTokens[0]',
    },
    {
      reason: 'a tenant without a token could receive nothing',
      list: [{ id: 'a' }],
      problem: 'tenants[0].logTokens: is missing',
    },
  ])('$reason', ({ list, problem }) => {
    expect(problems(tenants(...list))).toEqual([problem]);
  });

  test.each([
    { reason: 'a tenant by itself has no tag', list: [{ id: 'a' }], tags: [undefined] },
    { reason: 'a tag that is set is the tag', list: [{ id: 'a', emailTag: 'x' }], tags: ['x'] },
    {
      reason: 'of tenants that share a database and are not linked none has one',
      list: [{ id: 'a' }, { id: 'b', keyPrefix: 'b-' }],
      tags: [undefined, undefined],
    },
    {
      reason: 'the tags of linked tenants are their ids, whichever names the other',
      list: [{ id: 'main' }, { id: 'b', keyPrefix: 'b-', sisterOf: 'main' }],
      tags: ['main', 'b'],
    },
    {
      reason: 'one of them may have none',
      list: [
        { id: 'a', emailTag: false },
        { id: 'b', keyPrefix: 'b-', sisterOf: 'a', emailTag: 'x' },
      ],
      tags: [undefined, 'x'],
    },
  ])('$reason', ({ list, tags }) => {
    const withTokens = list.map((one, index) => ({ ...one, logTokens: [token(String(index))] }));
    const config = load(tenants(...withTokens));
    expect(config.tenants.map((one) => emailTagOf(config.tenants, one))).toEqual(tags);
  });

  test('there is at least one', () => {
    expect(problems(tenants())).toEqual(['tenants: must name at least one tenant']);
  });
});
