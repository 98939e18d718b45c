/**
 * Every command that a sign-up costs MongoDB, failed one by one by the server itself, on the real adapters:
 * from the delivery of the log entry until the user has a code and an account. Whichever command fails and
 * however, the user ends whole, once, and the log says how.
 */
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Mongod, startMongod } from '../../src/sandbox/servers/mongod.ts';
import type { Pds } from '../../src/sandbox/servers/pds.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { chooseHandle, join, type Member } from '../support/member.ts';
import type { Platform } from '../support/platform.ts';
import { figure } from './support/figure.ts';
import {
  type CommandTrouble,
  type MongodbInterceptor,
  mongodbInterceptor,
  type Strike,
} from './support/mongodb-interceptor.ts';
import { deliver, entryOf } from './support/scenarios.ts';
import { flawsOf, hostedDids, writtenByAnotherReconciliation } from './support/whole.ts';
import { leaping, ownPds, platformOn, untilQuiet } from './support/world.ts';

const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'findAndModify', 'delete']);
/** Not one that the driver would try again by itself. */
const REFUSED: CommandTrouble = { type: 'refused', code: 2 };

let mongod: Mongod;
let admin: MongoClient;
let line: MongodbInterceptor;
let pds: Pds;
let world: Platform;
let engine: Engine;
beforeAll(async () => {
  [mongod, pds] = await Promise.all([startMongod({ failCommands: true }), ownPds()]);
  admin = await MongoClient.connect(mongod.uri);
  line = await mongodbInterceptor(mongod.uri, admin);
  world = await platformOn(mongod.uri, { concordMongoUri: line.uri, pds });
  // One pass at a time: while it runs nobody waits, and so the clock stands.
  engine = leaping(world.engine({ engine: { concurrency: 1 } }));
  await engine.prepare();
});
afterAll(async () => {
  await world?.close();
  line?.close();
  await admin?.close();
  await Promise.all([mongod?.stop(), pds?.stop()]);
});

interface Run {
  readonly member: Member;
  readonly commands: readonly string[];
}

/** From the delivery until nothing is left to do, with at most one fault on the way. */
async function signUp(strike?: Strike): Promise<Run> {
  const member = join(world, 'alice');
  await chooseHandle(world, member, member.label);
  const entry = entryOf(member, 'ss');
  line.watch(strike);
  // Without a 2xx, Auth0 delivers again.
  await deliver(engine, member, entry).catch(() => deliver(engine, member, entry));
  await untilQuiet(engine);
  return { member, commands: line.seen() };
}

function troublesOf(command: string): readonly CommandTrouble[] {
  const broken: readonly CommandTrouble[] = [REFUSED, { type: 'connection-closed' }];
  return WRITES.has(command) ? [...broken, { type: 'not-acknowledged' }, { type: 'answer-lost' }] : broken;
}

test('whichever command fails, the user ends whole', { timeout: 600_000 }, async () => {
  const { commands } = await signUp();
  const runs: { readonly name: string; readonly member: Member }[] = [];
  for (const [at, command] of commands.entries()) {
    for (const trouble of troublesOf(command)) {
      const { member } = await signUp({ at, trouble });
      runs.push({ name: `${command} ${at} ${trouble.type}`, member });
    }
  }
  line.watch();

  const flaws: string[] = [];
  const left = [...runs];
  const judge = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { member, name } = next;
      const found = await flawsOf(world, engine, member, { handle: member.label });
      flaws.push(...found.map((flaw) => `${name}: ${flaw}`));
    }
  };
  await Promise.all(Array.from({ length: 8 }, judge));
  expect(flaws).toEqual([]);
  const members = runs.map(({ member }) => member);
  expect(await writtenByAnotherReconciliation(world, engine, members)).toEqual([]);
  const hosted = await hostedDids(engine);
  figure(
    `MongoDB: ${runs.length} faults at ${commands.length} commands, ${hosted.size} accounts for ${runs.length + 1} users, 0 DIDs leaked`,
  );
  expect(hosted.size).toBe(runs.length + 1);
  expect(await pds.plcOperations()).toBe(hosted.size);
});
