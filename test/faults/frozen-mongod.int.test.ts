/**
 * A MongoDB that stands still: its connections stay open, and it answers nothing for longer than any time limit of a call
 * or a lease. Nothing is acknowledged meanwhile that is not durable, and afterwards everybody is as they are to be.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { join, type Member } from '../support/member.ts';
import { type Platform, type Served, silent } from '../support/platform.ts';
import { untilSettled, WITHOUT_LIMIT } from '../support/progress.ts';
import { figure } from './support/figure.ts';
import { type KillableMongod, killableMongod } from './support/killable-mongod.ts';
import { deliver, entryOf } from './support/scenarios.ts';
import { flawsOfAll } from './support/whole.ts';
import { platformOn } from './support/world.ts';

const FROZEN_MS = 40_000;
const USERS = 8;

let mongod: KillableMongod;
let world: Platform;
let served: Served;
beforeAll(async () => {
  mongod = await killableMongod();
  world = await platformOn(mongod.uri);
  served = await world.serve({ logger: silent() });
});
afterAll(async () => {
  mongod?.thaw();
  await world?.close();
  await mongod?.stop();
});

/** The status of a delivery of one sign-up; undefined where no answer came in time. */
async function statusOf(member: Member): Promise<number | undefined> {
  const answer = fetch(served.endpoint, {
    method: 'POST',
    headers: { authorization: world.logToken, 'content-type': 'application/json' },
    body: JSON.stringify([entryOf(member, 'ss')]),
    signal: AbortSignal.timeout(FROZEN_MS / 2),
  });
  return answer.then(
    ({ status }) => status,
    () => undefined,
  );
}

async function signUpThrough(during: (late: Member) => Promise<void>): Promise<readonly Member[]> {
  const engine = world.engine();
  const members = Array.from({ length: USERS }, () => join(world, 'alice'));
  for (const member of members) await deliver(engine, member, entryOf(member, 'ss'));
  const late = join(world, 'bob');
  await during(late);
  await untilSettled(
    'the service answers again',
    async () => (await statusOf(late)) === 200,
    async () => undefined,
  );
  const all = [...members, late];
  await untilSettled(
    'everybody is whole',
    async () => (await flawsOfAll(world, engine, all)).length === 0,
    async () => [
      (await flawsOfAll(world, engine, all)).sort(),
      await world.db.collection('concord.events').countDocuments(),
    ],
  );
  return all;
}

test('nothing is acknowledged while MongoDB stands still, and nobody is lost', WITHOUT_LIMIT, async () => {
  const members = await signUpThrough(async (late) => {
    mongod.freeze();
    try {
      const [status] = await Promise.all([statusOf(late), delay(FROZEN_MS)]);
      expect(status === undefined || status === 503).toBe(true);
    } finally {
      mongod.thaw();
    }
  });
  figure(`a MongoDB that stood still for ${FROZEN_MS / 1_000} s: ${members.length} users, one account each`);
});
