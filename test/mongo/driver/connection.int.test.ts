import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { describeError, UpstreamError, UsageError } from '../../../src/errors.ts';
import { connect } from '../../../src/mongo/driver/connection.ts';
import { writing } from '../../../src/mongo/driver/errors.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { documentReader } from '../../../src/mongo/platform/document-reader.ts';
import { documentStore } from '../../../src/mongo/platform/documents.ts';
import { workQueue } from '../../../src/mongo/subjects/work-queue.ts';
import { openWorld } from '../world.ts';

const world = openWorld();

describe('a connection', () => {
  it('answers a ping', async () => {
    await expect(world.connection.ping(5_000)).resolves.toBeUndefined();
  });

  it('writes to a majority and reads from it, whatever the address says', async () => {
    const weaker = new URL(world.uri.replace(/^mongodb:/, 'http:'));
    for (const [option, value] of [
      ['w', '1'],
      ['journal', 'false'],
      ['readPreference', 'secondary'],
      ['readConcernLevel', 'local'],
    ] as const) {
      weaker.searchParams.set(option, value);
    }
    const uri = weaker.href.replace(/^http:/, 'mongodb:');
    const connection = connect({ uri, database: world.database, appName: 'concord-test' });
    try {
      expect(connection.db.writeConcern).toMatchObject({ w: 'majority', j: true });
      expect(connection.db.readConcern).toMatchObject({ level: 'majority' });
      expect(connection.db.readPreference?.mode).toBe('primary');
      const users = connection.db.collection('users');
      expect([users.writeConcern?.w, users.readConcern?.level]).toEqual(['majority', 'majority']);
    } finally {
      await connection.close();
    }
  });

  it('for reading only does not compile where something is written', async () => {
    const connection = connect({
      uri: world.uri,
      database: world.database,
      appName: 'concord-test',
      readOnly: true,
    });
    expect(await documentReader(connection.db).indexes()).toEqual([]);
    // @ts-expect-error An event log writes.
    const log = () => eventLog(connection.db);
    // @ts-expect-error A queue writes.
    const queue = () => workQueue(connection.db);
    // @ts-expect-error A store writes.
    const store = () => documentStore(connection.db);
    // @ts-expect-error A reader of a collection cannot insert into it.
    const insert = () => connection.db.collection('users').insertOne({});
    expect([log, queue, store, insert]).toHaveLength(4);
    await connection.close();
  });

  it('says UNREACHABLE where nothing listens, and TIMEOUT when asked to wait less than that takes', async () => {
    const uri = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1';
    const connection = connect({ uri, database: 'none', appName: 'concord-test' });
    const [patient, impatient] = await Promise.allSettled([connection.ping(20_000), connection.ping(20)]);
    expect(impatient).toMatchObject({ reason: { code: 'TIMEOUT', retryable: true, effect: 'none' } });
    expect(patient).toMatchObject({ reason: { code: 'UNREACHABLE', retryable: true, upstream: 'mongodb' } });
    await connection.close();
    await connection.close();
  });

  it('says CLOSED after it was closed', async () => {
    const connection = connect({ uri: world.uri, database: 'none', appName: 'concord-test' });
    await connection.ping(5_000);
    await connection.close();
    const call = writing('insert', () => connection.db.collection('x').insertOne({}));
    await expect(call).rejects.toMatchObject({ code: 'CLOSED', retryable: false });
    await connection.close();
  });

  it.each(['mongodb://alice:secret-word@', 'http://alice:secret-word@host', 'secret-word'])(
    'does not repeat an address that it cannot read: %#',
    (uri) => {
      const opening = () => connect({ uri, database: 'none', appName: 'concord-test' });
      expect(opening).toThrow(UsageError);
      try {
        opening();
      } catch (error) {
        expect(inspect(error, { depth: 9 }).split('    at ')[0]).not.toContain('secret-word');
        expect(describeError(error)).not.toContain('secret-word');
      }
    },
  );

  it('keeps what documents hold out of its errors', async () => {
    const users = world.fresh().collection('users');
    await users.createIndex({ email: 1 }, { unique: true });
    await users.insertOne({ email: 'alice@example.com' });
    const calls = [
      () => users.insertOne({ email: 'alice@example.com' }),
      () => users.insertMany([{ email: 'alice@example.com' }]),
      () => users.bulkWrite([{ insertOne: { document: { email: 'alice@example.com' } } }]),
      () => users.updateOne({ email: 'alice@example.com' }, { $inc: { email: 1 } }),
    ];
    for (const call of calls) {
      const error: unknown = await writing<unknown>('write', call).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UpstreamError);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('alice@example.com');
      expect(describeError(error)).not.toContain('alice');
    }
    const duplicate: unknown = await writing('write', () =>
      users.insertOne({ email: 'alice@example.com' }),
    ).catch((thrown: unknown) => thrown);
    expect(duplicate).toMatchObject({ code: 'DUPLICATE_KEY', retryable: false, effect: 'none' });
    expect(describeError(duplicate)).toContain('email_1');
  });
});
