/** What `replay`, `forget` and `export` work with: each gets no more than it needs. */
import type { Config } from '../config/schema.ts';
import type { ForgetDeps } from '../engine/operations/forget.ts';
import type { ReplayDeps } from '../engine/operations/replay.ts';
import type { Logger } from '../logger.ts';
import { connect } from '../mongo/driver/connection.ts';
import type { ReadableDb } from '../mongo/driver/database.ts';
import { eraser } from '../mongo/log/erasure.ts';
import { eventLog, eventReader } from '../mongo/log/event-log.ts';
import { personRecords } from '../mongo/log/person-records.ts';
import { documentReader } from '../mongo/platform/document-reader.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { historyReader, readModel } from '../mongo/subjects/read-model.ts';
import { reservationReader, reservations } from '../mongo/subjects/reservations.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { workQueue } from '../mongo/subjects/work-queue.ts';
import { createAccountReader } from '../pds/accounts.ts';
import { engineSettings } from './settings.ts';
import { systemClock, systemRandom } from './system.ts';
import { tenantsFor, xrpcFor } from './upstreams.ts';

/** For `replay`: with `dryRun`, nothing that could write. Needs MongoDB alone. */
export function wireReplay(
  config: Config,
  logger: Logger,
  dryRun: boolean,
): ReplayDeps & { checkCollations(): Promise<void>; close(): Promise<void> } {
  const tenants = config.tenants.map(({ id, keyPrefix }) => ({ id, keyPrefix }));
  const settings = engineSettings(config);
  const options = { ...config.mongodb, appName: 'concord' };
  const readers = (db: ReadableDb) => ({
    clock: systemClock,
    logger,
    history: historyReader(db),
    events: eventReader(db),
    subjects: subjectReader(db),
    reservations: reservationReader(db),
    settings,
    tenants,
    checkCollations: () => refuseCollations(db),
  });
  if (dryRun) {
    const { db, close } = connect({ ...options, readOnly: true });
    return { ...readers(db), close };
  }
  const { db, close } = connect(options);
  const writer = { queue: workQueue(db), readModel: readModel(db), reservations: reservations(db) };
  return { ...readers(db), writer, close };
}

/** For `forget`: the one that is handed the eraser. */
export function wireForget(config: Config, logger: Logger) {
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
    logger,
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
