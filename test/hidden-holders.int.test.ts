/** Accounts that the PDS does not show and that have what a user is to get, on the real parts. */
import { expect, test } from 'vitest';
import type { ReconcileDeps } from '../src/engine/reconcile/reconcile.ts';
import { sweep } from '../src/engine/sweep/sweep.ts';
import type { Engine } from '../src/wiring/engine.ts';
import {
  accountOf,
  conditionOf,
  eventsOf,
  join,
  type Member,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { asAdmin, createAccount, person, sharedPds, unlimited, xrpc } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';

const HIDDEN = ['deactivated', 'taken down'] as const;
type Hidden = (typeof HIDDEN)[number];

async function admin(method: string, input: Record<string, unknown>): Promise<void> {
  const pds = sharedPds();
  const answer = await xrpc(pds.url, `com.atproto.admin.${method}`, {
    input,
    headers: { ...asAdmin(pds), ...unlimited(pds) },
  });
  expect(answer.status).toBe(200);
}

function hide(did: string, how: Hidden): Promise<void> {
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did };
  return how === 'deactivated'
    ? admin('updateSubjectStatus', { subject, deactivated: { applied: true } })
    : admin('updateSubjectStatus', { subject, takedown: { applied: true, ref: 'test' } });
}

async function hiddenAccount(how: Hidden, changes: Partial<ReturnType<typeof person>> = {}) {
  const stranger = { ...person('bob'), ...changes };
  const did = await createAccount(sharedPds(), stranger);
  await hide(did, how);
  return { ...stranger, did };
}

/** Does not wait for a creation to settle. */
function impatient(deps: ReconcileDeps): ReconcileDeps {
  return { ...deps, settings: { ...deps.settings, settleMs: 0 } };
}

async function sweepOnce({ sweep: deps, tenants }: Engine): Promise<void> {
  const [tenant] = tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  expect(await sweep(deps, tenant)).toMatchObject({ type: 'over', complete: true });
}

async function creations(engine: Engine, who: Member): Promise<number> {
  return (await eventsOf(engine, who, 'account.creation-intended')).length;
}

async function expectTaken(engine: Engine, who: Member, did: string): Promise<void> {
  const condition = await conditionOf(engine, who, 'account');
  expect(condition).toMatchObject({ status: 'False', reason: 'EmailTaken', held: true });
  expect(condition?.message).toContain(`concord adopt '${who.user}' ${did}`);
  expect(condition?.message).toContain(`concord retry '${who.user}'`);
}

async function expectAccount(world: Platform, engine: Engine, who: Member): Promise<void> {
  expect(await accountOf(world, engine, who)).toMatchObject({ email: who.email, state: 'active' });
  expect(await conditionOf(engine, who, 'account')).toMatchObject({ status: 'True' });
}

test.each(HIDDEN)(
  'an account that is %s has the address, and a sweep ran: the PDS is not asked',
  async (how) => {
    const world = await platform();
    const engine = world.engine();
    await engine.prepare();
    const stranger = await hiddenAccount(how);
    await sweepOnce(engine);
    const alice = join(world, 'alice', { email: stranger.email });

    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'held' });

    await expectTaken(engine, alice, stranger.did);
    expect(await creations(engine, alice)).toBe(0);
    // The commands of the message, as they are typed.
    const preview = await runOn(world, '--json', 'adopt', alice.user, stranger.did, '--preview');
    expect(preview.code, preview.stderr).toBe(2);
    expect(documentOf(preview)).toMatchObject({ did: stranger.did, handle: stranger.handle });
    await admin('deleteAccount', { did: stranger.did });
    const retried = await runOn(world, 'retry', alice.user);
    expect(retried.code, retried.stderr).toBe(0);
    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
    await expectAccount(world, engine, alice);
    expect(await creations(engine, alice)).toBe(1);
  },
);

test.each(HIDDEN)(
  'an account that is %s has the address, and none was ever listed: one creation fails',
  async (how) => {
    const world = await platform();
    const engine = world.engine();
    await engine.prepare();
    const stranger = await hiddenAccount(how);
    const alice = join(world, 'alice', { email: stranger.email });

    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'failed' });
    expect(await reconcileUser(impatient(engine.reconcile), alice)).toMatchObject({ end: 'held' });

    await expectTaken(engine, alice, stranger.did);
    expect(await creations(engine, alice)).toBe(1);
    expect(await eventsOf(engine, alice, 'account.creation-failed')).toMatchObject([
      { data: { code: 'SERVER_ERROR' } },
    ]);
    expect(await eventsOf(engine, alice, 'inactive-accounts.listed')).toHaveLength(1);
    // Another user in the same state needs no listing, and no try.
    const again = join(world, 'alice', { email: stranger.email });
    expect(await reconcileUser(engine.reconcile, again)).toMatchObject({ end: 'held' });
    await expectTaken(engine, again, stranger.did);
    expect(await creations(engine, again)).toBe(0);

    await admin('updateAccountEmail', { account: stranger.did, email: person('carol').email });
    await sweepOnce(engine);
    expect((await engine.subjects.get(alice.user))?.dueAt).toBeDefined();
    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
    await expectAccount(world, engine, alice);
  },
);

test('an inactive account carries the handle made of the code: it is named after one try', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  // Everything but the account, which the PDS has not to be asked for.
  const away = { ...engine.reconcile, accounts: { ...engine.accounts, createInvite: noInvite } };
  expect(await reconcileUser(away, alice)).toMatchObject({ end: 'failed' });
  const code = (await storedMember(world, alice))?.code;
  if (code === undefined) throw new Error('There is no code.');
  const stranger = await hiddenAccount('deactivated', { handle: `${code}.at.test` });

  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'failed' });
  expect(await reconcileUser(impatient(engine.reconcile), alice)).toMatchObject({ end: 'held' });

  const condition = await conditionOf(engine, alice, 'account');
  expect(condition).toMatchObject({ reason: 'CodeHandleRefused', held: true });
  expect(condition?.message).toContain(`concord adopt '${alice.user}' ${stranger.did} --preview`);
  expect(await creations(engine, alice)).toBe(1);
  await admin('deleteAccount', { did: stranger.did });
  expect((await runOn(world, 'retry', alice.user)).code).toBe(0);
  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
  await expectAccount(world, engine, alice);
});

function noInvite(): Promise<string> {
  return Promise.reject(new Error('no invite'));
}

test.each(HIDDEN)('audit --orphans names the users whose address an account has that is %s', async (how) => {
  const world = await platform();
  const stranger = await hiddenAccount(how);
  const alice = join(world, 'alice', { email: stranger.email });
  const ended = await runOn(world, '--json', 'audit', '--orphans', '--limit', '10000');
  expect(ended.code, ended.stderr).toBe(2);
  const { accounts } = documentOf(ended)['orphans'] as { accounts: Record<string, unknown>[] };
  expect(accounts.find(({ did }) => did === stranger.did)).toMatchObject({
    active: false,
    handle: stranger.handle,
    addressOf: [alice.user],
  });
  expect(ended.stdout).not.toContain(stranger.email);
});
