/**
 * The readers of `doctor`, built from Config. All of them only read, except for what
 * `--fix` gets, which is connected only when there is something to do.
 */

import { createAuth0Client } from '../auth0/client.ts';
import { askEndpoint } from '../auth0/endpoint.ts';
import { createAuth0Inspection } from '../auth0/inspection.ts';
import { createTenantLogs } from '../auth0/logs.ts';
import type { Config, TenantConfig } from '../config/schema.ts';
import { emailTagOf } from '../config/tenants.ts';
import type { ExaminedSide, Surroundings } from '../doctor/examine.ts';
import type { SimulatedTenant, SimulationSide } from '../doctor/simulate.ts';
import type { ExaminedTenant } from '../doctor/tenant.ts';
import { successorSearch } from '../engine/reconcile/claims/successors.ts';
import { createLogger } from '../logger.ts';
import { cursorReader } from '../mongo/cursors.ts';
import { connect } from '../mongo/driver/connection.ts';
import { inactiveAccountReader } from '../mongo/inactive-accounts.ts';
import { eventLog, eventReader } from '../mongo/log/event-log.ts';
import { ignoredTotals } from '../mongo/log/ignored.ts';
import { rejects } from '../mongo/log/rejects.ts';
import { documentReader } from '../mongo/platform/document-reader.ts';
import { storedPasswordReader } from '../mongo/platform/stored-passwords.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { indexRepair } from '../mongo/setup/index-repair.ts';
import { mongodbInspection } from '../mongo/setup/inspection.ts';
import { openScratch } from '../mongo/setup/scratch.ts';
import { databaseClock } from '../mongo/setup/server-clock.ts';
import { noUserReader } from '../mongo/subjects/no-users.ts';
import { reservationReader } from '../mongo/subjects/reservations.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { workQueue } from '../mongo/subjects/work-queue.ts';
import { createAccountReader } from '../pds/accounts.ts';
import { createPdsInspection } from '../pds/inspection.ts';
import { createPlcInspection } from '../pds/plc-inspection.ts';
import type { People } from '../ports/auth0.ts';
import type { Clock } from '../ports/clock.ts';
import { RateLimiter } from '../upstream/rate-limit.ts';
import { independentReaders } from './independent.ts';
import { engineSettings } from './settings.ts';
import { systemRandom } from './system.ts';
import { didsFor, handleDomainOf, xrpcFor } from './upstreams.ts';

/** The longest wait for another system: `doctor` reports what is wrong, and does not wait until it is over. */
const CALL_TIMEOUT_MS = 5_000;

/** Longer than an election takes on a good day. */
const SELECTION_TIMEOUT_MS = 3_000;

export function wireDoctor(config: Config, clock: Clock): Surroundings & { close(): Promise<void> } {
  const closing: (() => Promise<void>)[] = [];
  const side = once((): ExaminedSide => {
    const options = {
      ...config.mongodb,
      appName: 'concord doctor',
      selectionTimeoutMs: SELECTION_TIMEOUT_MS,
    };
    const connection = connect({ ...options, readOnly: true });
    closing.push(() => connection.close());
    const { db } = connection;
    return {
      mongodb: mongodbInspection(db, clock.now),
      open: () => connection.open(),
      events: eventReader(db),
      noUsers: noUserReader(db, eventReader(db)),
      cursors: cursorReader(db),
      documents: documentReader(db),
      passwords: storedPasswordReader(db),
    };
  });
  const pds = once(() => {
    const { url, adminPassword, rateLimitBypassKey: bypassKey } = config.pds;
    const limiter = new RateLimiter({ upstream: 'pds', clock });
    const timeoutMs = Math.min(CALL_TIMEOUT_MS, config.pds.requestTimeoutMs);
    return {
      inspection: createPdsInspection({ url, adminPassword, bypassKey, clock, limiter, timeoutMs }),
      hasBypassKey: bypassKey !== undefined,
    };
  });
  const plc = once(() => {
    const limiter = new RateLimiter({ upstream: 'plc', clock });
    const timeoutMs = Math.min(CALL_TIMEOUT_MS, config.pds.requestTimeoutMs);
    return createPlcInspection({ plcUrl: config.pds.plcUrl, clock, limiter, timeoutMs });
  });
  const close = async () => {
    await Promise.all(closing.map((each) => each()));
  };
  const tenants = config.tenants.map((tenant) => examined(config, tenant, clock));
  return { side, pds, plc, clients: independentReaders, tenants, close };
}

function examined({ auth0 }: Config, tenant: TenantConfig, clock: Clock): ExaminedTenant {
  const options = once(() => {
    const { domain, managementUrl, clientId, clientSecret } = tenant;
    const limiter = new RateLimiter({ upstream: 'auth0', clock });
    const timeoutMs = Math.min(CALL_TIMEOUT_MS, auth0.requestTimeoutMs);
    return { domain, managementUrl, clientId, clientSecret, clock, limiter, timeoutMs };
  });
  return {
    id: tenant.id,
    logRetentionDays: tenant.logRetentionDays ?? undefined,
    auth0: once(() => createAuth0Inspection(options())),
    logs: once(() => createTenantLogs(createAuth0Client(options()))),
    askEndpoint: (endpoint) => askEndpoint(endpoint, CALL_TIMEOUT_MS),
    logTokens: () => tenant.logTokens,
    eventTokens: tenant.eventTokens,
  };
}

/** The directory is not asked in a simulation. */
const NO_PEOPLE: People = { user: async () => undefined };

/** For `doctor --simulate`: a database of its own, and the PDS to be read. The directory of users is not asked. */
export function wireSimulation(config: Config, clock: Clock) {
  let opened: Promise<{ readonly side: SimulationSide; dispose(): Promise<void> }> | undefined;
  const open = async () => {
    const scratch = await openScratch({ ...config.mongodb, appName: 'concord doctor' }, clock.now());
    const { db, dispose, chooseHandle } = scratch;
    const log = eventLog(db);
    const xrpc = xrpcFor(config);
    const accounts = createAccountReader(xrpc);
    const subjects = subjectReader(db);
    const side: SimulationSide = {
      look: {
        ...{ events: log, documents: documentReader(db), subjects, accounts, people: NO_PEOPLE },
        dids: didsFor(config, xrpc),
        clients: independentReaders(),
        inactive: inactiveAccountReader(db),
        // The simulation deletes no users.
        successors: successorSearch(subjects, []),
        ...{ handleDomain: handleDomainOf(accounts), settings: engineSettings(config) },
        reservations: reservationReader(db),
        databaseClock: databaseClock(db, clock),
      },
      ...{
        log,
        queue: workQueue(db),
        rejects: rejects(db),
        ignored: ignoredTotals(db),
        subjects,
        chooseHandle,
      },
      ...{ clock, random: systemRandom, logger: createLogger({ level: 'silent' }) },
    };
    return { side, dispose };
  };
  return {
    tenants: config.tenants.map((tenant): SimulatedTenant => {
      const { id, keyPrefix } = tenant;
      const emailTag = emailTagOf(config.tenants, tenant);
      return { id, keyPrefix, emailTag, logTokens: () => tenant.logTokens };
    }),
    /** One database for all tenants, made when it is first asked for. */
    open: async () => {
      opened ??= open();
      return (await opened).side;
    },
    /** Drops it. An error that prevented it from being made was reported by the caller that asked for it. */
    dispose: async () => {
      const made = await opened?.catch(() => undefined);
      await made?.dispose();
    },
  };
}

/** For `doctor --fix`: creates and drops indexes, removes subjects that are no users, and nothing else. */
export function wireRepair(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord doctor' });
  return {
    ...{ repair: indexRepair(db), queue: workQueue(db), leaseMs: config.engine.leaseMs },
    checkCollations: () => refuseCollations(db),
    close,
  };
}

function once<T>(build: () => T): () => T {
  let built: { readonly value: T } | undefined;
  return () => {
    built ??= { value: build() };
    return built.value;
  };
}
