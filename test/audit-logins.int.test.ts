/** The stored passwords of everyone, tested on a real PDS by processes that are stopped and killed. */
import { expect, test } from 'vitest';
import { join, type Member, reconcileUser, storedMember } from './support/member.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, type Ended, runOn, startOn } from './support/program.ts';

interface Logins {
  readonly accounts: number;
  readonly resumedAfter: number;
  readonly interrupted: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly failed: readonly { readonly user: string; readonly state: string; readonly command: string }[];
}

function loginsOf(ended: Ended): Logins {
  return documentOf(ended)['logins'] as Logins;
}

interface StoredRun {
  readonly _id: string;
  readonly position?: string;
}

/** Resolves when a run has kept how far it has come. */
async function kept({ db }: Platform): Promise<void> {
  await expect
    .poll(
      async () => {
        const run = await db.collection<StoredRun>('concord.cursors').findOne({ _id: 'audit-logins' });
        return run?.position === undefined ? 0 : (JSON.parse(run.position) as { accounts: number }).accounts;
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBeGreaterThan(0);
}

test('each password is tested, what does not work is told with what mends it, and a run that was stopped or killed goes on', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const { accounts } = engine;
  const members = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'].map((name) => join(world, name));
  for (const member of members) await reconcileUser(engine.reconcile, member);
  const [, refused, missing, gone, deactivated] = members;
  const didOf = async (member: Member | undefined) => {
    const did = member === undefined ? undefined : (await storedMember(world, member))?.atproto?.did;
    if (did === undefined) throw new Error('Everyone has an account.');
    return did;
  };
  await accounts.setPassword(await didOf(refused), 'somebody-elses-choice');
  await accounts.deleteAccount(await didOf(gone));
  await accounts.setActive(await didOf(deactivated), false);
  const users = world.db.collection<{ _id: string }>('users', { writeConcern: { w: 'majority' } });
  await users.updateOne({ _id: missing?.user ?? '' }, { $unset: { 'atproto.password': true } });
  const before = await world.db.collection('concord.events').countDocuments();

  const first = await startOn(world, '--json', 'audit', '--logins', '--per-second', '0.4');
  await kept(world);
  first.signal('SIGINT');
  const stopped = await first.ended;
  expect(stopped.code, stopped.stderr).toBe(4);
  expect(loginsOf(stopped)).toMatchObject({ interrupted: true, resumedAfter: 0 });

  const second = await startOn(world, '--json', 'audit', '--logins', '--per-second', '0.4');
  await expect
    .poll(() => world.db.collection('concord.cursors').countDocuments({ 'lease.token': { $exists: true } }), {
      timeout: 60_000,
      interval: 50,
    })
    .toBe(1);
  second.signal('SIGKILL');
  await second.ended;
  const held = await runOn(world, 'audit', '--logins');
  expect([held.code, held.stderr]).toEqual([1, expect.stringMatching(/run this again after/)]);
  await world.db
    .collection<StoredRun>('concord.cursors')
    .updateOne(
      { _id: 'audit-logins' },
      { $set: { 'lease.until': new Date(0) } },
      { writeConcern: { w: 'majority' } },
    );

  const ended = await runOn(world, '--json', 'audit', '--logins', '--per-second', '50');
  expect(ended.code, ended.stderr).toBe(2);
  const logins = loginsOf(ended);
  expect(logins).toMatchObject({ accounts: 6, interrupted: false });
  expect(logins.resumedAfter).toBeGreaterThan(0);
  expect(logins.counts).toMatchObject({
    ...{ opens: 2, 'opens-deactivated': 1, refused: 1, missing: 1, 'account-missing': 1, untried: 0 },
  });
  const commands = Object.fromEntries(logins.failed.map(({ user, command }) => [user, command]));
  expect(commands).toEqual({
    [refused?.user ?? '']: `concord password '${refused?.user ?? ''}' --reset`,
    [missing?.user ?? '']: `concord password '${missing?.user ?? ''}' --reset`,
    [gone?.user ?? '']: `concord explain '${gone?.user ?? ''}'`,
  });
  expect(await world.db.collection('concord.events').countDocuments()).toBe(before);

  for (const member of [refused, missing])
    expect((await runOn(world, 'password', member?.user ?? '', '--reset', '--yes')).code).toBe(0);
  const again = await runOn(world, 'audit', '--logins', '--per-second', '50');
  expect([again.code, again.stdout]).toEqual([
    2,
    expect.stringContaining('1 of an account that the PDS does not have'),
  ]);
  expect(again.stdout).not.toContain('--reset');
  expect((await runOn(world, 'audit', '--restart')).stderr).toContain('concord audit --logins');
});
