/** How the server is set up and what the user may do there, for `doctor`. Nothing here writes. */
import type { Document } from 'mongodb';
import { UpstreamError } from '../../errors.ts';
import type { WantedIndex } from '../../ports/documents.ts';
import type { IndexDetail, MongodbInspection, Privilege, SharedValue } from '../../ports/inspection.ts';
import { collections } from '../driver/collections.ts';
import type { InspectableDb, ReadableDb, Stage } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';
import { collatedCollections } from './collations.ts';
import { describedIndexes } from './indexes.ts';
import { serverAheadOf } from './server-clock.ts';

/** Documents searched for shared values; a million take some seconds. */
const SCAN_TIMEOUT_MS = 8_000;
const OWNERS_TOLD = 3;

export function mongodbInspection(db: InspectableDb, now: () => Date): MongodbInspection {
  return {
    server: () => reading('report its version', () => server(db, now)),
    majorityConfirms: (timeoutMs) => majorityConfirms(db, timeoutMs),
    isJournaled: () => isJournaled(db),
    lacking: (needed) => reading('report the privileges of the user', () => lacking(db, needed)),
    collated: () => collatedCollections(db),
    indexes: (collection) => indexes(db, collection),
    sharedValues: (index, limit) => reading('find shared values', () => sharedValues(db, index, limit)),
    accountHandles: (limit) => reading('read the handles of accounts', () => accountHandles(db, limit)),
  };
}

async function server(db: InspectableDb, now: () => Date) {
  const askedAt = now();
  const [answer, build] = await Promise.all([db.command({ isMaster: 1 }), db.command({ buildInfo: 1 })]);
  const aheadMs = serverAheadOf(answer, askedAt, now());
  const hosts: unknown = answer['hosts'];
  const setName: unknown = answer['setName'];
  return {
    version: String(build['version']),
    replicaSet: typeof setName === 'string' ? setName : undefined,
    isRouter: answer['msg'] === 'isdbgrid',
    members: Array.isArray(hosts) ? hosts.length : 1,
    aheadMs: aheadMs ?? 0,
  };
}

/**
 * A linearizable read is answered only after a majority has confirmed that the primary still is one, which takes
 * what an acknowledged write takes, and leaves nothing in any collection.
 */
async function majorityConfirms(db: InspectableDb, timeoutMs: number): Promise<boolean> {
  try {
    await reading('confirm a majority write', () =>
      db.command({
        find: collections.cursors,
        filter: { _id: 'doctor' },
        readConcern: { level: 'linearizable' },
        maxTimeMS: timeoutMs,
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof UpstreamError && error.code === 'TIMEOUT') return false;
    throw error;
  }
}

async function isJournaled(db: InspectableDb): Promise<boolean | undefined> {
  let answer: Document;
  try {
    answer = await reading('report its storage settings', () => db.admin().command({ getCmdLineOpts: 1 }));
  } catch (error) {
    // It takes clusterMonitor, which the engine has no other use for.
    if (error instanceof UpstreamError && (error.code === 'UNAUTHORIZED' || error.code === 'REFUSED'))
      return undefined;
    throw error;
  }
  const storage: unknown = answer['parsed']?.storage;
  if (typeof storage !== 'object' || storage === null) return true;
  const { engine, journal } = storage as { engine?: unknown; journal?: { enabled?: unknown } };
  return engine !== 'inMemory' && engine !== 'ephemeralForTest' && journal?.enabled !== false;
}

async function lacking(
  db: InspectableDb,
  needed: readonly Privilege[],
): Promise<readonly Privilege[] | undefined> {
  const answer = await db.command({ connectionStatus: 1, showPrivileges: true });
  const info = answer['authInfo'] as {
    authenticatedUsers?: unknown[];
    authenticatedUserPrivileges?: unknown[];
  };
  if ((info.authenticatedUsers ?? []).length === 0) return undefined;
  const granted = (info.authenticatedUserPrivileges ?? []) as readonly Granted[];
  return needed.filter(
    ({ collection, action }) =>
      !granted.some(
        ({ resource, actions }) =>
          (actions.includes(action) || actions.includes('anyAction')) &&
          covers(resource, db.databaseName, collection),
      ),
  );
}

interface Granted {
  readonly resource: {
    readonly anyResource?: boolean;
    readonly db?: string;
    readonly collection?: string;
  };
  readonly actions: readonly string[];
}

/** An empty name means all. */
function covers(resource: Granted['resource'], database: string, collection: string | undefined): boolean {
  if (resource.anyResource === true) return true;
  if (resource.db !== '' && resource.db !== database) return false;
  return resource.collection === '' || resource.collection === collection;
}

async function indexes(
  db: ReadableDb,
  collection: WantedIndex['collection'],
): Promise<readonly IndexDetail[]> {
  return (await describedIndexes(db, collection)).map(({ state, index }) => ({
    ...state,
    sparse: index.sparse === true,
    collated: index['collation'] !== undefined,
  }));
}

async function sharedValues(
  db: InspectableDb,
  { collection, field, sparse }: WantedIndex,
  limit: number,
): Promise<readonly SharedValue[]> {
  const pipeline: Stage[] = [
    // A sparse index leaves out documents without the field; one that is not takes them for one value.
    ...(sparse ? [{ $match: { [field]: { $exists: true } } }] : []),
    { $group: { _id: `$${field}`, documents: { $sum: 1 } } },
    { $match: { documents: { $gt: 1 } } },
    { $sort: { _id: 1 } },
    { $limit: limit },
  ];
  const answer = await db.command({
    aggregate: collection,
    pipeline,
    cursor: { batchSize: limit },
    allowDiskUse: true,
    maxTimeMS: SCAN_TIMEOUT_MS,
  });
  const groups = (answer['cursor'] as { firstBatch: Document[] }).firstBatch;
  const documents = db.collection(collection);
  return await Promise.all(
    groups.map(async (group) => {
      const value: unknown = group['_id'];
      const filter = value === null ? { [field]: null } : { [field]: { $eq: value } };
      const some = await documents
        .find(filter, { projection: { _id: 1 } })
        .limit(OWNERS_TOLD)
        .toArray();
      return {
        value: value === null ? 'none' : String(value),
        documents: Number(group['documents']),
        some: some.map(({ _id }) => String(_id)),
      };
    }),
  );
}

async function accountHandles(db: ReadableDb, limit: number): Promise<readonly string[]> {
  const found = await db
    .collection(collections.users)
    .find({ 'atproto.handle': { $type: 'string' } }, { projection: { 'atproto.handle': 1 } })
    .limit(limit)
    .toArray();
  return found.flatMap((document) => {
    const handle: unknown = document['atproto']?.handle;
    return typeof handle === 'string' ? [handle.toLowerCase()] : [];
  });
}
