/**
 * A PDS that stands still: its connections stay open, and what was sent to it before is done long after everybody has given
 * it up. Whoever signed up meanwhile ends with one account, and nobody with two.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Pds } from '../../src/sandbox/servers/pds.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { join, type Member } from '../support/member.ts';
import { openPlatform, type Platform, silent } from '../support/platform.ts';
import { untilSettled, WITHOUT_LIMIT } from '../support/progress.ts';
import { figure } from './support/figure.ts';
import { deliver, entryOf } from './support/scenarios.ts';
import { flawsOfAll, hostedDids } from './support/whole.ts';
import { ownPds } from './support/world.ts';

const FROZEN_MS = 40_000;
const USERS = 9;
/** Some of the accounts are being made by then. */
const FREEZE_AFTER_MS = 300;

let pds: Pds;
let world: Platform;
beforeAll(async () => {
  pds = await ownPds();
  world = await openPlatform({ mongoUri: inject('mongodUri'), pds });
  await world.serve({ logger: silent() });
});
afterAll(async () => {
  await world?.close();
  await pds?.stop();
});

/** A PDS with this much to do at once may not answer the test in time either. */
function flawsSeen(engine: Engine, members: readonly Member[]): Promise<string[]> {
  return flawsOfAll(world, engine, members).catch((error: unknown) => [String(error)]);
}

test(
  'calls that land long after they were given up leave nobody with two accounts or none',
  WITHOUT_LIMIT,
  async () => {
    const engine = world.engine();
    const members = Array.from({ length: USERS }, () => join(world, 'alice'));
    for (const member of members) await deliver(engine, member, entryOf(member, 'ss'));
    await delay(FREEZE_AFTER_MS);
    process.kill(pds.pid, 'SIGSTOP');
    try {
      await delay(FROZEN_MS);
    } finally {
      process.kill(pds.pid, 'SIGCONT');
    }
    await untilSettled(
      'everybody is whole',
      async () => (await flawsSeen(engine, members)).length === 0,
      async () => [
        (await flawsSeen(engine, members)).sort(),
        await world.db.collection('concord.events').countDocuments(),
      ],
    );
    expect(await hostedDids(engine)).toHaveLength(USERS);
    figure(`a PDS that stood still for ${FROZEN_MS / 1_000} s: ${members.length} users, one account each`);
  },
);
