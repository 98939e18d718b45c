/** `concord adopt --all`: the accounts that users documents name under another address, shown, asked about once, adopted. */
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { describe, expect, test } from 'vitest';
import { conditionOf, eventsOf, join, type Member, reconcileUser, storedMember } from './support/member.ts';
import { createAccount, person, sharedPds } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn, runProgram, startProgram, temporaryDirectory } from './support/program.ts';
import { until } from './support/until.ts';

const timeout = 300_000;
const PATIENT = { pds: { requestTimeoutMs: 30_000 }, engine: { leaseMs: 90_000, settleMs: 45_000 } };

/** So many users whose record is the platform's; of the last one the stored password is an old one. */
async function recorded(count: number) {
  const world = await platform();
  const engine = world.engine(PATIENT);
  await engine.prepare();
  const members: Member[] = [];
  for (let at = 0; at < count; at += 1) {
    const member = join(world, 'alice');
    const theirs = person('bob');
    const did = await createAccount(sharedPds(), theirs);
    const password = at === count - 1 ? 'of long ago' : theirs.password;
    const atproto = { did, handle: theirs.handle, password, createdAt: '2019-01-02T03:04:05.000Z' };
    const users = world.db.collection<{ _id: string }>('users');
    await users.updateOne({ _id: member.user }, { $set: { atproto } }, { upsert: true });
    await reconcileUser(engine.reconcile, member);
    expect((await conditionOf(engine, member, 'account'))?.reason).toBe('AccountEmailDiffers');
    members.push(member);
  }
  return { world, engine, members };
}

async function limited(world: Platform, count: number) {
  const file = joinPath(await temporaryDirectory(), 'limits.json');
  const settings = { limits: { adoptions: { share: 1, count } }, credentials: { storage: 'plaintext' } };
  await writeFile(file, JSON.stringify(settings));
  const args = ['--config', file, 'adopt', '--all', '--reason', 'AccountEmailDiffers'];
  return {
    json: (...more: readonly string[]) => runProgram(['--json', ...args, ...more], { env: world.env }),
    text: (...more: readonly string[]) => startProgram([...args, ...more], { env: world.env }),
  };
}

describe('adopt --all', () => {
  test('shows evidence, halts above the limit, adopts and reconciles, and says who needs more', {
    timeout,
  }, async () => {
    const { world, engine, members } = await recorded(3);
    const [alice, bob, last] = members;
    if (!(alice && bob && last)) throw new Error('there are no users');
    const { json } = await limited(world, 2);
    const granted = async () =>
      (await Promise.all(members.map((member) => eventsOf(engine, member, 'adoption.granted')))).flat();

    const halted = await json('--yes');
    expect(halted.code, halted.stderr).toBe(3);
    expect(documentOf(halted)).toMatchObject({ halted: true, limit: 2, users: 3, granted: [] });

    const preview = await json('--max', '3', '--preview');
    expect(preview.code, preview.stderr).toBe(2);
    expect(documentOf(preview)).toMatchObject({ candidates: 3, users: 3, skipped: [], granted: [] });
    expect(documentOf(preview)['sample']).toContainEqual(
      expect.objectContaining({
        ...{ user: alice.user, password: 'kept' },
        evidence: expect.arrayContaining([{ says: 'for', what: 'the users document names it' }]),
      }),
    );
    expect(await granted()).toEqual([]);

    await world.auth0.block(bob.userId);
    const done = await json('--max', '3', '--why', 'imported in 2019', '--by', 'carol', '--yes');
    expect(done.code, done.stderr).toBe(4);
    expect(documentOf(done)).toMatchObject({
      users: 2,
      skipped: [{ user: bob.user, code: 'USER_BLOCKED' }],
      failed: [],
    });
    expect(documentOf(done)['granted']).toHaveLength(2);
    expect(documentOf(done)['reconciled']).toEqual(
      expect.arrayContaining([
        { user: alice.user, end: 'converged', needsAction: [] },
        { user: last.user, end: 'held', needsAction: [{ type: 'account', reason: 'PasswordRefused' }] },
      ]),
    );
    expect((await granted()).map(({ data }) => data)).toMatchObject(
      Array.from({ length: 2 }, () => ({ by: 'carol', reason: 'imported in 2019' })),
    );
    for (const member of [alice, last])
      expect((await storedMember(world, member))?.atproto?.createdAt).toBe('2019-01-02T03:04:05.000Z');
    expect((await conditionOf(engine, alice, 'account'))?.reason).toBe('AccountActive');
  });

  test('ends with what was done on Ctrl-C, and the rest is left for the next run', { timeout }, async () => {
    const { world, engine, members } = await recorded(8);
    const { text } = await limited(world, 100);
    const program = await text('--yes');
    await until(
      'somebody is adopted',
      async () => {
        const done = await Promise.all(members.map((member) => eventsOf(engine, member, 'account.adopted')));
        return done.flat().length > 0;
      },
      timeout,
    );
    program.signal('SIGINT');
    const ended = await program.ended;
    expect(ended.code, ended.stderr).toBe(4);
    const [, count] = /Granted for (\d+) of 8 users/.exec(ended.stdout) ?? [];
    const adopted = await Promise.all(members.map((member) => eventsOf(engine, member, 'account.adopted')));
    const grants = await Promise.all(members.map((member) => eventsOf(engine, member, 'adoption.granted')));
    expect(adopted.flat()).toHaveLength(Number(count));
    expect(grants.flat()).toHaveLength(Number(count));
    if (Number(count) < 8) expect(ended.stdout).toMatch(/Stopped: \d+ users? left as they are/);
  });

  test('options that do not go together are refused', async () => {
    const { env } = await platform();
    const lines: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /Give a user, or --all/],
      [['@alice', '--all'], /Give a user, or --all/],
      [['--all'], /--reason must be AccountEmailDiffers/],
      [['--all', '--reason', 'UnownedAccountFound'], /--reason must be AccountEmailDiffers.*--why/],
      [['--all', '--withdraw'], /--withdraw takes one user/],
      [['@alice', '--max', '3'], /go with --all/],
      [['@alice', '--why', 'x', '--reason', 'y'], /Give --why or --reason/],
      [['@alice', '--withdraw', '--preview'], /--withdraw takes a user/],
    ];
    const ended = await Promise.all(lines.map(([args]) => runOn({ env }, 'adopt', ...args)));
    for (const [at, { stderr }] of ended.entries()) expect(stderr).toMatch(lines[at]?.[1] ?? /never/);
  });
});
