import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, MongoNetworkError, MongoServerError } from 'mongodb';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { startMongod } from '../../../src/sandbox/servers/mongod.ts';
import { failCommand, privateDatabase, testDatabase } from '../../support/mongod.ts';

describe('the shared mongod', async () => {
  const { client, db } = await testDatabase();

  it('commits a transaction as a whole', async () => {
    const people = db.collection<{ _id: string }>('people');
    await people.insertOne({ _id: 'carol' });
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await people.insertOne({ _id: 'alice' }, { session });
        await people.insertOne({ _id: 'bob' }, { session });
      }),
    );
    const aborted = client.withSession((session) =>
      session.withTransaction(async () => {
        await people.deleteOne({ _id: 'alice' }, { session });
        throw new Error('changed my mind');
      }),
    );
    await expect(aborted).rejects.toThrow('changed my mind');
    expect(await people.distinct('_id')).toEqual(['alice', 'bob', 'carol']);
  });

  it('tells a change stream of an insert', async () => {
    const watched = await db.createCollection<{ _id: string }>('watched');
    const stream = watched.watch();
    onTestFinished(() => stream.close());
    const change = stream.next();
    // The cursor is opened by the first `next`; only what follows it is seen.
    await vi.waitUntil(() => stream.resumeToken !== undefined && stream.resumeToken !== null);
    await watched.insertOne({ _id: 'alice' });
    expect(await change).toMatchObject({ operationType: 'insert', documentKey: { _id: 'alice' } });
  });
});

describe('failCommand', async () => {
  const { client, db } = await privateDatabase();

  it('fails a command on demand, without executing it', async () => {
    const faulty = db.collection<{ _id: string }>('faulty');
    await failCommand(client, { failCommands: ['insert'], errorCode: 2 });
    await expect(faulty.insertOne({ _id: 'alice' })).rejects.toMatchObject({ code: 2 });
    expect(await faulty.countDocuments()).toBe(0);
    await faulty.insertOne({ _id: 'alice' });
    expect(await faulty.countDocuments()).toBe(1);
  });

  it('applies a write and loses its acknowledgement', async () => {
    const unsure = db.collection<{ _id: string }>('unsure');
    const writeConcernError = { code: 64, errmsg: 'waiting for replication timed out' };
    await failCommand(client, { failCommands: ['insert'], writeConcernError });
    await expect(unsure.insertOne({ _id: 'alice' })).rejects.toBeInstanceOf(MongoServerError);
    expect(await unsure.countDocuments()).toBe(1);
  });

  it('stops failing when it is disarmed', async () => {
    const broken = db.collection<{ _id: string }>('broken');
    const fault = await failCommand(client, {
      failCommands: ['insert'],
      closeConnection: true,
      mode: 'alwaysOn',
    });
    onTestFinished(() => fault.disarm());
    await expect(broken.insertOne({ _id: 'alice' })).rejects.toBeInstanceOf(MongoNetworkError);
    await fault.disarm();
    await broken.insertOne({ _id: 'alice' });
    expect(await broken.countDocuments()).toBe(1);
  });
});

describe('startMongod', () => {
  it('finds its data again after a restart', async () => {
    const dataDir = await temporaryDirectory();
    const first = await startMongod({ dataDir });
    onTestFinished(() => first.stop());
    await withClient(first.uri, (client) =>
      client.db('kept').collection('people').insertOne({ name: 'alice' }),
    );
    await first.stop();
    expect(await answers(first.uri)).toBe(false);

    const second = await startMongod({ dataDir });
    onTestFinished(() => second.stop());
    expect(second.uri).toBe(first.uri);
    const people = await withClient(second.uri, (client) =>
      client.db('kept').collection('people').find().toArray(),
    );
    expect(people).toMatchObject([{ name: 'alice' }]);
  });

  it('uses the server it is given, and leaves it running', async () => {
    const uri = inject('mongodUri');
    const mongod = await startMongod({ uri });
    expect(mongod).toMatchObject({ uri, origin: 'MONGODB_URI' });
    expect(mongod.version).toMatch(/^\d+\.\d+\.\d+/);
    await mongod.stop();
    expect(await answers(uri)).toBe(true);
  });

  it('leaves no server behind when its parent is killed', async () => {
    const dataDir = await temporaryDirectory();
    const parent = await startParent(`
      import { startMongod } from '${new URL('../../../src/sandbox/servers/mongod.ts', import.meta.url).href}';
      const { uri } = await startMongod({ dataDir: ${JSON.stringify(dataDir)} });
      process.stdout.write(uri + '\\n');
    `);
    expect(await answers(parent.line)).toBe(true);
    parent.process.kill('SIGKILL');
    await vi.waitUntil(async () => !(await answers(parent.line)), { timeout: 20_000, interval: 200 });
  });
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'concord-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

async function withClient<T>(uri: string, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 500 });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

function answers(uri: string): Promise<boolean> {
  return withClient(uri, (client) => client.db('admin').command({ ping: 1 })).then(
    () => true,
    () => false,
  );
}

/** Runs a program that starts something, and hands back the first line it prints. */
async function startParent(source: string): Promise<{ process: ChildProcess; line: string }> {
  const parent = spawn(process.execPath, ['--import', 'tsx/esm', '--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  let output = '';
  parent.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  await vi.waitUntil(() => output.includes('\n') || parent.exitCode !== null, { timeout: 30_000 });
  return { process: parent, line: output.trim() };
}
