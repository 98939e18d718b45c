/** `concord credentials`, and what of the stored passwords keeps an engine from starting. */
import { join as joinPath } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sealedWith } from '../../src/credentials/envelope.ts';
import { createVault, generateKey } from '../../src/credentials/vault.ts';
import { describeError } from '../../src/errors.ts';
import { storedUserKey } from '../../src/identity.ts';
import { join, memberOf, reconcileUser } from '../support/member.ts';
import { type Platform, platform, SANDBOX_CONFIG } from '../support/platform.ts';
import { documentOf, type Ended, runOn, startProgram, temporaryDirectory } from '../support/program.ts';
import { K1, K2, OTHER_K1, ROTATED, users, wired, withKeys } from '../support/sealing.ts';
import { until } from '../support/until.ts';

const MANY = 3_000;
/** Each test starts several processes, which take their time on a busy machine. */
const timeout = 180_000;
const ALICE = memberOf('auth0|alice', 'alice@example.com').user;

function withStorage(world: Platform, storage: 'sealed' | 'plaintext', keys = ROTATED) {
  return { env: { ...withKeys(world, keys).env, CONCORD_CREDENTIAL_STORAGE: storage } };
}

const plain = (user: string, password: string) => ({ _id: user, atproto: { password } });

test('each command changes its own part, names what no key opens, and prints no password', {
  timeout,
}, async () => {
  const world = await platform();
  const rows = users(world.db);
  const lost = createVault({ storage: 'sealed', keys: generateKey('k9') }).seal(
    'canary-lost',
    storedUserKey('auth0|bob'),
  );
  const old = createVault({ storage: 'sealed', keys: K1 }).seal(
    'canary-pending',
    storedUserKey('auth0|carol'),
  );
  const documents = [
    {
      _id: ALICE,
      atproto: { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', password: 'canary-plain', note: 'theirs' },
    },
    { _id: 'auth0|bob', atproto: { password: lost } },
    { _id: 'auth0|carol', atprotoPending: { intent: 'e-1', password: old } },
    { _id: 'auth0|dave', atproto: { password: 7 } },
    { _id: 'auth0|erin', atproto: null },
  ];
  await rows.insertMany(documents as never);
  const stored = () => rows.find().sort({ _id: 1 }).toArray();
  const run = async (storage: 'sealed' | 'plaintext', ...args: string[]) => {
    const ended = await runOn(withStorage(world, storage), '--json', 'credentials', ...args);
    expect(ended.stdout + ended.stderr).not.toContain('canary');
    return [ended.code, documentOf(ended)] as const;
  };
  const unopened = [{ user: 'auth0|bob', field: 'atproto', code: 'CREDENTIAL_KEY_MISSING' }];
  const says = (report: object) => expect.objectContaining({ passwords: 3, unopened, ...report });

  expect(await run('sealed', 'seal', '--dry-run')).toEqual([
    4,
    says({ command: 'credentials seal', dryRun: true, sealed: 1, otherKey: 1 }),
  ]);
  expect(await run('sealed', 'reseal', '--dry-run')).toEqual([4, says({ plaintext: 1, resealed: 1 })]);
  expect(await stored()).toEqual(documents);
  expect(await run('sealed', 'reseal')).toEqual([4, says({ plaintext: 1, resealed: 1 })]);
  expect(await run('sealed', 'seal')).toEqual([4, says({ sealed: 1, current: 1, setStorage: null })]);
  const [alice, bob, carol] = await stored();
  const vault = createVault({ storage: 'sealed', keys: K2 });
  expect(alice?.atproto).toMatchObject({ did: documents[0]?.atproto?.did, note: 'theirs' });
  expect(vault.open(alice?.atproto?.password ?? '', ALICE)).toBe('canary-plain');
  expect(carol?.atprotoPending).toMatchObject({
    intent: 'e-1',
    password: expect.stringMatching(/^v1\.k2\./),
  });
  expect(bob?.atproto?.password).toBe(lost);

  expect(await run('plaintext', 'unseal', '--yes')).toEqual([4, says({ unsealed: 2, setStorage: null })]);
  expect(await stored()).toEqual(
    documents.map((one) =>
      one._id === 'auth0|carol'
        ? { ...one, atprotoPending: { intent: 'e-1', password: 'canary-pending' } }
        : one,
    ),
  );
});

test('people are told what was done, what to set and what comes next; unseal asks', { timeout }, async () => {
  const world = await platform();
  await users(world.db).insertMany([plain('auth0|a', 'canary-1'), plain('auth0|b', 'canary-2')] as never);
  const say = async (of: Parameters<typeof runOn>[0], ...args: string[]) => {
    const { code, stdout, stderr } = await runOn(of, 'credentials', ...args);
    expect(stdout + stderr).not.toContain('canary');
    return `${code}\n${stdout}${stderr.replaceAll(/^.*passwords: .*\n/gm, '')}`;
  };
  const unset = withKeys(world, K1);
  expect(await say(unset, 'seal')).toBe(
    '0\n2 stored passwords\n  2 plaintext, are now sealed with k1\nSet credentials.storage: sealed and restart every process.\n',
  );
  expect(await say(unset, 'unseal')).toMatch(
    /^2\nThere is no terminal to ask on\. Give --yes to confirm\.\n\nUsage: concord credentials unseal /,
  );
  expect(await say(unset, 'unseal', '--dry-run')).toMatch(/^2\n.*\n {2}2 sealed, would be plaintext\n$/);
  expect(await say(unset, 'unseal', '--yes')).toMatch(
    /^0\n.*\n {2}2 sealed, are now plaintext\nSet credentials\.storage: plaintext .* new passwords are stored sealed: run this again/,
  );
  expect(await say(withStorage(world, 'plaintext', K1), 'unseal', '--yes')).toMatch(
    /^0\n.*\n {2}2 already plaintext\n.*CONCORD_CREDENTIAL_KEYS can be removed/,
  );
  const without = {
    env: { ...world.env, CONCORD_CREDENTIAL_STORAGE: 'plaintext', CONCORD_CREDENTIAL_KEYS: '' },
  };
  expect(await say(without, 'unseal', '--yes')).toMatch(/^1\nCONCORD_CREDENTIAL_KEYS is not set/);
});

describe.each([
  { name: 'seal', storage: 'sealed', args: ['seal'], from: 'plaintext', to: 'k2', does: 'sealed' },
  {
    name: 'unseal',
    storage: 'plaintext',
    args: ['unseal', '--yes'],
    from: 'k2',
    to: 'plaintext',
    does: 'unsealed',
  },
] as const)('$name, stopped in the middle', ({ storage, args, from, to, does }) => {
  const vault = createVault({ storage: 'sealed', keys: ROTATED });

  async function crowd() {
    const world = await platform();
    const people = Array.from({ length: MANY }, (_, at) =>
      storedUserKey(`auth0|${String(at).padStart(5, '0')}`),
    );
    const text = (user: (typeof people)[number]) =>
      from === 'plaintext' ? `secret of ${user}` : vault.seal(`secret of ${user}`, user);
    await users(world.db).insertMany(people.map((user) => plain(user, text(user))) as never);
    const stored = async () => {
      const found = await users(world.db).find().toArray();
      return new Map(found.map(({ _id, atproto }) => [_id, atproto?.password ?? '']));
    };
    const rewritten = async () =>
      new Map([...(await stored())].filter(([, password]) => (sealedWith(password) ?? 'plaintext') === to));
    return { world, stored, rewritten };
  }

  test.each([
    ['killed', 'SIGKILL', null],
    ['by Ctrl-C', 'SIGINT', 4],
  ] as const)(
    '%s: every password still opens, and the next run does the rest alone',
    async (_how, signal, code) => {
      const { world, stored, rewritten } = await crowd();
      const command = ['--config', SANDBOX_CONFIG, '--json', 'credentials', ...args];
      const program = await startProgram(command, withStorage(world, storage));
      await until('the first passwords are rewritten', async () => (await rewritten()).size > 20);
      program.signal(signal);
      const stopped: Ended = await program.ended;
      expect(stopped.code, stopped.stderr).toBe(code);
      const before = await rewritten();
      expect(before.size).toBeLessThan(MANY);
      for (const [user, password] of await stored())
        expect(vault.open(password, storedUserKey(user))).toBe(`secret of ${user}`);
      if (code !== null)
        expect(documentOf(stopped)).toMatchObject({ interrupted: true, [does]: before.size, changed: 0 });

      const rest = await runOn(withStorage(world, storage), '--json', 'credentials', ...args);
      expect(rest.code, rest.stderr).toBe(0);
      expect(documentOf(rest)).toMatchObject({
        ...{ passwords: MANY, [does]: MANY - before.size, interrupted: false },
      });
      const after = await rewritten();
      expect(after.size).toBe(MANY);
      for (const [user, password] of before) expect(after.get(user)).toBe(password);
      for (const [user, password] of after)
        expect(vault.open(password, storedUserKey(user))).toBe(`secret of ${user}`);
    },
  );
});

test('a key that is missing or another one stops an engine at its start', async () => {
  const world = await platform();
  const engine = wired(world, K1, []);
  onTestFinished(() => engine.close());
  await engine.prepare();
  await reconcileUser(engine.reconcile, join(world, 'alice'));
  const start = async (keys: string): Promise<unknown> => {
    const other = wired(world, keys, []);
    try {
      return await other.prepare().catch((error: unknown) => error);
    } finally {
      await other.close();
    }
  };
  expect(await start(ROTATED)).toBeUndefined();
  expect(await start(K2)).toMatchObject({ name: 'UsageError', code: 'CREDENTIAL_KEY_MISSING' });
  expect(await start(OTHER_K1)).toMatchObject({ name: 'UsageError', code: 'CREDENTIAL_KEY_DIFFERS' });
  expect(describeError(await start(K2))).toMatch(
    /sealed with the key k1, which is not in CONCORD_CREDENTIAL_KEYS/,
  );
});

describe('storage that was not chosen', () => {
  const REFUSAL =
    /plaintext \(users\.atproto\.password\), and credentials\.storage is not set\. Sealed passwords break platform code[\s\S]*credentials\.storage: plaintext[\s\S]*openPassword from 'concord\/credentials'[\s\S]*storage: sealed, then run: concord credentials seal/;

  test('on a database with a plaintext password: nothing that writes passwords runs, and what reads does', {
    timeout,
  }, async () => {
    const world = await platform();
    const alice = join(world, 'alice');
    const bob = join(world, 'bob');
    const engine = world.engine();
    await engine.prepare();
    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
    const file = joinPath(await temporaryDirectory(), 'plan.json');
    // The platform's own, among sealed ones of ours.
    await users(world.db).insertOne(plain('auth0|other', 'canary-plain') as never);
    expect((await runOn(world, 'plan', '--out', file)).code).toBe(2);

    await expect(world.engine().prepare()).rejects.toMatchObject({
      ...{ name: 'UsageError', code: 'CREDENTIAL_STORAGE_UNSET' },
    });
    const writers = [['serve'], ['reconcile', bob.userId], ['apply', file, '--yes']];
    for (const args of writers) {
      const { code, stdout, stderr } = await runOn(world, ...args);
      expect([args[0], code]).toEqual([args[0], 1]);
      expect(stderr).toMatch(REFUSAL);
      expect(stdout + stderr).not.toContain('canary');
    }
    expect(await users(world.db).findOne({ _id: bob.user })).toBeNull();
    const read = await runOn(world, '--json', 'reconcile', bob.userId, '--dry-run');
    expect([read.code, read.stderr]).toEqual([2, '']);

    for (const storage of ['sealed', 'plaintext'] as const)
      await expect(world.engine({ credentials: { storage } }).prepare()).resolves.toBeUndefined();
  });

  test('on one without: the engine starts, and seals', async () => {
    const world = await platform();
    const engine = world.engine();
    await users(world.db).insertMany([
      { _id: 'auth0|a', atproto: { password: '' } },
      { _id: 'auth0|b', atproto: { password: 7 } },
      { _id: 'auth0|c', atproto: null },
    ] as never);
    await engine.prepare();
    const alice = join(world, 'alice');
    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
    const stored = await users(world.db).findOne({ _id: alice.user });
    expect(sealedWith(stored?.atproto?.password ?? '')).toBe('k1');
  });
});
