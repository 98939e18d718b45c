/** What ingests log entries: for `pull`, and as a part of the engine. */
import type { Db } from 'mongodb';
import type { Config } from '../config/schema.ts';
import type { PullDeps } from '../engine/intake/pull.ts';
import { createUnknownCodes } from '../engine/intake/unknown-codes.ts';
import type { Logger } from '../logger.ts';
import { type EngineObserver, observedLog } from '../metrics/observer.ts';
import { cursors } from '../mongo/cursors.ts';
import { connect } from '../mongo/driver/connection.ts';
import { eventLog } from '../mongo/log/event-log.ts';
import { ignoredTotals } from '../mongo/log/ignored.ts';
import { seenCodes } from '../mongo/log/log-codes.ts';
import { rejects } from '../mongo/log/rejects.ts';
import { ensureCollections } from '../mongo/setup/indexes.ts';
import { workQueue } from '../mongo/subjects/work-queue.ts';
import type { EventLog } from '../ports/event-log.ts';
import { systemClock, systemRandom } from './system.ts';
import { tenantsFor } from './upstreams.ts';

/** For `pull`: needs MongoDB and Auth0. */
export function wirePull(config: Config, logger: Logger) {
  const connection = connect({ ...config.mongodb, appName: 'concord' });
  const { db } = connection;
  return {
    pull: pullDeps(db, config, logger, workQueue(db)),
    tenants: tenantsFor(config),
    prepare: async () => {
      await connection.open();
      await ensureCollections(db);
    },
    close: () => connection.close(),
  };
}

export function pullDeps(
  db: Db,
  config: Config,
  logger: Logger,
  queue: PullDeps['queue'],
  observer?: EngineObserver,
): PullDeps {
  return {
    // One of its own: most of what it brings is known, which a log that is new to it gets ready for.
    log: logFor(db, observer),
    queue,
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

export function logFor(db: Db, observer: EngineObserver | undefined): EventLog {
  const log = eventLog(db);
  return observer === undefined ? log : observedLog(log, observer.onAppend);
}
