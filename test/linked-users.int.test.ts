/** Two tenants, one person, one handle: on the real parts. */
import { expect, test } from 'vitest';
import type { Engine } from '../src/wiring/engine.ts';
import { everyoneAtRest } from './support/crowd.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  type Member,
  reconcileUser,
} from './support/member.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';
import { until } from './support/until.ts';

interface Twins {
  readonly engine: Engine;
  readonly alice: Member;
  readonly sister: Member;
}

async function twins(world: Platform): Promise<Twins> {
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  const sister = join(world, 'alice', { email: alice.email, of: 'sister' });
  return { engine, alice, sister };
}

async function resolved({ engine }: Twins, { user }: Member): Promise<string | undefined> {
  return (await engine.subjects.get(user))?.platformHandle;
}

/** The handles of both accounts, and what both users resolve to. */
async function named(world: Platform, both: Twins) {
  const { engine, alice, sister } = both;
  const label = async (member: Member) =>
    (await accountOf(world, engine, member))?.handle.replace(/\.at\.test$/, '');
  return {
    alice: await label(alice),
    sister: await label(sister),
    resolved: [await resolved(both, alice), await resolved(both, sister)],
  };
}

async function settlesAs(world: Platform, both: Twins, handle: string): Promise<void> {
  await until(`the person is called ${handle}`, async () => {
    const found = await named(world, both);
    const code = (await both.engine.subjects.get(both.sister.user))?.code;
    return found.alice === handle && found.sister === code && found.resolved.every((name) => name === handle);
  });
}

test('one account carries the handle, both users resolve to it, and nothing moves after that', async () => {
  const world = await platform({ sisterTag: 'sister', areLinked: true });
  const both = await twins(world);
  const { engine, alice, sister } = both;
  const service = await world.serve();
  await until('the handles are watched', () => service.watch().mode === 'stream');
  // One after the other: who comes first has the plain address, and only the second tenant has a tag.
  for (const member of [alice, sister]) {
    await engine.queue.markDue([member], new Date(), 'trigger');
    await until(`${member.user} has an account`, () => accountOf(world, engine, member));
  }

  await chooseHandle(world, alice, alice.label);
  await settlesAs(world, both, alice.label);
  expect(await conditionOf(engine, sister, 'handle')).toMatchObject({
    status: 'True',
    reason: 'SisterHasHandle',
    message: expect.stringContaining(alice.user),
  });
  const renamed = `x${alice.label}`.slice(0, 18);
  await chooseHandle(world, alice, renamed);
  await settlesAs(world, both, renamed);
  // The address that was taken has the tenant's tag, and both addresses are one person's.
  expect([await accountOf(world, engine, alice), await accountOf(world, engine, sister)]).toMatchObject([
    { email: alice.email },
    { email: alice.email.replace('@', '+sister@') },
  ]);

  await until('everyone is at rest', () => everyoneAtRest(world));
  const events = () => world.db.collection('concord.events').countDocuments();
  const before = await events();
  for (const member of [alice, sister, alice]) {
    expect(await reconcileUser(engine.reconcile, member)).toMatchObject({ end: 'converged', applied: [] });
  }
  expect(await events()).toBe(before);
  expect(await engine.queue.nextDueAt()).toBeUndefined();
  expect(await eventsOf(engine, sister, 'handle.changed', 'converge.failed')).toEqual([]);
  const live = await engine.subjects.get(sister.user);
  expect(live).toMatchObject({ sister: alice.user, sync: 'Synced' });
});

test('who goes is no sister any more, and is forgotten by the other too', async () => {
  const world = await platform({ sisterTag: 'sister', areLinked: true });
  const both = await twins(world);
  const { engine, alice, sister } = both;
  await chooseHandle(world, alice, alice.label);
  for (const member of [alice, sister, alice, sister]) await reconcileUser(engine.reconcile, member);
  expect(await resolved(both, sister)).toBe(alice.label);

  const account = await accountOf(world, engine, alice);
  if (account !== undefined) await engine.accounts.setActive(account.did, false);
  await world.auth0.deleteUser(alice.userId);
  await reconcileUser(engine.reconcile, alice);
  await reconcileUser(engine.reconcile, sister);
  expect(await resolved(both, sister)).toBeUndefined();
  expect(await conditionOf(engine, sister, 'handle')).toMatchObject({ reason: 'NoPlatformHandle' });
  const forgotten = await runOn(world, '--json', 'forget', alice.userId, '--yes');
  expect(forgotten.code, forgotten.stderr).toBe(0);
  // What was seen of her, and that it was she who found the other one.
  expect(documentOf(forgotten)).toMatchObject({ mentions: 2 });
  expect(await world.db.collection('concord.events').countDocuments({ 'data.by': alice.user })).toBe(0);

  expect(await world.db.collection('concord.events').countDocuments({ 'data.user': alice.user })).toBe(0);
  const told = await eventsOf(engine, sister, 'sister.observed');
  expect(told.map(({ data }) => data)).toEqual([
    { user: null, handle: null },
    { user: null, handle: null },
  ]);
  const replayed = await runOn(world, '--json', 'replay', '--dry-run');
  expect(documentOf(replayed)).toMatchObject({ equal: 2, differing: 0 });
});

test('a sister tenant that is away keeps nothing but the handle waiting', async () => {
  const world = await platform({ sisterTag: 'sister', areLinked: true });
  const both = await twins(world);
  const { engine, alice, sister } = both;
  await chooseHandle(world, sister, sister.label);
  for (const member of [alice, sister, alice]) await reconcileUser(engine.reconcile, member);
  const bob = join(world, 'bob');
  await world.sister.stop();

  for (const member of [bob, alice]) {
    expect(await reconcileUser(engine.reconcile, member)).toMatchObject({
      end: 'failed',
      failures: [{ resource: 'handle', code: 'UNREACHABLE' }],
    });
    expect(await accountOf(world, engine, member)).toMatchObject({ state: 'active' });
    expect(await conditionOf(engine, member, 'account')).toMatchObject({ reason: 'AccountActive' });
  }
  expect(await resolved(both, alice)).toBe(sister.label);
  expect(await conditionOf(engine, alice, 'handle')).toMatchObject({
    status: 'Unknown',
    reason: 'NotObserved',
  });
  expect(await reconcileUser(engine.reconcile, sister)).toMatchObject({ end: 'failed', applied: [] });
  expect((await accountOf(world, engine, sister))?.handle).toBe(`${sister.label}.at.test`);
});

test.each([
  ['the first tenant first', 'alice'],
  ['the second tenant first', 'sister'],
])(
  'an address in two spellings: both know each other, and one account has the handle: %s',
  async (_order, first) => {
    const world = await platform({ sisterTag: 'sister', areLinked: true });
    const engine = world.engine();
    await engine.prepare();
    const alice = join(world, 'alice');
    // The lookup by address is letter by letter: from the first tenant, nobody is found.
    const email = alice.email.replace(/^./, (letter) => letter.toUpperCase());
    const sister = join(world, 'alice', { email, of: 'sister' });
    await chooseHandle(world, sister, alice.label);
    const order = first === 'alice' ? [alice, sister] : [sister, alice];
    for (let time = 0; time < 3; time += 1)
      for (const member of order) await reconcileUser(engine.reconcile, member);
    expect(await engine.subjects.get(alice.user)).toMatchObject({
      ...{ sister: sister.user, platformHandle: alice.label },
    });
    expect(await engine.subjects.get(sister.user)).toMatchObject({ sister: alice.user });
    const carried = await Promise.all(
      [alice, sister].map(async (member) => (await accountOf(world, engine, member))?.handle),
    );
    expect(carried.filter((handle) => handle === `${alice.label}.at.test`)).toHaveLength(1);
    expect(await eventsOf(engine, alice, 'sister.named')).toHaveLength(1);
    const replayed = await runOn(world, '--json', 'replay', '--dry-run');
    expect(documentOf(replayed)).toMatchObject({ equal: 2, differing: 0 });
  },
);
