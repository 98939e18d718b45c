/** A process whose clock is a month ahead, on real parts: nobody is removed, it says why, and all goes on once it is right. */
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { expect, test } from 'vitest';
import { sweep } from '../src/engine/sweep/sweep.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { accountOf, conditionOf, eventsOf, join, reconcileUser } from './support/member.ts';
import { platform } from './support/platform.ts';
import { type Ended, runProgram, temporaryDirectory } from './support/program.ts';
import { until } from './support/until.ts';

const MONTH_MS = 31 * 86_400_000;

/** Loaded before the program: every date that it makes itself is so much later. */
function ahead(ms: number): string {
  const code = `
    const Right = Date;
    globalThis.Date = class Date extends Right {
      constructor(...args) { if (args.length === 0) super(Right.now() + ${ms}); else super(...args); }
      static now() { return Right.now() + ${ms}; }
    };`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

const LIMITS = { sourceShrink: 0.5, removals: { share: 1, count: 9 } };

function settings(removalGraceMs: number) {
  return { policy: { removal: 'delete', removalGraceMs }, limits: LIMITS };
}

async function sweepOnce({ sweep: deps, tenants }: Engine): Promise<void> {
  const [tenant] = tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  await sweep(deps, tenant);
}

test('a clock that is a month ahead removes nobody, and a right one does', async () => {
  const world = await platform();
  const engine = world.engine(settings(MONTH_MS - 86_400_000));
  await engine.prepare();
  const [alice, bob, carol] = [join(world, 'alice'), join(world, 'bob'), join(world, 'carol')];
  for (const member of [alice, bob, carol]) await reconcileUser(engine.reconcile, member);
  const reasonOf = async () => (await conditionOf(engine, alice, 'account'))?.reason;
  const account = await accountOf(world, engine, alice);
  world.auth0.dropUser(alice.userId);
  await until('the listing is without alice', async () => {
    await sweepOnce(engine);
    await reconcileUser(engine.reconcile, alice);
    return (await reasonOf()) === 'RemovalInGrace';
  });

  const file = joinPath(await temporaryDirectory(), 'policy.json');
  await writeFile(file, JSON.stringify(settings(MONTH_MS - 86_400_000)));
  const env = { ...world.env, NODE_OPTIONS: ahead(MONTH_MS) };
  const runAhead = (...args: readonly string[]): Promise<Ended> =>
    runProgram(['--config', file, '--json', ...args], { env });
  await runAhead('reconcile', '--all');
  expect(await reasonOf()).toBe('ClockDiffers');
  const again = await runAhead('reconcile', '--all');
  expect(again.stderr).toMatch(/The clock of this machine is 31 d ahead of the clock of MongoDB/);
  expect(await accountOf(world, engine, alice)).toEqual(account);
  const refused = await runAhead('approve', 'any', '--by', 'bob');
  expect(refused.code).toBe(1);
  expect(refused.stderr + refused.stdout).toContain('31 d ahead of the clock of MongoDB');
  expect(await eventsOf(engine, alice, 'removal.granted', 'account.deleted')).toEqual([]);

  // With a right clock the grace period goes on, and then it is over.
  await reconcileUser(engine.reconcile, alice);
  expect(await reasonOf()).toBe('RemovalInGrace');
  const later = world.engine(settings(0));
  await reconcileUser(later.reconcile, alice);
  expect(await reasonOf()).toBe('RemovalDue');
  await sweepOnce(later);
  await reconcileUser(later.reconcile, alice);
  expect(await eventsOf(engine, alice, 'account.deleted')).toHaveLength(1);
  expect(await accountOf(world, engine, alice)).toBeUndefined();
  for (const member of [bob, carol])
    expect(await accountOf(world, engine, member)).toMatchObject({ state: 'active' });
});
