/** Reservations of addresses and handles: two users never take one value at the same moment, and nobody is kept from one for long. */
import { describe, expect, it } from 'vitest';
import type { ReconciliationResult } from '../../../src/engine/reconcile/reconcile.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, bob, handle, otherTenant, type Person, person } from '../../mongo/subjects/people.ts';
import type { PortCall } from '../../support/in-memory/hooks.ts';
import {
  arrive,
  auth0User,
  carried,
  choose,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  signUp,
  typesOf,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const secondAlice = person('alice', otherTenant);
const shared = 'shared@example.com';

/** Before the first call of this method, something else happens. */
function meanwhile(world: World, method: string, happens: () => Promise<unknown>): void {
  let isOver = false;
  world.hooks.before = async (call) => {
    if (call.method !== method || isOver) return;
    isOver = true;
    await happens();
  };
}

async function lost(world: World, method: string): Promise<void> {
  world.hooks.after = ({ method: called }: PortCall) => {
    if (called !== method) return;
    world.hooks.after = undefined;
    throw new UpstreamError('no answer', {
      upstream: 'pds',
      code: 'TIMEOUT',
      retryable: true,
      effect: 'unknown',
    });
  };
}

/** The process dies with this call: nothing of it goes on, and its lease stays. */
async function dies(
  world: World,
  who: Person,
  at: string,
  when: 'before' | 'after' = 'before',
): Promise<void> {
  await new Promise<void>((resolve) => {
    world.hooks[when] = ({ method }) => {
      if (method !== at) return;
      world.hooks[when] = undefined;
      resolve();
      return new Promise<void>(() => undefined);
    };
    void reconcileUser(world, who);
  });
}

const addressOf = (world: World, who: Person): string | undefined => {
  const did = world.documents.users.get(who.user)?.account?.did;
  return did === undefined ? undefined : world.accounts.stored.get(did)?.email;
};
const twins = async (world: World): Promise<void> => {
  await signUp(world, alice, { email: shared });
  await signUp(world, secondAlice, { email: shared });
};
const neighbours = async (world: World): Promise<void> => {
  await signUp(world, alice, { email: shared });
  await signUp(world, bob, { email: shared });
};

describe('two account creations with one address at the same moment', () => {
  it.each([
    ['createInvite', 'before the intent'],
    ['createAccount', 'with the intent in the log'],
    ['recordAccount', 'with the account on the PDS'],
    ['complete', 'with the outcome in the log'],
    ['release', 'with the account in the read model'],
  ])('the second takes its tag at once: %s, %s', async (method) => {
    for (const [first, second] of [
      [alice, secondAlice],
      [secondAlice, alice],
    ] as const) {
      const world = createWorld({ areLinked: true });
      await twins(world);
      let ended: ReconciliationResult | undefined;
      meanwhile(world, method, async () => {
        ended = await reconcileUser(world, second);
      });
      await reconcileUser(world, first);
      expect(ended).toMatchObject({ end: 'converged', failures: [] });
      expect(addressOf(world, first)).toBe(shared);
      expect(addressOf(world, second)).toBe(`shared+${second.tenant}@example.com`);
      expect(eventsOf(world, second).filter(({ type }) => type === 'account.creation-refused')).toEqual([]);
      await untilQuiet(world);
      expect(world.accounts.leakedDids()).toEqual([]);
      expect([...world.reservations.stored]).toEqual([]);
    }
  });

  it('the second waits where it has no tag, spends nothing, and is reconciled when the first has ended', async () => {
    const world = createWorld();
    await neighbours(world);
    let ended: ReconciliationResult | undefined;
    meanwhile(world, 'createAccount', async () => {
      ended = await reconcileUser(world, bob);
    });
    const invites: string[] = [];
    world.hooks.after = ({ method }) => void (method === 'createInvite' && invites.push(method));
    await reconcileUser(world, alice);
    expect(ended).toMatchObject({ end: 'deferred', failures: [] });
    expect(typesOf(world, bob)).not.toContain('account.creation-intended');
    expect(invites).toHaveLength(1);
    // Woken, and not by the clock.
    expect(await world.queue.nextDueAt()).toEqual(world.clock.now());
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByUser');
  });

  it('finds out with its own reservation, when it looked before the first one reserved', async () => {
    const world = createWorld({ areLinked: true });
    await twins(world);
    meanwhile(world, 'reserve', () => dies(world, alice, 'createAccount'));
    expect(await reconcileUser(world, secondAlice)).toMatchObject({ end: 'converged', failures: [] });
    expect(addressOf(world, secondAlice)).toBe('shared+second@example.com');
    expect(typesOf(world, secondAlice)).not.toContain('account.creation-refused');
  });

  it('never reports as applied what was not done', async () => {
    const world = createWorld();
    await neighbours(world);
    const steps: string[] = [];
    Object.assign(world.deps, { onStep: ({ outcome }: { outcome: string }) => void steps.push(outcome) });
    let ended: ReconciliationResult | undefined;
    meanwhile(world, 'createAccount', async () => {
      // Its looks never see the reservation.
      const { find } = world.deps.reservations;
      Object.assign(world.deps.reservations, { find: async () => [] });
      ended = await reconcileUser(world, bob).finally(() => Object.assign(world.deps.reservations, { find }));
    });
    await reconcileUser(world, alice);
    expect(ended?.applied.map(({ type }) => type)).not.toContain('create-account');
    expect(ended?.failures).toMatchObject([{ code: 'VALUE_RESERVED' }]);
    expect(steps).toContain('reserved');
  });
});

describe('handles', () => {
  it('the second of two who want one label gets the code, and names whom it waits for', async () => {
    const world = createWorld();
    choose(world, alice, 'one.name');
    choose(world, bob, 'one_name');
    await signUp(world, alice);
    await signUp(world, bob);
    meanwhile(world, 'createAccount', () => reconcileUser(world, bob));
    await reconcileUser(world, alice);
    expect(carried(world, alice)).toBe(handle('one-name'));
    await untilQuiet(world);
    const condition = (await world.subjects.get(bob.user))?.conditions.find(({ type }) => type === 'handle');
    expect(condition).toMatchObject({ status: 'True', reason: 'HandleTaken', waitsFor: alice.user });
  });

  it('a change and a creation do not meet', async () => {
    const world = createWorld();
    await signUp(world, bob);
    await untilQuiet(world);
    choose(world, bob, 'cedar');
    choose(world, alice, 'cedar');
    await signUp(world, alice);
    meanwhile(world, 'changeHandle', () => reconcileUser(world, alice));
    await arrive(world, bob);
    await reconcileUser(world, bob);
    expect(carried(world, bob)).toBe(handle('cedar'));
    expect(typesOf(world, alice)).not.toContain('account.creation-refused');
    await untilQuiet(world);
    expect((await shownConditions(world, alice.user))['handle']).toBe('True HandleTaken');
  });
});

describe('changes of addresses', () => {
  it('a change and a creation do not meet, in both orders', async () => {
    for (const method of ['changeEmail', 'createAccount']) {
      const world = createWorld();
      await signUp(world, bob);
      await untilQuiet(world);
      world.directory.put(auth0User(bob, { email: shared }));
      await arrive(world, bob, 'sce');
      await signUp(world, alice, { email: shared });
      const [first, second] = method === 'changeEmail' ? [bob, alice] : [alice, bob];
      meanwhile(world, method, () => reconcileUser(world, second));
      await reconcileUser(world, first);
      expect(addressOf(world, first)).toBe(shared);
      expect(typesOf(world, second)).not.toContain('email.refused');
      expect(typesOf(world, second)).not.toContain('account.creation-refused');
      await untilQuiet(world);
      expect(await shownConditions(world, second.user)).toMatchObject({
        [method === 'changeEmail' ? 'account' : 'email']: 'False EmailHeldByUser',
      });
    }
  });

  it('keep the new address while their outcome is not known, and no longer', async () => {
    const world = createWorld();
    await signUp(world, bob);
    await untilQuiet(world);
    world.directory.put(auth0User(bob, { email: shared }));
    await arrive(world, bob, 'sce');
    await lost(world, 'changeEmail');
    await reconcileUser(world, bob);
    expect([...world.reservations.stored.keys()]).toEqual([`email:${shared}`]);
    await untilQuiet(world);
    expect(addressOf(world, bob)).toBe(shared);
    await world.clock.advance(1_000_000);
    await signUp(world, alice, { email: shared });
    await untilQuiet(world);
    expect((await shownConditions(world, alice.user))['account']).toBe('False EmailHeldByUser');
  });
});

describe('a process that dies', () => {
  it.each([
    ['createInvite', 'before'],
    ['append', 'before'],
    ['createAccount', 'before'],
    ['createAccount', 'after'],
    ['recordAccount', 'after'],
    ['complete', 'before'],
    ['release', 'before'],
  ] as const)('at %s, %s it is done: both users end', async (method, when) => {
    const world = createWorld({ areLinked: true });
    await twins(world);
    if (method === 'append') await diesBeforeIntent(world);
    else await dies(world, alice, method, when);
    await untilQuiet(world);
    await world.clock.advance(world.deps.settings.leaseMs * 2);
    for (const who of [alice, secondAlice, alice, secondAlice]) await reconcileUser(world, who);
    await untilQuiet(world);
    const addresses = [addressOf(world, alice), addressOf(world, secondAlice)];
    expect(addresses.map((one) => one?.replace(/\+\w+@/, '@'))).toEqual([shared, shared]);
    expect(new Set(addresses).size).toBe(2);
    expect(world.accounts.leakedDids()).toEqual([]);
  });

  /** The intent is the second line of the pass's own. */
  async function diesBeforeIntent(world: World): Promise<void> {
    await new Promise<void>((resolve) => {
      world.hooks.before = ({ method, args }) => {
        if (method !== 'append' || !JSON.stringify(args).includes('creation-intended')) return;
        world.hooks.before = undefined;
        resolve();
        return new Promise<void>(() => undefined);
      };
      void reconcileUser(world, alice);
    });
  }

  it('before its intent keeps a user without a tag waiting until the reservation expires', async () => {
    const world = createWorld();
    await neighbours(world);
    await diesBeforeIntent(world);
    const [reservation] = world.reservations.stored.values();
    world.directory.remove(alice.userId);
    expect(await reconcileUser(world, bob)).toMatchObject({ end: 'deferred', retryAt: reservation?.until });
    await untilQuiet(world);
    expect(addressOf(world, bob)).toBe(shared);
  });

  it('with an open intent keeps others waiting until that is resolved, however long it takes', async () => {
    const world = createWorld();
    await neighbours(world);
    await dies(world, alice, 'createAccount', 'before');
    await world.clock.advance(10_000_000);
    expect(await reconcileUser(world, bob)).toMatchObject({ end: 'deferred' });
    expect((await shownConditions(world, bob.user))['account']).toBe('False WaitingForAddress');
    await reconcileUser(world, alice);
    await untilQuiet(world);
    expect(addressOf(world, alice)).toBe(shared);
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByUser');
  });
});

describe('a deleted user', () => {
  it('with an open intent keeps the address no longer than the creation may take', async () => {
    const world = createWorld();
    await neighbours(world);
    await dies(world, alice, 'createAccount', 'before');
    world.directory.remove(alice.userId);
    await world.clock.advance(world.deps.settings.settleMs + world.deps.settings.leaseMs);
    // Another account is hidden at the handle: a listing shows that it is not the one of the intent, which is given up.
    const intended = eventsOf(world, alice).find(({ type }) => type === 'account.creation-intended');
    const at = intended?.type === 'account.creation-intended' ? intended.data.handle : handle('none');
    world.accounts.put({ handle: at, email: undefined, status: 'deactivated' });
    await reconcileUser(world, alice);
    expect((await shownConditions(world, alice.user))['account']).toBe('True UserGoneOnce');
    await reconcileUser(world, bob);
    expect(addressOf(world, bob)).toBe(shared);
  });
});

describe('reservations that are lost', () => {
  it('are restored from the log before anything is done, and lose nothing', async () => {
    const world = createWorld();
    await neighbours(world);
    await lost(world, 'createAccount');
    await reconcileUser(world, alice);
    const reserved = [...world.reservations.stored.keys()];
    expect(reserved).toHaveLength(2);
    world.reservations.stored.clear();
    const calls: string[] = [];
    world.hooks.before = ({ port, method, writes }) => void (writes && calls.push(`${port}.${method}`));
    await world.clock.advance(5_000);
    await reconcileUser(world, alice);
    expect(calls.slice(0, 2)).toEqual(['queue.claimUser', 'reservations.reserve']);
    world.hooks.before = undefined;
    await untilQuiet(world);
    expect(addressOf(world, alice)).toBe(shared);
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByUser');
    expect([...world.reservations.stored]).toEqual([]);
  });

  it('are left to another user who has taken them meanwhile', async () => {
    const world = createWorld();
    await neighbours(world);
    await dies(world, alice, 'createAccount', 'before');
    world.reservations.stored.clear();
    await reconcileUser(world, bob);
    await world.clock.advance(200_000);
    await untilQuiet(world);
    for (const who of [alice, bob]) await reconcileUser(world, who);
    await untilQuiet(world);
    const accounts = [alice, bob].flatMap((who) => addressOf(world, who) ?? []);
    expect(accounts).toEqual([shared]);
    expect(world.accounts.leakedDids()).toEqual([]);
  });

  it('that an earlier reconciliation left behind are released', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await dies(world, alice, 'append', 'after');
    world.reservations.stored.set('email:left@example.com', {
      ...{ user: alice.user, intent: eventId('left'), at: new Date(0), until: new Date(1) },
    });
    await untilQuiet(world);
    await world.clock.advance(world.deps.settings.leaseMs * 2);
    await reconcileUser(world, alice);
    await untilQuiet(world);
    expect((await shownConditions(world, alice.user))['account']).toBe('True AccountActive');
  });
});

it('costs nothing for a user in sync, and two writes for a creation', async () => {
  const world = createWorld();
  const calls: string[] = [];
  world.hooks.before = ({ port, method }) => void (port === 'reservations' && calls.push(method));
  await signUp(world, alice);
  await untilQuiet(world);
  // The first look finds that the code has to come first.
  expect(calls).toEqual(['find', 'find', 'reserve', 'release']);
  calls.length = 0;
  await arrive(world, alice, 'scu');
  await untilQuiet(world);
  expect(calls).toEqual([]);
});

it('a reservation that cannot be released is no failure, and keeps nobody from anything', async () => {
  const world = createWorld();
  await neighbours(world);
  world.hooks.before = ({ port, method }) => {
    if (port === 'reservations' && method === 'release')
      throw new UpstreamError('no answer', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
  };
  expect(await reconcileUser(world, alice)).toMatchObject({ end: 'converged', failures: [] });
  expect(world.reservations.stored.size).toBe(2);
  await untilQuiet(world);
  expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByUser');
  world.directory.put(auth0User(alice, { email: 'moved@example.com' }));
  await arrive(world, alice, 'sce');
  await untilQuiet(world);
  expect(addressOf(world, bob)).toBe(shared);
});
