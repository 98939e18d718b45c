import { describe, expect, it } from 'vitest';
import { assess } from '../../../src/engine/sweep/assess.ts';
import type { Assessment } from '../../../src/engine/sweep/assessment.ts';
import { auditedUser, Tally } from '../../../src/engine/sweep/audit.ts';
import { pausedUsers, withPause } from '../../../src/engine/sweep/paused.ts';
import { alice, bob, handle, type Person, tenant } from '../../mongo/subjects/people.ts';
import { mainTenant, sweepDeps, write } from '../../support/in-memory/sweeps.ts';
import { auth0User, choose, createWorld, reconcileUser, type World } from '../../support/in-memory/world.ts';

async function listed(world: World): Promise<Assessment[]> {
  const found: Assessment[] = [];
  for await (const { users } of world.directory.everyone())
    found.push(...(await assess(sweepDeps(world), mainTenant(world), users, world.clock.now())));
  return found;
}

async function audited(world: World) {
  const tally = new Tally();
  const assessments = await listed(world);
  for (const assessment of assessments) tally.add(assessment);
  const rows = assessments.map((assessment) => auditedUser(tenant, assessment));
  return { totals: tally.totals(), rows, row: ({ user }: Person) => rows.find((row) => row.user === user) };
}

describe('the totals', () => {
  it('of nobody are nothing of nothing', () => {
    const none = { have: 0, of: 0 };
    expect(new Tally().totals()).toEqual({
      verifications: none,
      users: none,
      codes: none,
      handles: none,
      accounts: none,
      waitingForEmailVerification: 0,
    });
  });

  it('count what is there, and accounts of those only who are to have one', async () => {
    const world = createWorld();
    for (const who of [alice, bob]) world.directory.put(auth0User(who, { emailVerified: who === alice }));
    choose(world, alice, 'alice');
    const nothing = { have: 0, of: 2 };
    expect((await audited(world)).totals).toEqual({
      verifications: nothing,
      users: nothing,
      codes: nothing,
      handles: { have: 1, of: 2 },
      accounts: { have: 0, of: 1 },
      waitingForEmailVerification: 1,
    });

    for (const who of [alice, bob]) await reconcileUser(world, who);
    const everything = { have: 2, of: 2 };
    expect((await audited(world)).totals).toEqual({
      verifications: everything,
      users: everything,
      codes: everything,
      handles: { have: 1, of: 2 },
      accounts: { have: 1, of: 1 },
      waitingForEmailVerification: 1,
    });
  });

  it('do not count an account that is not well', async () => {
    const world = createWorld();
    world.directory.put(auth0User(alice));
    await reconcileUser(world, alice);
    for (const did of world.accounts.stored.keys()) world.accounts.change(did, { status: 'deactivated' });
    expect((await audited(world)).totals.accounts).toEqual({ have: 0, of: 1 });
  });
});

describe('a user', () => {
  it('who is well has everything, and no issues', async () => {
    const world = createWorld();
    world.directory.put(auth0User(alice));
    choose(world, alice, 'Alice');
    await reconcileUser(world, alice);
    const stored = world.documents.users.get(alice.user);
    expect((await audited(world)).rows).toEqual([
      {
        user: alice.user,
        createdAt: auth0User(alice).createdAt?.toISOString(),
        tenant,
        code: stored?.code,
        platformHandle: 'Alice',
        did: stored?.account?.did,
        accountHandle: 'alice.at.test',
        sync: 'Synced',
        health: 'Healthy',
        reasons: [],
        issues: [],
        plan: [],
      },
    ]);
  });

  it('who has nothing yet is told with what is missing and what would be done', async () => {
    const world = createWorld();
    world.directory.put(auth0User(alice));
    const { rows } = await audited(world);
    expect(rows).toMatchObject([
      {
        code: null,
        platformHandle: null,
        did: null,
        accountHandle: null,
        sync: 'OutOfSync',
        health: 'Progressing',
        reasons: ['NotRecorded', 'NoDocument', 'WaitingForCode'],
        plan: ['record-verification', 'create-user-document'],
      },
    ]);
    expect(rows[0]?.issues).toHaveLength(3);
  });

  it('who is held for a person is degraded, with the reason and no plan', async () => {
    const world = createWorld();
    world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
    world.directory.put(auth0User(alice));
    choose(world, alice, 'alice');
    await reconcileUser(world, alice);
    expect((await audited(world)).row(alice)).toMatchObject({
      sync: 'OutOfSync',
      health: 'Degraded',
      reasons: ['UnownedAccountFound'],
      plan: [],
    });
  });

  it('whose account cannot be read is unknown, and is not said to have none', async () => {
    const world = createWorld();
    world.directory.put(auth0User(alice));
    await reconcileUser(world, alice);
    const did = world.documents.users.get(alice.user)?.account?.did;
    world.hooks.before = ({ port }) => {
      if (port === 'accounts') throw new Error('out of reach');
    };
    expect((await audited(world)).row(alice)).toMatchObject({
      did,
      sync: 'Unknown',
      reasons: ['NotObserved', 'NotObserved', 'NotObserved'],
      plan: [],
    });
  });

  it('who is paused is suspended and not green, and nothing would be done', async () => {
    const world = createWorld();
    for (const who of [alice, bob]) world.directory.put(auth0User(who));
    for (const who of [alice, bob]) await reconcileUser(world, who);
    for (const who of [alice, bob])
      await write(world, 'user.paused', { by: 'carol', reason: 'asked to', until: null }, who);
    choose(world, alice, 'alice');
    const paused = await pausedUsers(world.log, world.clock.now());
    const rows = (await listed(world)).map((each) => auditedUser(tenant, withPause(each, paused)));
    const suspended = { sync: 'OutOfSync', health: 'Suspended', plan: [] };
    expect(rows).toMatchObject([
      { ...suspended, reasons: ['Paused', 'HandleDiffers'] },
      { ...suspended, reasons: ['Paused'], issues: ['Paused by carol until resumed: asked to'] },
    ]);
    for (const who of [alice, bob]) await reconcileUser(world, who);
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'OutOfSync', health: 'Suspended' });
  });

  it('is paused until resumed, or until the pause ends by itself', async () => {
    const world = createWorld();
    const until = new Date(world.clock.now().getTime() + 60_000);
    await write(world, 'user.paused', { by: 'carol', reason: 'asked to', until: null }, alice);
    await write(world, 'user.paused', { by: 'carol', reason: 'a move', until: until.toISOString() }, bob);
    const paused = async () => [...(await pausedUsers(world.log, world.clock.now())).keys()];
    expect((await paused()).sort()).toEqual([alice.user, bob.user]);
    await world.clock.advance(60_000);
    expect(await paused()).toEqual([alice.user]);
    await write(world, 'user.resumed', { by: 'carol' }, alice);
    expect(await paused()).toEqual([]);
  });

  it('names no address', async () => {
    const world = createWorld();
    for (const who of [alice, bob]) world.directory.put(auth0User(who, { email: 'alice@example.com' }));
    for (const who of [alice, bob]) await reconcileUser(world, who);
    const { rows } = await audited(world);
    expect(rows.map(({ reasons }) => reasons)).toEqual([[], ['EmailHeldByUser']]);
    expect(JSON.stringify(rows)).not.toContain('@example.com');
  });
});
