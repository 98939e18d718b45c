/** What others removed stays removed until a person decides, and `concord restore` brings exactly that back. */
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../src/wiring/engine.ts';
import {
  accountOf,
  conditionOf,
  eventsOf,
  join,
  type Member,
  reconcileUser,
  type StoredMember,
  storedMember,
} from './support/member.ts';
import { sharedPds, xrpc } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, type Ended, runOn, runProgram, temporaryDirectory } from './support/program.ts';
import { until } from './support/until.ts';

interface Keyed {
  readonly _id: string;
  readonly count?: number;
}

interface Complete {
  readonly world: Platform;
  readonly engine: Engine;
  readonly members: readonly Member[];
  readonly alice: Member;
  readonly before: StoredMember;
}

/** So many users who are in sync, alice first. */
async function complete(count = 1): Promise<Complete> {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const members = Array.from({ length: count }, (_, at) => join(world, at === 0 ? 'alice' : 'bob'));
  for (const member of members)
    expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged' });
  const [alice] = members;
  const before = alice && (await storedMember(world, alice));
  if (alice === undefined || before?.atproto === undefined) throw new Error('alice has no account');
  return { world, engine, members, alice, before };
}

function users({ db }: Platform) {
  return db.collection<Keyed>('users');
}

function verifications({ db }: Platform) {
  return db.collection<Keyed>('verifications');
}

async function listens(world: Platform): Promise<void> {
  const service = await world.serve();
  await until('the service follows the change stream', () => service.watch().mode === 'stream');
}

function expectDone(ended: Ended, code = 0): Readonly<Record<string, unknown>> {
  expect(ended.code, ended.stderr).toBe(code);
  return documentOf(ended);
}

async function logIn(engine: Engine, alice: Member, stored: StoredMember | undefined): Promise<number> {
  const { did, password = '' } = stored?.atproto ?? {};
  const input = { identifier: did, password: engine.vault.open(password, alice.user) };
  return (await xrpc(sharedPds().url, 'com.atproto.server.createSession', { input })).status;
}

async function reasonOf(engine: Engine, member: Member, type: 'account' | 'user-document' | 'verification') {
  return (await conditionOf(engine, member, type))?.reason;
}

describe('with a change stream', () => {
  test('a code that is removed comes back by itself, and no handle changes (case 1)', async () => {
    const { world, engine, alice, before } = await complete();
    await listens(world);
    await users(world).updateOne({ _id: alice.user }, { $unset: { code: 1 } });
    await until('the code is back', async () => (await storedMember(world, alice))?.code !== undefined);
    expect(await storedMember(world, alice)).toEqual(before);
    expect((await accountOf(world, engine, alice))?.handle).toBe(before.atproto?.handle);
    const removed = await eventsOf(engine, alice, 'resource.removed');
    expect(removed.map(({ data }) => data)).toEqual([{ what: 'code', seenBy: 'change-stream' }]);
  });

  test('removed documents need action, are the cause in explain, and restore brings them back (case 2)', async () => {
    const { world, engine, alice, before } = await complete();
    const did = before.atproto?.did ?? '';
    await verifications(world).updateOne({ _id: alice.user }, { $set: { count: 4 } });
    await reconcileUser(engine.reconcile, alice);
    await listens(world);
    await users(world).deleteOne({ _id: alice.user });
    await verifications(world).deleteOne({ _id: alice.user });
    await until('the removal needs action', async () => {
      const reasons = await Promise.all([
        reasonOf(engine, alice, 'user-document'),
        reasonOf(engine, alice, 'verification'),
        reasonOf(engine, alice, 'account'),
      ]);
      return reasons.every((reason) => reason === 'DocumentRemoved');
    });
    expect(await storedMember(world, alice)).toBeUndefined();

    const removed = await eventsOf(engine, alice, 'resource.removed');
    expect(removed.map(({ data }) => data)).toEqual(
      expect.arrayContaining([
        { what: 'user-document', seenBy: 'change-stream' },
        { what: 'verification', seenBy: 'change-stream' },
      ]),
    );
    const listed = await runOn(world, 'events', alice.userId, '--limit', '20');
    expect(listed.stdout).toMatch(/resource\.removed/);
    const explained = documentOf(await runOn(world, '--json', 'explain', alice.userId));
    const cause = removed.find(({ data }) => data.what === 'user-document')?._id;
    expect(explained['known']).toContainEqual(expect.objectContaining({ event: cause }));

    const shown = expectDone(await runOn(world, '--json', 'restore', alice.userId, '--preview'), 2);
    const when = before.when?.toISOString();
    expect(shown).toMatchObject({
      user: alice.user,
      what: ['verification', 'user-document', 'account-record'],
      lostAccount: null,
      code: before.code,
      granted: false,
      writes: [
        { what: expect.stringMatching(/^verifications document with count [14]$/) },
        { what: `users document with the code ${before.code} and when ${when}` },
        { what: expect.stringContaining(did) },
      ],
      warnings: [expect.stringContaining(`concord password '${alice.user}' --reset`)],
    });
    expect(await storedMember(world, alice)).toBeUndefined();

    const who = ['--yes', '--by', 'bob', '--reason', 'support case 12'] as const;
    const ended = await runOn(world, 'restore', alice.userId, ...who);
    expect(ended.stdout).toContain(`the code ${before.code} and when ${when}`);
    const granted = await eventsOf(engine, alice, 'restore.granted');
    expect(granted.map(({ data }) => data)).toEqual([
      { what: ['verification', 'user-document', 'account-record'], by: 'bob', reason: 'support case 12' },
    ]);
    const after = await until('the document names the account', async () => {
      const stored = await storedMember(world, alice);
      return stored?.atproto === undefined ? undefined : stored;
    });
    expect(after).toMatchObject({
      code: before.code,
      when: before.when,
      atproto: { did, handle: before.atproto?.handle },
    });
    expect(await verifications(world).countDocuments({ _id: alice.user, count: { $gte: 1 } })).toBe(1);
    expect((await accountOf(world, engine, alice))?.did).toBe(did);
  });
});

describe('restore', () => {
  /** A user whose document was restored: the account is recorded, and its password is stored nowhere. */
  async function restored() {
    const { world, engine, alice } = await complete();
    await users(world).deleteOne({ _id: alice.user });
    await reconcileUser(engine.reconcile, alice);
    const ended = expectDone(await runOn(world, '--json', 'restore', alice.userId, '--yes'), 4);
    expect(ended).toMatchObject({ granted: true, reconciled: { end: 'held' } });
    return { world, engine, alice };
  }

  test('of a users document ends with what was done, and says that the password is missing', async () => {
    const { world, engine, alice } = await restored();
    expect(await reasonOf(engine, alice, 'account')).toBe('CredentialsIncomplete');
    expect((await storedMember(world, alice))?.atproto).not.toHaveProperty('password');
  });

  test('of a users document, then password --reset: the new password logs in on the PDS', async () => {
    const { world, engine, alice } = await restored();
    expectDone(await runOn(world, '--json', 'password', alice.userId, '--reset', '--yes'));
    expect(await reasonOf(engine, alice, 'account')).toBe('AccountActive');
    expect(await logIn(engine, alice, await storedMember(world, alice))).toBe(200);
  });

  test('of a missing account warns first, and makes a new one that the document names', async () => {
    const { world, engine, alice, before } = await complete();
    const did = before.atproto?.did;
    if (did === undefined) throw new Error('alice has no account');
    await engine.accounts.deleteAccount(did);
    await reconcileUser(engine.reconcile, alice);
    expect(await reasonOf(engine, alice, 'account')).toBe('AccountMissing');

    const shown = await runOn(world, 'restore', alice.userId, '--preview');
    expect(shown.code).toBe(2);
    const [first, second] = shown.stdout.trim().split('\n');
    expect([first, second].join(' ')).toMatch(/NEW account with a NEW DID and an EMPTY repository/);
    expect(await eventsOf(engine, alice, 'restore.granted')).toEqual([]);

    const restored = expectDone(await runOn(world, '--json', 'restore', alice.userId, '--yes'));
    expect(restored).toMatchObject({
      lostAccount: did,
      reconciled: { end: 'converged', actions: ['drop-account-record', 'create-account'] },
    });
    const after = await storedMember(world, alice);
    expect(after).toMatchObject({ code: before.code, when: before.when });
    expect(after?.atproto?.did).not.toBe(did);
    expect(await accountOf(world, engine, alice)).toMatchObject({
      did: after?.atproto?.did,
      state: 'active',
    });
    expect(await logIn(engine, alice, after)).toBe(200);
    const again = await runOn(world, 'restore', alice.userId, '--yes');
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/Nothing of .* was removed/);
  });

  test.each([
    ['deleted', /is deleted in Auth0/],
    ['blocked', /is blocked in Auth0/],
  ] as const)('of a user who is %s in Auth0 is refused, and nothing is written', async (how, message) => {
    const { world, engine, alice } = await complete();
    await users(world).deleteOne({ _id: alice.user });
    await reconcileUser(engine.reconcile, alice);
    if (how === 'deleted') world.auth0.dropUser(alice.userId);
    else await world.auth0.block(alice.userId);
    const ended = await runOn(world, 'restore', alice.userId, '--yes');
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(message);
    expect(await eventsOf(engine, alice, 'restore.granted')).toEqual([]);
    expect(await storedMember(world, alice)).toBeUndefined();
  });

  test('without a terminal and without --yes nothing is granted', async () => {
    const { world, engine, alice } = await complete();
    await verifications(world).deleteOne({ _id: alice.user });
    const ended = await runOn(world, '--json', 'restore', alice.userId);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/no terminal to ask on/);
    expect(await eventsOf(engine, alice, 'restore.granted')).toEqual([]);
  });

  test('--accept-code makes the code of the document the permanent one', async () => {
    const { world, engine, alice, before } = await complete();
    const other = `${before.code?.slice(0, 4)}zzzzz`;
    await users(world).updateOne({ _id: alice.user }, { $set: { code: other } });
    await reconcileUser(engine.reconcile, alice);
    expect(await reasonOf(engine, alice, 'user-document')).toBe('CodeDiffers');
    const accepted = expectDone(
      await runOn(world, '--json', 'restore', alice.userId, '--accept-code', '--yes', '--by', 'bob'),
    );
    expect(accepted).toMatchObject({ found: other, known: before.code, reconciled: { end: 'converged' } });
    expect((await eventsOf(engine, alice, 'code.accepted')).map(({ data }) => data)).toEqual([
      { code: other, by: 'bob' },
    ]);
    expect((await storedMember(world, alice))?.code).toBe(other);
    const again = await runOn(world, 'restore', alice.userId, '--accept-code', '--yes');
    expect(again.stderr).toMatch(/there is nothing to accept/);
  });

  test('options that do not go together are refused', async () => {
    const { env } = await platform();
    const lines: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /Give a user, or --all/],
      [['@alice', '--all'], /Give a user, or --all/],
      [['@alice', '--since', '1h'], /go with --all/],
      [['@alice', '--why', 'x', '--reason', 'y'], /Give --why or --reason/],
      [['--all', '--accept-code'], /--accept-code takes one user/],
      [['--all', '--reason', 'support case 12'], /must be DocumentRemoved or AccountMissing.*--why/],
    ];
    const ended = await Promise.all(lines.map(([args]) => runOn({ env }, 'restore', ...args)));
    for (const [at, { stderr }] of ended.entries()) expect(stderr).toMatch(lines[at]?.[1] ?? /never/);
  });
});

describe('restore --all', () => {
  test('shows a count, a sample and who is skipped, halts above the limit, and restores with --max', async () => {
    const { world, engine, members } = await complete(4);
    const before = await Promise.all(members.map((member) => storedMember(world, member)));
    await users(world).deleteMany({ _id: { $in: members.map(({ user }) => user) } });
    for (const member of members) await reconcileUser(engine.reconcile, member);
    const [blocked, ...others] = members;
    if (blocked === undefined) throw new Error('there are no users');
    await world.auth0.block(blocked.userId);

    const file = joinPath(await temporaryDirectory(), 'limits.json');
    await writeFile(file, JSON.stringify({ limits: { restores: { share: 1, count: 2 } } }));
    const run = (...args: readonly string[]) =>
      runProgram(['--config', file, '--json', 'restore', '--all', ...args], { env: world.env });
    const written = async () =>
      (await Promise.all(members.map((member) => eventsOf(engine, member, 'restore.granted')))).flat();

    const halted = expectDone(await run('--yes'), 3);
    expect(halted).toMatchObject({ halted: true, limit: 2, users: 3, granted: [] });
    expect(await written()).toEqual([]);

    const preview = expectDone(await run('--max', '3', '--preview'), 2);
    expect(preview).toMatchObject({
      ...{ candidates: 4, users: 3, halted: false, failed: [] },
      skipped: [{ user: blocked.user, code: 'USER_BLOCKED' }],
    });
    expect(preview['sample']).toEqual(
      expect.arrayContaining(
        others.map(({ user }, at) => expect.objectContaining({ user, code: before[at + 1]?.code })),
      ),
    );
    const none = expectDone(await run('--max', '3', '--reason', 'AccountMissing', '--yes'));
    expect(none).toMatchObject({ candidates: 0, users: 0 });
    expect(await written()).toEqual([]);

    const text = await runProgram(
      [
        '--config',
        file,
        'restore',
        '--all',
        '--max',
        '3',
        '--reason',
        'DocumentRemoved',
        '--since',
        '1h',
      ].concat(['--why', 'collection dropped', '--by', 'bob', '--yes']),
      { env: world.env },
    );
    expect(text.code, text.stderr).toBe(0);
    expect(text.stdout).toMatch(/3 users can be restored, 1 skipped/);
    expect(text.stdout).toMatch(/Granted for 3 of 3 users/);
    const granted = await written();
    expect(granted.map(({ user }) => user).sort()).toEqual(others.map(({ user }) => user).sort());
    for (const { data } of granted) expect(data).toMatchObject({ by: 'bob', reason: 'collection dropped' });

    for (const [at, member] of others.entries()) {
      await reconcileUser(engine.reconcile, member);
      const { code, when } = before[at + 1] ?? {};
      expect(await storedMember(world, member)).toMatchObject({ code, when });
    }
    expect(await storedMember(world, blocked)).toBeUndefined();
  });
});
