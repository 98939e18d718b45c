/** What becomes of an account when names and addresses collide, on the real PDS. */
import { describe, expect, test } from 'vitest';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { asAdmin, createAccount, person, sharedPds, unlimited, xrpc } from './support/pds.ts';
import { platform } from './support/platform.ts';

async function deactivate(did: string): Promise<void> {
  const pds = sharedPds();
  const answer = await xrpc(pds.url, 'com.atproto.admin.updateSubjectStatus', {
    input: {
      subject: { $type: 'com.atproto.admin.defs#repoRef', did },
      deactivated: { applied: true },
    },
    headers: { ...asAdmin(pds), ...unlimited(pds) },
  });
  expect(answer.status).toBe(200);
}

describe('the handle falls back to the code', () => {
  const handles: readonly [reason: string, why: string, handle: () => Promise<string>][] = [
    [
      'HandleTaken',
      'a stranger has it',
      async () => {
        const bob = person('bob');
        await createAccount(sharedPds(), bob);
        return bob.handle.split('.', 1)[0] ?? '';
      },
    ],
    [
      'HandleTaken',
      'an account that is deactivated has it, which nobody can see',
      async () => {
        const bob = person('bob');
        await deactivate(await createAccount(sharedPds(), bob));
        return bob.handle.split('.', 1)[0] ?? '';
      },
    ],
    ['HandleNotAllowed', 'it is a reserved word, which only the PDS knows', async () => 'music'],
    ['HandleNotAllowed', 'it is too short', async () => '43'],
    ['HandleNotAllowed', 'it is too long', async () => 'alice-'.repeat(5)],
  ];

  test.each(handles)('%s: %s', async (reason, _why, handle) => {
    const world = await platform();
    const engine = world.engine();
    const alice = join(world, 'alice');
    const chosen = await handle();
    await chooseHandle(world, alice, chosen);

    const { end } = await reconcileUser(engine.reconcile, alice);

    expect(end).toBe('converged');
    const stored = await storedMember(world, alice);
    expect(await accountOf(world, engine, alice)).toMatchObject({ handle: `${stored?.code}.at.test` });
    expect(await conditionOf(engine, alice, 'handle')).toMatchObject({ status: 'True', reason });
    // The platform's own handle is the platform's: it stays what the user chose.
    expect(await world.db.collection<{ _id: string }>('@handles').findOne({ _id: alice.user })).toMatchObject(
      {
        handle: chosen,
      },
    );
  });

  test('the same for somebody who has an account and picks a reserved word', async () => {
    const world = await platform();
    const engine = world.engine();
    const alice = join(world, 'alice');
    await chooseHandle(world, alice, alice.label);
    await reconcileUser(engine.reconcile, alice);
    await chooseHandle(world, alice, 'admin');

    await reconcileUser(engine.reconcile, alice);

    const stored = await storedMember(world, alice);
    expect(await accountOf(world, engine, alice)).toMatchObject({ handle: `${stored?.code}.at.test` });
    expect(await conditionOf(engine, alice, 'handle')).toMatchObject({ reason: 'HandleNotAllowed' });
  });

  test('a.b and a_b want the same: the first keeps it, the second falls back, and both say so', async () => {
    const world = await platform();
    const engine = world.engine();
    const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
    const name = alice.label.split('-').at(-1) ?? '';
    await chooseHandle(world, alice, `alice.${name}`);
    await chooseHandle(world, bob, `alice_${name}`);

    for (const member of [alice, bob, alice]) {
      expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged' });
    }

    expect(await accountOf(world, engine, alice)).toMatchObject({ handle: `alice-${name}.at.test` });
    const stored = await storedMember(world, bob);
    expect(await accountOf(world, engine, bob)).toMatchObject({ handle: `${stored?.code}.at.test` });
    expect(await conditionOf(engine, alice, 'handle')).toMatchObject({ reason: 'PlatformHandle' });
    expect(await conditionOf(engine, bob, 'handle')).toMatchObject({ reason: 'HandleTaken', status: 'True' });
  });
});

describe('the address is held', () => {
  test('by a stranger: a person is asked, and the stranger’s account is untouched', async () => {
    const world = await platform();
    const engine = world.engine();
    const stranger = person('bob');
    const did = await createAccount(sharedPds(), stranger);
    const alice = join(world, 'alice', { email: stranger.email });

    const { end } = await reconcileUser(engine.reconcile, alice);

    expect(end).toBe('held');
    expect(await conditionOf(engine, alice, 'account')).toMatchObject({
      status: 'False',
      reason: 'EmailTaken',
      held: true,
    });
    const stored = await storedMember(world, alice);
    expect(stored?.code).toEqual(expect.any(String));
    expect(stored?.atproto).toBeUndefined();
    const login = await xrpc(sharedPds().url, 'com.atproto.server.createSession', {
      input: { identifier: stranger.handle, password: stranger.password },
      headers: unlimited(sharedPds()),
    });
    expect(login.body).toMatchObject({ did, email: stranger.email });
  });

  test('by another user of ours: held, and that user is named; the PDS is not even asked', async () => {
    const world = await platform();
    const engine = world.engine();
    const alice = join(world, 'alice');
    const again = join(world, 'alice', { provider: 'google-oauth2', email: alice.email });
    await reconcileUser(engine.reconcile, alice);

    expect(await reconcileUser(engine.reconcile, again)).toMatchObject({ end: 'held' });

    const condition = await conditionOf(engine, again, 'account');
    expect(condition).toMatchObject({ reason: 'EmailHeldByUser', held: true });
    expect(condition?.message).toContain(alice.user);
    expect(await eventsOf(engine, again, 'account.creation-intended')).toEqual([]);
  });

  test('by the same person in the first tenant: the second one’s account has a tagged address', async () => {
    const world = await platform({ sisterTag: 'sister' });
    const engine = world.engine();
    const alice = join(world, 'alice');
    const sister = join(world, 'alice', { email: alice.email, of: 'sister' });

    for (const member of [alice, sister]) {
      expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged' });
    }

    expect(sister.user).toBe(`sister-${sister.userId}`);
    expect(await accountOf(world, engine, alice)).toMatchObject({ email: alice.email });
    expect(await accountOf(world, engine, sister)).toMatchObject({
      email: alice.email.replace('@', '+sister@'),
    });
  });

  test('by an account with this user’s handle that Concord did not make: never taken over', async () => {
    const world = await platform();
    const engine = world.engine();
    const found = person('alice');
    const did = await createAccount(sharedPds(), found);
    const alice = join(world, 'alice', { email: found.email });
    await chooseHandle(world, alice, found.handle.split('.', 1)[0] ?? '');

    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'held' });

    const condition = await conditionOf(engine, alice, 'account');
    expect(condition).toMatchObject({ reason: 'UnownedAccountFound', held: true });
    expect(condition?.message).toContain(did);
    expect((await storedMember(world, alice))?.atproto).toBeUndefined();
    const login = await xrpc(sharedPds().url, 'com.atproto.server.createSession', {
      input: { identifier: found.handle, password: found.password },
      headers: unlimited(sharedPds()),
    });
    expect(login.status).toBe(200);
  });
});
