/** An account that moves to another PDS, on a real PDS and with a real PLC directory. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pds } from '../src/sandbox/servers/pds.ts';
import { ownPds } from './faults/support/world.ts';
import { unusedOrigin } from './support/local-server.ts';
import { accountOf, chooseHandle, conditionOf, join, reconcileUser, storedMember } from './support/member.ts';
import { platform } from './support/platform.ts';

const ELSEWHERE = 'https://elsewhere.example';

let pds: Pds;
beforeAll(async () => {
  pds = await ownPds();
});
afterAll(() => pds?.stop());

async function alicesAccount() {
  const world = await platform({ pds });
  const engine = world.engine();
  const alice = join(world, 'alice');
  await chooseHandle(world, alice, alice.label);
  await reconcileUser(engine.reconcile, alice);
  const did = (await storedMember(world, alice))?.atproto?.did;
  if (did === undefined) throw new Error('alice has no account.');
  return { world, engine, alice, did };
}

test('it is left alone while it is elsewhere, and follows again once it is back', async () => {
  const { world, engine, alice, did } = await alicesAccount();
  const { accounts } = engine;
  await pds.moveDid(did, ELSEWHERE);
  await accounts.setActive(did, false);
  await chooseHandle(world, alice, `${alice.label}2`);

  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged', applied: [] });

  const condition = await conditionOf(engine, alice, 'account');
  expect(condition).toMatchObject({ status: 'True', reason: 'AccountMigrated', held: false });
  expect(condition?.message).toContain(`${did} moved to ${ELSEWHERE}`);
  expect(await conditionOf(engine, alice, 'handle')).toMatchObject({ status: 'True', reason: 'NotManaged' });
  expect(await accountOf(world, engine, alice)).toMatchObject({ handle: `${alice.label}.at.test` });

  await pds.moveDid(did, pds.url);
  await accounts.setActive(did, true);
  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
  expect(await accountOf(world, engine, alice)).toMatchObject({ handle: `${alice.label}2.at.test` });
});

test('it is not replaced once the PDS has deleted it', async () => {
  const { world, engine, alice, did } = await alicesAccount();
  await pds.moveDid(did, ELSEWHERE);
  await engine.accounts.deleteAccount(did);
  const dids = await pds.plcOperations();

  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged', applied: [] });

  expect(await conditionOf(engine, alice, 'account')).toMatchObject({ reason: 'AccountMigrated' });
  expect((await storedMember(world, alice))?.atproto?.did).toBe(did);
  expect(await pds.plcOperations()).toBe(dids);
});

test('while the directory is away, a deactivated account needs action and says so; the PDS is not blamed', async () => {
  const { world, engine, alice, did } = await alicesAccount();
  await engine.accounts.setActive(did, false);
  const away = world.engine({ pds: { plcUrl: await unusedOrigin() } });

  expect(await reconcileUser(away.reconcile, alice)).toMatchObject({ end: 'deferred', failures: [] });

  const condition = await conditionOf(engine, alice, 'account');
  expect(condition).toMatchObject({ reason: 'AccountDeactivated', held: true });
  expect(condition?.message).toContain('could not be asked (UNREACHABLE)');
});
