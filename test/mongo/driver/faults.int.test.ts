/**
 * What MongoDB does to us when it fails. A server of its own: a fault that is armed there fails the command
 * of whichever test comes first, so it is not for sharing.
 */
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../../../src/mongo/driver/connection.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { rejects } from '../../../src/mongo/log/rejects.ts';
import { documentStore } from '../../../src/mongo/platform/documents.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { subjectReader } from '../../../src/mongo/subjects/subjects.ts';
import { workQueue } from '../../../src/mongo/subjects/work-queue.ts';
import { type Mongod, startMongod } from '../../../src/sandbox/servers/mongod.ts';
import { type CommandFault, failCommand } from '../../support/mongod.ts';
import {
  alice,
  aliceDid,
  all,
  at,
  code,
  handle,
  signedUp,
  tenant,
  trigger,
  view,
} from '../subjects/people.ts';

const minute = 60_000;
const notAcknowledged = { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } };
let mongod: Mongod;
let admin: MongoClient;
let connection: Connection;
let databases = 0;

beforeAll(async () => {
  mongod = await startMongod({ failCommands: true });
  admin = await new MongoClient(mongod.uri).connect();
});

afterAll(async () => {
  await admin?.close();
  await mongod?.stop();
});

async function make() {
  connection = connect({ uri: mongod.uri, database: `test-${databases++}`, appName: 'concord-test' });
  const { db } = connection;
  await ensureCollections(db);
  return {
    db,
    log: eventLog(db),
    queue: workQueue(db),
    subjects: subjectReader(db),
    store: documentStore(db),
  };
}

/** Everything written before an acknowledged write is on a majority too, and so in what is read after it. */
async function majority(): Promise<void> {
  await connection.db.collection('settled').insertOne({});
}

/** Runs a call with a fault armed, and gives what it threw. */
async function failing(fault: CommandFault, call: () => Promise<unknown>): Promise<unknown> {
  const armed = await failCommand(admin, fault);
  try {
    await call();
  } catch (error) {
    return error;
  } finally {
    await armed.disarm();
  }
  return undefined;
}

describe('appending, when MongoDB fails', () => {
  const event = signedUp('main:1', alice, at(1));

  it.each([
    ['a refusal', { errorCode: 2 }, { code: 'REFUSED', retryable: false, effect: 'none' }],
    ['one lost connection', { closeConnection: true }, undefined],
    [
      'two lost connections',
      { closeConnection: true, mode: { times: 2 } },
      { code: 'UNREACHABLE', retryable: true, effect: 'unknown' },
    ],
    ['one step-down', { errorCode: 189 }, undefined],
    ['two step-downs', { errorCode: 189, mode: { times: 2 } }, { code: 'NOT_WRITABLE', retryable: true }],
    ['a full disk', { errorCode: 14031 }, { code: 'DISK_FULL', retryable: true }],
  ] as const)('by %s', async (_name, fault, expected) => {
    const { log } = await make();
    const error = await failing({ failCommands: ['insert'], ...fault }, () => log.append([event]));
    if (expected === undefined) expect(error).toBeUndefined();
    else expect(error).toMatchObject({ ...expected, name: 'UpstreamError', upstream: 'mongodb' });
    // Whatever happened, saying it again ends with the event there once.
    await log.append([event]);
    expect(await all(log.read({ user: alice.user }))).toEqual([event]);
    await connection.close();
  });

  it('says that it may be there when a majority did not answer in time, and it is', async () => {
    const { log } = await make();
    const error = await failing({ failCommands: ['insert'], ...notAcknowledged }, () => log.append([event]));
    expect(error).toMatchObject({ code: 'WRITE_CONCERN', retryable: true, effect: 'unknown' });
    expect(await log.append([event])).toEqual({ appended: 0, duplicates: ['main:1'] });
    await connection.close();
  });

  it('does not report duplicates when a majority did not answer in time', async () => {
    const { log } = await make();
    await log.append([event]);
    const both = [event, signedUp('main:2', alice, at(2))];
    const error = await failing({ failCommands: ['insert'], ...notAcknowledged }, () => log.append(both));
    expect(error).toMatchObject({ code: 'WRITE_CONCERN', effect: 'unknown' });
    expect((await log.append(both)).duplicates).toHaveLength(2);
    await connection.close();
  });

  it('does not report a duplicate that it could not prove', async () => {
    const { log } = await make();
    await log.append([event]);
    const error = await failing({ failCommands: ['find'], errorCode: 2 }, () => log.append([event]));
    expect(error).toMatchObject({ code: 'REFUSED' });
    await connection.close();
  });
});

describe('the queue, when MongoDB fails', () => {
  it('throws a mark that was not acknowledged, and the mark may be there', async () => {
    const { queue } = await make();
    const error = await failing({ failCommands: ['update'], ...notAcknowledged }, () =>
      queue.markDue([trigger(alice)], at(1), 'trigger'),
    );
    expect(error).toMatchObject({ code: 'WRITE_CONCERN', retryable: true, effect: 'unknown' });
    await majority();
    expect(await queue.nextDueAt()).toEqual(at(1));
    await connection.close();
  });

  it('repeats a mark that lost its connection once, and counts it once', async () => {
    const { queue } = await make();
    const fault = { failCommands: ['update'], closeConnection: true };
    expect(await failing(fault, () => queue.markDue([trigger(alice)], at(1), 'trigger'))).toBeUndefined();
    expect((await queue.claim(at(1), minute))?.dueCount).toBe(1);
    await connection.close();
  });

  it('leaves a claim that was not acknowledged to run out', async () => {
    const { queue } = await make();
    await queue.markDue([trigger(alice, 'main:1')], at(1), 'trigger');
    const fault = { failCommands: ['findAndModify'], ...notAcknowledged };
    expect(await failing(fault, () => queue.claim(at(1), minute))).toMatchObject({ effect: 'unknown' });
    expect(await queue.claim(at(2), minute)).toBeUndefined();
    expect(await queue.claim(at(61), minute)).toMatchObject({ dueSince: at(1), causes: ['main:1'] });
    await connection.close();
  });

  it('completes, or says that it may have', async () => {
    const { queue, subjects } = await make();
    await queue.markDue([trigger(alice)], at(1), 'trigger');
    const lease = await queue.claim(at(1), minute);
    if (lease === undefined) throw new Error('Nobody was due.');
    const fault = { failCommands: ['update'], ...notAcknowledged };
    const error = await failing(fault, () => queue.complete(lease, view, at(2)));
    expect(error).toMatchObject({ code: 'WRITE_CONCERN', effect: 'unknown' });
    await majority();
    expect(await subjects.get(alice.user)).toMatchObject({ sync: 'Synced', dueAt: undefined });
    await expect(queue.complete(lease, view, at(2))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await connection.close();
  });
});

describe('documents, when MongoDB fails', () => {
  it('are unknown rather than missing', async () => {
    const { store, subjects, log } = await make();
    const reads = [
      () => store.read([alice.user]),
      () => store.findUsers({ handle: 'alice' }),
      () => subjects.get(alice.user),
      () => log.ofUser(alice.user),
    ];
    for (const read of reads) {
      const error = await failing({ failCommands: ['find'], errorCode: 2 }, read);
      expect(error).toMatchObject({ code: 'REFUSED', effect: 'none' });
    }
    const listing = await failing({ failCommands: ['listIndexes'], errorCode: 2 }, () => store.indexes());
    expect(listing).toMatchObject({ code: 'REFUSED', effect: 'none' });
    await connection.close();
  });

  it.each([
    ['after one lost connection', { closeConnection: true }, undefined],
    ['after one step-down', { errorCode: 189 }, undefined],
    ['and not for ever', { closeConnection: true, mode: 'alwaysOn' }, { code: 'UNREACHABLE' }],
  ] as const)('are read once more %s', async (_name, fault, expected) => {
    const { store } = await make();
    await store.createVerification(alice.user, 1);
    await majority();
    const read = async () => {
      const found = await store.read([alice.user]);
      expect(found.get(alice.user)).toMatchObject({ verificationCount: 1, handle: undefined });
    };
    const error = await failing({ failCommands: ['find'], ...fault }, read);
    if (expected === undefined) expect(error).toBeUndefined();
    else expect(error).toMatchObject(expected);
    await connection.close();
  });

  it('say of a write that was not acknowledged that it may be there', async () => {
    const { store } = await make();
    await store.createVerification(alice.user, 0);
    const account = { did: aliceDid, handle: handle('alice'), createdAt: at(1) };
    const writes: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['insert', () => store.createUser(alice.user, code('ac26nobeb'), at(1))],
      ['update', () => store.raiseVerification(alice.user, 1)],
      ['update', () => store.recordAccount(alice.user, account, [])],
    ];
    for (const [command, write] of writes) {
      const error = await failing({ failCommands: [command], ...notAcknowledged }, write);
      expect(error).toMatchObject({ code: 'WRITE_CONCERN', retryable: true, effect: 'unknown' });
    }
    await majority();
    expect((await store.read([alice.user])).get(alice.user)).toMatchObject({
      verificationCount: 1,
      user: { code: 'ac26nobeb', account: { did: aliceDid } },
    });
    await connection.close();
  });

  it('have an index that newer servers refuse for its name left as it is', async () => {
    const { db, store } = await make();
    const wanted = { collection: 'users', field: 'code', sparse: true, name: 'code_unique' } as const;
    const refusal = { failCommands: ['createIndexes'], errorCode: 85 };
    expect(await failing(refusal, () => store.createIndex(wanted))).toMatchObject({
      code: 'INDEX_IN_THE_WAY',
      retryable: false,
    });
    await db.collection('users').createIndex({ code: 1 }, { unique: true, name: 'code_1' });
    expect(await failing(refusal, () => store.createIndex(wanted))).toBeUndefined();
    await connection.close();
  });

  it('keep a reject that was not acknowledged', async () => {
    const { db } = await make();
    const sink = rejects(db);
    const reject = { tenant, reason: 'no type', raw: '{}', receivedAt: at(1), count: 1 };
    const error = await failing({ failCommands: ['update'], ...notAcknowledged }, () => sink.add([reject]));
    expect(error).toMatchObject({ code: 'WRITE_CONCERN', effect: 'unknown' });
    await majority();
    expect(await db.collection('concord.rejects').countDocuments()).toBe(1);
    await connection.close();
  });
});
