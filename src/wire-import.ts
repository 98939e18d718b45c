/** Builds what `import` works with; see wire.ts. */
import type { Config } from './config/schema.ts';
import { exclusionFor } from './config/tenants.ts';
import { createVault } from './credentials.ts';
import { checkPasswords } from './engine/check-passwords.ts';
import type { ImportDeps } from './engine/import/run.ts';
import { connect } from './mongo/connection.ts';
import { eventLog, eventReader } from './mongo/event-log.ts';
import { ensureCollections } from './mongo/indexes.ts';
import { oldDocumentReader, oldDocumentStore } from './mongo/old-documents.ts';
import { storedPasswordReader } from './mongo/stored-passwords.ts';
import { subjectReader } from './mongo/subjects.ts';
import { workQueue } from './mongo/work-queue.ts';
import { createAccountReader } from './pds/accounts.ts';
import { systemClock, systemRandom } from './system.ts';
import { didsFor, xrpcFor } from './wire.ts';

/** Reads MongoDB, the PDS and the directory of DIDs, and holds nothing that could write. */
export function wireImportPreview(config: Config): ImportDeps & { close(): Promise<void> } {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  return {
    ...{ documents: oldDocumentReader(db), subjects: subjectReader(db), events: eventReader(db) },
    ...common(config),
    close,
  };
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
