/** A test user on the real parts: created, removed, and cleaned up after a run that was killed. */
import { expect, test } from 'vitest';
import type { FullSimulation } from '../../src/doctor/simulate-full.ts';
import type { Did } from '../../src/identity.ts';
import { documentOf, runOn, startOn } from '../support/program.ts';
import { healthyPlatform } from './patient.ts';

interface TestUser {
  readonly _id: string;
  readonly atproto?: { readonly did: Did };
}

const FULL = ['--json', 'doctor', '--simulate', '--full', '--yes'] as const;

test('a test user is created and removed, unseen by others, also after a run that was killed', async () => {
  const world = await healthyPlatform();
  try {
    const users = world.db.collection<TestUser>('users');
    const reserved = { _id: { $regex: '^concord-simulation[|]' } };
    const { accounts } = world.opened.reconcile;
    const events = await world.db.collection('concord.events').countDocuments();

    const alone = await runOn(world, 'doctor', '--full');
    expect([alone.code, alone.stderr]).toEqual([
      2,
      expect.stringContaining('concord doctor --simulate --full'),
    ]);
    const unasked = await runOn(world, 'doctor', '--simulate', '--full');
    expect([unasked.code, unasked.stderr]).toEqual([
      2,
      expect.stringMatching(/leaves one DID in the public directory[\s\S]*Give --yes/),
    ]);
    expect(await users.countDocuments(reserved)).toBe(0);

    const killed = await startOn(world, ...FULL);
    const created: TestUser[] = [];
    await expect
      .poll(
        async () => {
          const found = await users.findOne({ ...reserved, 'atproto.did': { $exists: true } });
          if (found !== null) created.push(found);
          return found !== null;
        },
        { timeout: 90_000, interval: 5 },
      )
      .toBe(true);
    killed.signal('SIGKILL');
    await killed.ended;
    const did = created[0]?.atproto?.did;
    if (did === undefined) throw new Error('There is a DID.');
    expect(await users.countDocuments(reserved)).toBe(1);
    expect(await accounts.account(did)).toMatchObject({ state: 'active' });
    const orphans = documentOf(await runOn(world, '--json', 'audit', '--orphans'))['orphans'] as {
      readonly orphanDocuments: number;
      readonly accounts: readonly { readonly did: string }[];
    };
    expect(orphans.orphanDocuments).toBe(0);
    expect(orphans.accounts.map((one) => one.did)).not.toContain(did);
    const logins = documentOf(await runOn(world, '--json', 'audit', '--logins'))['logins'];
    expect(logins).toMatchObject({ accounts: 0 });

    const held = await runOn(world, ...FULL);
    expect([held.code, held.stderr]).toEqual([1, expect.stringMatching(/Another process simulates a user/)]);
    await world.db
      .collection<{ _id: string }>('concord.cursors', { writeConcern: { w: 'majority' } })
      .updateOne({ _id: 'doctor-simulation' }, { $set: { 'lease.until': new Date(0) } });

    const ended = await runOn(world, ...FULL);
    expect(ended.code, ended.stdout).toBe(0);
    const full = documentOf(ended)['full'] as FullSimulation;
    expect(full).toMatchObject({ failed: null, removed: true, leftovers: 1 });
    for (const { outcome, durationMs } of full.steps) {
      expect(outcome).toBe('done');
      expect(durationMs).toBeGreaterThanOrEqual(0);
    }
    for (const name of ['users', 'verifications', '@handles'])
      expect(await world.db.collection<TestUser>(name).countDocuments(reserved), name).toBe(0);
    for (const one of [did, full.did])
      expect(one === null ? '' : await accounts.account(one)).toBe('missing');
    expect(await world.db.collection('concord.events').countDocuments()).toBe(events);
    expect(await world.db.collection('concord.subjects').countDocuments()).toBe(0);
  } finally {
    await world.close();
  }
});
