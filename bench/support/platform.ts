/** Concord on the real parts, as it is wired in production: an empty database, the PDS, and an Auth0 tenant in this process. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import { DEFAULT_CONFIG_FILE, loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { readTextFile } from '../../src/config/sources.ts';
import { generateKey } from '../../src/credentials/vault.ts';
import { createLogger } from '../../src/logger.ts';
import { type Auth0Tenant, startAuth0Tenant } from '../../src/sandbox/auth0/tenant.ts';
import type { Mongod } from '../../src/sandbox/servers/mongod.ts';
import type { Pds } from '../../src/sandbox/servers/pds.ts';
import { type Engine, wireEngine } from '../../src/wiring/engine.ts';
import { openBare } from './database.ts';

export const TENANT_ID = 'bench';

export interface Platform {
  readonly auth0: Auth0Tenant;
  /** As the platform itself writes, beside Concord. */
  readonly db: Db;
  readonly engine: Engine;
  readonly config: Config;
  readonly logToken: string;
  close(): Promise<void>;
}

const CLIENT_ID = 'concord-bench';
/** As many requests a second as anybody may want: the limit of a tenant is not what is measured. */
const UNLIMITED = { requestsPerSecond: 100_000, burst: 100_000 };

export async function openPlatform(mongod: Mongod, pds: Pds): Promise<Platform> {
  const database = `concord-bench-${randomBytes(6).toString('hex')}`;
  const clientSecret = randomBytes(24).toString('hex');
  const logToken = randomBytes(32).toString('hex');
  const auth0 = await startAuth0Tenant({
    tenant: TENANT_ID,
    clientId: CLIENT_ID,
    clientSecret,
    rateLimit: UNLIMITED,
  });
  const config = configOf({
    MONGODB_URI: mongod.uri,
    MONGODB_DATABASE: database,
    AUTH0_TENANT: TENANT_ID,
    AUTH0_DOMAIN: auth0.domain,
    AUTH0_MANAGEMENT_URL: auth0.url,
    AUTH0_CLIENT_ID: CLIENT_ID,
    AUTH0_CLIENT_SECRET: clientSecret,
    AUTH0_LOG_TOKEN: logToken,
    PDS_URL: pds.url,
    PDS_DID_PLC_URL: pds.plcUrl,
    PDS_ADMIN_PASSWORD: pds.adminPassword,
    PDS_RATE_LIMIT_BYPASS_KEY: pds.bypassKey,
    CONCORD_CREDENTIAL_KEYS: generateKey(),
    CONCORD_CREDENTIAL_STORAGE: 'sealed',
  });
  const engine = wireEngine(config, createLogger({ level: 'silent' }));
  await engine.prepare();
  await engine.documents.createIndex({
    collection: 'users',
    field: 'code',
    sparse: true,
    name: 'code_unique',
  });
  const { client, db } = await openBare(mongod.uri, database);
  return {
    auth0,
    db,
    engine,
    config,
    logToken,
    close: async () => {
      await engine.close();
      await auth0.stop();
      await db.dropDatabase();
      await client.close();
    },
  };
}

/** The settings of production, but for what goes by the clock and for the port. */
function configOf(env: Readonly<Record<string, string>>): Config {
  const overlay = JSON.stringify({ schedule: { reconcile: null, sweep: null }, server: { port: 0 } });
  return loadConfig({
    env,
    files: ['overlay'],
    readFile: (path) => {
      if (path === 'overlay') return overlay;
      // Compiled, the bench is a folder deeper than the package.
      return readTextFile(path === DEFAULT_CONFIG_FILE ? join(process.cwd(), 'config/default.yaml') : path);
    },
  });
}
