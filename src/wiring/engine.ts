/** Builds the engine from Config and hands adapters on as plain arguments. */
import type { Alerting } from '../alerts/alerting.ts';
import type { Config } from '../config/schema.ts';
import { checkPasswords } from '../credentials/check-passwords.ts';
import { createVault } from '../credentials/vault.ts';
import type { OneUserDeps } from '../dashboard-data/one-user.ts';
import { peopleOf } from '../engine/intake/people.ts';
import type { PullDeps } from '../engine/intake/pull.ts';
import { successorSearch } from '../engine/reconcile/claims/successors.ts';
import { exclusiveQueue, UsersAtWork } from '../engine/reconcile/leases/at-work.ts';
import type { AssessDeps } from '../engine/reconcile/read-side.ts';
import type { ReconcileDeps } from '../engine/reconcile/reconcile.ts';
import type { SweepDeps } from '../engine/sweep/sweep-result.ts';
import type { Logger } from '../logger.ts';
import type { EngineObserver } from '../metrics/observer.ts';
import { cursors } from '../mongo/cursors.ts';
import { type Connection, connect } from '../mongo/driver/connection.ts';
import { inactiveAccounts } from '../mongo/inactive-accounts.ts';
import { historyPages } from '../mongo/log/history-pages.ts';
import { ignoredTotals } from '../mongo/log/ignored.ts';
import { rejects } from '../mongo/log/rejects.ts';
import { documentChanges } from '../mongo/platform/document-changes.ts';
import { documentStore } from '../mongo/platform/documents.ts';
import { storedPasswordReader } from '../mongo/platform/stored-passwords.ts';
import { runs } from '../mongo/runs.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { ensureCollections } from '../mongo/setup/indexes.ts';
import { databaseClock } from '../mongo/setup/server-clock.ts';
import { reservations } from '../mongo/subjects/reservations.ts';
import { statusReader } from '../mongo/subjects/status-counts.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { userPages } from '../mongo/subjects/user-pages.ts';
import { workQueue } from '../mongo/subjects/work-queue.ts';
import { createAccountHost } from '../pds/accounts.ts';
import type { DocumentChanges } from '../ports/documents.ts';
import type { IgnoredTotals, Rejects } from '../ports/intake.ts';
import type { PasswordVault } from '../ports/passwords.ts';
import type { Cursors, Runs } from '../ports/runs.ts';
import type { StatusCounts } from '../ports/status-counts.ts';
import type { SubjectReader, UserPages } from '../ports/subjects.ts';
import { INDEPENDENT } from '../reconcilers/registry.ts';
import { alertingFor } from './alerting.ts';
import { dashboardDataFor, type Limited } from './dashboard.ts';
import { independentClients } from './independent.ts';
import { logFor, pullDeps } from './intake.ts';
import { engineSettings } from './settings.ts';
import { systemClock, systemRandom } from './system.ts';
import { didsFor, handleDomainOf, pdsLimiter, tenantsFor, type WiredTenant, xrpcFor } from './upstreams.ts';
import { wakingQueue } from './waking-queue.ts';

type Part =
  | ('log' | 'queue' | 'documents' | 'accounts' | 'vault' | 'logger' | 'settings')
  | ('clock' | 'databaseClock' | 'random');

/** Everything that reconciles users. */
export interface Engine extends Pick<ReconcileDeps, Part> {
  readonly subjects: SubjectReader;
  /** What a reconciliation needs; its parts that others need as well are members of the engine. */
  readonly reconcile: ReconcileDeps;
  readonly assess: AssessDeps;
  readonly tenants: readonly WiredTenant[];
  readonly rejects: Rejects;
  readonly ignored: IgnoredTotals;
  readonly pull: PullDeps;
  readonly sweep: SweepDeps;
  readonly userPages: UserPages;
  readonly changes: DocumentChanges;
  readonly cursors: Cursors;
  readonly runs: Runs;
  /** How many users have which status. Reads all who are in trouble, so it must not be called every second. */
  readonly statusCounts: () => Promise<StatusCounts>;
  /** What the dashboard asks, on this connection. */
  readonly dashboardData: ReturnType<typeof dashboardDataFor>;
  /** The dependencies of its part about one user and decisions. */
  readonly oneUser: OneUserDeps;
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
  /** The same for other keys than those in use. Throws UsageError when they do not open the stored passwords. */
  checkKeys(credentials: Config['credentials']): Promise<void>;
  /** Resolves when MongoDB answers. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** `wake` is called when users have become due by way of this engine; the workers of other processes poll. */
export function wireEngine(
  config: Config,
  logger: Logger,
  observer?: EngineObserver,
  wake?: () => void,
): Engine {
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
  const [handleDomain, settings] = [handleDomainOf(accounts), engineSettings(config)];
  const vault = createVault(config.credentials);
  const polled = workQueue(db, served);
  const atWork = new UsersAtWork();
  const queue = exclusiveQueue(wake === undefined ? polled : wakingQueue(polled, wake), atWork);
  const people = peopleOf(tenants);
  const inactive = inactiveAccounts(db);
  const successors = successorSearch(subjects, tenants);
  const clients = independentClients();
  const lookedAt = {
    events: log,
    documents,
    subjects,
    inactive,
    accounts,
    dids,
    people,
    successors,
    clients,
  };
  const reserved = reservations(db);
  const leasedRuns = runs(db);
  const ofDatabase = { databaseClock: databaseClock(db, systemClock) };
  const assess = { ...lookedAt, ...ofDatabase, reservations: reserved, handleDomain, settings };
  const limited: readonly Limited[] = [
    { upstream: 'pds', tenant: undefined, quota: () => limiter.quota() },
    ...tenants.map(
      ({ id, limiter: own }): Limited => ({ upstream: 'auth0', tenant: id, quota: () => own.quota() }),
    ),
    ...INDEPENDENT.map(
      ({ upstream }): Limited => ({
        ...{ upstream: upstream.name, tenant: undefined, quota: () => upstream.quota(clients) },
      }),
    ),
  ];
  const common = { log, queue, clock: systemClock, ...ofDatabase, random: systemRandom, logger };
  const parts = { ...common, subjects, documents, accounts, vault, settings };
  return {
    sweep: { ...assess, ...common, runs: leasedRuns, limits: config.limits, keySpaces: tenants },
    ...parts,
    reconcile: {
      ...parts,
      ...{ successors, reservations: reserved, inactive, people, dids, handleDomain, clients, atWork },
      tenants: new Map(tenants.map((tenant) => [tenant.id, tenant])),
      onStep: observer?.onStep,
    },
    assess,
    tenants,
    rejects: rejects(db),
    ignored: ignoredTotals(db),
    pull: pullDeps(db, config, logger, queue, observer),
    statusCounts: () => statusReader(db, served).counts(systemClock.now()),
    userPages: userPages(db, served),
    changes: documentChanges(db),
    cursors: cursors(db),
    runs: leasedRuns,
    dashboardData: dashboardDataFor(db, config, logger, tenants, limited),
    oneUser: { ...common, tenants, assess, pages: historyPages(db) },
    alerting: (upSince) =>
      alertingFor(db, config, {
        ...{ events: log, documents, accounts, clients, tenants, logger, upSince },
        onNotice: observer?.onNotice,
      }),
    ...storeFor(connection, config, vault),
  };
}

function storeFor(
  connection: Connection,
  { credentials }: Config,
  vault: PasswordVault,
): Pick<Engine, 'prepare' | 'checkCollations' | 'checkPasswords' | 'checkKeys' | 'ping' | 'close'> {
  const { db } = connection;
  const passwordsFit = () => checkPasswords(storedPasswordReader(db), vault, credentials);
  return {
    prepare: async () => {
      await connection.open();
      await ensureCollections(db);
      await passwordsFit();
    },
    checkCollations: () => refuseCollations(db),
    checkPasswords: async () => {
      await refuseCollations(db);
      await passwordsFit();
    },
    checkKeys: (others) => checkPasswords(storedPasswordReader(db), createVault(others), others),
    ping: (timeoutMs) => connection.ping(timeoutMs),
    close: () => connection.close(),
  };
}
