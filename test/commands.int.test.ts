/** The commands as processes: what they print, how they exit, and what they leave alone. */

import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WANTED_INDEXES } from '../src/reconcilers/indexes.ts';
import {
  chooseHandle,
  join,
  type Member,
  memberOf,
  reconcileUser,
  type StoredMember,
  storedMember,
} from './support/member.ts';
import { createAccount, person, sharedPds } from './support/pds.ts';
import { openPlatform, type Platform, platform } from './support/platform.ts';
import { documentOf, type Ended, runOn, runProgram, temporaryDirectory } from './support/program.ts';

/** Everything in the database, of the platform and of Concord. */
async function fingerprint({ db }: Platform): Promise<unknown> {
  return (await db.command({ dbHash: 1 }))['collections'];
}

/** The commands are for people and pipes alike: a failure is one message, with no stack. */
function expectFailure(ended: Ended, message: RegExp, code = 1): void {
  expect(ended.code).toBe(code);
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
}

function expectDocument(ended: Ended, command: string, code: number): Readonly<Record<string, unknown>> {
  expect(ended.code, ended.stderr).toBe(code);
  const document = documentOf(ended);
  expect(document).toMatchObject({ schemaVersion: 1, command });
  // One line: nothing before the document, nothing after it. Progress is told on stderr.
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  return document;
}

describe('on a platform where everyone is whole', () => {
  let world: Platform;
  let alice: Member;
  let bob: Member;
  let stored: StoredMember | undefined;
  beforeAll(async () => {
    world = await openPlatform();
    alice = join(world, 'alice');
    await chooseHandle(world, alice, alice.label);
    bob = join(world, 'bob', { emailVerified: false });
    const engine = world.engine();
    await engine.prepare();
    for (const wanted of WANTED_INDEXES) await engine.documents.createIndex(wanted);
    for (const member of [alice, bob]) await reconcileUser(engine.reconcile, member);
    stored = await storedMember(world, alice);
  });
  afterAll(() => world.close());

  test('audit, plan and events say so, exit with 0 and change nothing', async () => {
    const before = await fingerprint(world);
    const audit = expectDocument(await runOn(world, '--json', 'audit'), 'audit', 0);
    expect(audit).toMatchObject({
      tenants: ['aesthetic'],
      totals: { users: { have: 2, of: 2 }, accounts: { have: 1, of: 1 }, waitingForEmailVerification: 1 },
      users: [],
      usersInTrouble: 0,
    });
    const plan = expectDocument(await runOn(world, '--json', 'plan'), 'plan', 0);
    expect(plan).toMatchObject({ users: [], usersInTrouble: 0 });
    const events = expectDocument(await runOn(world, '--json', 'events', '--limit', '3'), 'events', 0);
    expect(events['events']).toHaveLength(3);
    expect(await fingerprint(world)).toEqual(before);
  });

  test('the newest sign-ups are listed with their status, and users without an account with the reason', async () => {
    const last = expectDocument(await runOn(world, '--json', 'audit', '--last', '1000'), 'audit', 0);
    const users = last['users'] as readonly { readonly user: string; readonly createdAt: string }[];
    expect(users.map(({ user }) => user).toSorted()).toEqual([alice.user, bob.user].toSorted());
    expect(users.map(({ createdAt }) => createdAt)).toEqual(
      users
        .map(({ createdAt }) => createdAt)
        .toSorted()
        .reverse(),
    );
    const newest = expectDocument(await runOn(world, '--json', 'audit', '--last', '1'), 'audit', 0);
    expect(newest).toMatchObject({ last: 1, users: [{ user: users[0]?.user }] });
    const without = expectDocument(await runOn(world, '--json', 'audit', '--without-account'), 'audit', 0);
    expect(without).toMatchObject({
      users: [{ user: bob.user, reasons: ['WaitingForEmailVerification'] }],
      withoutAccount: { users: 1, pending: 0 },
    });
    for (const count of ['0', '1001', '1.5', 'all', '-1'])
      expect((await runOn(world, 'audit', `--last=${count}`)).code, count).toBe(2);
    expectFailure(
      await runOn(world, 'audit', '--last', '5', '--since', '1h'),
      /--last cannot be combined with --since or --limit/,
      2,
    );
  });

  const names: readonly [kind: string, name: () => string | undefined][] = [
    ['Auth0 id', () => alice.userId],
    ['handle', () => `@${alice.label}`],
    ['code', () => stored?.code],
    ['email', () => alice.email],
    ['DID', () => stored?.atproto?.did],
  ];

  test.each(names)('reconcile finds a user by %s and has nothing to do', async (kind, name) => {
    const startedAt = performance.now();
    const ended = await runOn(world, '--json', 'reconcile', name() ?? '');
    const document = expectDocument(ended, 'reconcile', 0);

    expect(document).toMatchObject({ user: alice.user, end: 'converged', actions: [], failures: [] });
    const wallMs = Math.round(performance.now() - startedAt);
    // Shown and not asserted: how long a machine takes says more about what else it does.
    process.stdout.write(
      `reconcile by ${kind}: ${wallMs} ms, ${String(document['durationMs'])} of them the pass\n`,
    );
  });

  test('events of one user are that user’s, by every name', async () => {
    const document = expectDocument(await runOn(world, '--json', 'events', `@${alice.label}`), 'events', 0);
    const events = document['events'] as readonly { readonly user: string; readonly type: string }[];
    expect(new Set(events.map(({ user }) => user))).toEqual(new Set([alice.user]));
    expect(events.map(({ type }) => type)).toContain('account.created');
  });

  test('a dry run of somebody who is whole exits with 0', async () => {
    const ended = await runOn(world, '--json', 'reconcile', '--dry-run', alice.email);
    expect(expectDocument(ended, 'reconcile', 0)).toMatchObject({ dryRun: true, actions: [] });
  });

  test('what is meant for people has no escape codes in a pipe, and names no address', async () => {
    for (const args of [['audit'], ['plan'], ['events'], ['reconcile', alice.userId]]) {
      const { code, stdout, stderr } = await runOn(world, ...args);
      expect(code, stderr).toBe(0);
      expect(stdout).not.toBe('');
      expect(stripVTControlCharacters(stdout + stderr)).toBe(stdout + stderr);
      expect(stdout + stderr).not.toContain('@example.com');
    }
  });

  test('a name that nobody has', async () => {
    expectFailure(await runOn(world, '--json', 'reconcile', 'ac25zuzuz'), /No user matches ac25zuzuz/);
    const ended = await runOn(world, '--json', 'plan', 'nobody@example.com');
    expectFailure(ended, /No user matches nobody@example\.com/);
    // The person who typed the address reads it; a program that keeps the document does not.
    expect(expectDocument(ended, 'plan', 1)).toMatchObject({
      error: { code: 'USER_NOT_FOUND', message: expect.stringContaining('[email]'), hint: null },
    });
    expect(ended.stdout).not.toContain('nobody@example.com');
  });

  test('a name that two users have', async () => {
    const both = join(world, 'bob', { provider: 'google-oauth2', email: bob.email, emailVerified: false });
    try {
      const ended = await runOn(world, '--json', 'reconcile', bob.email);
      expectFailure(ended, /matches more than one user/);
      for (const { userId } of [bob, both]) expect(ended.stderr).toContain(userId);
    } finally {
      world.auth0.dropUser(both.userId);
    }
  });

  test('a tenant that is not configured', async () => {
    expectFailure(await runOn(world, 'audit', '--tenant', 'nobody'), /no tenant nobody.*aesthetic/, 2);
  });
});

describe('on a platform where somebody is not', () => {
  test('audit, plan and a dry run exit with 2, say what is missing, and change nothing', async () => {
    const world = await platform();
    const alice = join(world, 'alice');
    await chooseHandle(world, alice, alice.label);
    const before = await fingerprint(world);

    const audit = expectDocument(await runOn(world, '--json', 'audit'), 'audit', 2);
    const plan = expectDocument(await runOn(world, '--json', 'plan'), 'plan', 2);
    const dry = expectDocument(
      await runOn(world, '--json', 'reconcile', '--dry-run', alice.userId),
      'reconcile',
      2,
    );

    expect(audit).toMatchObject({ usersInTrouble: 1, users: [{ user: alice.user, sync: 'OutOfSync' }] });
    const actions = ['record-verification', 'create-user-document', 'create-account'];
    for (const planned of [(plan['users'] as readonly unknown[])[0], dry]) {
      expect(planned).toMatchObject({ user: alice.user, actions: actions.map((type) => ({ type })) });
    }
    expect(await fingerprint(world)).toEqual(before);
  });

  test('reconcile --all does what it can, and exits with 4 while a person is waited for', async () => {
    const world = await platform();
    const alice = join(world, 'alice');
    const foreign = person('bob');
    await createAccount(sharedPds(), foreign);
    const bob = join(world, 'bob', { email: foreign.email });

    // The address that was refused is not tried again while this test lasts, however slow the machine is.
    const file = joinPath(await temporaryDirectory(), 'concord.json');
    await writeFile(file, JSON.stringify({ engine: { refusalRetryMs: 86_400_000 } }));
    const run = (...args: readonly string[]) =>
      runProgram(['--config', file, '--json', ...args], { env: world.env });

    const document = expectDocument(await run('reconcile', '--all'), 'reconcile', 4);

    expect(document).toMatchObject({ users: 2, drifted: 2, complete: true, converged: 1, held: 1, open: 0 });
    expect(await storedMember(world, alice)).toMatchObject({ atproto: { did: expect.any(String) } });
    expect((await storedMember(world, bob))?.atproto).toBeUndefined();
    const audit = expectDocument(await run('audit'), 'audit', 2);
    expect(audit).toMatchObject({ users: [{ user: bob.user, reasons: ['EmailTaken'], plan: [] }] });
  });

  test('a user whom Auth0 does not have and nobody ever heard of: a mistake, and nothing is written', async () => {
    const world = await platform();
    const nobody = memberOf('auth0|nobody', 'nobody@example.com');
    expectFailure(await runOn(world, 'reconcile', nobody.userId), /Auth0 has no user auth0\|nobody/);
    expect(await world.db.listCollections().toArray()).toEqual([]);
  });
});

describe('a command line or a configuration that is wrong', () => {
  test('every problem of a missing configuration at once', async () => {
    const ended = await runProgram(['serve']);
    expectFailure(ended, /^The configuration has \d+ problems:/);
    for (const name of [
      'MONGODB_URI',
      'PDS_URL',
      'AUTH0_DOMAIN',
      'AUTH0_LOG_TOKEN',
      'CONCORD_CREDENTIAL_KEYS',
    ]) {
      expect(ended.stderr).toContain(name);
    }
  });

  test('a mistyped command: 2, and what was probably meant', async () => {
    const { code, stdout, stderr } = await runProgram(['reconcil']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/Did you mean reconcile\?/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('a server that cannot be reached: 1 and one line, which repeats no password', async () => {
    const world = await platform();
    const env = { ...world.env, MONGODB_URI: 'mongodb://alice:secret-word@127.0.0.1:1/' };
    const ended = await runOn({ env }, '--json', 'audit');
    expectFailure(ended, /^concord: MongoDB at 127\.0\.0\.1:1 did not answer within 4 s \(mongodb\.uri, /);
    expect(ended.stderr).toMatch(/^See: concord doctor$/m);
    expect(expectDocument(ended, 'audit', 1)).toMatchObject({
      error: { code: 'UNREACHABLE', hint: 'concord doctor' },
    });
    expect(ended.stderr + ended.stdout).not.toContain('secret-word');
  });
});
