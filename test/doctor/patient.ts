/** A platform that is well, and the ways to break one thing of it and mend it again. */
import type { Document } from 'mongodb';
import { inject } from 'vitest';
import { examine } from '../../src/commands/doctor/doctor.ts';
import { createVault, type VaultOptions } from '../../src/credentials/vault.ts';
import type { Finding } from '../../src/doctor/check.ts';
import { draft } from '../../src/engine/intake/decision.ts';
import { formatPosition, positionName } from '../../src/engine/intake/log-position.ts';
import { storedUserKey, type TenantId } from '../../src/identity.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { systemClock } from '../../src/wiring/system.ts';
import { type AlteredAnswer, altered } from '../support/altered.ts';
import {
  type Overlay,
  openPlatform,
  type Platform,
  type PlatformOptions,
  TENANT,
} from '../support/platform.ts';

export const HOUR_MS = 3_600_000;
export const PATH = `/webhooks/auth0/${TENANT}`;
const ENDPOINT = `http://127.0.0.1:9${PATH}`;
const TENANT_ID = TENANT as TenantId;

/** As after the first start of `serve`, and with the streams set up. */
export async function healthyPlatform(options: PlatformOptions = {}) {
  const world = await openPlatform(options);
  const engine = world.engine();
  await engine.prepare();
  await engine.documents.createIndex({
    collection: 'users',
    field: 'code',
    sparse: true,
    name: 'code_unique',
  });
  await engine.documents.createIndex({
    collection: '@handles',
    field: 'handle',
    sparse: false,
    name: 'handle_1',
  });
  await readLog(engine, 0);
  const addStream = (other: Partial<StreamRequest> = {}) =>
    world.auth0.logStream.add({
      ...{ endpoint: ENDPOINT, authorization: world.logToken, format: 'JSONARRAY', ...other },
    });
  world.auth0.eventStream.add({ endpoint: `${ENDPOINT}/events`, token: world.eventToken });
  // The first log stream, by its id: a test that takes it away puts another in its place.
  return Object.assign(world, { opened: engine, addStream, stream: addStream() });
}
export type StreamRequest = Parameters<Platform['auth0']['logStream']['add']>[0];
export type Healthy = Awaited<ReturnType<typeof healthyPlatform>>;

export function readLog({ cursors }: Engine, hoursAgo: number): Promise<void> {
  const until = new Date(Date.now() - hoursAgo * HOUR_MS);
  return cursors.set(positionName(TENANT_ID), formatPosition({ from: '900', until }));
}

/** What takes it back, and settings to look with. */
export interface Broken {
  readonly overlay?: Overlay;
  readonly aheadMs?: number;
  readonly restore?: () => unknown;
}

export async function findingsOn(
  world: Platform,
  { overlay, aheadMs = 0 }: Broken = {},
): Promise<readonly Finding[]> {
  const clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };
  return (await examine(() => world.config(overlay), clock)).findings;
}

/** What is read here is what a majority has. */
const collection = (world: Platform, name: string) =>
  world.db.collection<Document & { _id: string }>(name, { writeConcern: { w: 'majority' } });
export const users = (world: Platform) => collection(world, 'users');
export const handles = (world: Platform) => collection(world, '@handles');

/** With these indexes on `users.code` instead, and these documents. */
export async function withCodes(
  world: Healthy,
  index: Document | undefined,
  codes: readonly string[] = [],
): Promise<Broken> {
  await users(world).dropIndexes();
  if (index !== undefined) await users(world).createIndex({ code: 1 }, index);
  if (codes.length > 0)
    await users(world).insertMany(codes.map((code, at) => ({ _id: `auth0|${at}`, code })));
  return {
    restore: async () => {
      await users(world).deleteMany({});
      await users(world).dropIndexes();
      await users(world).createIndex({ code: 1 }, { name: 'code_unique', unique: true, sparse: true });
    },
  };
}

export async function withStream(world: Healthy, other: Partial<StreamRequest>): Promise<Broken> {
  const { logStream } = world.auth0;
  const id = world.addStream(other);
  // One that is active answers for all, so the one that is well has to go.
  await logStream.remove(world.stream);
  return {
    restore: async () => {
      await logStream.remove(id);
      world.stream = world.addStream();
    },
  };
}

export async function withPds(
  alter: (path: string) => AlteredAnswer | undefined,
  pds: object = {},
): Promise<Broken> {
  const url = await altered(inject('pds').url, alter);
  return { overlay: { pds: { url, ...pds } } };
}

export const described = (body: AlteredAnswer['body']) => (path: string) =>
  path.endsWith('describeServer') && body !== undefined ? { body } : undefined;

export async function withEvent(
  world: Healthy,
  type: 'gap.opened' | 'sweep.halted',
  data: object,
): Promise<Broken> {
  const { log } = world.opened;
  const event = draft(world.opened.reconcile, null, TENANT_ID, type, data as never);
  await log.append([event]);
  return {
    restore: () => collection(world, 'concord.events').deleteOne({ _id: event._id }),
  };
}

export async function withScopes(world: Healthy, ...lacking: readonly string[]): Promise<Broken> {
  const all = ['read:users', 'read:logs', 'read:log_streams', 'read:event_streams'];
  world.auth0.grant(all.filter((scope) => !lacking.includes(scope)));
  return { restore: () => world.auth0.grant(all) };
}

/** With one password, sealed with the first of these keys. */
export function withPassword(
  world: Healthy,
  keys: string | undefined,
  storage: VaultOptions['storage'] = null,
): Promise<Broken> {
  const password = createVault({ storage: 'sealed', keys }).seal('canary', storedUserKey('auth0|0'));
  return withStored(world, password, storage);
}

/** With one password that is stored like this, and with this setting. */
export async function withStored(
  world: Healthy,
  password: string,
  storage: VaultOptions['storage'],
): Promise<Broken> {
  await users(world).insertOne({ _id: 'auth0|0', atproto: { password } });
  return { overlay: { credentials: { storage } }, restore: () => users(world).deleteMany({}) };
}

export const tenantWith = (world: Healthy, settings: object) => ({
  tenants: [
    {
      ...{ id: TENANT, domain: world.auth0.domain, managementUrl: world.auth0.url },
      ...{ clientId: world.env['AUTH0_CLIENT_ID'], clientSecret: world.env['AUTH0_CLIENT_SECRET'] },
      ...{ logTokens: [world.logToken], eventTokens: [world.eventToken], ...settings },
    },
  ],
});
