/** What `import` works with, and its preview, which writes nothing. */
import type { Config } from '../config/schema.ts';
import { exclusionFor } from '../config/tenants.ts';
import { checkPasswords } from '../credentials/check-passwords.ts';
import { createVault } from '../credentials/vault.ts';
import type { ImportDeps } from '../engine/operations/import/run.ts';
import { connect } from '../mongo/driver/connection.ts';
import { eventLog, eventReader } from '../mongo/log/event-log.ts';
import { oldDocumentReader, oldDocumentStore } from '../mongo/platform/old-documents.ts';
import { storedPasswordReader } from '../mongo/platform/stored-passwords.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { ensureCollections } from '../mongo/setup/indexes.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { workQueue } from '../mongo/subjects/work-queue.ts';
import { createAccountReader } from '../pds/accounts.ts';
import { systemClock, systemRandom } from './system.ts';
import { didsFor, xrpcFor } from './upstreams.ts';

/** Reads MongoDB, the PDS and the directory of DIDs, and holds nothing that could write. */
export function wireImportPreview(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  const deps: ImportDeps = {
    ...{ documents: oldDocumentReader(db), subjects: subjectReader(db), events: eventReader(db) },
    ...common(config),
  };
  return { deps, checkCollations: () => refuseCollations(db), close };
}

/** `prepare` comes first: it throws what `checkPasswords` throws, before anything is written. */
export function wireImport(config: Config, by: string) {
  const connection = connect({ ...config.mongodb, appName: 'concord' });
  const { db } = connection;
  const documents = oldDocumentStore(db);
  const log = eventLog(db);
  const deps: ImportDeps = {
    ...{ documents, subjects: subjectReader(db), events: log },
    ...common(config),
    writer: {
      ...{ documents, log, queue: workQueue(db), clock: systemClock, random: systemRandom, by },
    },
  };
  return {
    deps,
    prepare: async () => {
      await connection.open();
      await ensureCollections(db);
      await checkPasswords(storedPasswordReader(db), deps.vault, config.credentials);
    },
    close: () => connection.close(),
  };
}

function common(config: Config) {
  const xrpc = xrpcFor(config);
  return {
    accounts: createAccountReader(xrpc),
    dids: didsFor(config, xrpc),
    vault: createVault(config.credentials),
    tenants: config.tenants.map((tenant) => ({
      ...{ id: tenant.id, keyPrefix: tenant.keyPrefix },
      excludedBy: exclusionFor(config, tenant),
    })),
  };
}
