/** What a person decides, on the command line: asked, written down with who and why, and carried out by the next pass. */
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../src/wiring/engine.ts';
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
import { createAccount, person, sharedPds, xrpc } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, type Ended, runOn, runProgram, temporaryDirectory } from './support/program.ts';
import { until } from './support/until.ts';

const HOUR = 3_600_000;

interface Somebody {
  readonly world: Platform;
  readonly engine: Engine;
  readonly members: readonly Member[];
  readonly alice: Member;
}

/** So many people who are whole, alice first. */
async function gathered(count = 1): Promise<Somebody> {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const members = Array.from({ length: count }, (_, at) => join(world, at === 0 ? 'alice' : 'bob'));
  const passes = await Promise.all(members.map((member) => reconcileUser(engine.reconcile, member)));
  expect(passes.map(({ end }) => end)).toEqual(members.map(() => 'converged'));
  const [alice] = members;
  if (alice === undefined) throw new Error('Nobody is there.');
  await listed(engine, count);
  return { world, engine, members, alice };
}

/** Waits until the tenant's list, which is late, has so many users. */
async function listed(engine: Engine, count: number): Promise<void> {
  await until(`${count} users are listed`, async () => {
    let users = 0;
    for (const { directory } of engine.tenants)
      for await (const page of directory.everyone()) users += page.users.length;
    return users === count;
  });
}

function expectDone(ended: Ended, code = 0): Readonly<Record<string, unknown>> {
  expect(ended.code, ended.stderr).toBe(code);
  return documentOf(ended);
}

function expectRefused(ended: Ended, message: RegExp, code = 1): void {
  expect(ended.code, ended.stderr).toBe(code);
  if (ended.stdout !== '') expect(documentOf(ended)).toHaveProperty('error.code');
  expect(ended.stderr).toMatch(message);
}

async function isDue({ db }: Platform, { user }: Member): Promise<boolean> {
  const due = { _id: user, 'due.at': { $lte: new Date() } };
  return (await db.collection<{ _id: string }>('concord.subjects').countDocuments(due)) === 1;
}

async function standingOf({ subjects }: Engine, { user }: Member) {
  const { sync, health } = (await subjects.get(user)) ?? {};
  return { sync, health };
}

describe('pause and resume', () => {
  test('changes wait while somebody is paused, and are made after the resume', async () => {
    const { world, engine, alice } = await gathered();
    const { code } = (await storedMember(world, alice)) ?? {};
    expectDone(await runOn(world, '--json', 'pause', alice.userId, '--reason', 'she asked', '--by', 'bob'));
    expect(await isDue(world, alice)).toBe(true);
    await chooseHandle(world, alice, alice.label);

    const paused = expectDone(await runOn(world, '--json', 'reconcile', alice.userId), 4);
    expect(paused).toMatchObject({ end: 'held', actions: [] });
    expect((await accountOf(world, engine, alice))?.handle).toBe(`${code}.at.test`);
    expect(await standingOf(engine, alice)).toEqual({ sync: 'OutOfSync', health: 'Suspended' });
    expect((await conditionOf(engine, alice, 'pause'))?.message).toMatch(/bob.*she asked/);

    expectDone(
      await runOn(world, '--json', 'resume', `@${alice.label}`, '--by', 'carol', '--reason', 'done'),
    );
    const resumed = await reconcileUser(engine.reconcile, alice);
    expect(resumed).toMatchObject({ end: 'converged', applied: [{ type: 'change-handle' }] });
    expect(await standingOf(engine, alice)).toEqual({ sync: 'Synced', health: 'Healthy' });
    const said = await eventsOf(engine, alice, 'user.paused', 'user.resumed');
    expect(said.map(({ data }) => data)).toEqual([
      { by: 'bob', reason: 'she asked', until: null },
      { by: 'carol', reason: 'done' },
    ]);
  });

  test('an end is a duration or a moment to come, and the user is looked at again then', async () => {
    const { world, engine, alice } = await gathered();
    const before = Date.now();
    expectDone(await runOn(world, '--json', 'pause', alice.userId, '--reason', 'x', '--until', '12h'));
    const moment = new Date(before + 48 * HOUR).toISOString();
    expectDone(await runOn(world, '--json', 'pause', alice.userId, '--reason', 'x', '--until', moment));
    const ends = (await eventsOf(engine, alice, 'user.paused')).map(({ data }) => data.until ?? '');
    const wait = Date.parse(ends[0] ?? '') - before - 12 * HOUR;
    expect(wait).toBeGreaterThanOrEqual(0);
    expect(wait).toBeLessThan(60_000);
    expect(ends[1]).toBe(moment);
    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({
      end: 'deferred',
      retryAt: new Date(moment),
    });
    expect((await engine.subjects.get(alice.user))?.dueAt).toEqual(new Date(moment));
  });

  test('an end that has passed, or that nobody can read, is refused and nothing is written', async () => {
    const { world, engine, alice } = await gathered();
    const ends = ['2020-01-31T12:00:00Z', '-1h'];
    const refused = await Promise.all(
      ends.map((end) => runOn(world, 'pause', alice.userId, '--reason', 'x', `--until=${end}`)),
    );
    for (const ended of refused) expectRefused(ended, /--until is a duration such as/, 2);
    expect(await eventsOf(engine, alice, 'user.paused')).toEqual([]);
  });
});

describe('retry', () => {
  test('one user, or everyone who failed, and nobody else', async () => {
    const { world, engine, alice, members } = await gathered(3);
    const [, bob, other] = members;
    if (!(bob && other)) throw new Error('Nobody is there.');
    world.auth0.faults.add({
      path: `/api/v2/users/${encodeURIComponent(bob.userId)}`,
      times: 100,
      answer: { type: 'status', status: 400 },
    });
    expect(await reconcileUser(engine.reconcile, bob)).toMatchObject({ end: 'failed' });
    world.auth0.faults.clear();

    const who = ['--by', 'carol', '--reason', 'mended'] as const;
    expectDone(await runOn(world, '--json', 'retry', alice.email, ...who));
    expect(expectDone(await runOn(world, '--json', 'retry', '--failed', ...who))).toMatchObject({
      users: 1,
    });

    for (const [member, times] of [
      [alice, 1],
      [bob, 1],
      [other, 0],
    ] as const) {
      const retried = await eventsOf(engine, member, 'user.retried');
      expect(retried.map(({ data }) => data)).toEqual(
        Array.from({ length: times }, () => ({ by: 'carol', reason: 'mended' })),
      );
      expect(await isDue(world, member)).toBe(times > 0);
    }
    expect(await reconcileUser(engine.reconcile, bob)).toMatchObject({ end: 'converged' });
    expect(await engine.subjects.get(bob.user)).toMatchObject({ attempts: 0, sync: 'Synced' });
  });

  test('of nobody, and of one user and everyone, is refused', async () => {
    const { env } = await platform();
    const asked = [['retry'], ['retry', 'auth0|alice', '--failed']];
    const refused = await Promise.all(asked.map((args) => runOn({ env }, ...args)));
    for (const ended of refused) expectRefused(ended, /Give a user, or --failed/, 2);
  });
});

describe('adopt', () => {
  async function unowned() {
    const world = await platform();
    const engine = world.engine();
    await engine.prepare();
    const hers = person('alice');
    const did = await createAccount(sharedPds(), hers);
    const alice = join(world, 'alice', { email: hers.email });
    await chooseHandle(world, alice, alice.label);
    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'held' });
    expect((await conditionOf(engine, alice, 'account'))?.reason).toBe('UnownedAccountFound');
    return { world, engine, alice, did, hers };
  }

  test('a preview shows what speaks for and against, and writes nothing', async () => {
    const { world, engine, alice, did } = await unowned();
    // Without what a writer needs: it holds none.
    const { CONCORD_CREDENTIAL_KEYS: _, ...env } = world.env;
    const shown = expectDone(await runOn({ env }, '--json', 'adopt', alice.userId, '--preview'), 2);
    expect(shown).toMatchObject({ user: alice.user, did });
    expect(shown['evidence']).toEqual([
      { says: 'against', what: 'the users document does not name it' },
      { says: 'for', what: 'it has the address of the user' },
      { says: 'for', what: 'the user has verified that address' },
      { says: 'for', what: 'it carries the handle of the user' },
      { says: 'for', what: 'it is active' },
      { says: 'against', what: 'Concord has no intent on record for it' },
    ]);
    expect(await eventsOf(engine, alice, 'adoption.granted')).toEqual([]);
  });

  test('without a terminal and without --yes nobody has said yes', async () => {
    const { world, engine, alice } = await unowned();
    const ended = await runOn(world, '--json', 'adopt', alice.userId);
    expectRefused(ended, /no terminal to ask on/, 2);
    expect(await eventsOf(engine, alice, 'adoption.granted')).toEqual([]);
  });

  test('with --yes it is granted, the next pass adopts it, and the password is ours', async () => {
    const { world, engine, alice, did, hers } = await unowned();
    const who = ['--by', 'bob', '--reason', 'she proved it'] as const;
    const said = expectDone(await runOn(world, '--json', 'adopt', alice.userId, did, '--yes', ...who));
    expect(said).toMatchObject({ user: alice.user, did, granted: true });
    const [granted] = await eventsOf(engine, alice, 'adoption.granted');
    expect(granted?.data).toMatchObject({ did, by: 'bob', reason: 'she proved it' });
    expect(granted?.data.evidence).toContain('for: it has the address of the user');

    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({
      end: 'converged',
      applied: [{ type: 'adopt-account' }],
    });

    const stored = (await storedMember(world, alice))?.atproto;
    expect(stored).toMatchObject({ did, handle: hers.handle });
    const password = engine.vault.open(stored?.password ?? '', alice.user);
    const session = (secret: string) =>
      xrpc(sharedPds().url, 'com.atproto.server.createSession', {
        input: { identifier: did, password: secret },
      });
    expect((await session(password)).status).toBe(200);
    expect((await session(hers.password)).status).toBe(401);
  });

  test('the account of another user is refused, whoever asks', async () => {
    const { world, engine, members } = await gathered(2);
    const [alice, bob] = members;
    if (!(alice && bob)) throw new Error('Nobody is there.');
    const did = (await storedMember(world, bob))?.atproto?.did ?? '';
    const ended = await runOn(world, '--json', 'adopt', alice.userId, did, '--yes');
    expectRefused(ended, /is the account of/);
    expect(ended.stderr).toContain(bob.user);
    // Also when the other's document has lost it.
    await world.db
      .collection<{ _id: string }>('users')
      .updateOne({ _id: bob.user }, { $unset: { atproto: 1 } });
    expectRefused(await runOn(world, 'adopt', alice.userId, did, '--preview'), /is the account of/);
    expect(await eventsOf(engine, alice, 'adoption.granted')).toEqual([]);
  });
});

describe('approve', () => {
  interface HaltSeen {
    readonly run: string;
    readonly kind: string;
    readonly users: readonly string[];
  }

  function haltsOf(document: Readonly<Record<string, unknown>>, field: string): readonly HaltSeen[] {
    return document[field] as readonly HaltSeen[];
  }

  test('lists what was halted, lets exactly that go on, and only once', async () => {
    const { world, engine, members } = await gathered(5);
    const renamed = members.slice(1, 3);
    for (const member of renamed) await chooseHandle(world, member, member.label);
    expect(expectDone(await runOn(world, '--json', 'approve'))).toMatchObject({ halted: [] });

    const [halt] = haltsOf(expectDone(await runOn(world, '--json', 'reconcile', '--all'), 3), 'halts');
    const run = halt?.run ?? '';
    const users = renamed.map(({ user }) => user).sort();
    expect({ ...halt, users: [...(halt?.users ?? [])].sort() }).toMatchObject({
      kind: 'renames',
      limit: 1,
      count: 2,
      users,
    });
    expect(await accountOf(world, engine, renamed[0] as Member)).not.toMatchObject({
      handle: `${renamed[0]?.label}.at.test`,
    });

    expect(haltsOf(expectDone(await runOn(world, '--json', 'approve'), 3), 'halted')).toMatchObject([
      { run },
    ]);
    expectRefused(await runOn(world, 'approve', 'nobody'), /No recent halted run nobody/);
    expect(expectDone(await runOn(world, '--json', 'approve', run, '--by', 'bob'))).toMatchObject({
      users: 2,
    });
    for (const member of members) expect(await isDue(world, member)).toBe(renamed.includes(member));
    expectRefused(await runOn(world, 'approve', run), /has been approved already/);

    for (const member of renamed) {
      await reconcileUser(engine.reconcile, member);
      expect((await accountOf(world, engine, member))?.handle).toBe(`${member.label}.at.test`);
    }
    expect(await written(engine, 'sweep.approved')).toEqual([{ run, by: 'bob' }]);
  });

  test('of a tenant that shrank: the next sweep goes on, and those who are gone count as deleted', async () => {
    const { world, engine, members } = await gathered(4);
    const gone = members.slice(2);
    for (const { userId } of gone) world.auth0.dropUser(userId);
    await listed(engine, 2);

    const [halt] = haltsOf(expectDone(await runOn(world, '--json', 'reconcile', '--all'), 3), 'halts');
    expect(halt).toMatchObject({ kind: 'source', count: 2, of: 4 });
    for (const member of gone) expect(await eventsOf(engine, member, 'auth0.user-unlisted')).toEqual([]);

    expectDone(await runOn(world, '--json', 'approve', halt?.run ?? ''));
    expect(expectDone(await runOn(world, '--json', 'reconcile', '--all'))).toMatchObject({ halts: [] });
    for (const member of gone) {
      expect((await conditionOf(engine, member, 'account'))?.reason).toBe('UserGone');
      const account = await accountOf(world, engine, member);
      expect(account).toMatchObject({ state: 'active' });
      expect((await conditionOf(engine, member, 'account'))?.message).toBe(
        `The user is deleted in Auth0. The active account ${account?.did} is left as it is (policy.removal: report).`,
      );
      for (const resource of ['email', 'handle'] as const)
        expect((await conditionOf(engine, member, resource))?.reason).toBe('NotManaged');
      expect((await standingOf(engine, member)).health).toBe('Deleted');
    }

    expect((await runOn(world, 'status')).stdout).toMatch(/4 known, 2 in sync, 2 deleted in Auth0/);
    const lines = (await runOn(world, 'audit', '--ndjson')).stdout.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      ...{ type: 'totals', deleted: 2, usersInTrouble: 0, totals: { users: { have: 2, of: 2 } } },
    });
    const { stdout } = await runOn(world, 'explain', gone[0]?.userId ?? '');
    expect(stdout.split('\n', 2).join('\n')).toMatch(/ {2}Deleted\nThe user is deleted in Auth0 \(since 20/);
    expect(stdout.split('\n', 1)[0]).not.toContain('Synced');
    const planned = await runOn(world, 'plan', gone[0]?.userId ?? '');
    expect(planned.stdout).toBe('Nothing to do: Auth0 does not have this user.\n');
  });

  test('of a sweep that was short: the next complete one closes the halt, and doctor has no finding', async () => {
    const { world, engine, members } = await gathered(4);
    const missing = members.slice(2);
    for (const { userId } of missing) world.auth0.dropUser(userId);
    await listed(engine, 2);
    const [halt] = haltsOf(expectDone(await runOn(world, '--json', 'reconcile', '--all'), 3), 'halts');
    const run = halt?.run ?? '';
    expect(halt).toMatchObject({ kind: 'source', count: 2, of: 4 });
    const findings = async () => (await runOn(world, '--json', 'doctor')).stdout;
    expect(await findings()).toContain('RUN_HALTED');
    expect((await runOn(world, 'status')).stdout).toContain(`concord approve ${run}`);

    const created_at = new Date().toISOString();
    for (const { userId, email } of missing)
      world.auth0.addUser({
        user_id: userId,
        email,
        email_verified: true,
        created_at,
        updated_at: created_at,
      });
    await listed(engine, 4);
    expectDone(await runOn(world, '--json', 'reconcile', '--all'));
    expect(await findings()).not.toContain('RUN_HALTED');
    expect((await runOn(world, 'status')).stdout).not.toContain('halted');
    expect(expectDone(await runOn(world, '--json', 'approve'))).toMatchObject({ halted: [] });
    expectRefused(await runOn(world, 'approve', run), /The halt of run .* is closed/);
    expect(await written(engine, 'sweep.approved')).toEqual([]);
  });

  test('of removals: those accounts are deleted, and nobody else’s', async () => {
    const { world, engine, members, alice } = await gathered(3);
    const file = joinPath(await temporaryDirectory(), 'policy.json');
    const policy = { removal: 'delete', removalGraceMs: 0 };
    await writeFile(file, JSON.stringify({ policy, limits: { sourceShrink: 0.5 } }));
    const run = (...args: readonly string[]) =>
      runProgram(['--config', file, '--json', ...args], { env: world.env });
    const account = await accountOf(world, engine, alice);
    world.auth0.dropUser(alice.userId);
    await listed(engine, 2);

    // The first sweep gives the second proof; the next finds that the removal is due.
    expectDone(await run('reconcile', '--all'), 4);
    expect((await conditionOf(engine, alice, 'account'))?.reason).toBe('RemovalDue');
    const [halt] = haltsOf(expectDone(await run('reconcile', '--all'), 3), 'halts');
    expect(halt).toMatchObject({ kind: 'removals', limit: 0, count: 1, users: [alice.user] });
    expect(await accountOf(world, engine, alice)).toEqual(account);

    expectDone(await run('approve', halt?.run ?? '', '--by', 'bob', '--reason', 'she left'));
    expect((await eventsOf(engine, alice, 'removal.granted')).map(({ data }) => data)).toEqual([
      { run: halt?.run, by: 'bob', reason: 'she left' },
    ]);
    expectDone(await run('reconcile', '--all'));
    if (account !== undefined) expect(await engine.accounts.account(account.did)).toBe('missing');
    expect((await storedMember(world, alice))?.atproto).toBeUndefined();
    for (const member of members.slice(1))
      expect(await accountOf(world, engine, member)).toMatchObject({ state: 'active' });
  });
});

async function written({ log }: Engine, type: 'sweep.approved'): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { data } of log.read({ types: [type] })) found.push(data);
  return found;
}
