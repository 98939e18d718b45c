/** Every stored password opens its account, by a real login as the platform does it, however it came to be stored. */
import { describe, expect, test } from 'vitest';
import { sealedWith } from '../src/credentials/envelope.ts';
import { openPassword } from '../src/credentials/open-password.ts';
import { createVault, generateKey } from '../src/credentials/vault.ts';
import { decide } from '../src/engine/intake/decision.ts';
import { type Did, storedUserKey, type UserKey } from '../src/identity.ts';
import {
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  type Member,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { createAccount, person, sharedPds, unlimited, xrpc } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';
import { users } from './support/sealing.ts';

type Storage = 'sealed' | 'plaintext';

/** Each test starts processes, which take their time on a busy machine. */
const timeout = 180_000;

const STORAGES: readonly Storage[] = ['sealed', 'plaintext'];

/** A login at the PDS. */
async function logIn(identifier: string, password: string): Promise<number> {
  const { status } = await xrpc(sharedPds().url, 'com.atproto.server.createSession', {
    input: { identifier, password },
    headers: unlimited(sharedPds()),
  });
  return status;
}

async function storedAccount(world: Platform, member: Member) {
  const account = (await storedMember(world, member))?.atproto;
  if (account === undefined) throw new Error(`The document of ${member.user} names no account.`);
  return account;
}

/** As platform code does that opens what is stored. */
async function logInOpened(world: Platform, member: Member): Promise<number> {
  const { did, password } = await storedAccount(world, member);
  return logIn(did, openPassword(password, member.user, world.env['CONCORD_CREDENTIAL_KEYS']));
}

/** As platform code does that takes what is stored for the password. */
async function logInAsStored(world: Platform, member: Member): Promise<number> {
  const { did, password } = await storedAccount(world, member);
  return logIn(did, password);
}

/** As the platform made users before Concord: an account, and its password in plaintext in the document. */
async function joinByPlatform(world: Platform, name: string): Promise<Member> {
  const who = person(name);
  const member = join(world, name, { email: who.email });
  const did = (await createAccount(sharedPds(), who)) as Did;
  await chooseHandle(world, member, member.label);
  const atproto = { did, handle: who.handle, password: who.password, createdAt: new Date().toISOString() };
  await users(world.db).insertOne({ _id: member.user, code: undefined as never, when: new Date(), atproto });
  return member;
}

async function run(world: Platform, storage: Storage, ...args: readonly string[]) {
  const env = { ...world.env, CONCORD_CREDENTIAL_STORAGE: storage };
  const ended = await runOn({ env }, '--json', ...args);
  return { code: ended.code, stderr: ended.stderr, document: ended.stdout === '' ? {} : documentOf(ended) };
}

async function unset(world: Platform, { user }: Member, update: object): Promise<void> {
  const updated = await users(world.db).updateOne({ _id: user }, update);
  expect(updated.matchedCount).toBe(1);
}

/** What the document of somebody who has an account may hold; `also` where plaintext is stored. */
const MISSING: readonly {
  readonly name: string;
  readonly state: 'missing' | 'unopened';
  readonly also: boolean;
  readonly change: (member: Member, world: Platform) => object;
}[] = [
  {
    ...{ name: 'no password', state: 'missing', also: true },
    change: () => ({ $unset: { 'atproto.password': 1 } }),
  },
  {
    ...{ name: 'an empty one', state: 'missing', also: false },
    change: () => ({ $set: { 'atproto.password': '' } }),
  },
  {
    ...{ name: 'one that is no text', state: 'missing', also: false },
    change: () => ({ $set: { 'atproto.password': 7 } }),
  },
  {
    ...{ name: 'one whose key is lost', state: 'unopened', also: true },
    change: ({ user }) => sealedFor(user, generateKey('k9')),
  },
  {
    ...{ name: 'one of another user', state: 'unopened', also: false },
    change: (_member, { env }) => sealedFor(storedUserKey('auth0|other'), env['CONCORD_CREDENTIAL_KEYS']),
  },
];

function sealedFor(user: UserKey, keys: string | undefined): object {
  const password = createVault({ storage: 'sealed', keys }).seal('canary', user);
  return { $set: { 'atproto.password': password } };
}

describe.each(STORAGES)('with storage: %s', (storage) => {
  test('passwords of ours, of the platform, sealed, unsealed and set anew all log in', {
    timeout,
  }, async () => {
    const world = await platform();
    const engine = world.engine({ credentials: { storage } });
    const alice = join(world, 'alice');
    const bob = await joinByPlatform(world, 'bob');
    const carol = join(world, 'carol');
    const everyone = [alice, bob, carol];
    const logins = async (how: typeof logInOpened) => {
      const statuses: number[] = [];
      for (const member of everyone) statuses.push(await how(world, member));
      return statuses;
    };
    const kids = async () => {
      const stored: string[] = [];
      for (const member of everyone)
        stored.push(sealedWith((await storedAccount(world, member)).password) ?? 'plaintext');
      return stored;
    };
    await engine.prepare();
    for (const member of everyone)
      expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged' });

    const ours = storage === 'sealed' ? 'k1' : 'plaintext';
    expect(await kids()).toEqual([ours, 'plaintext', ours]);
    expect(await logins(logInOpened)).toEqual([200, 200, 200]);
    const asStored = storage === 'sealed' ? 401 : 200;
    expect(await logins(logInAsStored)).toEqual([asStored, 200, asStored]);

    const sealed = await run(world, storage, 'credentials', 'seal');
    expect(sealed, sealed.stderr).toMatchObject({
      code: 0,
      document: storage === 'sealed' ? { sealed: 1, current: 2 } : { sealed: 3, setStorage: 'sealed' },
    });
    expect(await kids()).toEqual(['k1', 'k1', 'k1']);
    expect(await logins(logInOpened)).toEqual([200, 200, 200]);

    await unset(world, carol, { $unset: { 'atproto.password': 1 } });
    const reset = await run(world, storage, 'password', carol.userId, '--reset', '--yes');
    expect(reset, reset.stderr).toMatchObject({ code: 0, document: { state: 'missing', reset: 'done' } });
    expect(await kids()).toEqual(['k1', 'k1', ours]);
    expect(await logins(logInOpened)).toEqual([200, 200, 200]);

    const unsealed = await run(world, 'plaintext', 'credentials', 'unseal', '--yes');
    expect(unsealed, unsealed.stderr).toMatchObject({
      code: 0,
      document: { unsealed: storage === 'sealed' ? 3 : 2 },
    });
    expect(await kids()).toEqual(['plaintext', 'plaintext', 'plaintext']);
    expect(await logins(logInAsStored)).toEqual([200, 200, 200]);
    expect(await logins(logInOpened)).toEqual([200, 200, 200]);
    for (const member of everyone)
      expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged', applied: [] });
  });

  test.each(MISSING.filter(({ also }) => storage === 'sealed' || also))(
    'where the document holds $name, one command sets a new one',
    { timeout },
    async ({ state, change }) => {
      const world = await platform();
      const engine = world.engine({ credentials: { storage } });
      await engine.prepare();
      // Another one that opens, or the key would be taken for a wrong one.
      const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
      for (const member of [alice, bob])
        expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged' });
      const { did } = await storedAccount(world, alice);
      await unset(world, alice, change(alice, world));
      if (state === 'missing') {
        expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'held' });
        const condition = await conditionOf(engine, alice, 'account');
        expect(condition).toMatchObject({ reason: 'CredentialsIncomplete', held: true });
        expect(condition?.message).toContain(`concord password '${alice.user}' --reset`);
      }

      const seen = await run(world, storage, 'password', alice.userId);
      expect(seen, seen.stderr).toMatchObject({
        code: 2,
        document: { did, state, opens: false, reset: null },
      });
      const args = ['password', alice.userId, '--reset', '--yes', '--by', 'carol'];
      const reset = await run(world, storage, ...args);
      expect(reset, reset.stderr).toMatchObject({ code: 0, document: { state, reset: 'done' } });

      const stored = await storedAccount(world, alice);
      expect(stored.did).toBe(did);
      expect(sealedWith(stored.password)).toBe(storage === 'sealed' ? 'k1' : undefined);
      expect(await logInOpened(world, alice)).toBe(200);
      expect(JSON.stringify([seen, reset])).not.toMatch(/canary/);
      const told = await eventsOf(engine, alice, 'password-reset.granted', 'password.reset');
      expect(told.map(({ type, data }) => [type, data])).toEqual([
        ['password-reset.granted', { by: 'carol' }],
        ['password.reset', { did }],
      ]);
      // A lost key is no longer needed, so the engine starts again.
      await expect(world.engine({ credentials: { storage } }).prepare()).resolves.toBeUndefined();
      expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged', applied: [] });
    },
  );

  test('a reset that stops after the new password was stored is finished with that one', async () => {
    const world = await platform();
    const engine = world.engine({ credentials: { storage } });
    await engine.prepare();
    const alice = join(world, 'alice');
    await reconcileUser(engine.reconcile, alice);
    const { did } = await storedAccount(world, alice);
    await unset(world, alice, { $unset: { 'atproto.password': 1 } });
    const trigger = { user: alice.user, userId: alice.userId, tenant: alice.tenant };
    await decide(engine, trigger, 'password-reset.granted', { by: 'carol' });
    const accounts = {
      ...engine.accounts,
      setPassword: () => Promise.reject(new Error('the process is killed here')),
    };
    expect(await reconcileUser({ ...engine.reconcile, accounts }, alice)).toMatchObject({ end: 'failed' });
    const { password } = await storedAccount(world, alice);
    expect(await logInOpened(world, alice)).toBe(401);
    expect(await eventsOf(engine, alice, 'password.reset')).toEqual([]);

    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({
      ...{ end: 'converged', applied: [{ type: 'reset-password' }] },
    });
    expect((await storedAccount(world, alice)).password).toBe(password);
    expect(await logInOpened(world, alice)).toBe(200);
    expect((await eventsOf(engine, alice, 'password.reset')).map(({ data }) => data)).toEqual([{ did }]);
  });

  test('a password that its owner changed is set again as it is stored', { timeout }, async () => {
    const world = await platform();
    const engine = world.engine({ credentials: { storage } });
    await engine.prepare();
    const alice = join(world, 'alice');
    await reconcileUser(engine.reconcile, alice);
    const { did, password } = await storedAccount(world, alice);
    await engine.accounts.setPassword(did, 'changed by its owner');
    const reset = await run(world, storage, 'password', alice.userId, '--reset', '--yes');
    expect(reset, reset.stderr).toMatchObject({ code: 0, document: { state: 'refused', reset: 'done' } });
    expect((await storedAccount(world, alice)).password).toBe(password);
    expect(await logInOpened(world, alice)).toBe(200);
  });
});

test('a reset while the user is paused is recorded, and done after the resume', { timeout }, async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  await reconcileUser(engine.reconcile, alice);
  await unset(world, alice, { $unset: { 'atproto.password': 1 } });
  const trigger = { user: alice.user, userId: alice.userId, tenant: alice.tenant };
  await decide(engine, trigger, 'user.paused', { by: 'bob', reason: 'she asked', until: null });
  const reset = await run(world, 'sealed', 'password', alice.userId, '--reset', '--yes');
  expect(reset, reset.stderr).toMatchObject({ code: 4, document: { resetGranted: true, reset: 'pending' } });
  await decide(engine, trigger, 'user.resumed', { by: 'bob' });
  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
  expect(await logInOpened(world, alice)).toBe(200);
});

test.each(['deleted', 'blocked'] as const)(
  'a reset of a user who is %s in Auth0 is refused',
  { timeout },
  async (how) => {
    const world = await platform();
    const engine = world.engine();
    await engine.prepare();
    const alice = join(world, 'alice');
    await reconcileUser(engine.reconcile, alice);
    await unset(world, alice, { $unset: { 'atproto.password': 1 } });
    if (how === 'deleted') world.auth0.dropUser(alice.userId);
    else await world.auth0.block(alice.userId);
    const ended = await runOn(world, 'password', alice.userId, '--reset', '--yes');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/No password of .* is set\. (The user is blocked in|Auth0 does not have)/);
    expect(await eventsOf(engine, alice, 'password-reset.granted')).toEqual([]);
  },
);
