import { type Document, MongoClient, ReadConcern } from 'mongodb';
import { afterAll, describe, expect, it } from 'vitest';
import { eventId } from '../../../src/identity.ts';
import * as eventLogModule from '../../../src/mongo/log/event-log.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { historyPages } from '../../../src/mongo/log/history-pages.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { alice, all, assigned, at, signedUp } from '../subjects/people.ts';
import { openWorld } from '../world.ts';
import { eventLogContract } from './event-log.contract.ts';
import { historyPagesContract } from './history-pages.contract.ts';

const world = openWorld();

eventLogContract(async () => {
  const db = world.fresh();
  await ensureCollections(db);
  return eventLog(db);
});

historyPagesContract(async () => {
  const db = world.fresh();
  await ensureCollections(db);
  return { log: eventLog(db), pages: historyPages(db) };
});

describe('the event log in MongoDB', () => {
  const raw = new MongoClient(world.uri, { monitorCommands: true });
  afterAll(() => raw.close());

  it('appends and reads more than one command holds', async () => {
    const db = world.fresh();
    await ensureCollections(db);
    const log = eventLog(db);
    const events = Array.from({ length: 2_500 }, (_, index) => signedUp(`main:${index}`, alice, at(index)));
    expect(await log.append(events)).toEqual({ appended: 2_500, duplicates: [] });
    const again = await log.append([...events, signedUp('main:new', alice, at(9_999))]);
    expect([again.appended, again.duplicates.length]).toEqual([1, 2_500]);
    const read = await all(log.read({ newestFirst: true }));
    expect(read).toHaveLength(2_501);
    expect(read[1]?._id).toBe('main:2499');
  });

  it('stores times as dates and a payload as one string', async () => {
    const db = world.fresh();
    await eventLog(db).append([signedUp('main:1', alice, at(1))]);
    const stored = await db.collection('concord.events').findOne({});
    expect(stored).toMatchObject({
      at: at(1),
      recordedAt: at(10_000),
      data: { raw: '{"$where":"1","a.b":1}' },
    });
  });

  it('does not take a refusal by some other unique index for a duplicate', async () => {
    const db = world.fresh();
    await db.collection('concord.events').createIndex({ user: 1 }, { unique: true });
    const log = eventLog(db);
    await log.append([signedUp('main:1', alice, at(1))]);
    await expect(log.append([signedUp('main:2', alice, at(2))])).rejects.toMatchObject({
      code: 'NOT_DURABLE',
    });
  });

  it('reads back duplicates with read concern majority before it reports them', async () => {
    const db = world.fresh();
    await eventLog(db).append([signedUp('main:1', alice, at(1))]);
    const commands: unknown[] = [];
    raw.on('commandStarted', (started) =>
      commands.push([started.commandName, started.command['readConcern']]),
    );
    const monitored = raw.db(db.databaseName, { readConcern: new ReadConcern('majority') });
    const log = eventLog(monitored);
    await log.append([signedUp('main:1', alice, at(1))]);
    expect(commands.splice(0)).toEqual([
      ['insert', undefined],
      ['find', { level: 'majority' }],
    ]);
    // Where duplicates were, more are likely: what is known already is not sent again.
    expect(await log.append([signedUp('main:1', alice, at(1))])).toEqual({
      appended: 0,
      duplicates: ['main:1'],
    });
    expect(commands.splice(0)).toEqual([['find', { level: 'majority' }]]);
    expect(
      (await log.append([signedUp('main:1', alice, at(1)), signedUp('main:2', alice, at(2))])).appended,
    ).toBe(1);
  });

  it('appends in few commands what many append at once, and tells each what was there', async () => {
    const db = world.fresh();
    await ensureCollections(db);
    const inserts: unknown[] = [];
    raw.on('commandStarted', (started) => {
      if (started.databaseName === db.databaseName) inserts.push(started.commandName);
    });
    const log = eventLog(raw.db(db.databaseName, { writeConcern: { w: 'majority', journal: true } }));
    const events = Array.from({ length: 100 }, (_, index) => signedUp(`main:${index}`, alice, at(index)));
    await log.append(events.slice(0, 50));
    inserts.splice(0);
    const results = await Promise.all(events.map((event) => log.append([event])));
    expect(results.map(({ duplicates }) => duplicates.length)).toEqual([
      ...Array<number>(50).fill(1),
      ...Array<number>(50).fill(0),
    ]);
    expect(inserts.length).toBeLessThan(10);
    expect(await all(log.read({ user: alice.user }))).toHaveLength(100);
  });

  it('splits what is too large for one command', async () => {
    const log = eventLog(world.fresh());
    const large = Array.from({ length: 30 }, (_, index) => {
      const event = signedUp(`main:${index}`, alice, at(index));
      return { ...event, data: { ...event.data, raw: 'x'.repeat(700_000) } };
    });
    expect((await log.append(large)).appended).toBe(30);
  });

  it('reads by indexes, with nothing sorted in memory, and of one user only what is asked for', async () => {
    const db = world.fresh();
    await ensureCollections(db);
    const logins = Array.from({ length: 3_000 }, (_, index) => signedUp(`main:${index}`, alice, at(index)));
    await eventLog(db).append([...logins, assigned('e-1', alice, at(5))]);
    const finds: Document[] = [];
    raw.on('commandStarted', ({ commandName, command }) => {
      if (['find', 'distinct', 'aggregate'].includes(commandName)) finds.push(command);
    });
    const monitored = raw.db(db.databaseName);
    const log = eventLog(monitored);
    const pages = historyPages(monitored);
    /** The most documents and index entries that one of these commands examined. */
    const examined = async (read: () => Promise<unknown>): Promise<number> => {
      finds.splice(0);
      await read();
      const counts = finds.splice(0).map(async (command) => {
        const { lsid: _, $db: _db, $clusterTime: _time, ...asked } = command;
        if ('aggregate' in asked) return 0;
        const found = await db.command({ explain: asked, verbosity: 'executionStats' });
        const plan = JSON.stringify(found['queryPlanner'].winningPlan);
        expect(plan).toMatch(/IXSCAN|IDHACK|DISTINCT_SCAN/);
        expect(plan).not.toMatch(/"stage":"(SORT|COLLSCAN)"/);
        const { totalDocsExamined, totalKeysExamined } = found['executionStats'];
        return Math.max(totalDocsExamined, totalKeysExamined);
      });
      expect(counts.length).toBeGreaterThan(0);
      return Math.max(...(await Promise.all(counts)));
    };
    expect(await examined(() => log.ofUser(alice.user))).toBeLessThan(10);
    expect(await examined(() => log.ofUser(alice.user, at(9_999)))).toBeLessThan(10);
    expect(await examined(() => pages.page(alice.user, undefined, 5))).toBeLessThan(20);
    expect(await examined(() => pages.page(alice.user, eventId('main:2000'), 5))).toBeLessThan(20);
    expect(await examined(() => pages.entries(alice.user, undefined))).toBeLessThan(10);
    expect(await examined(() => all(log.read({ user: alice.user, limit: 3 })))).toBeLessThan(10);
    expect(await examined(() => all(log.read({ newestFirst: true, limit: 3 })))).toBeLessThan(90);
    expect(await examined(() => all(log.read({ types: ['converged', 'code.assigned'] })))).toBeLessThan(10);
    expect(await pages.entries(alice.user, undefined)).toMatchObject({ count: 1_000, isMore: true });
  });

  it('offers nothing that changes or removes an event', () => {
    expect(Object.keys(eventLogModule).sort()).toEqual(['eventLog', 'eventReader']);
    expect(Object.keys(eventLog(world.connection.db)).sort()).toEqual(['append', 'ofUser', 'read']);
  });
});
