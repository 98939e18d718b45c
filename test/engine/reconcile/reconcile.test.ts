/** A sign-up, and a handle chosen later, when everything answers. */
import { describe, expect, it } from 'vitest';
import { alice, bob, handle } from '../../mongo/subjects/people.ts';
import {
  arrive,
  auth0User,
  carried,
  choose,
  codeHandleOf,
  createWorld,
  eventsOf,
  pass,
  reconcileUser,
  shownConditions,
  signUp,
  snapshot,
  typesOf,
  untilQuiet,
  WELL,
  type World,
} from '../../support/in-memory/world.ts';

describe('a sign-up', () => {
  it('converges from nothing in one pass', async () => {
    const world = createWorld();
    choose(world, alice, 'Alice');
    await signUp(world, alice);

    expect(await pass(world)).toMatchObject({ end: 'converged', failures: [], retryAt: undefined });

    expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
    expect(await world.subjects.get(alice.user)).toMatchObject({
      sync: 'Synced',
      health: 'Healthy',
      attempts: 0,
    });
    expect(world.documents.verifications.get(alice.user)).toBe(1);
    const { account, code, when } = world.documents.users.get(alice.user) ?? {};
    expect([code, when]).toEqual([expect.stringMatching(/^ac26/), auth0User(alice).createdAt]);
    const [onPds] = world.accounts.stored.values();
    expect(account).toMatchObject({ did: onPds?.did, handle: 'alice.at.test' });
    expect(onPds).toMatchObject({
      email: 'alice@example.com',
      password: world.vault.open(account?.password ?? '', alice.user),
    });
    expect(await world.queue.nextDueAt()).toBeUndefined();
  });

  it('is told in the log, each line with its cause, from the webhook to the account', async () => {
    const world = createWorld();
    choose(world, alice, 'alice');
    await signUp(world, alice);
    await pass(world);

    expect(typesOf(world, alice)).toEqual([
      'auth0.log-received',
      'auth0.user-observed',
      'handle.observed',
      'actions.intended',
      'verification.recorded',
      'user-document.created',
      'code.assigned',
      'account.creation-intended',
      'account.created',
      'converged',
    ]);
    expect(chainTo(world, 'account.created')).toEqual([
      'auth0.log-received',
      'handle.observed',
      'actions.intended',
      'account.creation-intended',
      'account.created',
    ]);
    for (const { type, cause } of eventsOf(world, alice)) {
      if (type !== 'auth0.log-received') expect([type, cause.length > 0]).toEqual([type, true]);
    }
    const times = eventsOf(world, alice)
      .slice(1)
      .map(({ at }) => at.getTime());
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  });

  it('leaves the next pass nothing to write', async () => {
    const world = createWorld();
    choose(world, alice, 'alice');
    await signUp(world, alice);
    await pass(world);
    const before = snapshot(world);

    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'converged', applied: [] });

    expect(snapshot(world)).toEqual(before);
  });

  it('with no handle has the code as its handle', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await pass(world);
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
    expect(await shownConditions(world, alice.user)).toMatchObject({
      ...WELL,
      handle: 'True NoPlatformHandle',
    });
  });

  it.each([
    ['too short', '43'],
    ['reserved, as its refusal teaches', 'music'],
  ])('with a handle that is %s has the code', async (_reason, name) => {
    const world = createWorld();
    choose(world, alice, name);
    await signUp(world, alice);
    expect(await pass(world)).toMatchObject({ end: 'converged' });
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
    expect(await shownConditions(world, alice.user)).toMatchObject({
      ...WELL,
      handle: 'True HandleNotAllowed',
    });
    expect(world.accounts.leakedDids()).toEqual([]);
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'converged', applied: [] });
  });

  it.each(['active', 'deactivated', 'takendown'] as const)(
    'with a handle that an account has that is %s has the code',
    async (status) => {
      const world = createWorld();
      world.accounts.put({ handle: handle('alice'), email: 'bob@example.com', status });
      choose(world, alice, 'alice');
      await signUp(world, alice);
      expect(await pass(world)).toMatchObject({ end: 'converged' });
      expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
      expect(await shownConditions(world, alice.user)).toMatchObject({ ...WELL, handle: 'True HandleTaken' });
      expect(world.accounts.leakedDids()).toEqual([]);
    },
  );

  it('of two whose handles are one label: first come keeps it', async () => {
    const world = createWorld();
    choose(world, alice, 'a.b');
    choose(world, bob, 'a_b');
    await signUp(world, alice);
    await signUp(world, bob);
    await untilQuiet(world);
    expect([carried(world, alice), carried(world, bob)]).toEqual(['a-b.at.test', codeHandleOf(world, bob)]);
  });

  it('waits for the verification of its address, and for nothing else', async () => {
    const world = createWorld();
    await signUp(world, alice, { emailVerified: false });
    expect(await pass(world)).toMatchObject({ end: 'converged' });
    expect(world.documents.verifications.get(alice.user)).toBe(0);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      ...WELL,
      account: 'True WaitingForEmailVerification',
      handle: 'True NoAccount',
    });
    expect(world.accounts.stored.size).toBe(0);

    world.directory.put(auth0User(alice));
    await arrive(world, alice, 'sv');
    await pass(world);
    expect(world.documents.verifications.get(alice.user)).toBe(1);
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
  });

  it('with another address, once that is verified, has an account under it', async () => {
    const world = createWorld();
    await signUp(world, alice, { email: 'old@example.com', emailVerified: false });
    await pass(world);
    world.directory.put(auth0User(alice, { email: 'Alice.New@example.com' }));
    await arrive(world, alice, 'sce');
    await pass(world);
    expect([...world.accounts.stored.values()].map(({ email }) => email)).toEqual(['alice.new@example.com']);
  });

  it('without an address has a code and no account, and one that is blocked has nothing', async () => {
    const world = createWorld();
    await signUp(world, alice, { email: undefined });
    await signUp(world, bob, { blocked: true });
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True NoEmail' });
    expect(await shownConditions(world, bob.user)).toMatchObject({ account: 'True UserBlocked' });
    expect((await world.subjects.get(bob.user))?.health).toBe('Suspended');
    expect([...world.documents.users.keys()]).toEqual([alice.user]);
    expect(await shownConditions(world, bob.user)).toMatchObject({
      verification: 'True UserBlocked',
      'user-document': 'True UserBlocked',
    });
    expect(world.accounts.stored.size).toBe(0);
  });

  it('of somebody Auth0 does not have writes nothing anywhere', async () => {
    const world = createWorld();
    await arrive(world, alice);
    await pass(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      auth0: 'True UserGone',
      account: 'True UserGoneOnce',
    });
    expect([
      world.documents.users.size,
      world.documents.verifications.size,
      world.accounts.stored.size,
    ]).toEqual([0, 0, 0]);
  });
});

describe('a handle that is chosen later', () => {
  async function signedUp(name?: string): Promise<World> {
    const world = createWorld();
    if (name !== undefined) choose(world, alice, name);
    await signUp(world, alice);
    await pass(world);
    return world;
  }

  it('renames the account and the document', async () => {
    const world = await signedUp();
    const from = codeHandleOf(world, alice);
    choose(world, alice, 'alice');
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'converged' });
    expect(carried(world, alice)).toBe('alice.at.test');
    expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
    const changed = eventsOf(world, alice).find(({ type }) => type === 'handle.changed');
    expect(changed?.data).toMatchObject({ from, to: 'alice.at.test' });
  });

  it('and is a reserved word, or another’s, leaves the code', async () => {
    const world = await signedUp();
    choose(world, alice, 'music');
    await reconcileUser(world, alice);
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
    expect(await shownConditions(world, alice.user)).toMatchObject({ handle: 'True HandleNotAllowed' });
    world.accounts.put({ handle: handle('bob'), email: 'bob@example.com' });
    choose(world, alice, 'bob');
    await reconcileUser(world, alice);
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
    expect(await shownConditions(world, alice.user)).toMatchObject({ handle: 'True HandleTaken' });
  });

  it('that becomes free is taken after all', async () => {
    const world = await signedUp();
    const did = world.accounts.put({ handle: handle('alice'), email: 'bob@example.com' });
    choose(world, alice, 'alice');
    await reconcileUser(world, alice);
    world.accounts.stored.delete(did);
    await reconcileUser(world, alice);
    expect(carried(world, alice)).toBe('alice.at.test');
  });

  it('changed on the PDS by somebody else is changed back', async () => {
    const world = await signedUp('alice');
    const [account] = world.accounts.stored.values();
    if (account !== undefined) world.accounts.change(account.did, { handle: handle('alix') });
    await reconcileUser(world, alice);
    expect(carried(world, alice)).toBe('alice.at.test');
  });
});

/** The types from the first event to the one of this type, by the first cause of each. */
function chainTo(world: World, type: string): string[] {
  const events = eventsOf(world, alice);
  const chain: string[] = [];
  for (let at = events.find((event) => event.type === type); at !== undefined; ) {
    chain.unshift(at.type);
    const [cause] = at.cause;
    at = events.find(({ _id }) => _id === cause);
  }
  return chain;
}
