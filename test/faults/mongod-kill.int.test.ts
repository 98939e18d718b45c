/**
 * Kill -9 of mongod under a load of deliveries: whatever was answered with 200 is in the log afterwards, and its
 * user is due. A control writes to the same server in the way that is not safe, and has to lose something:
 * otherwise the kills were too gentle to prove anything.
 */
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Platform } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { figure } from './support/figure.ts';
import { type KillableMongod, killableMongod } from './support/killable-mongod.ts';
import { listen, missingOf, PER_POST, SENDERS, startLoad, type Webhook } from './support/load.ts';
import { platformOn } from './support/world.ts';

const KILLS = 10;
const ENTRIES = process.env['CONCORD_LONG'] === '1' ? 1_000_000 : 300_000;
/** The control is killed until it has lost something, and this often at the most. */
const CONTROL_KILLS_MAX = 6;
const CONTROL_DOCUMENTS = 5_000;

let mongod: KillableMongod;
let world: Platform;
let webhook: Webhook;
beforeAll(async () => {
  mongod = await killableMongod();
  world = await platformOn(mongod.uri);
  const engine = world.engine();
  await engine.prepare();
  webhook = await listen(world, engine);
});
afterAll(async () => {
  await webhook?.close();
  await world?.close();
  await mongod?.stop();
});

test('nothing that was acknowledged is lost', { timeout: 600_000 }, async () => {
  const { acknowledged, refusals, done } = startLoad(webhook.endpoint, world.logToken, ENTRIES);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    // The last one strikes when the load is all but done, so that every kill is in the middle of it.
    const due = (ENTRIES / PER_POST) * (kill / (KILLS + 1));
    await until(`kill ${kill}`, () => acknowledged.length >= due, 240_000);
    await mongod.kill();
    await mongod.restart();
  }
  await done;

  const { lost, forgotten } = await missingOf(world, acknowledged);
  const control = await killControl();
  figure(
    `R9: ${KILLS} kills of mongod, ${lost} of ${acknowledged.length * PER_POST} acknowledged entries lost, ${refusals.length} deliveries repeated; control (w:1): ${control.lost} of ${control.acknowledged} lost over ${control.kills} kills`,
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
