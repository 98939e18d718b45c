/** `audit --orphans` on the real MongoDB and a PDS of its own, where exactly so many accounts are nobody's. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentReader } from '../src/mongo/platform/document-reader.ts';
import { type Pds, startPds } from '../src/sandbox/servers/pds.ts';
import { chooseHandle, join, reconcileUser, storedMember } from './support/member.ts';
import { createAccount, person } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';

let pds: Pds;
beforeAll(async () => {
  const secret = (): string => randomBytes(16).toString('hex');
  pds = await startPds({ adminPassword: secret(), bypassKey: secret(), quickHashes: true });
});
afterAll(() => pds?.stop());

async function fingerprint({ db }: Platform): Promise<unknown> {
  return (await db.command({ dbHash: 1 }))['collections'];
}

test('documents and accounts of nobody are told with the evidence, and untouched', async () => {
  const world = await platform({ pds });
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  const bob = join(world, 'bob');
  const gone = join(world, 'bob');
  const unreadable = join(world, 'bob', { emailVerified: false });
  const members = [alice, bob, gone, unreadable];
  await chooseHandle(world, gone, gone.label);
  for (const member of members)
    expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged' });
  for (const member of [gone, unreadable]) world.auth0.dropUser(member.userId);

  expect(documentOf(await runOn(world, '--json', 'audit', '--orphans'))).toMatchObject({
    orphans: { orphanAccounts: 0 },
  });
  // One that was made for alice and that her document has lost, and one of a stranger.
  const stranger = person('bob');
  const strangerDid = await createAccount(pds, stranger);
  const alices = await storedMember(world, alice);
  await world.db
    .collection<{ _id: string }>('users')
    .updateOne({ _id: alice.user }, { $unset: { atproto: 1 } });
  world.auth0.faults.add({
    path: `/api/v2/users/${encodeURIComponent(unreadable.userId)}`,
    times: 100,
    answer: { type: 'status', status: 400 },
  });
  const before = await fingerprint(world);

  const ended = await runOn(world, '--json', 'audit', '--orphans');

  expect(ended.code, ended.stderr).toBe(2);
  const found = documentOf(ended)['orphans'] as {
    readonly documents: readonly Record<string, unknown>[];
    readonly accounts: readonly Record<string, unknown>[];
  };
  expect(found).toMatchObject({
    looked: { users: 2, documents: 9, accounts: 4 },
    orphanDocuments: 3,
    unknownDocuments: 2,
    orphanAccounts: 2,
  });
  const rows = found.documents.map(({ key, collection, verdict }) => [key, collection, verdict]);
  expect(rows.filter(([, , verdict]) => verdict === 'orphan')).toEqual([
    [gone.user, 'users', 'orphan'],
    [gone.user, 'verifications', 'orphan'],
    [gone.user, '@handles', 'orphan'],
  ]);
  expect(rows.filter(([key]) => key === unreadable.user).map(([, , verdict]) => verdict)).toEqual([
    'unknown',
    'unknown',
  ]);
  const accounts = new Map(found.accounts.map((account) => [account['did'], account]));
  expect(accounts.get(alices?.atproto?.did)).toMatchObject({
    addressOf: [alice.user],
    intendedFor: alice.user,
    active: true,
  });
  expect(accounts.get(strangerDid)).toMatchObject({
    handle: stranger.handle,
    addressOf: [],
    intendedFor: null,
    evidence: [
      'no users document names it',
      'no user has its address',
      'its invite code is not one that the log knows',
    ],
  });
  expect(await fingerprint(world)).toEqual(before);

  const table = await runOn(world, 'audit', '--orphans');
  expect(table.code).toBe(2);
  for (const text of [gone.user, unreadable.user, strangerDid, 'could not be judged'])
    expect(table.stdout).toContain(text);
  for (const { stdout, stderr } of [ended, table]) expect(stdout + stderr).not.toContain('@example.com');
});

test('a listing that breaks off, and a single tenant, are no ground to call anything nobody’s', async () => {
  const world = await platform({ pds });
  world.auth0.faults.add({ path: '/api/v2/users', times: 100, answer: { type: 'status', status: 400 } });
  const broken = await runOn(world, '--json', 'audit', '--orphans');
  expect(broken.code).toBe(1);
  expect(documentOf(broken)).toMatchObject({ command: 'audit', error: { code: expect.any(String) } });
  const narrowed = await runOn(world, 'audit', '--orphans', '--tenant', 'aesthetic');
  expect(narrowed.code).toBe(2);
  expect(narrowed.stderr).toMatch(/--orphans reads all tenants/);
});

test('every document is listed once, over the edges of pages, whatever the type of its key', async () => {
  const { db } = await platform({ pds });
  const users = db.collection<{ _id: string | number; atproto?: unknown }>('users');
  const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
  const keys = Array.from({ length: 2_000 }, (_, at) => `auth0|alice${String(at).padStart(5, '0')}`);
  await users.insertMany(keys.map((_id) => ({ _id })));
  await users.insertMany([
    { _id: '', atproto: { did } },
    { _id: 7, atproto: { did: 'illegible' } },
  ]);
  const reader = documentReader(db);

  const listed: string[] = [];
  const dids: string[] = [];
  for await (const page of reader.owners()) {
    expect(page.length).toBeGreaterThan(0);
    for (const owner of page) {
      expect(owner.collection).toBe('users');
      listed.push(owner.key);
      if (owner.did !== undefined) dids.push(owner.did);
    }
  }

  expect(listed).toEqual(['', ...keys, '7']);
  expect(dids).toEqual([did]);
  const other = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' as (typeof dids)[number] &
    Parameters<typeof reader.namedDids>[0][number];
  expect(await reader.namedDids([did as typeof other, other])).toEqual(new Set([did]));
  expect(await reader.namedDids([])).toEqual(new Set());
});
