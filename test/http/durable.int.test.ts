/**
 * An answer of 2xx means that a majority has every entry and every due mark on disk, also of what it had before.
 * Each command that a delivery costs MongoDB is broken in each way, by the server itself or on the line to it.
 */

import { type CommandStartedEvent, type Db, MongoClient, ReadConcern } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ingest } from '../../src/engine/intake/ingest.ts';
import { createServer } from '../../src/http/server.ts';
import { type Connection, connect } from '../../src/mongo/driver/connection.ts';
import { eventLog } from '../../src/mongo/log/event-log.ts';
import { ignoredTotals } from '../../src/mongo/log/ignored.ts';
import { rejects } from '../../src/mongo/log/rejects.ts';
import { ensureCollections } from '../../src/mongo/setup/indexes.ts';
import { workQueue } from '../../src/mongo/subjects/work-queue.ts';
import { type Mongod, startMongod } from '../../src/sandbox/servers/mongod.ts';
import { systemClock } from '../../src/wiring/system.ts';
import {
  type CommandTrouble,
  type MongodbInterceptor,
  mongodbInterceptor,
  type Strike,
} from '../faults/support/mongodb-interceptor.ts';
import { silent } from '../support/platform.ts';
import { entry, TOKEN, tenant, WEBHOOK } from './test-server.ts';

const DATABASE = 'concord-test';
let mongod: Mongod;
let admin: MongoClient;
let line: MongodbInterceptor;
let connection: Connection;
const commands: CommandStartedEvent[] = [];
let unanswered = 0;

beforeAll(async () => {
  mongod = await startMongod({ failCommands: true });
  admin = await MongoClient.connect(mongod.uri);
  line = await mongodbInterceptor(mongod.uri, admin);
  const uri = `${line.uri}&monitorCommands=true`;
  connection = connect({ uri, database: DATABASE, appName: 'concord-test' });
  monitor(clientOf(connection.db));
  await ensureCollections(connection.db);
});
afterAll(async () => {
  await connection?.close();
  line?.close();
  await admin?.close();
  await mongod?.stop();
});

/** The driver keeps it beside every database, and leaves it out of the types. */
function clientOf(db: Db): MongoClient {
  const client: unknown = Reflect.get(db, 'client');
  if (!(client instanceof MongoClient)) throw new Error('The database has no client.');
  return client;
}

function monitor(client: MongoClient): void {
  client.on('commandStarted', (event) => {
    commands.push(event);
    unanswered += 1;
  });
  const answered = (): void => {
    unanswered -= 1;
  };
  client.on('commandSucceeded', answered);
  client.on('commandFailed', answered);
}

/** A webhook that has just started: it expects no duplicates yet. */
function webhook() {
  const { db } = connection;
  const stores = {
    log: eventLog(db),
    queue: workQueue(db),
    rejects: rejects(db),
    ignored: ignoredTotals(db),
    clock: systemClock,
  };
  const app = createServer({
    tenants: [tenant('first', TOKEN)],
    ingest: (to, entries, unreadable) => ingest(stores, to, entries, unreadable),
    ready: async () => {},
    log: silent(),
  });
  return async (entries: readonly unknown[]): Promise<number> => {
    const headers = { authorization: TOKEN };
    const payload = JSON.stringify(entries);
    return (await app.inject({ method: 'POST', url: WEBHOOK, headers, payload })).statusCode;
  };
}

interface Situation {
  readonly name: string;
  /** Delivered before, one after the other, each as a list of marks. */
  readonly before: readonly (readonly string[])[];
  readonly delivered: readonly string[];
  readonly bad?: number;
  /** Where not all. */
  readonly troubles?: readonly CommandTrouble[];
}

const REFUSED: CommandTrouble = { type: 'refused', code: 2 };
/** By a primary that has stepped down, where the driver tries once more by itself. */
const STEPPED_DOWN: CommandTrouble = { type: 'refused', code: 189 };
const NOT_ACKNOWLEDGED: CommandTrouble = { type: 'not-acknowledged' };
const TROUBLES: readonly CommandTrouble[] = [
  REFUSED,
  STEPPED_DOWN,
  { type: 'connection-closed' },
  { type: 'answer-lost' },
];
const WRITES: ReadonlySet<string> = new Set(['insert', 'update']);

const MANY = Array.from({ length: 1_001 }, (_, index) => `many${index}`);
const SITUATIONS: readonly Situation[] = [
  { name: 'new entries', before: [], delivered: ['a', 'b'] },
  { name: 'entries that are there', before: [['a', 'b']], delivered: ['a', 'b'] },
  { name: 'entries that come again and again', before: [['a', 'b'], ['a']], delivered: ['a', 'b'] },
  { name: 'some of both', before: [['a']], delivered: ['a', 'b'] },
  { name: 'some of both, again', before: [['a'], ['a']], delivered: ['a', 'b'] },
  { name: 'bad ones', before: [], delivered: [], bad: 2 },
  { name: 'new ones, old ones and bad ones', before: [['a'], ['a']], delivered: ['a', 'b'], bad: 2 },
  { name: 'more than fit into one command', before: [], delivered: MANY, troubles: [NOT_ACKNOWLEDGED] },
];

interface Told {
  readonly name: string;
  readonly status: number;
  readonly isDurable: boolean;
}

interface Ran {
  /** The answer to the delivery, and to the same once more with nothing broken. */
  readonly told: Told;
  readonly again: Told;
  /** Names of the commands that the first of them cost. */
  readonly seen: readonly string[];
}

let runs = 0;

/** One situation with entries, users and rejects of its own, and at most one fault in its last delivery. */
async function run(situation: Situation, strike?: Strike): Promise<Ran> {
  runs += 1;
  const id = runs;
  const entryFor = (mark: string): unknown => entry(`${id}-${mark}`, `auth0|${id}-${mark}`);
  const deliver = webhook();
  for (const marks of situation.before) expect(await deliver(marks.map(entryFor))).toBe(200);
  // The due marks so far are taken away: they are not the answer to what comes now.
  await admin
    .db(DATABASE)
    .collection('concord.subjects')
    .updateMany({}, { $unset: { due: true } });
  const bad = Array.from({ length: situation.bad ?? 0 }, (_, index) => ({ log_id: `${id}-bad${index}` }));
  const entries = [...situation.delivered.map(entryFor), ...bad];
  const name = `${situation.name}: ${strike === undefined ? 'no fault' : JSON.stringify(strike)}`;
  const told = async (): Promise<Told> => {
    const status = await deliver(entries);
    return { name, status, isDurable: await isDurable(id, situation.delivered, bad.length) };
  };
  line.watch(strike);
  commands.length = 0;
  const first = await told();
  const seen = line.seen();
  line.watch();
  return { told: first, again: await told(), seen };
}

function usersOf(id: number, marks: readonly string[]): string[] {
  return marks.map((mark) => `auth0|${id}-${mark}`);
}

/** As a majority has it, read past the line. */
async function isDurable(id: number, marks: readonly string[], bad: number): Promise<boolean> {
  const db = admin.db(DATABASE, { readConcern: new ReadConcern('majority') });
  const ids = marks.map((mark) => `first:${id}-${mark}`);
  const [events, due, kept] = await Promise.all([
    db.collection<{ _id: string }>('concord.events').countDocuments({ _id: { $in: ids } }),
    db
      .collection<{ _id: string }>('concord.subjects')
      .countDocuments({ _id: { $in: usersOf(id, marks) }, 'due.at': { $exists: true } }),
    db.collection('concord.rejects').countDocuments({ raw: { $regex: `"${id}-bad` } }),
  ]);
  return events === marks.length && due === marks.length && kept === bad;
}

describe.each(SITUATIONS.map((situation) => [situation.name, situation] as const))(
  '%s',
  (_name, situation) => {
    test('every command asks for a majority, and has been answered before we answer', async () => {
      const { told, seen } = await run(situation);
      expect(told).toMatchObject({ status: 200, isDurable: true });
      expect(unanswered).toBe(0);
      expect(seen.length).toBeGreaterThan(0);
      for (const { commandName, command } of commands) {
        if (WRITES.has(commandName)) expect(command.writeConcern).toMatchObject({ w: 'majority', j: true });
        else
          expect([commandName, command.readConcern]).toEqual([
            expect.stringMatching(/^(find|count)$/),
            { level: 'majority' },
          ]);
      }
    });

    test('whichever command fails, no 2xx comes before it is durable, and one for the repeat', async () => {
      const { seen } = await run(situation);
      for (const [at, command] of seen.entries()) {
        for (const trouble of troublesOf(situation, command)) {
          const { told, again } = await run(situation, { at, trouble });
          answers.push(told, again);
          if (told.status < 300) expect(told).toMatchObject({ status: 200, isDurable: true });
          else expect([500, 503], told.name).toContain(told.status);
          // What a second try mends may be mended; what the server has said is answered as it was said.
          if (trouble === STEPPED_DOWN) expect(told.status, told.name).toBe(200);
          if (trouble === REFUSED || trouble === NOT_ACKNOWLEDGED)
            expect(told.status, told.name).not.toBe(200);
          expect(again, again.name).toMatchObject({ status: 200, isDurable: true });
        }
      }
    });
  },
);

function troublesOf({ troubles }: Situation, command: string): readonly CommandTrouble[] {
  if (troubles !== undefined) return troubles;
  return WRITES.has(command) ? [...TROUBLES, NOT_ACKNOWLEDGED] : TROUBLES;
}

const answers: Told[] = [];
afterAll(() => {
  const early = answers.filter(({ status, isDurable }) => status < 300 && !isDurable);
  process.stdout.write(`R10: ${answers.length} answers, ${early.length} 2xx before durable\n`);
});
