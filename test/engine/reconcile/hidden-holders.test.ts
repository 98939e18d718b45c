/** Accounts that the PDS does not show hold addresses and handles: known before an account is created. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { Did } from '../../../src/identity.ts';
import { alice, bob, code, handle, otherTenant, type Person, person } from '../../mongo/subjects/people.ts';
import { populate, reconcileDue, sweepOnce } from '../../support/in-memory/sweeps.ts';
import {
  arrive,
  auth0User,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  signUp,
  typesOf,
  untilQuiet,
  WELL,
  type World,
} from '../../support/in-memory/world.ts';

const ALICES = 'alice@example.com';
const HIDDEN = ['deactivated', 'takendown'] as const;

function stranger(world: World, status: (typeof HIDDEN)[number] | 'active', email = ALICES): Did {
  return world.accounts.put({ handle: handle('somebody'), email, status });
}

async function accountCondition(world: World, { user }: Person) {
  const subject = await world.subjects.get(user);
  return subject?.conditions.find(({ type }) => type === 'account');
}

async function retry(world: World, who: Person): Promise<void> {
  await decide(world.deps, who, 'user.retried', { by: 'carol' });
  await untilQuiet(world);
}

describe.each(HIDDEN)('an account that is %s has the address', (status) => {
  it('and a sweep ran before: no try, and the account is named', async () => {
    const world = createWorld();
    const did = stranger(world, status);
    await sweepOnce(world);
    await signUp(world, alice);
    await untilQuiet(world);
    expect(world.accounts.leakedDids()).toEqual([]);
    expect(typesOf(world, alice)).not.toContain('account.creation-intended');
    const condition = await accountCondition(world, alice);
    expect(condition).toMatchObject({ reason: 'EmailTaken', held: true });
    expect(condition?.message).toContain(`concord adopt 'auth0|alice' ${did}`);
    expect(condition?.message).toContain(`concord retry 'auth0|alice'`);
  });

  it('and no sweep ran before: one try, one listing, and the account is named', async () => {
    const world = createWorld();
    const did = stranger(world, status);
    await signUp(world, alice);
    await untilQuiet(world);
    expect(world.accounts.leakedDids()).toHaveLength(1);
    expect(typesOf(world, alice).filter((type) => /creation|inactive/.test(type))).toEqual([
      'account.creation-intended',
      'account.creation-failed',
      'account.creation-abandoned',
      'inactive-accounts.listed',
    ]);
    expect((await accountCondition(world, alice))?.message).toContain(did);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False EmailTaken' });
  });

  it.each(['it is deleted', 'it has another address', 'it is active again elsewhere'] as const)(
    '%s: a retry gives the user an account',
    async (what) => {
      const world = createWorld();
      const did = stranger(world, status);
      await sweepOnce(world);
      await signUp(world, alice);
      await untilQuiet(world);
      if (what === 'it is deleted') await world.accounts.deleteAccount(did);
      else world.accounts.change(did, { email: 'other@example.com' });
      if (what === 'it is active again elsewhere') world.accounts.change(did, { status: 'active' });
      await retry(world, alice);
      expect(await shownConditions(world, alice.user)).toMatchObject({ account: WELL.account });
      expect(world.accounts.leakedDids()).toEqual([]);
    },
  );

  it('and is deleted: so does the next sweep', async () => {
    const world = createWorld();
    const did = stranger(world, status);
    await sweepOnce(world);
    await signUp(world, alice);
    await untilQuiet(world);
    await world.accounts.deleteAccount(did);
    await world.clock.advance(60_000);
    await sweepOnce(world);
    await reconcileDue(world, [alice]);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: WELL.account });
    expect(world.inactive.stored.size).toBe(0);
  });
});

describe('an inactive account has the address, and', () => {
  it('becomes active: the PDS refuses the address, and nothing leaks', async () => {
    const world = createWorld();
    const did = stranger(world, 'deactivated');
    await sweepOnce(world);
    world.accounts.change(did, { status: 'active' });
    await signUp(world, alice);
    await untilQuiet(world);
    expect(world.accounts.leakedDids()).toEqual([]);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False EmailTaken' });
  });

  it('the tenant has a tag: the tagged address is taken', async () => {
    const world = createWorld();
    const second = person('alice', otherTenant);
    stranger(world, 'deactivated');
    await sweepOnce(world);
    await signUp(world, second);
    await untilQuiet(world);
    expect(await shownConditions(world, second.user)).toMatchObject({ account: WELL.account });
    expect((await world.subjects.get(second.user))?.accountEmail).toBe('alice+second@example.com');
  });

  it('a user who has an account changes to it: it is named, and the account keeps its address', async () => {
    const world = createWorld();
    await signUp(world, bob);
    await untilQuiet(world);
    const did = stranger(world, 'deactivated');
    await sweepOnce(world);
    world.directory.put(auth0User(bob, { email: ALICES }));
    await arrive(world, bob, 'sce');
    await untilQuiet(world);
    const subject = await world.subjects.get(bob.user);
    const condition = subject?.conditions.find(({ type }) => type === 'email');
    expect(condition).toMatchObject({ reason: 'EmailTaken', held: true });
    expect(condition?.message).toContain(did);
    expect(eventsOf(world, bob).some(({ type }) => type === 'email.refused')).toBe(false);
    await world.accounts.deleteAccount(did);
    await retry(world, bob);
    expect((await world.subjects.get(bob.user))?.accountEmail).toBe(ALICES);
  });

  it('is that of a user of ours of whom the read model knows another address: the user is named', async () => {
    const world = createWorld();
    await signUp(world, bob);
    await untilQuiet(world);
    const did = (await world.subjects.get(bob.user))?.did;
    if (did === undefined) throw new Error('bob has no account.');
    world.accounts.change(did, { email: ALICES, status: 'deactivated' });
    await sweepOnce(world);
    await signUp(world, alice);
    await reconcileUser(world, alice);
    const condition = await accountCondition(world, alice);
    expect(condition).toMatchObject({ reason: 'EmailHeldByUser', waitsFor: bob.user });
    expect(world.accounts.leakedDids()).toEqual([]);
  });
});

describe('an inactive account carries', () => {
  const ALICES_CODE = code('ac26nobeb');

  async function withCode(): Promise<World> {
    const world = createWorld();
    world.documents.users.set(alice.user, { code: ALICES_CODE });
    world.accounts.put({ handle: handle(ALICES_CODE), email: 'other@example.com', status: 'deactivated' });
    return world;
  }

  it.each([true, false])('the handle made of the code: it is named; after a sweep, %s', async (isSwept) => {
    const world = await withCode();
    const [did] = world.accounts.stored.keys();
    if (isSwept) await sweepOnce(world);
    await signUp(world, alice);
    await untilQuiet(world);
    expect(world.accounts.leakedDids()).toHaveLength(isSwept ? 0 : 1);
    const condition = await accountCondition(world, alice);
    expect(condition).toMatchObject({ reason: 'CodeHandleRefused', held: true });
    expect(condition?.message).toContain(`concord adopt 'auth0|alice' ${did} --preview`);
    await world.accounts.deleteAccount(did as Did);
    await retry(world, alice);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: WELL.account });
  });

  it('the handle of an interrupted creation, and it came of that: it is completed', async () => {
    const world = createWorld();
    world.hooks.after = ({ method }) => {
      if (method !== 'createAccount') return;
      world.hooks.after = undefined;
      const options = { upstream: 'pds', code: 'TIMEOUT', retryable: true, effect: 'unknown' } as const;
      throw new UpstreamError('lost', options);
    };
    await signUp(world, alice);
    await reconcileUser(world, alice);
    const [did] = world.accounts.stored.keys();
    if (did === undefined) throw new Error('No account was made.');
    world.accounts.change(did, { status: 'deactivated' });
    await untilQuiet(world);
    expect(world.documents.users.get(alice.user)?.account?.did).toBe(did);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False AccountDeactivated' });
    expect(world.accounts.leakedDids()).toEqual([]);
  });
});

describe('the listing after a failed creation', () => {
  const failing = (world: World): void => {
    world.hooks.before = ({ method }) => {
      if (method !== 'createAccount') return;
      const options = { upstream: 'pds', code: 'SERVER_ERROR', retryable: true, effect: 'unknown' } as const;
      throw new UpstreamError('answered 500', options);
    };
  };
  const listings = (world: World, people: readonly Person[]): number =>
    people.flatMap((who) => typesOf(world, who)).filter((type) => type === 'inactive-accounts.listed').length;

  it('is one for all users whose creations failed before it', async () => {
    const world = createWorld();
    const people = Array.from({ length: 5 }, (_, at) => person(`carol-${at}`));
    failing(world);
    for (const who of people) await signUp(world, who);
    for (const who of people) await reconcileUser(world, who);
    world.hooks.before = undefined;
    await untilQuiet(world);
    expect(listings(world, people)).toBe(1);
    for (const who of people)
      expect(await shownConditions(world, who.user)).toMatchObject({ account: WELL.account });
  });

  it('is had every ten minutes at most, and creations wait for it', async () => {
    const world = createWorld();
    failing(world);
    const people = [alice, bob];
    for (const who of people) await signUp(world, who);
    const times: number[] = [];
    const fails = world.hooks.before;
    world.hooks.before = (call) => {
      if (call.method === 'complete' && call.port === 'inactive') times.push(world.clock.now().getTime());
      return fails?.(call);
    };
    await untilQuiet(world, 60);
    expect(times.length).toBeGreaterThan(1);
    for (const [at, time] of times.entries())
      expect(time - (times[at - 1] ?? 0)).toBeGreaterThanOrEqual(world.deps.settings.listInactiveMs);
    for (const who of people)
      expect(await shownConditions(world, who.user)).toMatchObject({ account: 'False CreationKeepsFailing' });
  });

  it('that breaks off is not begun again for ten minutes, and the creation waits', async () => {
    const world = createWorld();
    failing(world);
    await signUp(world, alice);
    await reconcileUser(world, alice);
    await world.clock.advance(world.deps.settings.settleMs + 1_000);
    world.hooks.before = ({ method }) => {
      if (method === 'repositories')
        throw new UpstreamError('away', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
    };
    const broken = world.clock.now().getTime();
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'failed' });
    world.hooks.before = undefined;
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'deferred' });
    expect(await shownConditions(world, alice.user)).toMatchObject({
      account: 'False ListingInactiveAccounts',
    });
    const passes = await untilQuiet(world);
    expect(passes.length).toBeLessThanOrEqual(8);
    expect(world.clock.now().getTime() - broken).toBeGreaterThanOrEqual(600_000);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: WELL.account });
  });

  it('is not needed where a sweep has listed the accounts since', async () => {
    const world = createWorld();
    failing(world);
    await signUp(world, alice);
    await reconcileUser(world, alice);
    world.hooks.before = undefined;
    await world.clock.advance(1_000);
    await sweepOnce(world);
    await untilQuiet(world);
    expect(listings(world, [alice])).toBe(0);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: WELL.account });
  });

  it('keeps the lease from page to page, and ends with it', async () => {
    const world = createWorld();
    for (let at = 0; at < 450; at += 1)
      world.accounts.put({ handle: handle(`carol${at}`), email: undefined, status: 'deactivated' });
    failing(world);
    await signUp(world, alice);
    await reconcileUser(world, alice);
    await world.clock.advance(world.deps.settings.settleMs + 1_000);
    const renewed: number[] = [];
    world.hooks.before = async ({ port, method }) => {
      if (method === 'renew') renewed.push(world.clock.now().getTime());
      // The whole takes longer than a lease.
      if (port === 'accounts' && method === 'accounts')
        await world.clock.advance(world.deps.settings.leaseMs / 2 + 1);
    };
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'converged' });
    expect(renewed.length).toBeGreaterThan(3);
    expect(world.inactive.stored.size).toBe(450);
  });
});

describe('a sweep', () => {
  it('reads each inactive account once, and one of a user with the others', async () => {
    const world = createWorld();
    const people = await populate(world, 6);
    for (let at = 0; at < 250; at += 1)
      world.accounts.put({
        ...{ handle: handle(`carol${at}`), email: `carol${at}@example.com` },
        status: at % 2 === 0 ? 'deactivated' : 'takendown',
      });
    const [first] = people;
    const ours = first && world.documents.users.get(first.user)?.account?.did;
    if (ours === undefined) throw new Error('Nobody is there.');
    world.accounts.change(ours, { status: 'takendown' });
    const read: Did[] = [];
    world.hooks.before = ({ port, method, args }) => {
      if (port === 'accounts' && method === 'accounts') read.push(...(args[0] as Did[]));
    };
    await sweepOnce(world);
    world.hooks.before = undefined;
    expect(read).toHaveLength(256);
    expect(new Set(read).size).toBe(256);
    expect(world.inactive.stored.size).toBe(251);
    expect(world.inactive.stored.get(ours)).toMatchObject({ state: 'takendown' });
  });

  it('whose listing of the PDS breaks off leaves the index as it is', async () => {
    const world = createWorld();
    const did = stranger(world, 'deactivated');
    await sweepOnce(world);
    const { refreshedAt } = world.inactive.state;
    await world.clock.advance(60_000);
    world.hooks.before = ({ method }) => {
      if (method === 'repositories')
        throw new UpstreamError('away', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
    };
    await sweepOnce(world);
    world.hooks.before = undefined;
    expect(world.inactive.state.refreshedAt).toEqual(refreshedAt);
    expect([...world.inactive.stored.keys()]).toEqual([did]);
  });

  it('whose listing of users breaks off keeps the index all the same', async () => {
    const world = createWorld();
    await populate(world, 2);
    const did = stranger(world, 'takendown');
    world.directory.breakListAfter(0);
    expect(await sweepOnce(world)).toMatchObject({ complete: false });
    expect([...world.inactive.stored.keys()]).toEqual([did]);
    expect(world.inactive.state.refreshedAt).toBeDefined();
  });

  it('that cannot read the inactive accounts ends as it would, and drops nothing', async () => {
    const world = createWorld();
    const [did] = [stranger(world, 'deactivated')];
    await sweepOnce(world);
    const { refreshedAt } = world.inactive.state;
    await world.clock.advance(60_000);
    await world.accounts.deleteAccount(did);
    stranger(world, 'takendown', 'other@example.com');
    world.hooks.before = ({ port, method }) => {
      if (port === 'accounts' && method === 'accounts')
        throw new UpstreamError('away', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
    };
    expect(await sweepOnce(world)).toMatchObject({ complete: true });
    world.hooks.before = undefined;
    expect(world.inactive.state.refreshedAt).toEqual(refreshedAt);
    expect(world.inactive.stored.has(did)).toBe(true);
  });
});
