/** What arrives after others have gone on: an account creation that was given up, and what is put on record. */
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import type { AccountHost } from '../../../src/ports/accounts.ts';
import { alice, handle } from '../../mongo/subjects/people.ts';
import {
  arrive,
  auth0User,
  createWorld,
  eventsOf,
  pass,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

type Wanted = Parameters<AccountHost['createAccount']>[0];

/** The first call is held up for so long that it is given up, and those after it are refused on their way. */
async function givenUp(world: World): Promise<Wanted> {
  const calls: Wanted[] = [];
  world.hooks.before = ({ method, args }) => {
    if (method !== 'createAccount') return;
    calls.push(args[0] as Wanted);
    const effect = calls.length === 1 ? 'unknown' : 'none';
    throw new UpstreamError('no answer', { upstream: 'pds', code: 'TIMEOUT', retryable: true, effect });
  };
  await signUp(world, alice);
  await pass(world);
  await world.clock.advance(world.deps.settings.settleMs + 1_000);
  await pass(world);
  world.hooks.before = undefined;
  const [first] = calls;
  if (first === undefined) throw new Error('nothing was called');
  expect(calls).toHaveLength(2);
  return first;
}

describe('a creation that arrives after it was given up', () => {
  it.each(['alice@example.com', 'alice.new@example.com'])('is this user’s, who has %s', async (email) => {
    const world = createWorld();
    const wanted = await givenUp(world);
    const made = await world.accounts.createAccount(wanted);
    if (made.type === 'refused') throw new Error(made.message);
    world.directory.put(auth0User(alice, { email }));
    await arrive(world, alice);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      account: 'True AccountActive',
      email: 'True EmailSet',
    });
    expect([...world.accounts.stored.values()]).toMatchObject([{ did: made.did, email }]);
    const told = eventsOf(world, alice).filter(({ type }) => type === 'account.created');
    expect(told).toMatchObject([{ data: { did: made.did, email: wanted.email, recovered: true } }]);
    const stored = world.documents.users.get(alice.user)?.account?.password ?? '';
    expect(await world.accounts.canLogIn(made.did, world.vault.open(stored, alice.user))).toBe(true);
  });

  it('is nobody’s proof when somebody else made an account under its handle and address', async () => {
    const world = createWorld();
    world.documents.handles.set(alice.user, 'alice');
    const wanted = await givenUp(world);
    const did = world.accounts.put({ handle: handle('alice'), email: wanted.email });
    const before = world.accounts.stored.get(did);
    await arrive(world, alice);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False UnownedAccountFound' });
    expect(world.accounts.stored).toEqual(new Map([[did, before]]));
  });
});

describe('what is put on record after the lease has run out', () => {
  it.each([
    ['recordAccount', 'alice'],
    ['recordAccountHandle', 'allie'],
  ])('does not bring back a handle that another worker has changed since: %s', async (method, first) => {
    const world = createWorld();
    world.documents.handles.set(alice.user, 'alice');
    await signUp(world, alice);
    if (method === 'recordAccountHandle') await pass(world);
    world.documents.handles.set(alice.user, first);
    await arrive(world, alice);
    world.hooks.before = async (call) => {
      if (call.method !== method) return;
      world.hooks.before = undefined;
      await world.clock.advance(world.deps.settings.leaseMs + 1_000);
      world.documents.handles.set(alice.user, 'alix');
      await arrive(world, alice);
      await untilQuiet(world);
    };
    expect(await pass(world)).toMatchObject({ end: 'lease-lost' });
    const [account] = world.accounts.stored.values();
    expect(account?.handle).toBe(handle('alix'));
    expect(world.documents.users.get(alice.user)?.account).toMatchObject({
      did: account?.did,
      handle: handle('alix'),
    });
  });
});
