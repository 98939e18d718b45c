/**
 * A replica set of three, as production has it: its primary steps down, is killed, and is left alone. Nothing that was
 * acknowledged is lost, no call hangs, and Concord works again within seconds after another primary was elected.
 */
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { aliceStory, UNRULY } from '../support/alice-story.ts';
import { eventsOf } from '../support/member.ts';
import type { Platform } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { figure } from './support/figure.ts';
import { listen, missingOf, newIds, PER_POST, post, startLoad, type Webhook } from './support/load.ts';
import { type ThreeMembers, threeMembers } from './support/three-members.ts';
import { platformOn } from './support/world.ts';

const ENTRIES = 30_000;
/** An election begins when a primary was not heard of for ten seconds, and is over soon after. */
const READY_WITHIN_MS = 30_000;

let set: ThreeMembers;
let world: Platform;
let webhook: Webhook;
beforeAll(async () => {
  set = await threeMembers();
  world = await platformOn(set.uri);
  const engine = world.engine();
  await engine.prepare();
  webhook = await listen(world, engine);
});
afterAll(async () => {
  await webhook?.close();
  await world?.close();
  await set?.stop();
});

/** The primary is killed, and comes back as a secondary when there is another one. */
async function replacePrimary(): Promise<void> {
  const killed = await set.primary();
  await killed.kill();
  await set.primary();
  await killed.restart();
}

test('nothing that was acknowledged is lost through step-downs and a killed primary', {
  timeout: 300_000,
}, async () => {
  const load = startLoad(webhook.endpoint, world.logToken, ENTRIES);
  const faults = [set.stepDown, replacePrimary, set.stepDown];
  for (const [at, fault] of faults.entries()) {
    const due = (ENTRIES / PER_POST) * ((at + 1) / (faults.length + 1));
    await until(`fault ${at + 1}`, () => load.acknowledged.length >= due, 120_000);
    await fault();
  }
  await load.done;

  const { lost, forgotten } = await missingOf(world, load.acknowledged);
  const silences = load.acknowledgedAt.map((ms, at) => ms - (load.acknowledgedAt[at - 1] ?? ms));
  const longestMs = Math.max(...silences);
  figure(
    `R9: ${faults.length} changes of the primary of three members, ${lost} of ${load.acknowledged.length * PER_POST} acknowledged entries lost, ${load.refusals.length} deliveries repeated, ${(longestMs / 1_000).toFixed(1)} s at most without an answer`,
  );
  expect({ lost, forgotten }).toEqual({ lost: 0, forgotten: 0 });
  expect(longestMs).toBeLessThan(READY_WITHIN_MS);
});

test('nothing is acknowledged that only the primary has', { timeout: 300_000 }, async () => {
  const primary = await set.primary();
  const others = await set.secondaries();
  const ids = newIds();
  // Killed and not stopped: what is on its way to a stopped one is applied when it goes on.
  await Promise.all(others.map((other) => other.kill()));
  const client = await MongoClient.connect(`mongodb://127.0.0.1:${primary.port}/?directConnection=true`);
  const control = client.db(world.db.databaseName).collection<{ _id: string }>('control');
  try {
    // Acknowledged by the primary alone, and lost with it.
    await control.insertOne({ _id: 'alone' }, { writeConcern: { w: 1, j: true } });
    expect(await post(webhook.endpoint, world.logToken, ids)).not.toBe(200);
    await primary.kill();
  } finally {
    await client.close();
  }
  await Promise.all(others.map((other) => other.restart()));

  const sinceMs = performance.now();
  await until('it is acknowledged', async () => (await post(webhook.endpoint, world.logToken, ids)) === 200);
  expect(performance.now() - sinceMs).toBeLessThan(READY_WITHIN_MS);
  await primary.restart();
  expect(await missingOf(world, [ids])).toEqual({ lost: 0, forgotten: 0 });
  const alone = await world.db.collection<{ _id: string }>('control').findOne({ _id: 'alone' });
  expect(alone, 'The write of the primary alone was kept, so this proves nothing.').toBeNull();
});

test('alice from sign-up to blocked, while the primary steps down and is killed', {
  timeout: 300_000,
}, async () => {
  // Without the users of the load, who are due.
  const quiet = await platformOn(set.uri, { delivery: UNRULY });
  onTestFinished(() => quiet.close());
  const faults = [set.stepDown, replacePrimary];
  const { alice, engine } = await aliceStory(quiet, 'JSONARRAY', async () => {
    await faults.shift()?.();
  });
  expect(faults).toEqual([]);
  const once = ['account.created', 'code.assigned', 'handle.changed', 'email.changed'] as const;
  for (const type of once) expect(await eventsOf(engine, alice, type), type).toHaveLength(1);
  expect(await eventsOf(engine, alice, 'user.quarantined')).toEqual([]);
});
