/** What `doctor --simulate --full` acts with: documents and accounts of the platform, and a log of its own. */

import type { Db } from 'mongodb';
import type { Config } from '../config/schema.ts';
import { createVault } from '../credentials/vault.ts';
import type { FullSimulationDeps } from '../doctor/simulate-full.ts';
import { successorSearch } from '../engine/reconcile/claims/successors.ts';
import { UsersAtWork } from '../engine/reconcile/leases/at-work.ts';
import { createLogger } from '../logger.ts';
import { type ConnectionOptions, connect } from '../mongo/driver/connection.ts';
import { inactiveAccounts } from '../mongo/inactive-accounts.ts';
import { eventLog } from '../mongo/log/event-log.ts';
import { documentStore } from '../mongo/platform/documents.ts';
import { simulatedUsers } from '../mongo/platform/simulated-users.ts';
import { runs } from '../mongo/runs.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { openScratch, type Scratch } from '../mongo/setup/scratch.ts';
import { databaseClock } from '../mongo/setup/server-clock.ts';
import { reservations } from '../mongo/subjects/reservations.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { workQueue } from '../mongo/subjects/work-queue.ts';
import { createAccountHost } from '../pds/accounts.ts';
import type { Clock } from '../ports/clock.ts';
import { independentClients } from './independent.ts';
import { engineSettings } from './settings.ts';
import { systemRandom } from './system.ts';
import { didsFor, handleDomainOf, xrpcFor } from './upstreams.ts';

/** Throws UpstreamError UNAUTHORIZED where the MongoDB user may not make a database, and UsageError COLLATION_UNFIT. */
export async function wireFullSimulation(config: Config, clock: Clock) {
  const options = { ...config.mongodb, appName: 'concord doctor' };
  const [tenant] = config.tenants;
  if (tenant === undefined) throw new Error('a configuration has a tenant');
  const { db, close } = connect(options);
  const scratch = await openedBeside(options, db, clock).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const xrpc = xrpcFor(config);
  const accounts = createAccountHost(xrpc);
  const subjects = subjectReader(scratch.db);
  const deps: FullSimulationDeps = {
    reconcile: {
      ...{ log: eventLog(scratch.db), queue: workQueue(scratch.db), subjects },
      ...{ inactive: inactiveAccounts(scratch.db), successors: successorSearch(subjects, []) },
      // Of the platform's database: a value that a user's open creation has reserved is not taken.
      reservations: reservations(db),
      documents: documentStore(db),
      clients: independentClients(),
      accounts,
      dids: didsFor(config, xrpc),
      handleDomain: handleDomainOf(accounts),
      atWork: new UsersAtWork(),
      vault: createVault(config.credentials),
      databaseClock: databaseClock(db, clock),
      ...{ clock, random: systemRandom, logger: createLogger({ level: 'silent' }) },
      settings: engineSettings(config),
    },
    simulated: simulatedUsers(db),
    runs: runs(db),
    tenant: tenant.id,
  };
  return {
    deps,
    dispose: async () => {
      await close();
      await scratch.dispose();
    },
  };
}

async function openedBeside(options: ConnectionOptions, db: Db, clock: Clock): Promise<Scratch> {
  await refuseCollations(db);
  return openScratch(options, clock.now());
}
