/** Users who exchange addresses or handles: each ends with its own, in whatever order they are reconciled. */
import { describe, expect, it } from 'vitest';
import { parkedAddress } from '../../../src/reconcilers/derived-names.ts';
import { alice, bob, handle, type Person, person } from '../../mongo/subjects/people.ts';
import {
  arrive,
  auth0User,
  carried,
  choose,
  createWorld,
  reconcileUser,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const carol = person('carol');
const THREE = [alice, bob, carol] as const;

async function three(): Promise<World> {
  const world = createWorld();
  for (const who of THREE) await signUp(world, who);
  await untilQuiet(world);
  return world;
}

function addressOf(world: World, who: Person): string | undefined {
  const did = world.documents.users.get(who.user)?.account?.did;
  return did === undefined ? undefined : world.accounts.stored.get(did)?.email;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((one, at) => permutations(items.toSpliced(at, 1)).map((rest) => [one, ...rest]));
}

describe('an exchange of addresses', () => {
  it.each(permutations([alice, bob]))(
    'of two, %# first, ends within three reconciliations each',
    async (...order) => {
      const world = await three();
      world.directory.put(auth0User(alice, { email: 'Bob@example.com' }));
      world.directory.put(auth0User(bob, { email: 'alice@example.com' }));
      for (const who of order) await arrive(world, who, 'sce');
      const passes = await untilQuiet(world);
      expect([addressOf(world, alice), addressOf(world, bob)]).toEqual([
        'bob@example.com',
        'alice@example.com',
      ]);
      for (const { user } of order)
        expect(passes.filter((one) => one.user === user).length).toBeLessThanOrEqual(3);
      for (const { user } of order)
        expect((await shownConditions(world, user))['email']).toBe('True EmailSet');
    },
  );

  it.each(permutations(THREE))('of three in a ring, in order %#', async (...order) => {
    const world = await three();
    for (const [at, who] of THREE.entries()) {
      const next = THREE[(at + 1) % 3] ?? alice;
      world.directory.put(auth0User(who, { email: `${next.userId.slice(6)}@example.com` }));
    }
    for (const who of order) await arrive(world, who, 'sce');
    await untilQuiet(world);
    const addresses = THREE.map((who) => addressOf(world, who));
    expect(addresses).toEqual(['bob@example.com', 'carol@example.com', 'alice@example.com']);
  });

  it('in a chain, nobody is parked', async () => {
    const world = await three();
    world.directory.put(auth0User(alice, { email: 'bob@example.com' }));
    world.directory.put(auth0User(bob, { email: 'bob.new@example.com' }));
    await arrive(world, alice, 'sce');
    await untilQuiet(world);
    // Nothing is known of bob's new address yet.
    expect((await shownConditions(world, alice.user))['email']).toBe('False EmailHeldByUser');
    await arrive(world, bob, 'sce');
    await untilQuiet(world);
    expect(addressOf(world, alice)).toBe('bob@example.com');
    expect(world.log.events.map(({ type }) => type)).not.toContain('email.parked');
  });

  it('does not wait for a user whose own new address cannot be had', async () => {
    const world = await three();
    world.accounts.put({ handle: handle('stranger'), email: 'stranger@example.com' });
    world.directory.put(auth0User(bob, { email: 'stranger@example.com' }));
    await arrive(world, bob, 'sce');
    await untilQuiet(world);
    world.directory.put(auth0User(alice, { email: 'bob@example.com' }));
    await arrive(world, alice, 'sce');
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['email']).toBe('False EmailTaken');
    expect((await shownConditions(world, alice.user))['email']).toBe('False EmailHeldByUser');
  });

  it('gets the former address back where the other user changes its mind', async () => {
    const world = await three();
    const parked = parkedAddress(world.documents.users.get(alice.user)?.account?.did as never);
    world.directory.put(auth0User(alice, { email: 'bob@example.com' }));
    world.directory.put(auth0User(bob, { email: 'alice@example.com' }));
    for (const who of [bob, alice, bob])
      if (addressOf(world, alice) !== parked) await reconcileUser(world, who);
    await reconcileUser(world, alice);
    expect(addressOf(world, alice)).toBe(parked);
    world.directory.put(auth0User(bob));
    await reconcileUser(world, bob);
    await untilQuiet(world);
    expect(addressOf(world, alice)).toBe('alice@example.com');
    expect(addressOf(world, bob)).toBe('bob@example.com');
    expect((await shownConditions(world, alice.user))['email']).toBe('False EmailHeldByUser');
  });
});

describe('an exchange of handles', () => {
  it.each(permutations([alice, bob]))('of two, %# first', async (...order) => {
    const world = await three();
    choose(world, alice, 'alix');
    choose(world, bob, 'bobby');
    for (const who of order) await arrive(world, who, 'scu');
    await untilQuiet(world);
    choose(world, alice, 'bobby');
    choose(world, bob, 'alix');
    for (const who of order) await arrive(world, who, 'scu');
    await untilQuiet(world);
    expect([carried(world, alice), carried(world, bob)]).toEqual([handle('bobby'), handle('alix')]);
  });
});

describe('a deleted user', () => {
  it('is named as the holder of an address, with the command that moves the account', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    await signUp(world, bob, { email: 'Alice@example.com' });
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByUser');
    world.directory.remove(alice.userId);
    await arrive(world, alice, 'sdu');
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByDeletedUser');
    const account = (await world.subjects.get(bob.user))?.conditions.find(({ type }) => type === 'account');
    expect(account?.message).toContain(`concord transfer '${alice.user}' '${bob.user}'`);
  });

  it('holds nothing once its account is gone from the PDS', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    world.directory.remove(alice.userId);
    await arrive(world, alice, 'sdu');
    await untilQuiet(world);
    world.accounts.stored.clear();
    await signUp(world, bob, { email: 'Alice@example.com' });
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('True AccountActive');
  });
});

it('asks again for an address that was refused before it was known who has it, once that user has another one', async () => {
  const world = createWorld();
  await signUp(world, alice);
  await untilQuiet(world);
  const did = world.documents.users.get(alice.user)?.account?.did as never;
  world.accounts.change(did, { email: 'bob@example.com' });
  await signUp(world, bob);
  await untilQuiet(world);
  expect((await shownConditions(world, bob.user))['account']).toBe('False EmailTaken');
  // Alice's account is seen to have it, and then to have her own again.
  world.directory.put(auth0User(alice, { email: 'bob@example.com' }));
  await arrive(world, alice, 'sce');
  await untilQuiet(world);
  await arrive(world, bob, 'scu');
  await untilQuiet(world);
  expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByUser');
  world.directory.put(auth0User(alice));
  await arrive(world, alice, 'sce');
  await untilQuiet(world);
  expect((await shownConditions(world, bob.user))['account']).toBe('True AccountActive');
});
