/**
 * Kill -9 of mongod under a load of deliveries: whatever was answered with 200 is in the log afterwards, and its
 * user is due. A control writes to the same server in the way that is not safe, and has to lose something:
 * otherwise the kills were too gentle to prove anything.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingest } from '../../src/engine/intake/ingest.ts';
import { createServer } from '../../src/http/server.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { type Platform, silent, TENANT } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { figure } from './support/figure.ts';
import { type KillableMongod, killableMongod } from './support/killable-mongod.ts';
import { platformOn } from './support/world.ts';

const KILLS = 10;
const ENTRIES = process.env['CONCORD_LONG'] === '1' ? 1_000_000 : 300_000;
const PER_POST = 100;
const SENDERS = 8;
/** One sign-up is three or four entries, which come together. */
const ENTRIES_PER_USER = 4;
/** The control is killed until it has lost something, and this often at the most. */
const CONTROL_KILLS_MAX = 6;
const CONTROL_DOCUMENTS = 5_000;

let mongod: KillableMongod;
let world: Platform;
let engine: Engine;
let server: ReturnType<typeof createServer>;
let endpoint: URL;
beforeAll(async () => {
  mongod = await killableMongod();
  world = await platformOn(mongod.uri);
  engine = world.engine();
  await engine.prepare();
  const { log, queue, clock } = engine;
  // As `concord serve` builds it, with nobody at work on who is due: that would only slow the load down.
  server = createServer({
    tenants: world.config().tenants,
    ingest: (tenant, entries, unreadable) =>
      ingest(
        { log, queue, clock, rejects: engine.rejects, ignored: engine.ignored },
        tenant,
        entries,
        unreadable,
      ),
    ready: () => engine.ping(1_000),
    log: silent(),
  });
  endpoint = new URL(`/webhooks/auth0/${TENANT}`, await server.listen({ host: '127.0.0.1', port: 0 }));
});
afterAll(async () => {
  await server?.close();
  await world?.close();
  await mongod?.stop();
});

const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });

/** The status, and 0 when no answer came. */
function post(body: string): Promise<number> {
  return new Promise((resolve) => {
    const options = { method: 'POST', agent, headers: { authorization: world.logToken } };
    const sent = request(endpoint, options, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

/** Delivers batch after batch, each until it is acknowledged, as Auth0 does. */
async function send(acknowledged: string[][], refusals: number[]): Promise<void> {
  while (acknowledged.length * PER_POST < ENTRIES) {
    const ids = Array.from({ length: PER_POST }, () => randomBytes(12).toString('hex'));
    const body = JSON.stringify(ids.map((id, at) => entry(id, userOf(ids, at))));
    for (let status = 0; status !== 200; ) {
      status = await post(body);
      if (status === 200) acknowledged.push(ids);
      else refusals.push(status);
    }
  }
}

function entry(log_id: string, user_id: string): unknown {
  const date = new Date().toISOString();
  return { log_id, data: { log_id, type: 'ss', user_id, date, client_name: 'platform', ip: '203.0.113.7' } };
}

/** Who the entry of a batch is about. */
function userOf(batch: readonly string[], at: number): string {
  return `auth0|${batch[at - (at % ENTRIES_PER_USER)]}`;
}

test('nothing that was acknowledged is lost', { timeout: 600_000 }, async () => {
  const acknowledged: string[][] = [];
  const refusals: number[] = [];
  const senders = Array.from({ length: SENDERS }, () => send(acknowledged, refusals));
  const load = Promise.all(senders);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    // The last one strikes when the load is all but done, so that every kill is in the middle of it.
    const due = (ENTRIES / PER_POST) * (kill / (KILLS + 1));
    await until(`kill ${kill}`, () => acknowledged.length >= due, 240_000);
    await mongod.kill();
    await mongod.restart();
  }
  await load;

  const stored = new Set<string>();
  const events = world.db.collection<{ _id: string }>('concord.events');
  for await (const { _id } of events.find({}, { projection: { _id: 1 }, batchSize: 50_000 })) stored.add(_id);
  const subjects = world.db.collection<{ _id: string }>('concord.subjects');
  const due = new Set((await subjects.find({ due: { $exists: true } }).toArray()).map(({ _id }) => _id));
  const ids = acknowledged.flat();
  const lost = ids.filter((id) => !stored.has(`${TENANT}:${id}`)).length;
  const users = acknowledged.flatMap((batch) => batch.map((_id, at) => userOf(batch, at)));
  const forgotten = users.filter((user) => !due.has(user)).length;

  const control = await killControl();
  figure(
    `R9: ${KILLS} kills of mongod, ${lost} of ${ids.length} acknowledged entries lost, ${refusals.length} deliveries repeated; control (w:1): ${control.lost} of ${control.acknowledged} lost over ${control.kills} kills`,
  );
  expect({ lost, forgotten }).toEqual({ lost: 0, forgotten: 0 });
  expect(control.lost, 'The control lost nothing, so these kills prove nothing.').toBeGreaterThan(0);
});

/** Inserts that are acknowledged before they are on disk, and a kill in the middle of them. */
async function killControl(): Promise<{ kills: number; acknowledged: number; lost: number }> {
  const client = await MongoClient.connect(mongod.uri);
  const total = { kills: 0, acknowledged: 0, lost: 0 };
  try {
    while (total.lost === 0 && total.kills < CONTROL_KILLS_MAX) {
      total.kills += 1;
      const control = client
        .db(world.db.databaseName)
        .collection<{ _id: number }>(`control-${total.kills}`, { writeConcern: { w: 1, journal: false } });
      const acknowledged = new Set<number>();
      let isOver = false;
      let next = 0;
      const write = async (): Promise<void> => {
        while (!isOver) {
          const batch = Array.from({ length: PER_POST }, () => ({ _id: next++, filler: 'x'.repeat(200) }));
          const isWritten = await control.insertMany(batch).then(
            () => true,
            () => false,
          );
          if (isWritten) for (const { _id } of batch) acknowledged.add(_id);
        }
      };
      const writers = Array.from({ length: SENDERS }, write);
      await until('the control has written', () => acknowledged.size >= CONTROL_DOCUMENTS, 60_000);
      await mongod.kill();
      isOver = true;
      await mongod.restart();
      await Promise.all(writers);
      for await (const { _id } of control.find()) acknowledged.delete(_id);
      total.acknowledged += next;
      total.lost += acknowledged.size;
    }
  } finally {
    await client.close();
  }
  return total;
}
