/**
 * Kill -9 of the engine at every effect it has on the world, on the real mongod and a PDS of its own: before
 * the call, in the middle of it, and after its answer. Each kill is a process and a user of its own; afterwards
 * one engine goes on with all of them, as a restarted server does.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pds } from '../../src/sandbox/servers/pds.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { reconcileUser } from '../support/member.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { type Bundle, bundleEngine, runChild } from './support/children.ts';
import { aroundEffects, type PortCall } from './support/effects.ts';
import type { Kill } from './support/engine-child.ts';
import { figure } from './support/figure.ts';
import { deliver, type Prepared, SCENARIOS, type Scenario } from './support/scenarios.ts';
import { flawsOf, hostedDids, writtenByAnotherReconciliation } from './support/whole.ts';
import { ownPds, untilQuiet } from './support/world.ts';

/** Processes at once, of which each waits for the servers about half of its time. */
const AT_ONCE = 3;
/** Longer than any creation takes the PDS, so that none is under way when its outcome is judged. */
const OVERLAY = {
  pds: { requestTimeoutMs: 3_000 },
  // Half of a lease outlasts any call, as in production: a pass that is alive is never taken for a dead one.
  engine: {
    leaseMs: 6_001,
    settleMs: 3_001,
    pollMs: 50,
    concurrency: 8,
    backoff: { firstMs: 50, maxMs: 500 },
  },
};
/** Milliseconds into a createAccount, which takes the PDS some eighty: keys, directory, database, events. */
const INTO_CREATION = [2, 10, 20, 30, 40, 50, 60, 80];

/**
 * Between the answer to one call and the beginning of the next nothing but looking is done, so that only a
 * long run kills in both places.
 */
const isLong = process.env['CONCORD_LONG'] === '1';

let pds: Pds;
let world: Platform;
let engine: Engine;
let bundle: Bundle;
beforeAll(async () => {
  [pds, bundle] = await Promise.all([ownPds(), bundleEngine()]);
  world = await openPlatform({ pds });
  engine = world.engine(OVERLAY);
  await engine.prepare();
});
afterAll(async () => {
  await world?.close();
  await pds?.stop();
  await bundle?.remove();
});

interface Case {
  readonly scenario: Scenario;
  readonly kill: Kill;
}

interface Killed extends Prepared {
  readonly name: string;
}

/** Every effect of a scenario that meets no fault, in order. */
async function effectsOf(scenario: Scenario): Promise<PortCall[]> {
  const effects: PortCall[] = [];
  const { member, entry } = await scenario.prepare(world, engine);
  const recorded = aroundEffects(engine.reconcile, (call, invoke) => {
    effects.push(call);
    return invoke();
  });
  if (entry !== undefined) await deliver({ ...engine, reconcile: recorded }, member, entry);
  await reconcileUser(recorded, member);
  return effects;
}

async function casesOf(scenario: Scenario): Promise<Case[]> {
  const effects = await effectsOf(scenario);
  return effects.flatMap(({ method }, at) => {
    const during = method === 'createAccount' ? INTO_CREATION : [1];
    const whens: Kill['when'][] = at === 0 || isLong ? ['before', ...during, 'after'] : [...during, 'after'];
    return whens.map((when) => ({ scenario, kill: { at, when } }));
  });
}

test('nobody is doubled and nobody stranded', { timeout: 900_000 }, async () => {
  let kills = 0;
  let effects = 0;
  const killed: Killed[] = [];
  const cases: Case[] = [];
  for (const scenario of SCENARIOS) {
    const more = await casesOf(scenario);
    effects += new Set(more.map(({ kill }) => kill.at)).size;
    cases.push(...more);
  }
  const config = world.config(OVERLAY);
  const work = async (): Promise<void> => {
    for (let next = cases.shift(); next !== undefined; next = cases.shift()) {
      const { scenario, kill } = next;
      const prepared = await scenario.prepare(world, engine);
      const { member, entry } = prepared;
      const name = `${scenario.name}, effect ${kill.at} ${kill.when}`;
      const child = await runChild(bundle, { config, who: member, entry, kill });
      expect(child.stderr, name).toBe('');
      if (child.signal === 'SIGKILL') kills += 1;
      else expect(child.said, name).toContain('survived');
      // What got no 2xx is delivered again. What got one is Concord's, dead or alive.
      if (entry !== undefined && !child.said.has('acknowledged')) await deliver(engine, member, entry);
      killed.push({ ...prepared, name });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  await untilQuiet(engine);
  await expectWhole(killed, kills, effects);
});

async function expectWhole(killed: readonly Killed[], kills: number, effects: number): Promise<void> {
  const flaws: string[] = [];
  let stranded = 0;
  const left = [...killed];
  const judge = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { member, handle, name } = next;
      const found = await flawsOf(world, engine, member, { handle });
      if (found.length > 0) stranded += 1;
      flaws.push(...found.map((flaw) => `${name}: ${flaw}`));
    }
  };
  await Promise.all(Array.from({ length: 8 }, judge));
  const owned = new Set<unknown>(await world.db.collection('users').distinct('atproto.did'));
  const hosted = await hostedDids(engine);
  const doubled = [...hosted].filter((did) => !owned.has(did)).length;
  const leaked = (await pds.plcOperations()) - hosted.size;
  figure(
    `R8: ${kills} kills at ${effects} effects, ${doubled} doubled, ${stranded} stranded, ${leaked} DIDs leaked`,
  );
  expect(flaws).toEqual([]);
  // The PDS is well all the while, and finishes what it was asked, whether anybody waits for the answer or not.
  expect({ doubled, leaked }).toEqual({ doubled: 0, leaked: 0 });
  expect(kills).toBeGreaterThanOrEqual(100);
  const members = killed.map(({ member }) => member);
  expect(await writtenByAnotherReconciliation(world, engine, members)).toEqual([]);
}
