/**
 * The whole platform as Concord meets it: an empty database on the shared mongod, the shared PDS, an Auth0
 * tenant in this process, and a configuration for them that goes the way of every real one.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Db, MongoClient } from 'mongodb';
import { inject, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { readTextFile } from '../../src/config/sources.ts';
import { generateKey } from '../../src/credentials/vault.ts';
import type { ReconciliationResult } from '../../src/engine/reconcile/reconcile.ts';
import { createLogger, type Logger } from '../../src/logger.ts';
import type { Lease } from '../../src/ports/queue.ts';
import {
  type Auth0Tenant,
  type Auth0TenantOptions,
  startAuth0Tenant,
} from '../../src/sandbox/auth0/tenant.ts';
import { type Service, startService } from '../../src/service/service.ts';
import { type Engine, wireEngine } from '../../src/wiring/engine.ts';
import type { SharedPds } from './global-setup.ts';

export const SANDBOX_CONFIG = fileURLToPath(new URL('../../config/sandbox.yaml', import.meta.url));
export const TENANT = 'aesthetic';
/** The second tenant, where a test asks for one; the first one's keys have no prefix. */
export const SISTER = { id: 'sister', keyPrefix: 'sister-' } as const;

/** Nothing is done by the clock, so that what a test sees comes from what it did. */
const NO_SCHEDULE = {
  schedule: { pull: null, reconcile: null, sweep: null },
  alerts: { intervalMs: null },
};
const CLIENT_ID = 'concord-test';

export interface PlatformOptions {
  /** Another PDS than the shared one. */
  readonly pds?: Pick<SharedPds, 'url' | 'plcUrl' | 'adminPassword' | 'bypassKey'>;
  /** Another MongoDB than the shared one. */
  readonly mongoUri?: string;
  /** How Concord is told to reach MongoDB, such as through a proxy. */
  readonly concordMongoUri?: string;
  readonly delivery?: Auth0TenantOptions['delivery'];
  /** The time at Auth0. Default: the real one. */
  readonly auth0Clock?: () => Date;
  /** How long Auth0 keeps log entries, in days; default 30. */
  readonly retentionDays?: number;
  /** A second tenant in the same database; the text is its tag in email addresses, null for none. */
  readonly sisterTag?: string | null;
  /** The second tenant is the first one's sister: whoever has one verified address in both is one person. */
  readonly areLinked?: boolean;
}

/** Settings laid over config/sandbox.yaml, in its shape. */
export type Overlay = Readonly<Record<string, unknown>>;

export interface ServeOptions {
  readonly overlay?: Overlay;
  readonly logger?: Logger;
  readonly onReconciliation?: (lease: Lease, result: ReconciliationResult) => void;
}

export interface Served extends Service {
  /** Where the log stream of the first tenant is to deliver. */
  readonly endpoint: string;
}

export interface Platform {
  readonly auth0: Auth0Tenant;
  /** Its tenant is `SISTER`. Throws when the test asked for none. */
  readonly sister: Auth0Tenant;
  /** As the platform itself writes, beside Concord. */
  readonly db: Db;
  /** What a process of Concord's is started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly logToken: string;
  /** Of the event stream, which delivers to `/events` below the endpoint. */
  readonly eventToken: string;
  config(overlay?: Overlay): Config;
  /** Closed with the platform. */
  engine(overlay?: Overlay): Engine;
  /** Stopped with the platform. */
  serve(options?: ServeOptions): Promise<Served>;
  /** Drops the database and ends everything that was begun here. */
  close(): Promise<void>;
}

/** A platform for one test. */
export async function platform(options: PlatformOptions = {}): Promise<Platform> {
  const opened = await openPlatform(options);
  onTestFinished(() => opened.close());
  return opened;
}

/** A platform that several tests look at; whoever opens it closes it. */
export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const pds = options.pds ?? inject('pds');
  const mongodUri = options.mongoUri ?? inject('mongodUri');
  const database = `concord-test-${randomBytes(6).toString('hex')}`;
  // Concord reads what a majority has, so a test that looks at once must have written to one.
  const client = await MongoClient.connect(mongodUri, { writeConcern: { w: 'majority' } });
  const db = client.db(database);
  const clientSecret = randomBytes(24).toString('hex');
  const logToken = randomBytes(32).toString('hex');
  const eventToken = randomBytes(32).toString('hex');
  const tenant = (name: string): Promise<Auth0Tenant> =>
    startAuth0Tenant({
      tenant: name,
      clientId: CLIENT_ID,
      clientSecret,
      delivery: { gatherMs: 5, attemptBackoffMs: 20, cyclePauseMs: 100, ...options.delivery },
      ...(options.auth0Clock === undefined ? {} : { clock: options.auth0Clock }),
      ...(options.retentionDays === undefined ? {} : { retentionDays: options.retentionDays }),
    });
  const auth0 = await tenant(TENANT);
  const sister = options.sisterTag === undefined ? undefined : await tenant(SISTER.id);
  const env = {
    MONGODB_URI: options.concordMongoUri ?? mongodUri,
    MONGODB_DATABASE: database,
    AUTH0_TENANT: TENANT,
    AUTH0_DOMAIN: auth0.domain,
    AUTH0_MANAGEMENT_URL: auth0.url,
    AUTH0_CLIENT_ID: CLIENT_ID,
    AUTH0_CLIENT_SECRET: clientSecret,
    AUTH0_LOG_TOKEN: logToken,
    AUTH0_EVENT_TOKEN: eventToken,
    PDS_URL: pds.url,
    PDS_DID_PLC_URL: pds.plcUrl,
    PDS_ADMIN_PASSWORD: pds.adminPassword,
    PDS_RATE_LIMIT_BYPASS_KEY: pds.bypassKey,
    CONCORD_CREDENTIAL_KEYS: generateKey(),
  };
  const tenants =
    sister === undefined ? {} : { tenants: [first(env), second(sister, clientSecret, options)] };
  const config = (overlay: Overlay = {}) => configOf(env, [NO_SCHEDULE, tenants, overlay]);
  const closing: (() => Promise<unknown>)[] = [];
  return {
    auth0,
    get sister() {
      if (sister === undefined) throw new Error('The test asked for no second tenant.');
      return sister;
    },
    db,
    env,
    logToken,
    eventToken,
    config,
    engine: (overlay) => {
      const engine = wireEngine(config(overlay), silent());
      closing.push(() => engine.close());
      return engine;
    },
    serve: async ({ overlay, logger = silent(), onReconciliation } = {}) => {
      const service = await startService(config(overlay), logger, onReconciliation);
      closing.push(() => service.stop());
      return { ...service, endpoint: `${service.url}/webhooks/auth0/${TENANT}` };
    },
    close: async () => {
      await Promise.all([auth0.stop(), sister?.stop()]);
      await Promise.all(closing.map((close) => close()));
      await db.dropDatabase();
      await client.close();
    },
  };
}

export function silent(): Logger {
  return createLogger({ level: 'silent' });
}

function first(env: Readonly<Record<string, string>>) {
  return {
    id: TENANT,
    domain: env['AUTH0_DOMAIN'],
    managementUrl: env['AUTH0_MANAGEMENT_URL'],
    clientId: CLIENT_ID,
    clientSecret: env['AUTH0_CLIENT_SECRET'],
    logTokens: [env['AUTH0_LOG_TOKEN']],
  };
}

function second(
  sister: Auth0Tenant,
  clientSecret: string,
  { sisterTag = null, areLinked = false }: PlatformOptions,
) {
  return {
    ...SISTER,
    domain: sister.domain,
    managementUrl: sister.url,
    clientId: CLIENT_ID,
    clientSecret,
    logTokens: [randomBytes(32).toString('hex')],
    emailTag: sisterTag,
    sisterOf: areLinked ? TENANT : null,
  };
}

/** The overlays need no file: JSON is YAML, and the loader is told where to read. */
function configOf(env: Readonly<Record<string, string>>, overlays: readonly Overlay[]): Config {
  const texts = new Map(overlays.map((overlay, index) => [`overlay ${index}`, JSON.stringify(overlay)]));
  return loadConfig({
    env,
    files: [SANDBOX_CONFIG, ...texts.keys()],
    readFile: (path) => texts.get(path) ?? readTextFile(path),
  });
}
