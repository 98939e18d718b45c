/** What a deleted user has goes to the user who has its address, or into whom Auth0 has linked it: on the real parts. */

import { describe, expect, test } from 'vitest';
import { userAnswer } from '../src/dashboard-data/user.ts';
import { grantTransfer } from '../src/engine/reconcile/transfer/grant.ts';
import type { ConcordEvent } from '../src/events/event.ts';
import { eventId } from '../src/identity.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { changeAddress } from './conditions/stage.ts';
import { all } from './mongo/subjects/people.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  type Member,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { sharedPds, xrpc } from './support/pds.ts';
import { type Overlay, type Platform, platform } from './support/platform.ts';
import { documentOf, runOn, startOn } from './support/program.ts';
import { until } from './support/until.ts';

interface Started {
  readonly world: Platform;
  readonly engine: Engine;
  /** Deleted in Auth0, with an account, a handle and a row with fields of the platform's. */
  readonly alice: Member;
}

const COLORS = [{ name: 'red', at: new Date(0) }];

async function started(overlay: Overlay = {}): Promise<Started> {
  const world = await platform();
  const engine = world.engine(overlay);
  await engine.prepare();
  const alice = join(world, 'alice');
  await chooseHandle(world, alice, alice.label);
  await handles(world).updateOne({ _id: alice.user }, { $set: { colors: COLORS } });
  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
  return { world, engine, alice };
}

function handles({ db }: Platform) {
  return db.collection<{ readonly _id: string; readonly handle: string; readonly colors?: unknown }>(
    '@handles',
  );
}

async function isDeleted({ engine }: Started, { user, tenant }: Member): Promise<void> {
  const now = new Date();
  const event = { _id: eventId(`${tenant}:gone-${user}`), user, tenant, type: 'auth0.log-received' };
  const data = { logId: `gone-${user}`, code: 'sdu', hint: 'deleted', raw: '{}' };
  await engine.log.append([
    { ...event, at: now, recordedAt: now, cause: [], data } as unknown as ConcordEvent,
  ]);
}

/** Auth0 deletes the user, and says so. */
async function leaves(at: Started, who: Member): Promise<void> {
  await at.world.auth0.deleteUser(who.userId);
  await isDeleted(at, who);
  await reconcileUser(at.engine.reconcile, who);
}

/** Somebody who has the address of alice now. */
async function successor(at: Started): Promise<Member> {
  const bob = join(at.world, 'bob', { email: at.alice.email });
  await reconcileUser(at.engine.reconcile, bob);
  return bob;
}

async function logIn({ engine, world }: Started, member: Member): Promise<number> {
  const { did, password = '' } = (await storedMember(world, member))?.atproto ?? {};
  const input = { identifier: did, password: engine.vault.open(password, member.user) };
  return (await xrpc(sharedPds().url, 'com.atproto.server.createSession', { input })).status;
}

async function reasonOf({ engine }: Started, member: Member, type: 'account' | 'email' | 'handle') {
  return (await conditionOf(engine, member, type))?.reason;
}

describe('the account of a deleted user', () => {
  test('goes to the user who signed up with its address (case 5)', async () => {
    const at = await started();
    const { world, engine, alice } = at;
    const before = (await storedMember(world, alice))?.atproto;
    await leaves(at, alice);
    const bob = await successor(at);
    const held = await conditionOf(engine, bob, 'account');
    expect(held).toMatchObject({ reason: 'EmailHeldByDeletedUser', held: true });
    const command = /concord (transfer '\S+' '\S+')/.exec(held?.message ?? '')?.[1];
    expect(command).toBe(`transfer '${alice.user}' '${bob.user}'`);

    const shown = await runOn(world, '--json', 'transfer', alice.user, bob.user, '--preview');
    expect(shown.code, shown.stderr).toBe(2);
    expect(documentOf(shown)).toMatchObject({
      what: ['account', 'handle'],
      account: before?.did,
      handle: alice.label,
      replaces: null,
      granted: false,
      evidence: [`Auth0 does not have ${alice.user}`, 'a deletion event names it', expect.any(String)],
    });
    expect((await storedMember(world, alice))?.atproto).toEqual(before);

    const who = ['--yes', '--by', 'carol', '--reason', 'case 12'] as const;
    const ended = await runOn(world, 'transfer', alice.user, bob.user, ...who);
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toContain('Transferred.');
    expect(ended.stdout).not.toContain(alice.email);
    const after = await storedMember(world, bob);
    expect(after?.atproto).toMatchObject({
      ...{ did: before?.did, handle: before?.handle, createdAt: before?.createdAt },
    });
    expect(await accountOf(world, engine, bob)).toMatchObject({ email: alice.email, state: 'active' });
    expect(await logIn(at, bob)).toBe(200);
    expect((await storedMember(world, alice))?.atproto).toBeUndefined();
    expect(await handles(world).find().toArray()).toEqual([
      { _id: bob.user, handle: alice.label, colors: COLORS },
    ]);
    expect(await reasonOf(at, alice, 'account')).toBe('AccountTransferred');
    expect(await reasonOf(at, bob, 'account')).toBe('AccountActive');
    expect(await reasonOf(at, bob, 'handle')).toBe('PlatformHandle');
    const granted = await eventsOf(engine, bob, 'transfer.granted');
    expect(granted.map(({ data }) => data)).toMatchObject([{ by: 'carol', reason: 'case 12' }]);

    const twice = await runOn(world, '--json', 'transfer', alice.user, bob.user, '--yes');
    expect(twice.code).toBe(2);
    expect(documentOf(twice)).toMatchObject({ granted: false, refused: { code: 'ALREADY_TRANSFERRED' } });
    const explained = await runOn(world, 'explain', bob.user);
    expect(explained.stdout).toContain('account.transferred');
    expect(explained.stdout).not.toContain('not in the log');
    const forgotten = await runOn(world, 'forget', alice.user, '--yes');
    expect(forgotten.code, forgotten.stderr).toBe(0);
    const text = JSON.stringify(await all(engine.log.read({ user: alice.user })));
    expect(text).not.toContain(alice.label);
  });

  test('takes the place of another one only with a yes of its own', async () => {
    const at = await started();
    const { world, engine, alice } = at;
    const bob = join(world, 'bob');
    await reconcileUser(engine.reconcile, bob);
    const second = (await storedMember(world, bob))?.atproto?.did ?? '';
    await world.auth0.linkUsers(bob.userId, alice.userId);
    await isDeleted(at, alice);
    const first = (await storedMember(world, alice))?.atproto?.did;

    const shown = await runOn(world, 'transfer', alice.user, bob.user, '--preview');
    expect(shown.stdout).toContain(`has the account ${second}. It stays on the PDS`);
    for (const extra of [[], ['--replace', 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa']]) {
      const refused = await runOn(world, 'transfer', alice.user, bob.user, '--yes', ...extra);
      expect(refused.code, refused.stderr).toBe(2);
    }
    expect((await storedMember(world, bob))?.atproto?.did).toBe(second);

    const ended = await runOn(world, 'transfer', alice.user, bob.user, '--yes', '--replace', second);
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    const account = await accountOf(world, engine, bob);
    expect(account).toMatchObject({ did: first, email: bob.email, handle: `${alice.label}.at.test` });
    expect(await logIn(at, bob)).toBe(200);
    const retired = await engine.accounts.account(second as never);
    expect(retired).toMatchObject({
      state: 'deactivated',
      email: expect.stringMatching(/^parked-.*@account\.invalid$/),
      handle: expect.stringMatching(/^p[0-9a-f]{15}\.at\.test$/),
    });
    const orphans = await runOn(world, '--json', 'audit', '--orphans', '--limit', '10000');
    expect(orphans.stdout).toContain(second);
  });

  test.each(['report', 'transfer'] as const)(
    'that is linked into another one: policy.linked %s (case 6)',
    async (linked) => {
      const overlay = { policy: { linked, removal: 'delete', removalGraceMs: 0 } };
      const at = await started(overlay);
      const { world, engine, alice } = at;
      const did = (await storedMember(world, alice))?.atproto?.did;
      const bob = join(world, 'bob');
      await world.auth0.linkUsers(bob.userId, alice.userId);
      await reconcileUser(engine.reconcile, alice);
      await reconcileUser(engine.reconcile, bob);
      const own = (await storedMember(world, bob))?.atproto?.did;
      if (linked === 'report') {
        // One account of its own under its own address; that of the deleted user waits for a person.
        expect(own).not.toBe(did);
        expect((await storedMember(world, alice))?.atproto?.did).toBe(did);
        return;
      }
      expect(own).toBe(did);
      for (const member of [alice, bob, alice]) await reconcileUser(engine.reconcile, member);
      expect((await storedMember(world, alice))?.atproto).toBeUndefined();
      expect(await accountOf(world, engine, bob)).toMatchObject({
        ...{ did, email: bob.email, handle: `${alice.label}.at.test`, state: 'active' },
      });
      expect(await logIn(at, bob)).toBe(200);
      const [granted] = await eventsOf(engine, bob, 'transfer.granted');
      expect(granted?.data).toMatchObject({ by: 'policy.linked', from: alice.user });
    },
  );
});

describe('bad input', () => {
  test('is refused with exit code 2, and nothing is decided', async () => {
    const at = await started();
    const { world, engine, alice } = at;
    const bob = join(world, 'bob');
    const carol = join(world, 'carol', { emailVerified: false, email: alice.email });
    await reconcileUser(engine.reconcile, bob);
    const refusal = async (...args: readonly string[]) => {
      const ended = await runOn(world, '--json', 'transfer', ...args, '--yes');
      const { refused } = documentOf(ended) as { readonly refused?: { readonly code: string } };
      return [ended.code, refused?.code];
    };
    expect(await refusal(alice.user, bob.user)).toEqual([2, 'USER_EXISTS']);
    await world.auth0.deleteUser(alice.userId);
    // The search of Auth0 shows the deletion a moment later, and until then it is not proved.
    const settled = await until('the deletion is proved', async () => {
      const [code, refused] = await refusal(alice.user, bob.user);
      return refused === 'DELETION_NOT_PROVED' ? undefined : [code, refused];
    });
    expect(settled).toEqual([2, 'NO_EVIDENCE']);
    expect(await refusal(alice.user, alice.user)).toEqual([2, 'SAME_USER']);
    expect(await refusal(alice.user, carol.user)).toEqual([2, 'USER_UNVERIFIED']);
    expect(await refusal(alice.user, 'auth0|nobody-there')).toEqual([2, 'USER_DELETED']);
    expect(await eventsOf(engine, alice, 'transfer.promised')).toEqual([]);
    const mistyped = await runOn(world, 'transfer', alice.user, bob.user, '--what', 'soul');
    expect(mistyped.code).not.toBe(0);
  });

  test('while either user is being reconciled', async () => {
    const at = await started();
    const { world, engine, alice } = at;
    await leaves(at, alice);
    const bob = await successor(at);
    const { queue, clock } = engine;
    for (const who of [alice, bob]) {
      const { user, userId, tenant } = who;
      const lease = await queue.claimUser({ user, userId, tenant }, clock.now(), 60_000);
      const ended = await runOn(world, '--json', 'transfer', alice.user, bob.user, '--yes');
      expect(ended.code).toBe(2);
      expect(documentOf(ended)).toMatchObject({ refused: { code: 'USER_BUSY' } });
      if (lease !== undefined) await queue.release(lease);
    }
    expect(await eventsOf(engine, alice, 'transfer.promised')).toEqual([]);
  });
});

/** Granted, and the successor is blocked before it takes anything. */
async function waiting(at: Started): Promise<Member> {
  const { world, engine, alice } = at;
  await leaves(at, alice);
  const bob = await successor(at);
  const [tenant] = engine.tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  const [from, to] = [alice, bob].map((who) => ({ user: who.user, userId: who.userId, tenant }));
  if (from === undefined || to === undefined) throw new Error('There are two users.');
  await grantTransfer(engine.reconcile, from, to, { asked: undefined, shown: undefined }, { by: 'carol' });
  await world.auth0.updateUser(bob.userId, { blocked: true });
  for (const who of [bob, alice]) await reconcileUser(engine.reconcile, who);
  return bob;
}

test('one that waits is cancelled, and the deleted user keeps its account and handle', async () => {
  const at = await started();
  const { world, engine, alice } = at;
  const bob = await waiting(at);
  const cancel = ['--json', 'transfer', alice.user, bob.user, '--cancel', '--yes'] as const;
  expect(documentOf(await runOn(world, ...cancel, '--reason', 'case 7'))).toEqual(
    expect.objectContaining({ cancelled: ['account', 'handle'], finished: true }),
  );
  expect(await reasonOf(at, alice, 'account')).not.toBe('TransferPending');
  expect(await reasonOf(at, bob, 'account')).not.toBe('TransferPending');
  const again = await runOn(world, ...cancel);
  expect(again.code).toBe(2);
  expect(documentOf(again)).toMatchObject({ cancelled: [], refused: { code: 'NO_OPEN_TRANSFER' } });

  await world.auth0.updateUser(bob.userId, { blocked: false });
  await reconcileUser(engine.reconcile, bob);
  expect(await reasonOf(at, bob, 'account')).toBe('EmailHeldByDeletedUser');
  const transfer = await runOn(world, '--json', 'transfer', alice.user, bob.user, '--yes');
  expect(documentOf(transfer)).toMatchObject({ granted: true, finished: true });
});

test('an open one is seen in status and at both users, with what it waits for', async () => {
  const at = await started();
  const { world, engine, alice } = at;
  const bob = await waiting(at);

  const { troubles } = documentOf(await runOn(world, '--json', 'status')) as {
    readonly troubles: readonly { readonly resource: string; readonly reason: string }[];
  };
  expect(troubles).toContainEqual(
    expect.objectContaining({
      ...{ resource: 'account', reason: 'TransferPending', users: 2 },
      command: expect.stringMatching(/^concord explain '/),
    }),
  );
  for (const [who, waits] of [
    [bob, `The account of ${alice.user} is being transferred to this user. The user is blocked`],
    [alice, `It has not been taken yet. See what it waits for with: concord explain '${bob.user}'`],
  ] as const) {
    const { message } = (await conditionOf(engine, who, 'account')) ?? {};
    expect(message).toContain(waits);
    const page = await userAnswer(engine.oneUser, who.user);
    expect(page.troubles).toContainEqual(expect.objectContaining({ reason: 'TransferPending', message }));
  }
  await world.auth0.updateUser(bob.userId, { blocked: false });
  for (const who of [bob, alice, bob, alice]) await reconcileUser(engine.reconcile, who);
  expect(await reasonOf(at, alice, 'account')).toBe('AccountTransferred');
  expect(await reasonOf(at, bob, 'handle')).toBe('PlatformHandle');
});

describe('a command that is killed', () => {
  /** Kills it once its first line is in the log, and repeats it until the transfer is finished. */
  async function killedAndRepeated(
    { world, engine, alice }: Started,
    bob: Member,
    ...options: readonly string[]
  ): Promise<void> {
    const command = ['--json', 'transfer', alice.user, bob.user, '--yes', ...options] as const;
    const killed = await startOn(world, ...command);
    await until('a line of the transfer is in the log', async () => {
      const told = await eventsOf(engine, alice, 'transfer.promised');
      return told.length > 0;
    });
    killed.signal('SIGKILL');
    await killed.ended;
    await until('the transfer is finished', async () => {
      const again = await runOn(world, ...command);
      const { refused } = JSON.parse(again.stdout || '{}') as {
        readonly refused?: { readonly code: string };
      };
      if (refused?.code === 'TRANSFER_GRANTED') {
        for (const who of [bob, alice]) await runOn(world, 'reconcile', who.user);
      }
      return again.code === 0 || /^(ALREADY_TRANSFERRED|NO_ADDRESS)$/.test(refused?.code ?? '');
    });
  }

  test('is finished by the next one', async () => {
    const at = await started();
    const { world, alice } = at;
    await leaves(at, alice);
    const bob = await successor(at);
    const did = (await storedMember(world, alice))?.atproto?.did;
    await killedAndRepeated(at, bob);
    expect((await storedMember(world, bob))?.atproto?.did).toBe(did);
    expect((await storedMember(world, alice))?.atproto).toBeUndefined();
    expect(await logIn(at, bob)).toBe(200);
    expect(await handles(world).find().toArray()).toEqual([
      { _id: bob.user, handle: alice.label, colors: COLORS },
    ]);
  });

  test('is finished by the next one, also of the address alone', async () => {
    const at = await started();
    const { world, engine, alice } = at;
    const did = (await storedMember(world, alice))?.atproto?.did;
    await leaves(at, alice);
    const bob = join(world, 'bob');
    await reconcileUser(engine.reconcile, bob);
    const own = (await storedMember(world, bob))?.atproto?.did;
    await changeAddress(at, bob, alice.email);
    await reconcileUser(engine.reconcile, bob);
    expect(await reasonOf(at, bob, 'email')).toBe('EmailHeldByDeletedUser');
    await killedAndRepeated(at, bob, '--what', 'address');
    await reconcileUser(engine.reconcile, bob);
    expect(await accountOf(world, engine, bob)).toMatchObject({ did: own, email: alice.email });
    expect(await accountOf(world, engine, alice)).toMatchObject({
      did,
      email: expect.stringMatching(/^parked-.*@account\.invalid$/),
    });
    expect(await reasonOf(at, bob, 'email')).toBe('EmailSet');
    expect(await logIn(at, bob)).toBe(200);
  });
});
