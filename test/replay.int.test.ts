/** The read model, rebuilt from the log alone, on the real mongod and PDS. */
import { expect, test } from 'vitest';
import { decide } from '../src/engine/intake/decision.ts';
import { replay } from '../src/engine/operations/replay.ts';
import { fold } from '../src/events/fold.ts';
import { storedUserKey } from '../src/identity.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { wireReplay } from '../src/wiring/operations.ts';
import { chooseHandle, join, type Member, reconcileUser, storedMember } from './support/member.ts';
import { createAccount, person, sharedPds } from './support/pds.ts';
import { type Platform, platform, silent } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';

interface StoredSubject {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** On a majority before it is answered, or Concord, which reads what a majority has, may not see it yet. */
const MAJORITY = { writeConcern: { w: 'majority' } } as const;

function subjects({ db }: Platform) {
  return db.collection<StoredSubject>('concord.subjects', MAJORITY);
}

function stored(world: Platform): Promise<StoredSubject[]> {
  return subjects(world).find().sort({ _id: 1 }).toArray();
}

/** What the read model shows, with how it is found by address, and nothing of the queue. */
async function shown(world: Platform): Promise<unknown[]> {
  const fields = { _id: 1, tenant: 1, userId: 1, view: 1, accountEmailHash: 1 };
  return subjects(world).find().project(fields).sort({ _id: 1 }).toArray();
}

/** Alice, whom Concord made, bob, who is older than the log, and others who stand every way there is. */
async function richHistory(world: Platform, engine: Engine): Promise<readonly Member[]> {
  const { auth0, db } = world;
  await engine.prepare();
  const [alice, bob, carol, dave] = [
    join(world, 'alice'),
    join(world, 'bob'),
    join(world, 'carol', { emailVerified: false }),
    join(world, 'dave'),
  ];
  const twin = join(world, 'twin', { email: alice.email, of: 'sister' });
  const pass = (member: Member) => reconcileUser(engine.reconcile, member);

  await chooseHandle(world, alice, alice.label);
  await pass(alice);
  await pass(twin);
  const account = { ...person('bob'), email: bob.email };
  const did = await createAccount(sharedPds(), account);
  const atproto = { did, handle: account.handle, password: account.password, createdAt: 'once' };
  await db
    .collection<{ _id: string }>('users')
    .insertOne({ _id: bob.user, code: 'ac24nobeb', atproto } as never);
  for (const member of [bob, carol, dave]) await pass(member);

  const moved = person('alice').email;
  await auth0.changeEmail(alice.userId, moved);
  await pass(alice);
  await auth0.verifyEmail(alice.userId);
  await pass(alice);
  await chooseHandle(world, alice, 'x');
  await pass(alice);
  await auth0.block(bob.userId);
  await pass(bob);
  await auth0.unblock(bob.userId);
  const decision = { by: 'bob', reason: 'asked', until: null };
  await decide(engine, bob, 'user.paused', decision);
  await pass(bob);
  const away = world.engine({ pds: { url: 'http://127.0.0.1:9' } });
  for (const member of [bob, dave]) await reconcileUser(away.reconcile, member);
  await auth0.deleteUser(dave.userId);
  await pass(dave);
  return [alice, bob, carol, dave, twin];
}

test('a rich history gives the same read model, field by field, also when all of it was lost', async () => {
  const world = await platform({ sisterTag: 'sister' });
  // Bob's password is stored in plaintext, as the platform made it.
  const engine = world.engine({ credentials: { storage: 'sealed' } });
  const members = await richHistory(world, engine);
  // Somebody due whom no pass has looked at yet.
  const erin = join(world, 'erin');
  await engine.queue.markDue([erin], new Date(), 'trigger');
  const live = await stored(world);
  const before = await shown(world);
  expect(before).toHaveLength(members.length + 1);
  // Bob's account was never made by Concord, and is found by its address all the same.
  const bob = members[1];
  expect((await engine.subjects.holdersOfEmail(bob?.email ?? '')).map(({ user }) => user)).toEqual([
    bob?.user,
  ]);

  const dry = await runOn(world, '--json', 'replay', '--dry-run');
  expect(dry.code, dry.stderr).toBe(0);
  expect(documentOf(dry)).toMatchObject({ users: 5, equal: 5, differing: 0, rebuilt: 0, withoutEvents: 1 });
  expect(await stored(world)).toEqual(live);

  await subjects(world).drop();
  await engine.prepare();
  const lost = await runOn(world, '--json', 'replay', '--dry-run');
  expect([lost.code, documentOf(lost)['differing']]).toEqual([2, 5]);
  expect(await stored(world)).toEqual([]);
  const rebuilt = await runOn(world, '--json', 'replay');
  expect(rebuilt.code, rebuilt.stderr).toBe(0);
  expect(documentOf(rebuilt)).toMatchObject({ users: 5, equal: 0, rebuilt: 5, withoutEvents: 0 });

  const after = await shown(world);
  expect(after).toEqual(before.filter((row) => (row as StoredSubject)._id !== erin.user));
  // Nobody is due for it, nobody holds a lease, and nothing is made up about when Auth0 was read.
  for (const row of await stored(world)) {
    expect(Object.keys(row).sort()).toEqual(
      expect.not.arrayContaining(['due', 'lease', 'taken', 'observedAt']),
    );
  }
  expect(documentOf(await runOn(world, '--json', 'replay'))).toMatchObject({ equal: 5, rebuilt: 0 });
});

test('who is due stays due for the same, and who is leased is left to the pass', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
  for (const member of [alice, bob]) await reconcileUser(engine.reconcile, member);
  const { queue, clock } = engine;
  const at = new Date('2026-01-01T00:00:00Z');
  await queue.markDue(
    [{ ...alice, cause: (await engine.log.ofUser(alice.user))[0]?._id ?? ('' as never) }],
    at,
    'sweep',
  );
  const [whole] = (await stored(world)).filter(({ _id }) => _id === alice.user);
  await subjects(world).updateMany({}, { $set: { 'view.code': 'ac99lalal', 'view.sync': 'Unknown' } });
  const lease = await queue.claimUser(bob, clock.now(), 60_000);
  expect(lease).toBeDefined();

  const side = wireReplay(world.config(), silent(), false);
  try {
    expect(await replay(side)).toMatchObject({ users: 2, rebuilt: 1, busy: 1, equal: 0 });
    expect((await stored(world)).find(({ _id }) => _id === alice.user)).toEqual(whole);
    expect(await engine.subjects.get(bob.user)).toMatchObject({ code: 'ac99lalal' });
    if (lease !== undefined) await queue.release(lease);
    expect(await replay(side)).toMatchObject({ rebuilt: 1, equal: 1 });
  } finally {
    await side.close();
  }
});

test('a pass that ends in the middle of a replay is not overwritten', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  await reconcileUser(engine.reconcile, alice);
  await subjects(world).updateMany({}, { $set: { 'view.sync': 'Unknown' } });
  const side = wireReplay(world.config(), silent(), false);
  try {
    // The pass comes between the read of the events and the write that follows from it.
    let passed = false;
    const ofUser: typeof side.events.ofUser = async (user) => {
      const events = await side.events.ofUser(user);
      if (!passed) {
        passed = true;
        await chooseHandle(world, alice, alice.label);
        await reconcileUser(engine.reconcile, alice);
      }
      return events;
    };
    expect(await replay({ ...side, events: { ...side.events, ofUser } })).toMatchObject({ rebuilt: 1 });
    const { platformHandle } = fold(await engine.log.ofUser(alice.user));
    expect(platformHandle).toBe(alice.label);
    expect(await engine.subjects.get(alice.user)).toMatchObject({
      platformHandle,
      accountHandle: `${alice.label}.at.test`,
      sync: 'Synced',
    });
    expect((await storedMember(world, alice))?.atproto?.handle).toBe(`${alice.label}.at.test`);
  } finally {
    await side.close();
  }
});

test('counts what the log knows nothing of, and whose tenant nobody knows', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  await reconcileUser(engine.reconcile, join(world, 'alice'));
  const stranger = storedUserKey('no-such-prefix');
  await subjects(world).insertOne({ _id: 'auth0|unheard', tenant: 'aesthetic', userId: 'auth0|unheard' });
  const [event] = await world.db
    .collection<StoredSubject>('concord.events', MAJORITY)
    .find({ type: 'converged' })
    .toArray();
  await world.db
    .collection<StoredSubject>('concord.events', MAJORITY)
    .insertOne({ ...event, _id: 'e-1', user: stranger });
  const side = wireReplay(world.config({ tenants: undefined }), silent(), false);
  try {
    const report = await replay({ ...side, tenants: [] });
    expect(report).toMatchObject({ users: 2, equal: 1, withoutTenant: 1, withoutEvents: 1 });
  } finally {
    await side.close();
  }
});
