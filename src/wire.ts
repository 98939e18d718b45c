/**
 * The one file that builds adapters from Config and hands them on as plain arguments. What only
 * reads is built without anything that writes: a dry run cannot write by mistake, because nothing
 * that it holds could.
 */
import { createAuth0Client } from './auth0/client.ts';
import { createDirectory } from './auth0/management.ts';
import type { Config } from './config/schema.ts';
import { createVault } from './credentials.ts';
import type { AssessDeps, AssessedTenant } from './engine/assess.ts';
import type { ConvergeDeps } from './engine/converge.ts';
import type { EngineSettings } from './engine/settings.ts';
import type { SweepDeps } from './engine/sweep.ts';
import { UpstreamError } from './errors.ts';
import type { UserKey } from './identity.ts';
import type { Logger } from './logger.ts';
import { connect } from './mongo/connection.ts';
import { documentReader } from './mongo/document-reader.ts';
import { documentStore } from './mongo/documents.ts';
import { eventLog, eventReader } from './mongo/event-log.ts';
import { watchHandles } from './mongo/handle-changes.ts';
import { ensureCollections } from './mongo/indexes.ts';
import { rejects } from './mongo/rejects.ts';
import { subjectReader } from './mongo/subjects.ts';
import { workQueue } from './mongo/work-queue.ts';
import { createAccountHost, createAccountReader } from './pds/accounts.ts';
import { createXrpc, type Xrpc } from './pds/xrpc.ts';
import type { AccountReader, Rejects, SubjectReader } from './ports.ts';
import { RateLimiter } from './rate-limit.ts';
import { systemClock, systemRandom } from './system.ts';

/** Everything a command that only looks needs. */
export interface ReadSide {
  readonly assess: AssessDeps & { readonly subjects: SubjectReader };
  readonly tenants: readonly AssessedTenant[];
  close(): Promise<void>;
}

/** Everything that converges users. */
export interface Engine {
  readonly converge: ConvergeDeps & { readonly subjects: SubjectReader };
  readonly assess: AssessDeps;
  readonly tenants: readonly AssessedTenant[];
  readonly rejects: Rejects;
  readonly sweep: SweepDeps;
  /** Connects, and creates Concord's own collections and indexes. Throws UpstreamError while MongoDB is out of reach. */
  prepare(): Promise<void>;
  /** Tells of every change to a platform handle until the signal aborts; throws when it cannot go on. */
  watchHandles(onChange: (user: UserKey) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Resolves when MongoDB answers. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export function wireReadSide(config: Config): ReadSide {
  const connection = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  const { db } = connection;
  const accounts = createAccountReader(xrpcFor(config));
  return {
    assess: {
      events: eventReader(db),
      documents: documentReader(db),
      subjects: subjectReader(db),
      accounts,
      handleDomain: handleDomainOf(accounts),
      settings: engineSettings(config),
    },
    tenants: tenantsFor(config),
    close: () => connection.close(),
  };
}

export function wireEngine(config: Config, logger: Logger): Engine {
  const connection = connect({ ...config.mongodb, appName: 'concord' });
  const { db } = connection;
  const accounts = createAccountHost(xrpcFor(config));
  const tenants = tenantsFor(config);
  const log = eventLog(db);
  const documents = documentStore(db);
  const subjects = subjectReader(db);
  const handleDomain = handleDomainOf(accounts);
  const settings = engineSettings(config);
  const queue = workQueue(db);
  const assess = { events: log, documents, subjects, accounts, handleDomain, settings };
  const common = { log, queue, clock: systemClock, random: systemRandom, logger };
  return {
    sweep: { ...assess, ...common, limits: config.limits },
    converge: {
      log,
      queue,
      subjects,
      documents,
      accounts,
      handleDomain,
      vault: createVault(config.credentials),
      tenants: new Map(tenants.map((tenant) => [tenant.id, tenant])),
      clock: systemClock,
      random: systemRandom,
      logger,
      settings,
    },
    assess,
    tenants,
    rejects: rejects(db),
    prepare: async () => {
      await connection.open();
      await ensureCollections(db);
    },
    watchHandles: (onChange, signal) => watchHandles(db, onChange, signal),
    ping: (timeoutMs) => connection.ping(timeoutMs),
    close: () => connection.close(),
  };
}

function xrpcFor({ pds }: Config): Xrpc {
  return createXrpc({
    url: pds.url,
    adminPassword: pds.adminPassword,
    bypassKey: pds.rateLimitBypassKey,
    timeoutMs: pds.requestTimeoutMs,
    clock: systemClock,
    limiter: new RateLimiter({
      upstream: 'pds',
      clock: systemClock,
      perSecond: pds.requestsPerSecond ?? undefined,
    }),
  });
}

function tenantsFor(config: Config): AssessedTenant[] {
  return config.tenants.map((tenant) => {
    const limiter = new RateLimiter({
      upstream: 'auth0',
      clock: systemClock,
      perSecond: tenant.requestsPerSecond ?? undefined,
    });
    const client = createAuth0Client({
      domain: tenant.domain,
      managementUrl: tenant.managementUrl,
      clientId: tenant.clientId,
      clientSecret: tenant.clientSecret,
      timeoutMs: config.auth0.requestTimeoutMs,
      clock: systemClock,
      limiter,
    });
    const { id, keyPrefix } = tenant;
    return { id, keyPrefix, emailTag: tenant.emailTag ?? undefined, directory: createDirectory(client) };
  });
}

/** Asks the PDS once; a failure is not remembered, so that it is asked again. */
function handleDomainOf(accounts: AccountReader): () => Promise<string> {
  let known: string | undefined;
  return async () => {
    known ??= (await accounts.handleDomains())[0];
    if (known !== undefined) return known;
    throw new UpstreamError('the PDS offers no domain for handles', {
      upstream: 'pds',
      code: 'NO_HANDLE_DOMAIN',
      retryable: false,
    });
  };
}

function engineSettings(config: Config): EngineSettings {
  return { ...config.engine, freshForMs: config.auth0.freshForMs, policy: config.policy };
}
