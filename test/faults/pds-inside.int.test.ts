/** What goes wrong inside of a PDS: its directory is away, or it fails after it has committed an account. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/wiring/engine.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  type Member,
  reconcileUser,
} from '../support/member.ts';
import { person } from '../support/pds.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { type OpenedPds, openedPds } from './support/opened-pds.ts';
import { deliver, entryOf } from './support/scenarios.ts';
import { explainedLeaks, flawsOf, hostedDids } from './support/whole.ts';
import { leaping, untilQuiet } from './support/world.ts';

let pds: OpenedPds;
let world: Platform;
let engine: Engine;
beforeAll(async () => {
  // The PDS reads it when it is loaded.
  process.env['LOG_ENABLED'] = 'false';
  pds = await openedPds();
  world = await openPlatform({ pds });
  engine = leaping(world.engine({ engine: { concurrency: 1 } }));
  await engine.prepare();
});
afterAll(async () => {
  await world?.close();
  await pds?.stop();
});

async function newcomer(name: string): Promise<Member> {
  const member = join(world, name);
  await chooseHandle(world, member, member.label);
  await deliver(engine, member, entryOf(member, 'ss'));
  return member;
}

test('the directory of DIDs is down: no creation is tried before it is back', async () => {
  const [alice, before] = [await newcomer('alice'), await hostedDids(engine)];
  pds.setDirectory('down');

  const { end, failures } = await reconcileUser(engine.reconcile, alice);

  expect(end).toBe('failed');
  expect(failures).toMatchObject([{ resource: 'account', code: 'SERVER_ERROR' }]);
  expect(await eventsOf(engine, alice, 'account.creation-intended')).toEqual([]);
  expect(await hostedDids(engine)).toEqual(before);
  pds.setDirectory('up');
  await untilQuiet(engine);
  expect(await flawsOf(world, engine, alice, { handle: alice.label })).toEqual([]);
  expect(explainedLeaks(await engine.log.ofUser(alice.user))).toBe(0);
  expect(pds.dids()).toBe((await hostedDids(engine)).size);
});

test('the directory fails in the middle of a creation, and comes back', async () => {
  const [alice, before] = [await newcomer('alice'), await hostedDids(engine)];
  pds.setDirectory('read-only');

  const { end, failures } = await reconcileUser(engine.reconcile, alice);

  expect(end).toBe('failed');
  expect(failures).toMatchObject([{ resource: 'account', code: 'SERVER_ERROR' }]);
  expect(await hostedDids(engine)).toEqual(before);
  pds.setDirectory('up');
  await untilQuiet(engine);
  expect(await flawsOf(world, engine, alice, { handle: alice.label })).toEqual([]);
  // Concord cannot know that nothing was left behind in the directory, so it says that something may have been.
  expect(explainedLeaks(await engine.log.ofUser(alice.user))).toBe(1);
  expect(pds.dids()).toBe((await hostedDids(engine)).size);
});

test('a directory that keeps failing is not tried for ever: a person is told, and nothing is left behind', async () => {
  const bob = await newcomer('bob');
  const dids = pds.dids();
  pds.setDirectory('read-only');
  await untilQuiet(engine);
  pds.setDirectory('up');

  expect(await conditionOf(engine, bob, 'account')).toMatchObject({
    status: 'False',
    reason: 'CreationKeepsFailing',
    held: true,
  });
  expect(await eventsOf(engine, bob, 'user.quarantined')).toEqual([]);
  expect(await eventsOf(engine, bob, 'account.creation-intended')).toHaveLength(3);
  expect(await eventsOf(engine, bob, 'account.creation-abandoned')).toHaveLength(3);
  expect(pds.dids()).toBe(dids);
});

test('a hidden account has the address: one creation fails before it is known, and none after', async () => {
  const [alice, bob] = [await newcomer('alice'), await newcomer('bob')];
  await untilQuiet(engine);
  const holder = await accountOf(world, engine, alice);
  if (holder === undefined) throw new Error('alice has no account.');
  const stranger = { handle: person('carol').handle, email: person('carol').email };
  const host = engine.accounts;
  // Not that of a user: nothing of ours knows it.
  const created = await host.createAccount({
    ...{ handle: stranger.handle as typeof holder.handle, email: stranger.email },
    ...{ password: 'theirs', inviteCode: await host.createInvite() },
  });
  if (created.type !== 'created') throw new Error(`The account was refused: ${created.reason}`);
  await host.setActive(created.did, false);
  const dids = pds.dids();
  const carols = [0, 1].map(() => join(world, 'carol', { email: stranger.email }));
  for (const carol of carols) {
    await deliver(engine, carol, entryOf(carol, 'ss'));
    await untilQuiet(engine);
    expect(await conditionOf(engine, carol, 'account')).toMatchObject({ reason: 'EmailTaken', held: true });
  }
  expect(pds.dids()).toBe(dids + 1);
  expect(await conditionOf(engine, bob, 'account')).toMatchObject({ status: 'True' });
});

test('an account is committed and its repository destroyed: it is held for a person, and left as it is', async () => {
  const alice = await newcomer('alice');
  const dids = pds.dids();
  pds.failNextEvent();

  await untilQuiet(engine);

  expect(await conditionOf(engine, alice, 'account')).toMatchObject({
    status: 'False',
    reason: 'AccountWithoutRepository',
    held: true,
  });
  expect(await accountOf(world, engine, alice)).toMatchObject({ state: 'no-repo', email: alice.email });
  expect(await eventsOf(engine, alice, 'account.creation-intended')).toHaveLength(1);
  expect(await eventsOf(engine, alice, 'account.created', 'account.recorded')).toHaveLength(1);
  expect(pds.dids()).toBe(dids + 1);
  const events = await engine.log.ofUser(alice.user);
  const { applied, end } = await reconcileUser(engine.reconcile, alice);
  expect({ applied, end }).toEqual({ applied: [], end: 'held' });
  expect(await engine.log.ofUser(alice.user)).toHaveLength(events.length);
});
