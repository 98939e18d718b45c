/** Who else has the address, the handle or the account. */
import { describe, expect, it } from 'vitest';
import { fold } from '../../../src/events/fold.ts';
import { alice, bob, handle, otherTenant, person } from '../../mongo/subjects/people.ts';
import {
  arrive,
  choose,
  createWorld,
  eventsOf,
  pass,
  reconcileUser,
  shownConditions,
  signUp,
  snapshot,
  untilQuiet,
} from '../../support/in-memory/world.ts';

describe('one address, two users', () => {
  it('of one tenant: the second is held, and told who has it', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    await signUp(world, bob, { email: 'ALICE@example.com' });
    expect(await pass(world)).toMatchObject({ end: 'held', retryAt: undefined });
    const subject = await world.subjects.get(bob.user);
    const account = subject?.conditions.find(({ type }) => type === 'account');
    expect(account).toMatchObject({ reason: 'EmailHeldByUser', held: true });
    expect(account?.message).toContain(alice.user);
    expect(subject).toMatchObject({ health: 'Degraded', sync: 'OutOfSync' });
    expect(world.accounts.stored.size).toBe(1);
    expect(world.documents.users.get(bob.user)?.code).toBeDefined();
    expect(await world.queue.nextDueAt()).toBeUndefined();
  });

  it('of two tenants: the second has the tagged address', async () => {
    const world = createWorld();
    const other = person('alice', otherTenant);
    await signUp(world, alice);
    await signUp(world, other);
    await untilQuiet(world);
    const emails = [...world.accounts.stored.values()].map(({ email }) => email);
    expect(emails).toEqual(['alice@example.com', 'alice+second@example.com']);
    expect(await shownConditions(world, other.user)).toMatchObject({ account: 'True AccountActive' });
    expect((await world.subjects.get(other.user))?.accountEmail).toBe('alice+second@example.com');
    expect(await reconcileUser(world, other)).toMatchObject({ end: 'converged', applied: [] });
  });

  it('the other one unknown to us: the refusal holds the first, and the tagged address serves the second', async () => {
    const world = createWorld();
    world.accounts.put({ handle: handle('somebody'), email: 'alice@example.com' });
    const other = person('alice', otherTenant);
    await signUp(world, alice);
    await signUp(world, other);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False EmailTaken' });
    expect(await shownConditions(world, other.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('the PDS does not accept is held', async () => {
    const world = createWorld({ refusesEmail: () => true });
    await signUp(world, alice);
    expect(await pass(world)).toMatchObject({ end: 'held' });
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False EmailNotAllowed' });
  });
});

describe('an account that is not ours', () => {
  it('by handle and address alone is held and untouched', async () => {
    const world = createWorld();
    choose(world, alice, 'alice');
    const did = world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
    const before = world.accounts.stored.get(did);
    await signUp(world, alice);
    expect(await pass(world)).toMatchObject({ end: 'held' });
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False UnownedAccountFound' });
    expect(world.accounts.stored).toEqual(new Map([[did, before]]));
    expect(world.documents.users.get(alice.user)?.account).toBeUndefined();
  });

  it('and one that lost its repository, is deactivated or taken down is left to a person', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await pass(world);
    const [account] = world.accounts.stored.values();
    if (account === undefined) throw new Error('no account');
    const found: unknown[] = [];
    for (const changes of [
      { hasRepo: false },
      { hasRepo: true, status: 'deactivated' },
      { status: 'takendown' },
    ] as const) {
      world.accounts.change(account.did, changes);
      await reconcileUser(world, alice);
      found.push((await shownConditions(world, alice.user))['account']);
    }
    world.accounts.stored.delete(account.did);
    await reconcileUser(world, alice);
    found.push((await shownConditions(world, alice.user))['account']);
    expect(found).toEqual([
      'False AccountWithoutRepository',
      'False AccountDeactivated',
      'False AccountTakenDown',
      'False AccountMissing',
    ]);
    expect(world.accounts.stored.size).toBe(0);
  });
});

it('a user who is gone keeps everything, and nothing more is done', async () => {
  const world = createWorld();
  await signUp(world, alice);
  await pass(world);
  const { users, accounts, verifications } = snapshot(world);
  world.directory.remove(alice.userId);
  choose(world, alice, 'alice');
  await arrive(world, alice, 'sdu');
  await pass(world);
  expect(snapshot(world)).toMatchObject({ users, accounts, verifications });
  expect(await shownConditions(world, alice.user)).toMatchObject({
    auth0: 'True UserGone',
    account: 'True UserGoneOnce',
  });
  expect(fold(eventsOf(world, alice)).auth0?.email).toBe('alice@example.com');
});
