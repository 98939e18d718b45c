/** Calls whose answers are lost, and systems that are away: nothing is done twice, and unknown is never absent. */
import { expect, inject, test } from 'vitest';
import { createVault } from '../src/credentials/vault.ts';
import type { ReconcileDeps } from '../src/engine/reconcile/reconcile.ts';
import { UpstreamError } from '../src/errors.ts';
import type { AccountHost } from '../src/ports/accounts.ts';
import { unusedOrigin } from './support/local-server.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { platform } from './support/platform.ts';

/** An account host whose creations end in silence: carried out, or never arrived. Counts what reached the PDS. */
function silentCreations(
  deps: ReconcileDeps,
  which: 'carried out' | 'never arrived',
): { readonly deps: ReconcileDeps; readonly reached: () => number } {
  let reached = 0;
  const createAccount: AccountHost['createAccount'] = async (account) => {
    if (which === 'carried out') {
      reached += 1;
      await deps.accounts.createAccount(account);
    }
    throw new UpstreamError('the answer was lost', {
      upstream: 'pds',
      code: 'TIMEOUT',
      retryable: true,
      effect: 'unknown',
    });
  };
  return { deps: { ...deps, accounts: { ...deps.accounts, createAccount } }, reached: () => reached };
}

/** Time enough for nothing, so that a creation with unknown outcome is settled at the next pass. */
function impatient(deps: ReconcileDeps): ReconcileDeps {
  return { ...deps, settings: { ...deps.settings, settleMs: 0, listInactiveMs: 0 } };
}

test('an account whose answer was lost is found again, gets the password that is kept, and stays the only one', async () => {
  const world = await platform();
  const engine = world.engine();
  const alice = join(world, 'alice');
  await chooseHandle(world, alice, alice.label);
  const broken = silentCreations(engine.reconcile, 'carried out');

  expect(await reconcileUser(broken.deps, alice)).toMatchObject({
    end: 'failed',
    failures: [{ code: 'TIMEOUT' }],
  });
  expect(await storedMember(world, alice)).toMatchObject({
    atprotoPending: { password: expect.any(String) },
  });
  expect((await storedMember(world, alice))?.atproto).toBeUndefined();
  // The next pass meets the same silence, and would create a second one if it asked again.
  expect(await reconcileUser(broken.deps, alice)).toMatchObject({ end: 'converged' });

  expect(broken.reached()).toBe(1);
  const account = await accountOf(world, engine, alice);
  expect(account).toMatchObject({ handle: `${alice.label}.at.test`, email: alice.email, state: 'active' });
  const stored = await storedMember(world, alice);
  expect(stored?.atprotoPending).toBeUndefined();
  const vault = createVault(world.config().credentials);
  const password = vault.open(stored?.atproto?.password ?? '', alice.user);
  expect(password).not.toBe(stored?.atproto?.password);
  expect(account && (await engine.accounts.canLogIn(account.did, password))).toBe(true);
  const told = await eventsOf(engine, alice, 'account.creation-intended', 'account.created');
  expect(told.map(({ type }) => type)).toEqual(['account.creation-intended', 'account.created']);
  expect(told.at(-1)?.data).toMatchObject({ did: account?.did, recovered: true });
});

test('a creation that never arrived is waited for, and then made once', async () => {
  const world = await platform();
  const engine = world.engine();
  const alice = join(world, 'alice');
  const broken = silentCreations(engine.reconcile, 'never arrived');
  expect(await reconcileUser(broken.deps, alice)).toMatchObject({ end: 'failed' });

  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'deferred', applied: [] });
  expect(await conditionOf(engine, alice, 'account')).toMatchObject({ reason: 'WaitingForOutcome' });
  expect((await storedMember(world, alice))?.atproto).toBeUndefined();

  expect(await reconcileUser(impatient(engine.reconcile), alice)).toMatchObject({ end: 'converged' });
  expect(await accountOf(world, engine, alice)).toMatchObject({ email: alice.email, state: 'active' });
  const told = await eventsOf(
    engine,
    alice,
    'account.creation-intended',
    'account.creation-abandoned',
    'account.created',
  );
  expect(told.map(({ type }) => type)).toEqual([
    'account.creation-intended',
    'account.creation-abandoned',
    'account.creation-intended',
    'account.created',
  ]);
});

test('creations that keep coming to nothing end with a person', async () => {
  const world = await platform();
  const engine = world.engine();
  const alice = join(world, 'alice');
  const broken = silentCreations(impatient(engine.reconcile), 'never arrived');
  const ends: string[] = [];
  for (let pass = 1; pass <= 4; pass += 1) ends.push((await reconcileUser(broken.deps, alice)).end);

  expect(ends).toEqual(['failed', 'failed', 'failed', 'held']);
  expect(await conditionOf(engine, alice, 'account')).toMatchObject({
    reason: 'CreationKeepsFailing',
    held: true,
  });
});

test('the PDS is away: documents are written, the account is unknown, and later there is one', async () => {
  const nowhere = { ...inject('pds'), url: await unusedOrigin() };
  const world = await platform();
  const engine = world.engine();
  const away = world.engine({ pds: { url: nowhere.url } });
  const alice = join(world, 'alice');

  expect(await reconcileUser(away.reconcile, alice)).toMatchObject({ end: 'failed' });

  expect(await storedMember(world, alice)).toMatchObject({ code: expect.any(String) });
  for (const type of ['account', 'handle'] as const) {
    expect(await conditionOf(engine, alice, type)).toMatchObject({ status: 'Unknown' });
  }
  expect(await eventsOf(engine, alice, 'account.creation-intended')).toEqual([]);

  for (let pass = 1; pass <= 2; pass += 1) await reconcileUser(engine.reconcile, alice);
  expect(await eventsOf(engine, alice, 'account.created')).toHaveLength(1);
  const account = await accountOf(world, engine, alice);

  // Somebody who has an account keeps it in the documents, however long the PDS is away.
  expect(await reconcileUser(away.reconcile, alice)).toMatchObject({ end: 'failed', applied: [] });
  expect((await storedMember(world, alice))?.atproto?.did).toBe(account?.did);
  expect(await conditionOf(engine, alice, 'account')).toMatchObject({ status: 'Unknown' });
  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged', applied: [] });
});

test.each([
  ['answers 500', 500, undefined],
  ['has a proxy before it that answers 404', 404, { message: 'no such route' }],
])('Auth0 %s: nothing is decided about anybody', async (_what, status, body) => {
  const world = await platform();
  const engine = world.engine();
  const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
  await reconcileUser(engine.reconcile, alice);
  const before = await storedMember(world, alice);
  const answer = { type: 'status', status, ...(body === undefined ? {} : { body }) } as const;
  world.auth0.faults.add({ path: '/api/v2/users/:id', times: 2, answer });

  for (const member of [alice, bob]) {
    expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'failed', applied: [] });
    expect(await conditionOf(engine, member, 'auth0')).toMatchObject({ status: 'Unknown' });
    expect(await eventsOf(engine, member, 'auth0.user-absent')).toEqual([]);
  }
  expect(await storedMember(world, alice)).toEqual(before);
  expect(await storedMember(world, bob)).toBeUndefined();

  for (const member of [alice, bob]) {
    expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged' });
    expect(await accountOf(world, engine, member)).toMatchObject({ email: member.email });
  }
});
