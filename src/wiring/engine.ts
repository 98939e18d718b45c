/**
 * The one file that builds adapters from Config and hands them on as plain arguments. What only
 * reads is built without anything that writes: a dry run cannot write by mistake, because nothing
 * that it holds could.
 */
import type { Db } from 'mongodb';
import { type Alerting, type AlertingDeps, createAlerting } from '../alerts/alerting.ts';
import { createProbes } from '../alerts/probes.ts';
import { createReceiver } from '../alerts/receiver.ts';
import { createAuth0Client } from '../auth0/client.ts';
import { createTenantLogs } from '../auth0/logs.ts';
import { createDirectory } from '../auth0/management.ts';
import type { Config, TenantConfig } from '../config/schema.ts';
import { emailTagOf, exclusionFor } from '../config/tenants.ts';
import { checkPasswords } from '../credentials/check-passwords.ts';
import { createVault } from '../credentials/vault.ts';
import type { OneUserDeps } from '../dashboard-data/one-user.ts';
import { peopleOf } from '../engine/intake/people.ts';
import type { PullDeps, PulledTenant } from '../engine/intake/pull.ts';
import { createUnknownCodes } from '../engine/intake/unknown-codes.ts';
import type { ForgetDeps } from '../engine/operations/forget.ts';
import type { ReplayDeps } from '../engine/operations/replay.ts';
import { successorSearch } from '../engine/reconcile/claims/successors.ts';
import type { AssessDeps, AssessedTenant } from '../engine/reconcile/read-side.ts';
import type { ConvergeDeps } from '../engine/reconcile/reconcile.ts';
import type { EngineSettings } from '../engine/reconcile/settings.ts';
import type { SweepDeps } from '../engine/sweep/sweep.ts';
import { UpstreamError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { type EngineObserver, observedLog } from '../metrics/observer.ts';
import { alertStore } from '../mongo/alerts.ts';
import { cursors, positionReader } from '../mongo/cursors.ts';
import { connect } from '../mongo/driver/connection.ts';
import { inactiveAccountReader, inactiveAccounts } from '../mongo/inactive-accounts.ts';
import { eraser } from '../mongo/log/erasure.ts';
import { eventLog, eventReader } from '../mongo/log/event-log.ts';
import { eventTail } from '../mongo/log/event-tail.ts';
import { historyPages } from '../mongo/log/history-pages.ts';
import { ignoredTotals } from '../mongo/log/ignored.ts';
import { seenCodes } from '../mongo/log/log-codes.ts';
import { personRecords } from '../mongo/log/person-records.ts';
import { rejects } from '../mongo/log/rejects.ts';
import { documentChanges } from '../mongo/platform/document-changes.ts';
import { documentReader } from '../mongo/platform/document-reader.ts';
import { documentStore } from '../mongo/platform/documents.ts';
import { storedPasswordReader, storedPasswords } from '../mongo/platform/stored-passwords.ts';
import { runs } from '../mongo/runs.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { ensureCollections } from '../mongo/setup/indexes.ts';
import { historyReader, readModel } from '../mongo/subjects/read-model.ts';
import { reservationReader, reservations } from '../mongo/subjects/reservations.ts';
import { standingReader } from '../mongo/subjects/standings.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { userPages } from '../mongo/subjects/user-pages.ts';
import { workQueue } from '../mongo/subjects/work-queue.ts';
import { createAccountHost, createAccountReader } from '../pds/accounts.ts';
import { rememberingDids } from '../pds/did-cache.ts';
import { createDidDirectory } from '../pds/did-directory.ts';
import { askServiceDid, ownServices } from '../pds/services.ts';
import { createXrpc, type Xrpc } from '../pds/xrpc.ts';
import type { AccountReader, DidDirectory } from '../ports/accounts.ts';
import type { DocumentChanges } from '../ports/documents.ts';
import type { EventLog, EventTail } from '../ports/event-log.ts';
import type { IgnoredTotals, Rejects } from '../ports/intake.ts';
import type { Cursors } from '../ports/runs.ts';
import type { Standings } from '../ports/standings.ts';
import type { SubjectReader, UserPages } from '../ports/subjects.ts';
import type { CallInfo } from '../upstream/caller.ts';
import { RateLimiter } from '../upstream/rate-limit.ts';
import { deskFor, type Limited, overviewFor } from './dashboard.ts';
import { systemClock, systemRandom } from './system.ts';

/** What a command that only reads needs. */
export interface ReadSide {
  readonly assess: AssessDeps & { readonly subjects: SubjectReader };
  readonly tenants: readonly AssessedTenant[];
  readonly userPages: UserPages;
  readonly tail: EventTail;
  /** Called before a command concludes or proposes anything about all users. Throws UsageError as `Engine` does. */
  checkCollations(): Promise<void>;
  close(): Promise<void>;
}

export type WiredTenant = AssessedTenant & PulledTenant & { readonly limiter: RateLimiter };

/** Everything that reconciles users. */
export interface Engine {
  readonly converge: ConvergeDeps & { readonly subjects: SubjectReader };
  readonly assess: AssessDeps;
  readonly tenants: readonly WiredTenant[];
  readonly rejects: Rejects;
  readonly ignored: IgnoredTotals;
  readonly pull: PullDeps;
  readonly sweep: SweepDeps;
  readonly userPages: UserPages;
  readonly changes: DocumentChanges;
  readonly cursors: Cursors;
  /** How many users have which status. Reads all who are in trouble, so it must not be called every second. */
  readonly standings: () => Promise<Standings>;
  /** What the dashboard asks, on this connection. */
  readonly desk: ReturnType<typeof deskFor>;
  /** The dependencies of its part about one user and decisions, without `wake`, which is added later. */
  readonly oneUser: Omit<OneUserDeps, 'wake'>;
  /** Undefined when no receiver is configured. `upSince` is when this process came up. */
  alerting(upSince: Date): Alerting | undefined;
  /**
   * Connects, creates Concord's own collections and indexes, and checks the stored passwords. Throws UpstreamError
   * while MongoDB is out of reach, and what `checkPasswords` throws.
   */
  prepare(): Promise<void>;
  /** Before anything is written. Throws UsageError where a collection compares keys without case. */
  checkCollations(): Promise<void>;
  /**
   * The same, before anything that may write a password. Throws UsageError when the keys are not those that the stored passwords
   * were sealed with, or when passwords are stored in plaintext and `credentials.storage` was not chosen.
   */
  checkPasswords(): Promise<void>;
  /** Resolves when MongoDB answers. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export function wireReadSide(config: Config): ReadSide {
  const connection = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  const { db } = connection;
  const tenants = tenantsFor(config);
  const subjects = subjectReader(db);
  const xrpc = xrpcFor(config);
  const accounts = createAccountReader(xrpc);
  return {
    assess: {
      events: eventReader(db),
      documents: documentReader(db),
      subjects,
      inactive: inactiveAccountReader(db),
      successors: successorSearch(subjects, tenants),
      reservations: reservationReader(db),
      accounts,
      dids: didsFor(config, xrpc),
      handleDomain: handleDomainOf(accounts),
      settings: engineSettings(config),
      people: peopleOf(tenants),
    },
    tenants,
    userPages: userPages(
      db,
      config.tenants.map(({ id }) => id),
    ),
    tail: eventTail(db, systemClock),
    checkCollations: () => refuseCollations(db),
    close: () => connection.close(),
  };
}

/** For `status`: reads MongoDB and calls no other system. */
export function wireOverview(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  return { ...overviewFor(db, config), close };
}

export function wireEngine(config: Config, logger: Logger, observer?: EngineObserver): Engine {
  const connection = connect({ ...config.mongodb, appName: 'concord' });
  const { db } = connection;
  const limiter = pdsLimiter(config);
  const xrpc = xrpcFor(config, observer, limiter);
  const accounts = createAccountHost(xrpc);
  const dids = didsFor(config, xrpc, observer);
  const tenants = tenantsFor(config, observer);
  const log = logFor(db, observer);
  const documents = documentStore(db);
  const served = config.tenants.map(({ id }) => id);
  const subjects = subjectReader(db, served);
  const handleDomain = handleDomainOf(accounts);
  const settings = engineSettings(config);
  const vault = createVault(config.credentials);
  const fits = () => refuseCollations(db);
  const passwordsFit = () => checkPasswords(storedPasswordReader(db), vault, config.credentials);
  const queue = workQueue(db, served);
  const people = peopleOf(tenants);
  const inactive = inactiveAccounts(db);
  const successors = successorSearch(subjects, tenants);
  const lookedAt = { events: log, documents, subjects, inactive, accounts, dids, people, successors };
  const reserved = reservations(db);
  const assess = { ...lookedAt, reservations: reserved, handleDomain, settings };
  const limited: readonly Limited[] = [
    { upstream: 'pds', tenant: undefined, limiter },
    ...tenants.map(({ id, limiter }) => ({ upstream: 'auth0', tenant: id, limiter }) as const),
  ];
  const common = { log, queue, clock: systemClock, random: systemRandom, logger };
  return {
    sweep: { ...assess, ...common, runs: runs(db), limits: config.limits, keySpaces: tenants },
    converge: {
      log,
      queue,
      subjects,
      successors,
      documents,
      reservations: reserved,
      accounts,
      inactive,
      people,
      dids,
      handleDomain,
      vault,
      tenants: new Map(tenants.map((tenant) => [tenant.id, tenant])),
      clock: systemClock,
      random: systemRandom,
      logger,
      settings,
      onStep: observer?.onStep,
    },
    assess,
    tenants,
    rejects: rejects(db),
    ignored: ignoredTotals(db),
    pull: pullDeps(db, config, logger, observer),
    standings: () => standingReader(db, served).standings(systemClock.now()),
    userPages: userPages(db, served),
    changes: documentChanges(db),
    cursors: cursors(db),
    desk: deskFor(db, config, logger, tenants, limited),
    oneUser: { ...common, tenants, assess, pages: historyPages(db) },
    alerting: (upSince) =>
      alertingFor(config, upSince, {
        ...{ events: log, documents, tenants: served, clock: systemClock, logger, runs: runs(db) },
        ...{ positions: positionReader(db), silence: config.alerts.silence },
        ...{ store: alertStore(db), standings: standingReader(db, served) },
        probes: createProbes({ accounts, tenants, clock: systemClock, everyMs: config.alerts.probeEveryMs }),
      }),
    prepare: async () => {
      await connection.open();
      await ensureCollections(db);
      await passwordsFit();
    },
    checkCollations: fits,
    checkPasswords: async () => {
      await fits();
      await passwordsFit();
    },
    ping: (timeoutMs) => connection.ping(timeoutMs),
    close: () => connection.close(),
  };
}

function alertingFor(
  { alerts, schedule, pds }: Config,
  upSince: Date,
  deps: Omit<AlertingDeps, 'receivers' | 'expected' | 'settings'>,
): Alerting | undefined {
  const { intervalMs, requestTimeoutMs: timeoutMs } = alerts;
  if (intervalMs === null) return undefined;
  return createAlerting({
    ...deps,
    receivers: alerts.receivers.flatMap(({ name, format, url }) =>
      url === undefined ? [] : [createReceiver({ name, format, url, timeoutMs })],
    ),
    expected: {
      logUnreadAfterMs: schedule.pull === null ? null : alerts.logUnreadAfterMs,
      sweepOverdueAfterMs: schedule.sweep === null ? null : alerts.sweepOverdueAfterMs,
      ...{ upSince, pdsUrl: pds.url },
    },
    settings: { ...alerts, intervalMs },
  });
}

/** For `pull`: needs MongoDB and Auth0. */
export function wirePull(config: Config, logger: Logger) {
  const connection = connect({ ...config.mongodb, appName: 'concord' });
  const { db } = connection;
  return {
    pull: pullDeps(db, config, logger),
    tenants: tenantsFor(config),
    prepare: async () => {
      await connection.open();
      await ensureCollections(db);
    },
    close: () => connection.close(),
  };
}

function pullDeps(db: Db, config: Config, logger: Logger, observer?: EngineObserver): PullDeps {
  return {
    // One of its own: most of what it brings is known, which a log that is new to it gets ready for.
    log: logFor(db, observer),
    queue: workQueue(db),
    rejects: rejects(db),
    ignored: ignoredTotals(db),
    cursors: cursors(db),
    clock: systemClock,
    random: systemRandom,
    logger,
    keepUnrelated: config.ingest.keepUnrelated,
    onUnknownCodes: createUnknownCodes({ seen: seenCodes(db), logger, onFirst: observer?.onUnknownCode }),
  };
}

function logFor(db: Db, observer: EngineObserver | undefined): EventLog {
  const log = eventLog(db);
  return observer === undefined ? log : observedLog(log, observer.onAppend);
}

/** For `replay`: with `dryRun`, nothing that could write. Needs MongoDB alone. */
export function wireReplay(
  config: Config,
  dryRun: boolean,
): ReplayDeps & { checkCollations(): Promise<void>; close(): Promise<void> } {
  const tenants = config.tenants.map(({ id, keyPrefix }) => ({ id, keyPrefix }));
  const settings = engineSettings(config);
  const options = { ...config.mongodb, appName: 'concord' };
  if (dryRun) {
    const { db, close } = connect({ ...options, readOnly: true });
    return {
      clock: systemClock,
      history: historyReader(db),
      events: eventReader(db),
      subjects: subjectReader(db),
      reservations: reservationReader(db),
      settings,
      tenants,
      checkCollations: () => refuseCollations(db),
      close,
    };
  }
  const { db, close } = connect(options);
  return {
    clock: systemClock,
    history: historyReader(db),
    events: eventReader(db),
    subjects: subjectReader(db),
    reservations: reservationReader(db),
    settings,
    tenants,
    writer: { queue: workQueue(db), readModel: readModel(db), reservations: reservations(db) },
    checkCollations: () => refuseCollations(db),
    close,
  };
}

/** For `forget`: the one that is handed the eraser. */
export function wireForget(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord' });
  const documents = documentReader(db);
  const forgetting: ForgetDeps = {
    log: eventLog(db),
    queue: workQueue(db),
    subjects: subjectReader(db),
    readModel: readModel(db),
    eraser: eraser(db),
    reservations: reservations(db),
    documents,
    accounts: createAccountReader(xrpcFor(config)),
    clock: systemClock,
    random: systemRandom,
    leaseMs: config.engine.leaseMs,
  };
  const checkCollations = () => refuseCollations(db);
  const known = { documents, subjects: forgetting.subjects, events: forgetting.log };
  return { forgetting, known, tenants: tenantsFor(config), checkCollations, close };
}

/** For `export`: reads MongoDB, Auth0 and the PDS. */
export function wireExport(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  const exporting = {
    events: eventReader(db),
    documents: documentReader(db),
    subjects: subjectReader(db),
    accounts: createAccountReader(xrpcFor(config)),
    records: personRecords(db),
  };
  return { exporting, tenants: tenantsFor(config), close };
}

/** For `credentials`: with `dryRun`, nothing that could write. Needs MongoDB and the keys. */
export function wireCredentials(config: Config, dryRun: boolean) {
  const options = { ...config.mongodb, appName: 'concord' };
  // Seals whatever credentials.storage is: the command decides what is written.
  const vault = createVault({ ...config.credentials, storage: 'sealed' });
  if (dryRun) {
    const { db, close } = connect({ ...options, readOnly: true });
    const checkCollations = () => refuseCollations(db);
    return { passwords: storedPasswordReader(db), vault, checkCollations, close };
  }
  const { db, close } = connect(options);
  const passwords = storedPasswords(db);
  return { passwords, replace: passwords.replace, vault, checkCollations: () => refuseCollations(db), close };
}

/** For `audit --logins`: keeps its position in MongoDB, and changes nothing else. */
export function wireLoginAudit(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord' });
  const passwords = storedPasswordReader(db);
  const auditing = {
    passwords,
    // Opens sealed and plaintext passwords alike, and seals none.
    vault: createVault({ ...config.credentials, storage: 'plaintext' }),
    accounts: createAccountHost(xrpcFor(config)),
    runs: runs(db),
    clock: systemClock,
    tenants: tenantsFor(config),
  };
  const checkCollations = () => refuseCollations(db);
  return { auditing, countLogins: () => passwords.countLogins(), checkCollations, close };
}

function pdsLimiter({ pds }: Config): RateLimiter {
  const perSecond = pds.requestsPerSecond ?? undefined;
  return new RateLimiter({ upstream: 'pds', clock: systemClock, perSecond });
}

/** Built at the first call, because a command that asks the PDS nothing need not know where it is. */
export function xrpcFor(config: Config, observer?: EngineObserver, limiter = pdsLimiter(config)): Xrpc {
  let xrpc: Xrpc | undefined;
  const { pds } = config;
  return (call) => {
    xrpc ??= createXrpc({
      url: pds.url,
      adminPassword: pds.adminPassword,
      bypassKey: pds.rateLimitBypassKey,
      timeoutMs: pds.requestTimeoutMs,
      clock: systemClock,
      limiter,
      onCall: observer === undefined ? undefined : (info) => observer.onCall('pds', undefined, info),
    });
    return xrpc(call);
  };
}

/** Built at the first call, as above: without an address of the PDS there is none to recognise. */
export function didsFor({ pds }: Config, xrpc: Xrpc, observer?: EngineObserver): DidDirectory {
  let dids: DidDirectory | undefined;
  return {
    serviceOf: (did) => {
      dids ??= rememberingDids(
        createDidDirectory({
          plcUrl: pds.plcUrl,
          own: ownServices(pds.url, () => askServiceDid(xrpc)),
          clock: systemClock,
          limiter: new RateLimiter({ upstream: 'plc', clock: systemClock }),
          timeoutMs: pds.requestTimeoutMs,
          onCall: observer === undefined ? undefined : (info) => observer.onCall('plc', undefined, info),
        }),
        systemClock,
      );
      return dids.serviceOf(did);
    },
  };
}

function tenantsFor(config: Config, observer?: EngineObserver): WiredTenant[] {
  const tenants: WiredTenant[] = config.tenants.map((tenant) => {
    const { id, keyPrefix } = tenant;
    const perSecond = tenant.requestsPerSecond ?? undefined;
    const limiter = new RateLimiter({ upstream: 'auth0', clock: systemClock, perSecond });
    let built: Pick<WiredTenant, 'directory' | 'logs'> | undefined;
    // Built when it is asked for, because a command that reads MongoDB alone has no Auth0 secret.
    const auth0 = () => {
      built ??= auth0For(tenant, limiter, config.auth0.requestTimeoutMs, observer);
      return built;
    };
    return {
      id,
      keyPrefix,
      emailTag: emailTagOf(config.tenants, tenant),
      excludedBy: exclusionFor(config, tenant),
      logRetentionDays: tenant.logRetentionDays ?? undefined,
      limiter,
      get directory() {
        return auth0().directory;
      },
      get logs() {
        return auth0().logs;
      },
      // Only one of two linked tenants names the other, but the link is mutual.
      get sister() {
        return tenants.find(
          (other, index) => other.id === tenant.sisterOf || config.tenants[index]?.sisterOf === id,
        );
      },
    };
  });
  return tenants;
}

function auth0For(
  tenant: TenantConfig,
  limiter: RateLimiter,
  timeoutMs: number,
  observer: EngineObserver | undefined,
): Pick<WiredTenant, 'directory' | 'logs'> {
  const { id, domain, managementUrl, clientId, clientSecret } = tenant;
  const onCall = observer === undefined ? undefined : (info: CallInfo) => observer.onCall('auth0', id, info);
  const common = { clock: systemClock, limiter, timeoutMs, onCall };
  const client = createAuth0Client({ domain, managementUrl, clientId, clientSecret, ...common });
  return { directory: createDirectory(client), logs: createTenantLogs(client) };
}

/** Asks the PDS once; a failure is not cached, so that the next call asks again. */
export function handleDomainOf(accounts: AccountReader): () => Promise<string> {
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

export function engineSettings(config: Config): EngineSettings {
  const { freshForMs, loginFreshForMs } = config.auth0;
  return { ...config.engine, freshForMs, loginFreshForMs, policy: config.policy };
}
