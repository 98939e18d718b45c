import { MongoClient, ReadConcern } from 'mongodb';
import { afterAll, describe, expect, it } from 'vitest';
import * as eventLogModule from '../../../src/mongo/log/event-log.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { historyPages } from '../../../src/mongo/log/history-pages.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { alice, all, at, signedUp } from '../subjects/people.ts';
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
    expect(await log.ofUser(alice.user)).toHaveLength(100);
  });

  it('splits what is too large for one command', async () => {
    const log = eventLog(world.fresh());
    const large = Array.from({ length: 30 }, (_, index) => {
      const event = signedUp(`main:${index}`, alice, at(index));
      return { ...event, data: { ...event.data, raw: 'x'.repeat(700_000) } };
    });
    expect((await log.append(large)).appended).toBe(30);
  });

  it.each([
    ['everything, newest first', {}, { at: -1 }],
    ['two types', { type: { $in: ['converged', 'code.assigned'] } }, { at: 1 }],
    ['one user', { user: alice.user }, { at: 1 }],
  ] as const)('reads %s by an index, with nothing sorted in memory', async (_name, filter, sort) => {
    const db = world.fresh();
    await ensureCollections(db);
    await eventLog(db).append([signedUp('main:1', alice, at(1))]);
    const types = { type: { $in: ['auth0.log-received', 'converged'] } };
    const cursor = db
      .collection('concord.events')
      .find('user' in filter || 'type' in filter ? filter : types);
    const plan = JSON.stringify(await cursor.sort(sort).explain('queryPlanner'));
    expect(plan).toContain('IXSCAN');
    expect(plan).not.toContain('"stage":"SORT"');
    expect(plan).not.toContain('COLLSCAN');
  });

  it('offers nothing that changes or removes an event', () => {
    expect(Object.keys(eventLogModule).sort()).toEqual(['eventLog', 'eventReader']);
    expect(Object.keys(eventLog(world.connection.db)).sort()).toEqual(['append', 'ofUser', 'read']);
  });
});
