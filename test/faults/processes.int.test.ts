/** Several processes at once, and processes that end in the middle: everyone is whole in the end, and nobody twice. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Pds, startPds } from '../../src/sandbox/servers/pds.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import {
  accountsRecorded,
  countPds,
  everyoneSynced,
  expectWholeOnce,
  gather,
  type PdsCounts,
} from '../support/crowd.ts';
import type { Member } from '../support/member.ts';
import { type Platform, platform, SANDBOX_CONFIG } from '../support/platform.ts';
import { documentOf, type Program, runOn, startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

const MIDDLE = 10;

/** Of its own, because DIDs are counted: on the shared one, others make some as well. */
let pds: Pds;
beforeAll(async () => {
  const secret = (): string => randomBytes(16).toString('hex');
  pds = await startPds({ adminPassword: secret(), bypassKey: secret(), quickHashes: true });
});
afterAll(() => pds?.stop());

async function expectNew(before: PdsCounts, engine: Engine, count: number): Promise<void> {
  expect(await countPds(pds, engine)).toEqual({
    dids: before.dids + count,
    repositories: before.repositories + count,
  });
}

test('two processes converge the same hundred people at once', { timeout: 600_000 }, async () => {
  const world = await platform({ pds });
  const engine = world.engine();
  const members = await gather(world, 100);
  const before = await countPds(pds, engine);

  const both = await Promise.all([
    runOn(world, '--json', 'reconcile', '--all'),
    runOn(world, '--json', 'reconcile', '--all'),
  ]);

  for (const ended of both) {
    expect(ended.code, ended.stderr).toBe(0);
    expect(documentOf(ended)).toMatchObject({ users: 100, complete: true, held: 0, open: 0 });
    // Both were at work: had one been alone, nothing would have been tried.
    expect(documentOf(ended)['converged']).toBeGreaterThan(0);
  }
  await expectWholeOnce(world, engine, members);
  await expectNew(before, engine, 100);
});

function serve({ env }: Platform): Promise<Program> {
  return startProgram(['--config', SANDBOX_CONFIG, '--log-level', 'warn', 'serve'], { env });
}

/** Tells, where it does not come to that, whether the server is still there and who is not whole. */
async function becomeWhole(world: Platform, server: Program, members: readonly Member[]): Promise<void> {
  const gone = server.ended.then(({ stderr }) => {
    throw new Error(`The server has ended.\n${stderr}`);
  });
  const whole = until('everyone is whole', () => everyoneSynced(world, members), 120_000);
  await Promise.race([whole, gone]).catch(async (error: unknown) => {
    const open = await world.db
      .collection('concord.subjects')
      .find({ $or: [{ 'view.sync': { $ne: 'Synced' } }, { due: { $exists: true } }] })
      .toArray();
    throw new Error(`Not whole: ${JSON.stringify(open, undefined, 2)}`, { cause: error });
  });
}

function theMiddle(world: Platform): Promise<number> {
  return until('some have an account', async () => {
    const recorded = await accountsRecorded(world);
    return recorded >= MIDDLE ? recorded : undefined;
  });
}

test('a server that is told to stop in the middle ends in order, and the next one goes on', {
  timeout: 600_000,
}, async () => {
  const world = await platform({ pds });
  const engine = world.engine();
  const members = await gather(world, 60);
  const before = await countPds(pds, engine);

  const first = await serve(world);
  await theMiddle(world);
  const toldAt = performance.now();
  first.signal('SIGTERM');
  const ended = await first.ended;

  expect(ended.code, ended.stderr).toBe(0);
  expect(performance.now() - toldAt).toBeLessThan(world.config().engine.stopDeadlineMs + 1_000);
  expect(await accountsRecorded(world)).toBeLessThan(members.length);
  // Every pass was brought to its end, so nobody has to wait for a lease to run out.
  expect(await world.db.collection('concord.subjects').countDocuments({ lease: { $exists: true } })).toBe(0);

  const second = await serve(world);
  await becomeWhole(world, second, members);
  second.signal('SIGTERM');
  expect((await second.ended).code).toBe(0);
  await expectWholeOnce(world, engine, members);
  await expectNew(before, engine, members.length);
});

test('a server that is killed in the middle leaves nothing that the next one does not finish', {
  timeout: 600_000,
}, async () => {
  const world = await platform({ pds });
  const engine = world.engine();
  const members = await gather(world, 60);
  const before = await countPds(pds, engine);

  const first = await serve(world);
  await theMiddle(world);
  first.signal('SIGKILL');
  expect((await first.ended).code).toBeNull();
  expect(await accountsRecorded(world)).toBeLessThan(members.length);

  const second = await serve(world);
  await becomeWhole(world, second, members);
  second.signal('SIGTERM');
  expect((await second.ended).code).toBe(0);
  await expectWholeOnce(world, engine, members);
  await expectNew(before, engine, members.length);
});
