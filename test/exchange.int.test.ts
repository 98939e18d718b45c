/** Users who exchange unique values, on the real parts: each ends with its own, and nobody stays parked. */
import { expect, test } from 'vitest';
import type { Engine } from '../src/wiring/engine.ts';
import {
  accountOf,
  chooseHandle,
  eventsOf,
  join,
  type Member,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { type Platform, platform } from './support/platform.ts';

interface Pair {
  readonly world: Platform;
  readonly engine: Engine;
  readonly alice: Member;
  readonly bob: Member;
}

async function pair(): Promise<Pair> {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
  for (const who of [alice, bob])
    expect(await reconcileUser(engine.reconcile, who)).toMatchObject({ end: 'converged' });
  return { world, engine, alice, bob };
}

/** Reconciles whoever is due, one after the other, and says who it was. */
async function untilIdle({ reconcile }: Engine): Promise<string[]> {
  const { queue, clock, settings } = reconcile;
  const passes: string[] = [];
  for (;;) {
    const now = new Date(clock.now().getTime() + 2_000);
    const lease = await queue.claim(now, settings.leaseMs);
    if (lease === undefined) return passes;
    await queue.release(lease);
    const { user, userId, tenant } = lease;
    passes.push(user);
    await reconcileUser(reconcile, { user, userId, tenant, email: '', label: '' });
    if (passes.length > 20) throw new Error(`Users are still due after ${passes.length} reconciliations.`);
  }
}

async function addressesOf({ world, engine, alice, bob }: Pair): Promise<(string | undefined)[]> {
  const accounts = await Promise.all([alice, bob].map((who) => accountOf(world, engine, who)));
  return accounts.map((account) => account?.email);
}

test.each(['alice first', 'bob first', 'at once'])(
  'two users exchange addresses, %s (case 7)',
  async (order) => {
    const both = await pair();
    const { world, engine, alice, bob } = both;
    await world.auth0.updateUser(alice.userId, { email: 'parked@example.com' });
    await world.auth0.updateUser(bob.userId, { email: alice.email, email_verified: true });
    await world.auth0.updateUser(alice.userId, { email: bob.email, email_verified: true });
    if (order === 'at once')
      await Promise.all([alice, bob].map((who) => reconcileUser(engine.reconcile, who)));
    else
      for (const who of order === 'alice first' ? [alice, bob] : [bob, alice])
        await reconcileUser(engine.reconcile, who);
    const woken = await untilIdle(engine);
    expect(await addressesOf(both)).toEqual([bob.email, alice.email]);
    for (const { user } of [alice, bob])
      expect(woken.filter((one) => one === user).length).toBeLessThanOrEqual(2);
    const parked = await Promise.all([alice, bob].map((who) => eventsOf(engine, who, 'email.parked')));
    expect(parked.flat().length).toBeGreaterThanOrEqual(1);
  },
);

test('two users exchange handles', async () => {
  const both = await pair();
  const { world, engine, alice, bob } = both;
  const [hers, his] = [alice, bob].map(({ label }) => label) as [string, string];
  await chooseHandle(world, alice, hers);
  await chooseHandle(world, bob, his);
  for (const who of [alice, bob]) await reconcileUser(engine.reconcile, who);
  await chooseHandle(world, alice, `${hers}x`);
  await chooseHandle(world, bob, hers);
  await chooseHandle(world, alice, his);
  for (const who of [alice, bob]) await reconcileUser(engine.reconcile, who);
  await untilIdle(engine);
  expect((await storedMember(world, alice))?.atproto?.handle).toMatch(new RegExp(`^${his}\\.`));
  expect((await storedMember(world, bob))?.atproto?.handle).toMatch(new RegExp(`^${hers}\\.`));
});
