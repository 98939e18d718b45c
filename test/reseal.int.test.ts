/** Passwords at rest: what is sealed on request, and which keys stop a start. */
import { readFile, writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createVault, generateKey } from '../src/credentials.ts';
import { describeError } from '../src/errors.ts';
import { storedUserKey } from '../src/identity.ts';
import { join, memberOf, passOver } from './support/member.ts';
import { platform, SANDBOX_CONFIG } from './support/platform.ts';
import { documentOf, runOn, runProgram, temporaryDirectory } from './support/program.ts';
import { K1, K2, OTHER_K1, ROTATED, users, wired, withKeys } from './support/sealing.ts';

test('plaintext is sealed on request, what no key opens is named, and nothing of it is printed', async () => {
  const world = await platform();
  const rows = users(world.db);
  const { user } = memberOf('auth0|alice', 'alice@example.com');
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
      _id: user,
      atproto: { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', password: 'canary-plain', note: 'theirs' },
    },
    { _id: 'auth0|bob', atproto: { password: lost } },
    { _id: 'auth0|carol', atprotoPending: { intent: 'e-1', password: old } },
    { _id: 'auth0|dave', atproto: { password: 7 } },
    { _id: 'auth0|erin', atproto: null },
  ];
  await rows.insertMany(documents as never);
  const run = async (...args: string[]) => {
    const ended = await runOn(withKeys(world, ROTATED), '--json', 'credentials', 'reseal', ...args);
    expect(ended.stdout + ended.stderr).not.toContain('canary');
    return [ended.code, documentOf(ended)] as const;
  };
  const unopened = [{ user: 'auth0|bob', field: 'atproto', code: 'CREDENTIAL_KEY_MISSING' }];
  expect(await run('--dry-run', '--seal-plaintext')).toEqual([
    4,
    expect.objectContaining({ dryRun: true, passwords: 3, sealed: 1, resealed: 1, unopened }),
  ]);
  expect(await rows.find().sort({ _id: 1 }).toArray()).toEqual(documents);
  expect(await run()).toEqual([
    4,
    expect.objectContaining({ plaintext: 1, sealed: 0, resealed: 1, unopened }),
  ]);
  expect(await run('--seal-plaintext')).toEqual([
    4,
    expect.objectContaining({ plaintext: 0, sealed: 1, current: 1, unopened }),
  ]);
  const [alice, bob] = await rows.find().sort({ _id: 1 }).toArray();
  const opens = createVault({ storage: 'sealed', keys: K2 }).open(alice?.atproto?.password ?? '', user);
  expect([opens, alice?.atproto]).toEqual(['canary-plain', expect.objectContaining({ note: 'theirs' })]);
  expect(bob?.atproto?.password).toBe(lost);
});

test('a key that is missing or another one stops an engine at its start, and plaintext storage has nothing to seal', async () => {
  const world = await platform();
  const engine = wired(world, K1, []);
  onTestFinished(() => engine.close());
  await engine.prepare();
  await passOver(engine.converge, join(world, 'alice'));
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

  const file = joinPath(await temporaryDirectory(), 'plaintext.yaml');
  await writeFile(file, `${await readFile(SANDBOX_CONFIG, 'utf8')}\ncredentials: { storage: plaintext }\n`);
  const { code, stderr } = await runProgram(['--config', file, 'credentials', 'reseal'], { env: world.env });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/stored as plaintext here/)]);
});
