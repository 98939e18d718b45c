/**
 * A platform on which somebody is in each kind of trouble, behind a service that serves the dashboard. The tests of
 * a file share one; each does something to people of its own.
 */
import { expect } from 'vitest';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import type { Engine } from '../../../src/wiring/engine.ts';
import { chooseHandle, conditionOf, join, type Member, reconcileUser } from '../../support/member.ts';
import { createAccount, person, sharedPds } from '../../support/pds.ts';
import { type Overlay, openPlatform, type Platform, type Served } from '../../support/platform.ts';
import { until } from '../../support/until.ts';

/** Alerts a hundred times as fast as by default, two failures are enough, and one rename in a sweep is too. */
const OVERLAY: Overlay = {
  alerts: { intervalMs: 100, openAfterMs: 100, closeAfterMs: 300 },
  engine: { quarantineAfter: 2, backoff: { firstMs: 50, factor: 1, maxMs: 50, jitter: 0 } },
  limits: { renames: { share: 1, count: 1 } },
};

export interface Town {
  readonly world: Platform;
  readonly engine: Engine;
  readonly served: Served;
  /** Whole, with a handle of their own. */
  readonly alice: Member;
  readonly dave: Member;
  /** Left alone after too many failures at Auth0, which goes on failing for them until `mend`. */
  readonly bob: Member;
  mend(): void;
  /** Somebody has an account that nobody knows to be theirs. */
  readonly carol: Member;
  readonly carolsDid: string;
  /** With an address that is not verified. */
  readonly erin: Member;
  /** Whose verifications document was removed. */
  readonly henry: Member;
  /** Whose renaming a sweep was halted over. */
  readonly renamed: readonly Member[];
}

export async function openTown(): Promise<Town> {
  const world = await openPlatform();
  const engine = world.engine(OVERLAY);
  await engine.prepare();
  const carols = person('carol');
  const people = {
    alice: join(world, 'alice'),
    dave: join(world, 'dave'),
    bob: join(world, 'bob'),
    carol: join(world, 'carol', { email: carols.email }),
    erin: join(world, 'erin', { emailVerified: false }),
    henry: join(world, 'henry'),
    renamed: [join(world, 'frank'), join(world, 'grace')],
  };
  const { alice, dave, bob, carol, henry, renamed } = people;
  const carolsDid = await createAccount(sharedPds(), carols);
  for (const member of [alice, dave, carol]) await chooseHandle(world, member, member.label);
  const path = `/api/v2/users/${encodeURIComponent(bob.userId)}`;
  await Promise.all(
    [alice, dave, carol, henry, people.erin, ...renamed].map((one) => reconcileUser(engine.reconcile, one)),
  );
  await world.db.collection<{ _id: string }>('verifications').deleteOne({ _id: henry.user });
  await reconcileUser(engine.reconcile, henry);
  world.auth0.faults.add({ path, times: 10_000, answer: { type: 'status', status: 400 } });
  for (let failures = 0; failures < 2; failures += 1)
    expect(await reconcileUser(engine.reconcile, bob)).toMatchObject({ end: 'failed' });
  for (const member of renamed) await chooseHandle(world, member, member.label);
  const [tenant] = engine.tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  // The list is late, as Auth0's is.
  await until('a sweep is halted', async () => {
    const end = await sweep(engine.sweep, tenant);
    return end.type === 'over' && end.halts.length > 0;
  });
  const served = await world.serve({ overlay: OVERLAY });
  expect((await conditionOf(engine, carol, 'account'))?.reason).toBe('UnownedAccountFound');
  return { world, engine, served, ...people, carolsDid, mend: () => world.auth0.faults.clear() };
}
