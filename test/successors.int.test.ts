/** Accounts of deleted users whose address or identity a user in Auth0 has, on the real parts. */
import { expect, test } from 'vitest';
import { converge } from '../src/engine/converge.ts';
import { decide } from '../src/engine/decide.ts';
import { sweep } from '../src/engine/sweep.ts';
import { eventId } from '../src/identity.ts';
import type { Engine } from '../src/wire.ts';
import { accountOf, conditionOf, eventsOf, join, type Member, memberOf, passOver } from './support/member.ts';
import { type Platform, platform } from './support/platform.ts';
import { runOn } from './support/program.ts';
import { until } from './support/until.ts';

const DELETE = {
  policy: { removal: 'delete', removalGraceMs: 0 },
  limits: { sourceShrink: 0.9, removals: { share: 1, count: 25 } },
};

async function engineOf(world: Platform): Promise<Engine> {
  const engine = world.engine(DELETE);
  await engine.prepare();
  return engine;
}

/** Sweeps of every tenant, and the reconciliation of all who are due then. */
async function sweeps(engine: Engine, times: number): Promise<void> {
  const { queue, clock, settings } = engine.converge;
  for (let time = 0; time < times; time += 1) {
    for (const tenant of engine.tenants)
      expect(await sweep(engine.sweep, tenant)).toMatchObject({ type: 'over', removals: 0 });
    for (;;) {
      const lease = await queue.claim(clock.now(), settings.leaseMs);
      if (lease === undefined) break;
      await converge(engine.converge, lease);
    }
  }
}

async function isKept(world: Platform, engine: Engine, gone: Member, living: Member): Promise<string> {
  expect(await accountOf(world, engine, gone)).toMatchObject({ state: 'active' });
  const condition = await conditionOf(engine, gone, 'account');
  expect(condition).toMatchObject({ status: 'True', reason: 'KeptForSuccessor', held: false });
  expect(condition?.message).toContain(`concord transfer '${gone.user}' '${living.user}'`);
  expect(condition?.message).not.toContain('@');
  expect(await eventsOf(engine, gone, 'removal.granted', 'account.deleted')).toEqual([]);
  return condition?.message ?? '';
}

test('a person who deletes a user and signs up again keeps the account, under removal: delete', async () => {
  const world = await platform();
  const engine = await engineOf(world);
  const gone = join(world, 'alice');
  await passOver(engine.converge, gone);
  world.auth0.dropUser(gone.userId);
  const living = join(world, 'alice', { email: gone.email });
  await sweeps(engine, 4);
  await isKept(world, engine, gone, living);
  expect(await conditionOf(engine, living, 'account')).toMatchObject({ held: true });
});

test('known to Auth0 alone, in another tenant and another spelling, a user is found before the removal', async () => {
  const world = await platform({ sisterTag: 'sister' });
  const engine = await engineOf(world);
  const [gone, other] = [join(world, 'alice'), join(world, 'bob')];
  for (const member of [gone, other]) await passOver(engine.converge, member);
  for (const { userId } of [gone, other]) world.auth0.dropUser(userId);
  await sweeps(engine, 1);
  for (const member of [gone, other])
    expect(await conditionOf(engine, member, 'account')).toMatchObject({ reason: 'RemovalDue' });
  const living = join(world, 'alice', { email: gone.email, of: 'sister' });
  const elsewhere = join(world, 'carol', { email: `X${other.email}`, of: 'sister' });
  for (const member of [gone, other])
    await decide(engine.converge, member, 'removal.granted', { run: eventId('run'), by: 'bob' });
  for (const member of [gone, other]) await passOver(engine.converge, member);
  expect(await accountOf(world, engine, gone)).toMatchObject({ state: 'active' });
  expect(await conditionOf(engine, gone, 'account')).toMatchObject({
    reason: 'KeptForSuccessor',
    message: expect.stringContaining(living.user),
  });
  expect(elsewhere.email).not.toBe(other.email);
  expect(await accountOf(world, engine, other)).toBeUndefined();
});

test.each([
  ['the primary user is looked at first', true],
  ['a sweep finds it', false],
])('a user who was linked into another one keeps the account: %s', async (_how, isLookedAt) => {
  const world = await platform();
  const engine = await engineOf(world);
  const primary = join(world, 'alice');
  const gone = join(world, 'bob', { provider: 'google-oauth2' });
  for (const member of [primary, gone]) await passOver(engine.converge, member);
  await world.auth0.linkUsers(primary.userId, gone.userId);
  if (isLookedAt) {
    await passOver(engine.converge, primary);
    expect(await engine.converge.subjects.get(gone.user)).toMatchObject({ dueAt: expect.any(Date) });
  }
  await until('the listing shows it', async () => {
    for await (const { users } of engine.tenants[0]?.directory.everyone() ?? [])
      if (users.some(({ linked }) => linked?.includes(gone.userId))) return true;
    return false;
  });
  await sweeps(engine, 4);
  expect(await isKept(world, engine, gone, primary)).toContain(`linked this user into '${primary.user}'`);
  expect((await engine.converge.subjects.get(primary.user))?.linked).toEqual([gone.userId]);
  const log = await world.db.collection('concord.events').find({}).toArray();
  expect(JSON.stringify(log)).not.toContain('access_token');

  // Asked by a person, it is no other.
  const plan = await runOn(world, '--json', 'plan', gone.userId);
  expect(plan.stdout).not.toContain('delete-account');
});

test('the search of Auth0 finds a user by identity, and not by half of one', async () => {
  const world = await platform();
  const { directory } = world.engine().tenants[0] ?? {};
  const primary = join(world, 'alice');
  const linked = join(world, 'bob', { provider: 'google-oauth2' });
  await world.auth0.linkUsers(primary.userId, linked.userId);
  await until('the search shows it', async () => {
    const found = await directory?.usersByIdentity(linked.userId);
    return found?.length === 1 && found[0]?.userId === primary.userId;
  });
  const half = memberOf(linked.userId.replace('google-oauth2', 'facebook'), linked.email);
  expect(await directory?.usersByIdentity(half.userId)).toEqual([]);
  expect(await directory?.usersByIdentity(primary.userId)).toMatchObject([{ userId: primary.userId }]);
});
