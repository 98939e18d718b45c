/** Accounts of deleted users whose address or identity a user in Auth0 has, on the real parts. */
import { expect, test } from 'vitest';
import { decide } from '../src/engine/intake/decision.ts';
import { reconcile } from '../src/engine/reconcile/reconcile.ts';
import { sweep } from '../src/engine/sweep/sweep.ts';
import { eventId } from '../src/identity.ts';
import type { Auth0User } from '../src/ports/auth0.ts';
import type { Engine } from '../src/wiring/engine.ts';
import {
  accountOf,
  conditionOf,
  eventsOf,
  join,
  type Member,
  memberOf,
  reconcileUser,
} from './support/member.ts';
import { type Platform, platform } from './support/platform.ts';
import { runOn } from './support/program.ts';
import { until } from './support/until.ts';

const DELETE = {
  policy: { removal: 'delete', removalGraceMs: 0 },
  limits: { sourceShrink: 1, removals: { share: 1, count: 25 } },
};

async function engineOf(world: Platform): Promise<Engine> {
  const engine = world.engine(DELETE);
  await engine.prepare();
  return engine;
}

/** Sweeps of every tenant, and the reconciliation of all who are due then. */
async function sweeps(engine: Engine, times: number): Promise<void> {
  const { queue, clock, settings } = engine;
  for (let time = 0; time < times; time += 1) {
    for (const tenant of engine.tenants)
      expect(await sweep(engine.sweep, tenant)).toMatchObject({ type: 'over', removals: 0 });
    for (;;) {
      const lease = await queue.claim(clock.now(), settings.leaseMs);
      if (lease === undefined) break;
      await reconcile(engine.reconcile, lease);
    }
  }
}

/** The PDS may be slow, and what came of a creation is found by a later reconciliation. */
async function getsAccount(world: Platform, engine: Engine, member: Member): Promise<void> {
  await until(`${member.user} has an account`, async () => {
    await reconcileUser(engine.reconcile, member);
    return accountOf(world, engine, member);
  });
}

/** The listing lags. */
async function isListed(
  engine: Engine,
  which: (user: Auth0User) => boolean,
  isThere: boolean,
): Promise<void> {
  await until('the listing has caught up', async () => {
    let isFound = false;
    for await (const { users } of engine.tenants[0]?.directory.everyone() ?? [])
      isFound ||= users.some(which);
    return isFound === isThere;
  });
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
  await getsAccount(world, engine, gone);
  world.auth0.dropUser(gone.userId);
  const living = join(world, 'alice', { email: gone.email });
  await isListed(engine, ({ userId }) => userId === gone.userId, false);
  await sweeps(engine, 4);
  await isKept(world, engine, gone, living);
  expect(await conditionOf(engine, living, 'account')).toMatchObject({ held: true });
});

test('known to Auth0 alone, in another tenant and another spelling, a user is found before the removal', async () => {
  const world = await platform({ sisterTag: 'sister' });
  const engine = await engineOf(world);
  const [gone, other] = [join(world, 'alice'), join(world, 'bob')];
  for (const member of [gone, other]) await getsAccount(world, engine, member);
  for (const { userId } of [gone, other]) world.auth0.dropUser(userId);
  // An empty listing concludes nothing.
  join(world, 'dave', { emailVerified: false });
  await isListed(engine, ({ userId }) => userId === gone.userId || userId === other.userId, false);
  await sweeps(engine, 1);
  for (const member of [gone, other])
    expect(await conditionOf(engine, member, 'account')).toMatchObject({ reason: 'RemovalDue' });
  const living = join(world, 'alice', { email: gone.email, of: 'sister' });
  const elsewhere = join(world, 'carol', { email: `X${other.email}`, of: 'sister' });
  for (const member of [gone, other])
    await decide(engine, member, 'removal.granted', { run: eventId('run'), by: 'bob' });
  for (const member of [gone, other]) await reconcileUser(engine.reconcile, member);
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
  for (const member of [primary, gone]) await getsAccount(world, engine, member);
  await world.auth0.linkUsers(primary.userId, gone.userId);
  if (isLookedAt) {
    await reconcileUser(engine.reconcile, primary);
    expect(await engine.subjects.get(gone.user)).toMatchObject({ dueAt: expect.any(Date) });
  }
  await isListed(engine, ({ linked }) => linked?.includes(gone.userId) === true, true);
  await sweeps(engine, 4);
  expect(await isKept(world, engine, gone, primary)).toContain(`linked this user into '${primary.user}'`);
  expect((await engine.subjects.get(primary.user))?.linked).toEqual([gone.userId]);
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
