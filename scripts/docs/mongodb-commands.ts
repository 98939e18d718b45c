/**
 * All that Concord sends to MongoDB, with what newer servers changed about it. Sources: the release notes of MongoDB,
 * "Compatibility Changes in MongoDB 4.2" to "8.0" (www.mongodb.com/docs/manual/release-notes), and its manual, page by page.
 * The integration tests note what is sent, and fail for anything that is not here.
 */

interface Sent {
  readonly names: readonly string[];
  /** What changed from 4.2 to 8.0. */
  readonly changes: string;
}

interface SentCommand extends Sent {
  readonly options: readonly string[];
}

const SAME = 'nothing';

/** Since 5.0 a server refuses an option that the command does not know, where an older one ignored it. */
export const COMMANDS: readonly SentCommand[] = [
  {
    names: ['find'],
    options: 'filter projection sort limit skip batchSize singleBatch maxTimeMS'.split(' '),
    changes:
      '4.4 refuses projections in which one path lies within another. `oplogReplay`, `maxScan` and `snapshot` are not used.',
  },
  { names: ['getMore'], options: 'collection batchSize maxTimeMS'.split(' '), changes: SAME },
  { names: ['killCursors'], options: ['cursors'], changes: SAME },
  {
    names: ['aggregate'],
    options: 'pipeline cursor allowDiskUse hint maxTimeMS'.split(' '),
    changes: '6.0 allows use of the disk by default.',
  },
  { names: ['count'], options: [], changes: SAME },
  { names: ['distinct'], options: ['key', 'query'], changes: SAME },
  {
    names: ['insert'],
    options: ['documents', 'ordered'],
    changes: '4.2 adds `keyPattern` and `keyValue` to 11000; both are not read.',
  },
  {
    names: ['update'],
    options: ['updates', 'ordered'],
    changes: '4.2 allows pipelines, and 5.0 empty operators; neither is used.',
  },
  { names: ['delete'], options: ['deletes', 'ordered'], changes: SAME },
  {
    names: ['findAndModify'],
    options: 'query sort update remove new upsert fields'.split(' '),
    changes: SAME,
  },
  { names: ['create'], options: [], changes: SAME },
  {
    names: ['createIndexes'],
    options: ['indexes'],
    changes:
      'Newer servers refuse an index that differs only in its name (85); indexes are listed and compared before. 4.4 adds `commitQuorum`, which is not used.',
  },
  { names: ['dropIndexes'], options: ['index'], changes: SAME },
  {
    names: ['listIndexes'],
    options: ['cursor'],
    changes: '4.4 leaves `ns` out of the answer; it is not read.',
  },
  {
    names: ['listCollections'],
    options: 'filter nameOnly authorizedCollections cursor'.split(' '),
    changes: SAME,
  },
  { names: ['listDatabases'], options: ['nameOnly', 'authorizedDatabases'], changes: SAME },
  { names: ['dropDatabase'], options: [], changes: 'Sent for databases of `doctor --simulate` only.' },
  { names: ['ping'], options: [], changes: SAME },
  {
    names: ['isMaster'],
    options: [],
    changes: '5.0 deprecates it in favour of `hello`, which 4.0.10 does not know. 8.0 answers it.',
  },
  { names: ['buildInfo'], options: [], changes: SAME },
  { names: ['connectionStatus'], options: ['showPrivileges'], changes: SAME },
  {
    names: ['getCmdLineOpts'],
    options: [],
    changes: '6.1 always keeps a journal and has no setting for it; a missing setting counts as one.',
  },
  { names: ['endSessions'], options: [], changes: SAME },
];

/** Sent by the driver with any command, or by Concord as part of its guarantees. */
export const GENERAL: readonly Sent[] = [
  { names: ['$db', '$clusterTime', '$readPreference', 'lsid', 'txnNumber'], changes: SAME },
  {
    names: ['readConcern'],
    changes:
      '5.0 refuses one on commands that take none. `majority` and `linearizable` are sent with reads only.',
  },
  {
    names: ['writeConcern'],
    changes:
      '5.0 makes `majority` the default. 8.0 acknowledges a majority write once it is in the journals, before secondaries have applied it; Concord reads from the primary.',
  },
];

export const STAGES: readonly Sent[] = [
  { names: ['$match', '$project', '$group', '$sort', '$limit', '$unwind'], changes: SAME },
  {
    names: ['$changeStream'],
    changes:
      '4.2 adds `startAfter`, and 6.0 images of documents; neither is used. Tokens are stored as they are.',
  },
];

export const OPERATORS: readonly Sent[] = [
  {
    names: '$and $or $eq $ne $in $nin $not $gt $gte $lt $lte'.split(' '),
    changes: '8.0 no longer takes the BSON type `undefined` for `null`; Concord writes none.',
  },
  { names: ['$exists', '$type', '$regex', '$options', '$elemMatch', '$pull'], changes: SAME },
  { names: ['$expr'], changes: '5.0 uses indexes for more comparisons in it.' },
  { names: '$cond $literal $floor $divide $subtract $ln'.split(' '), changes: SAME },
  { names: ['$filter'], changes: '5.2 adds `limit`, which is not used.' },
  {
    names: '$set $unset $setOnInsert $inc $min $max $rename $currentDate $push $each $slice $position'.split(
      ' ',
    ),
    changes: '5.0 accepts them with nothing in them; Concord sends none so.',
  },
  { names: ['$sum', '$ifNull'], changes: '5.0 lets `$ifNull` have more arguments.' },
];

/** Of `createIndexes`. */
export const INDEX_OPTIONS: readonly Sent[] = [
  {
    names: ['key', 'name', 'unique', 'sparse'],
    changes: '4.2 has no limit for the length of names any more.',
  },
  { names: ['partialFilterExpression'], changes: '6.0 allows more operators in it.' },
  { names: ['expireAfterSeconds'], changes: '5.0.14 treats `NaN` in another way; it is never sent.' },
  { names: ['background'], changes: '4.2 deprecates and ignores it. 4.0 locks the database without it.' },
];

/** Commands, options, operators and options of indexes that servers up to 8.0 removed, with the version. */
export const REMOVED: ReadonlyMap<string, string> = new Map([
  ...at('3.6', '$pushAll'),
  ...at('4.0', '$isolated find.snapshot'),
  ...at('4.2', 'group eval copydb clone geoNear parallelCollectionScan repairDatabase touch'),
  ...at('4.2', 'find.maxScan create.flags collMod.noPadding collMod.usePowerOf2Sizes'),
  ...at('4.4', 'cloneCollection planCacheListPlans planCacheListQueryShapes'),
  ...at('5.0', 'geoSearch resetError shardConnPoolStats unsetSharding index.bucketSize'),
  ...at('5.1', 'getLastError'),
]);

function at(version: string, names: string): (readonly [string, string])[] {
  return names.split(' ').map((name) => [name, version] as const);
}

const KNOWN: ReadonlySet<string> = new Set([
  ...COMMANDS.flatMap(({ names, options }) =>
    names.flatMap((name) => [
      name,
      ...[...options, ...namesOf(GENERAL)].map((option) => `${name}.${option}`),
    ]),
  ),
  ...namesOf(STAGES),
  ...namesOf(OPERATORS),
  ...namesOf(INDEX_OPTIONS).map((name) => `index.${name}`),
]);

function namesOf(list: readonly Sent[]): readonly string[] {
  return list.flatMap(({ names }) => names);
}

/** What is wrong with sending this, by the names of test/support/mongodb-monitor.ts. */
export function flawOf(name: string): string | undefined {
  const removedIn = REMOVED.get(name);
  if (removedIn !== undefined) return `MongoDB ${removedIn} removed ${name}.`;
  if (KNOWN.has(name)) return undefined;
  return `${name} is not in scripts/docs/mongodb-commands.ts: look up what newer servers changed about it.`;
}
