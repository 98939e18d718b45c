/**
 * The database server: whether it answers, and whether it can store what the webhook acknowledges durably.
 *
 * | check       | finding                                                | level   |
 * |-------------|--------------------------------------------------------|---------|
 * | mongodb     | does not answer, refuses the user, or is too old        | error   |
 * | replica set | there is none                                          | error   |
 * | durability  | a majority does not confirm; what it confirms is not on disk | error |
 * | rights      | the user lacks a right that the engine needs           | error   |
 * | collations  | a collection compares keys without case                | error   |
 */
import { UpstreamError } from '../errors.ts';
import type { MongodbInspection, MongodbServer, Privilege } from '../ports/inspection.ts';
import { type Check, type Finding, found, type Seen, said, well } from './check.ts';

/** The oldest version that the driver supports, and the code is tested on. */
const OLDEST_MAJOR = 4;
const CONFIRM_WITHIN_MS = 3_000;

const COLLECTIONS: Readonly<Record<string, readonly string[]>> = {
  users: ['find', 'insert', 'update', 'listIndexes', 'createIndex'],
  verifications: ['find', 'insert', 'update'],
  '@handles': ['find', 'listIndexes', 'createIndex'],
  'concord.events': ['find', 'insert', 'update', 'listIndexes', 'createIndex'],
  'concord.subjects': ['find', 'insert', 'update', 'remove', 'listIndexes', 'createIndex'],
  'concord.rejects': ['find', 'insert', 'update', 'listIndexes', 'createIndex'],
  'concord.ignored': ['find', 'insert', 'update', 'listIndexes', 'createIndex'],
  'concord.cursors': ['find', 'insert', 'update', 'remove', 'listIndexes', 'createIndex'],
  'concord.inactive-accounts': ['find', 'insert', 'update', 'remove', 'listIndexes', 'createIndex'],
  'concord.reservations': ['find', 'insert', 'update', 'remove', 'listIndexes', 'createIndex'],
};
const NEEDED: readonly Privilege[] = [
  ...Object.entries(COLLECTIONS).flatMap(([collection, actions]) =>
    actions.map((action) => ({ collection, action })),
  ),
  ...['listCollections', 'createCollection', 'changeStream'].map((action) => ({
    collection: undefined,
    action,
  })),
];

export function mongodbChecks(
  inspection: () => { readonly mongodb: MongodbInspection; open(): Promise<void> },
): readonly Check[] {
  let server: Promise<MongodbServer> | undefined;
  const looked = () => (server ??= inspection().mongodb.server());
  return [
    { name: 'mongodb', needs: ['configuration of mongodb'], run: () => checkServer(inspection, looked) },
    { name: 'replica set', needs: ['mongodb'], run: async () => judgeReplicaSet(await looked()) },
    { name: 'durability', needs: ['replica set'], run: () => checkDurability(inspection().mongodb) },
    {
      name: 'rights',
      needs: ['mongodb'],
      run: async () => judgeRights(await inspection().mongodb.lacking(NEEDED)),
    },
    {
      name: 'collations',
      needs: ['mongodb'],
      run: async () => judgeCollations(await inspection().mongodb.collated()),
    },
  ];
}

async function checkServer(
  inspection: () => { open(): Promise<void> },
  looked: () => Promise<MongodbServer>,
): Promise<Seen> {
  try {
    await inspection().open();
    const { version } = await looked();
    const summary = `MongoDB ${version}`;
    const major = Number.parseInt(version, 10);
    return major < OLDEST_MAJOR
      ? { ...found(summary, tooOld(`It is ${version}.`)), isShut: true }
      : well(summary);
  } catch (error) {
    return { ...found('does not answer', unreachable(error)), isShut: true };
  }
}

/** The driver itself refuses a server that is too old, with its own message. */
export function unreachable(error: unknown): Finding {
  const what = said(error);
  if (/maximum wire version/.test(what)) return tooOld('The driver does not support it.');
  const code = error instanceof UpstreamError ? error.code : undefined;
  const isRefused = code === 'UNAUTHENTICATED' || code === 'UNAUTHORIZED';
  return {
    level: 'error',
    code: isRefused ? 'MONGODB_REFUSES' : 'MONGODB_UNREACHABLE',
    what,
    why: 'Without it, no delivery is acknowledged and no user is reconciled.',
    mend: isRefused
      ? 'Correct the user, the password or authSource in MONGODB_URI.'
      : 'Check that the server runs, that MONGODB_URI names it, and that the network allows its port.',
  };
}

function tooOld(what: string): Finding {
  return {
    level: 'error',
    code: 'MONGODB_TOO_OLD',
    what: `MongoDB is older than ${OLDEST_MAJOR}.0. ${what}`,
    why: 'Change streams over a database, and the driver itself, need 4.0.',
    mend: 'Upgrade the server: https://www.mongodb.com/docs/manual/release-notes/',
  };
}

function judgeReplicaSet({ replicaSet, isRouter, members }: MongodbServer): Seen {
  if (isRouter) return well('a sharded cluster');
  if (replicaSet !== undefined)
    return well(`${replicaSet}, ${members} ${members === 1 ? 'member' : 'members'}`);
  const finding: Finding = {
    level: 'error',
    code: 'NO_REPLICA_SET',
    what: 'The server is a member of no replica set.',
    why: 'Acknowledged deliveries are on a single disk, and chosen handles are found by polling instead of a change stream.',
    mend: 'Make it a replica set; one member is enough: https://www.mongodb.com/docs/manual/tutorial/convert-standalone-to-replica-set/',
  };
  return { ...found('none', finding), isShut: true };
}

async function checkDurability(mongodb: MongodbInspection): Promise<Seen> {
  const [confirms, journaled] = await Promise.all([
    mongodb.majorityConfirms(CONFIRM_WITHIN_MS),
    mongodb.isJournaled(),
  ]);
  const findings: Finding[] = [];
  if (!confirms)
    findings.push({
      level: 'error',
      code: 'NO_MAJORITY',
      what: `A majority of the replica set did not confirm within ${CONFIRM_WITHIN_MS / 1_000} s.`,
      why: 'Every write waits for a majority, so the webhook answers 503 and no user is reconciled.',
      mend: 'Find members that are down or behind: rs.status() in mongosh. An arbiter confirms nothing.',
    });
  if (journaled === false)
    findings.push({
      level: 'error',
      code: 'NOT_JOURNALED',
      what: 'The server keeps no journal.',
      why: 'Every write requires one, because acknowledged means on disk. Without it writes are refused, or lost with the process.',
      mend: 'Start mongod with the storage engine wiredTiger and without --nojournal.',
    });
  const disk = journaled === undefined ? ', on disk as far as is visible' : ' on disk';
  return found(`a majority confirms${disk}`, ...findings);
}

function judgeRights(lacking: readonly Privilege[] | undefined): Seen {
  if (lacking === undefined) return well('the server requires no authentication');
  if (lacking.length === 0) return well('all required ones');
  const places = new Map<string, string[]>();
  for (const { collection, action } of lacking) {
    const place = collection ?? 'the database';
    places.set(place, [...(places.get(place) ?? []), action]);
  }
  const list = [...places].map(([place, actions]) => `${actions.join(', ')} on ${place}`).join('; ');
  return found('some are missing', {
    level: 'error',
    code: 'RIGHTS_LACKING',
    what: `The MongoDB user may not: ${list}.`,
    why: 'Actions without the right fail, and a webhook that cannot write answers 503 for ever.',
    mend: 'Give it readWrite on this database: https://www.mongodb.com/docs/manual/reference/method/db.grantRolesToUser/',
  });
}

function judgeCollations(collated: Awaited<ReturnType<MongodbInspection['collated']>>): Seen {
  if (collated === undefined) return well('not known: the MongoDB user may not list collections');
  const findings = collated.map(
    ({ name, locale }): Finding => ({
      level: 'error',
      code: 'COLLATION_UNFIT',
      what: `The collection ${name} has the default collation "${locale}".`,
      why: 'Keys that differ in case are one key there, so one user would get the documents of another. Concord does not start.',
      mend: 'Stop everything that writes to it, rename it, create it again without a collation, copy its documents ($out), and create its indexes again.',
    }),
  );
  if (findings.length === 0) return well('keys compare binary');
  return { ...found('keys compare without case', ...findings), isShut: true };
}
