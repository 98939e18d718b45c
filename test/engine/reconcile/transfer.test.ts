/** A transfer: what is shown, what is refused, and that each user's reconciliation carries out its own part. */
import { describe, expect, it } from 'vitest';
import { cancelTransfer } from '../../../src/engine/reconcile/transfer/cancel.ts';
import { grantTransfer } from '../../../src/engine/reconcile/transfer/grant.ts';
import { proposeTransfer } from '../../../src/engine/reconcile/transfer/propose.ts';
import type { UsageError } from '../../../src/errors.ts';
import type { TransferPart } from '../../../src/events/data/transfer.ts';
import { eventId } from '../../../src/identity.ts';
import { parkedAddress } from '../../../src/reconcilers/derived-names.ts';
import { alice, bob, handle, otherTenant, type Person, person } from '../../mongo/subjects/people.ts';
import { leave as leaveAuth0, transferDeps, transferParty } from '../../support/in-memory/transferring.ts';
import {
  arrive,
  auth0User,
  choose,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  signUp,
  typesOf,
  untilQuiet,
  type World,
  type WorldOptions,
} from '../../support/in-memory/world.ts';

const carol = person('carol');
const ADDRESS = 'alice@example.com';
const decided = { by: 'carol', reason: 'case 12' };

function propose(world: World, from: Person, to: Person, asked?: readonly TransferPart[]) {
  return proposeTransfer(
    transferDeps(world),
    transferParty(world, from),
    transferParty(world, to),
    asked,
    world.clock.now(),
  );
}

async function transfer(world: World, from: Person, to: Person, asked?: readonly TransferPart[]) {
  const shown = await propose(world, from, to, asked);
  return grantTransfer(
    transferDeps(world),
    transferParty(world, from),
    transferParty(world, to),
    { asked, shown },
    decided,
  );
}

function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: UsageError) => error.code,
  );
}

async function leave(world: World, who: Person): Promise<void> {
  await leaveAuth0(world, who);
  await untilQuiet(world);
}

/** alice has an account and a handle, and is deleted; bob has signed up with her address. */
async function succeeded(options: WorldOptions = {}): Promise<World> {
  const world = createWorld(options);
  choose(world, alice, 'alix');
  await signUp(world, alice);
  await untilQuiet(world);
  await leave(world, alice);
  await signUp(world, bob, { email: ADDRESS });
  await untilQuiet(world);
  return world;
}

function accountOf(world: World, who: Person) {
  return world.documents.users.get(who.user)?.account;
}

function onPds(world: World, who: Person) {
  const did = accountOf(world, who)?.did;
  return did === undefined ? undefined : world.accounts.stored.get(did);
}

describe('the account and the handle of a deleted user', () => {
  it('go to the user who has its address (case 5)', async () => {
    const world = await succeeded();
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByDeletedUser');
    const before = accountOf(world, alice);
    const proposal = await transfer(world, alice, bob);
    expect(proposal).toMatchObject({
      what: ['account', 'handle'],
      account: { did: before?.did },
      handle: { platformHandle: 'alix' },
      replaces: undefined,
      hasNoPassword: false,
      evidence: [
        `Auth0 does not have ${alice.user}`,
        'a deletion event names it',
        'the deleted user had verified the same address',
      ],
    });
    await untilQuiet(world);
    expect(accountOf(world, bob)).toMatchObject({ did: before?.did, handle: handle('alix') });
    const password = world.vault.open(accountOf(world, bob)?.password ?? '', bob.user);
    expect(onPds(world, bob)).toMatchObject({ handle: handle('alix'), email: ADDRESS, password });
    expect(accountOf(world, bob)?.createdAt).toBe(before?.createdAt);
    expect(accountOf(world, alice)).toBeUndefined();
    expect([...world.documents.handles]).toEqual([[bob.user, 'alix']]);
    expect(await shownConditions(world, bob.user)).toMatchObject({
      account: 'True AccountActive',
      email: 'True EmailSet',
      handle: 'True PlatformHandle',
    });
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountTransferred' });
    expect(world.accounts.stored.size).toBe(1);
    expect(eventsOf(world, alice).find(({ type }) => type === 'transfer.promised')?.data).toMatchObject(
      decided,
    );
  });

  it('stay with the deleted user where a promise names a user who has no log yet', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    await leave(world, alice);
    const did = accountOf(world, alice)?.did as never;
    const at = world.clock.now();
    const data = { to: bob.user, what: ['account'], account: did, ...decided } as const;
    await world.log.append([
      {
        ...{ _id: eventId('promise'), user: alice.user, tenant: alice.tenant, type: 'transfer.promised' },
        ...{ at, recordedAt: at, cause: [], data },
      },
    ]);
    await world.queue.markDue([alice], at, 'trigger');
    await untilQuiet(world);
    expect(typesOf(world, alice)).toContain('transfer.closed');
    expect(typesOf(world, alice)).not.toContain('converge.failed');
    expect(accountOf(world, alice)?.did).toBe(did);
  });

  it('are transferred once', async () => {
    const world = await succeeded();
    await transfer(world, alice, bob);
    expect(await codeOf(transfer(world, alice, bob))).toBe('TRANSFER_GRANTED');
    expect(await codeOf(transfer(world, alice, carol))).toBe('TRANSFER_OPEN');
    await untilQuiet(world);
    expect(await codeOf(transfer(world, alice, bob))).toBe('ALREADY_TRANSFERRED');
  });

  it('take the place of the account that the user has, which stays on the PDS', async () => {
    const world = createWorld();
    choose(world, alice, 'alix');
    await signUp(world, alice);
    await signUp(world, bob);
    await untilQuiet(world);
    await leave(world, alice);
    world.directory.put(auth0User(bob, { linked: [alice.userId] }));
    const second = accountOf(world, bob)?.did;
    const first = accountOf(world, alice)?.did;
    const proposal = await transfer(world, alice, bob);
    expect(proposal).toMatchObject({ replaces: second, isLinked: true });
    await untilQuiet(world);
    expect(accountOf(world, bob)?.did).toBe(first);
    expect(onPds(world, bob)).toMatchObject({
      handle: handle('alix'),
      email: 'bob@example.com',
      status: 'active',
    });
    const retired = second && world.accounts.stored.get(second);
    expect(retired).toMatchObject({ status: 'deactivated', email: parkedAddress(second as never) });
    expect((retired || undefined)?.handle).toMatch(/^p[0-9a-f]{15}\.at\.test$/);
    expect(await shownConditions(world, bob.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('goes to a user of another tenant', async () => {
    const other = person('bob', otherTenant);
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    await leave(world, alice);
    await signUp(world, other, { email: ADDRESS });
    await untilQuiet(world);
    const proposal = await transfer(world, alice, other, ['account']);
    expect(proposal.evidence).toContain('they are users of different tenants');
    const did = accountOf(world, alice)?.did;
    await untilQuiet(world);
    expect(accountOf(world, other)?.did).toBe(did);
  });

  it('of which no password is stored needs a new one', async () => {
    const world = await succeeded();
    const { password: _lost, ...account } = accountOf(world, alice) ?? {};
    world.documents.users.set(alice.user, { ...world.documents.users.get(alice.user), account });
    expect((await transfer(world, alice, bob)).hasNoPassword).toBe(true);
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('False CredentialsIncomplete');
  });

  it('is activated again where we had deactivated it', async () => {
    const world = await succeeded();
    const did = accountOf(world, alice)?.did as never;
    world.accounts.change(did, { status: 'deactivated' });
    const event = { user: alice.user, tenant: alice.tenant, type: 'account.deactivated', cause: [] } as const;
    const at = world.clock.now();
    const data = { did, because: 'removed' } as const;
    await world.log.append([{ ...event, _id: 'deactivated' as never, at, recordedAt: at, data }]);
    await transfer(world, alice, bob);
    await untilQuiet(world);
    expect(onPds(world, bob)).toMatchObject({ status: 'active' });
  });
});

describe('the handle alone', () => {
  it('moves with its row, and the account of the deleted user gives it up', async () => {
    const world = createWorld();
    choose(world, alice, 'alix');
    await signUp(world, alice);
    await signUp(world, bob);
    await untilQuiet(world);
    await leave(world, alice);
    world.directory.put(auth0User(bob, { linked: [alice.userId] }));
    await transfer(world, alice, bob, ['handle']);
    await untilQuiet(world);
    expect([...world.documents.handles]).toEqual([[bob.user, 'alix']]);
    expect(onPds(world, bob)).toMatchObject({ handle: handle('alix') });
    expect(onPds(world, alice)?.handle).toBe(handle(world.documents.users.get(alice.user)?.code ?? ''));
  });

  it('that only the account of the deleted user carries is given up (HandleHeldByDeletedUser)', async () => {
    const world = createWorld();
    choose(world, alice, 'alix');
    await signUp(world, alice);
    await untilQuiet(world);
    await leave(world, alice);
    world.documents.handles.delete(alice.user);
    choose(world, bob, 'alix');
    await signUp(world, bob);
    world.directory.put(auth0User(bob, { linked: [alice.userId] }));
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['handle']).toBe('False HandleHeldByDeletedUser');
    await transfer(world, alice, bob, ['handle']);
    await untilQuiet(world);
    expect(onPds(world, bob)).toMatchObject({ handle: handle('alix') });
    expect((await shownConditions(world, bob.user))['handle']).toBe('True PlatformHandle');
  });
});

describe('what an account that stays gives up', () => {
  /** bob has an account of his own, and is another person than alice. */
  async function strangers(): Promise<World> {
    const world = createWorld();
    choose(world, alice, 'alix');
    await signUp(world, alice);
    await signUp(world, bob);
    await untilQuiet(world);
    await leave(world, alice);
    return world;
  }

  it('is the address that a user with an account of its own has verified (EmailHeldByDeletedUser)', async () => {
    const world = await strangers();
    const [first, second] = [accountOf(world, alice)?.did, accountOf(world, bob)?.did];
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    await arrive(world, bob);
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['email']).toBe('False EmailHeldByDeletedUser');
    expect(await transfer(world, alice, bob, ['address'])).toMatchObject({ address: first });
    await untilQuiet(world);
    expect(onPds(world, bob)).toMatchObject({ did: second, email: ADDRESS });
    expect(onPds(world, alice)).toMatchObject({ did: first, email: parkedAddress(first as never) });
    expect((await shownConditions(world, bob.user))['email']).toBe('True EmailSet');
    expect(await codeOf(transfer(world, alice, bob, ['address']))).toBe('NO_ADDRESS');
  });

  it('is the handle of a user who has its row in @handles', async () => {
    const world = await strangers();
    world.documents.handles.delete(alice.user);
    choose(world, bob, 'alix');
    await arrive(world, bob);
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['handle']).toBe('False HandleHeldByDeletedUser');
    expect(await codeOf(transfer(world, alice, bob))).toBe('NO_EVIDENCE');
    await transfer(world, alice, bob, ['handle']);
    await untilQuiet(world);
    expect(onPds(world, bob)).toMatchObject({ handle: handle('alix') });
  });

  it('is not both the account and its address', async () => {
    const world = await succeeded();
    expect(await codeOf(transfer(world, alice, bob, ['account', 'address']))).toBe('USAGE');
  });
});

describe('the code', () => {
  it('goes to a user who never had one, and is restored like a known one', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    await leave(world, alice);
    const code = world.documents.users.get(alice.user)?.code;
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    await transfer(world, alice, bob, ['account', 'code']);
    await untilQuiet(world);
    expect(world.documents.users.get(bob.user)?.code).toBe(code);
    expect(world.documents.users.get(alice.user)?.code).toBeUndefined();
    expect(await shownConditions(world, bob.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('is refused to a user who has one', async () => {
    const world = await succeeded();
    expect(await codeOf(transfer(world, alice, bob, ['code']))).toBe('HAS_CODE');
  });
});

describe('a transfer is refused', () => {
  interface Refusal {
    readonly code: string;
    readonly asked?: readonly TransferPart[];
    arrange(world: World): unknown;
  }

  const there = { email: ADDRESS };
  const refusals: readonly Refusal[] = [
    { code: 'USER_EXISTS', arrange: (world) => world.directory.put(auth0User(alice)) },
    { code: 'USER_DELETED', arrange: (world) => world.directory.remove(bob.userId) },
    {
      code: 'USER_BLOCKED',
      arrange: (world) => world.directory.put(auth0User(bob, { ...there, blocked: true })),
    },
    {
      code: 'USER_UNVERIFIED',
      arrange: (world) => world.directory.put(auth0User(bob, { ...there, emailVerified: false })),
    },
    { code: 'NO_EVIDENCE', arrange: (world) => world.directory.put(auth0User(bob)) },
    { code: 'ACCOUNT_MISSING', asked: ['account'], arrange: (world) => world.accounts.stored.clear() },
    {
      code: 'ACCOUNT_TAKEN_DOWN',
      asked: ['account'],
      arrange: (world) =>
        world.accounts.change(accountOf(world, alice)?.did as never, { status: 'takendown' }),
    },
    {
      code: 'ACCOUNT_MIGRATED',
      asked: ['account'],
      arrange: (world) => world.accounts.moveAway(accountOf(world, alice)?.did as never),
    },
    { code: 'HAS_HANDLE', asked: ['handle'], arrange: (world) => choose(world, bob, 'bobby') },
    { code: 'USER_BUSY', arrange: (world) => world.queue.claimUser(bob, world.clock.now(), 60_000) },
    { code: 'USER_BUSY', arrange: (world) => world.queue.claimUser(alice, world.clock.now(), 60_000) },
  ];

  it.each(refusals)('with $code', async ({ code, asked, arrange }) => {
    const world = await succeeded();
    await arrange(world);
    expect(await codeOf(transfer(world, alice, bob, asked))).toBe(code);
    expect(typesOf(world, alice)).not.toContain('transfer.promised');
    // Neither is left leased.
    if (code !== 'USER_BUSY') for (const who of [alice, bob]) await reconcileUser(world, who);
  });

  it('to oneself, and of a user who has nothing', async () => {
    const world = await succeeded();
    expect(await codeOf(transfer(world, alice, alice))).toBe('SAME_USER');
    expect(await codeOf(transfer(world, person('dave'), bob))).toBe('NOTHING_TO_TRANSFER');
  });

  it('where one 404 says that the user is deleted, and the search still finds it', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    const found = [auth0User(alice)];
    world.directory.remove(alice.userId);
    const party = transferParty(world, alice);
    const lagging = { ...party.tenant.directory, usersByIdentity: async () => found };
    const from = { ...party, tenant: { ...party.tenant, directory: lagging } };
    const now = world.clock.now();
    const proposed = () =>
      proposeTransfer(transferDeps(world), from, transferParty(world, bob), undefined, now);
    expect(await codeOf(proposed())).toBe('DELETION_NOT_PROVED');
    found.pop();
    expect((await proposed()).evidence).toContain('the search of Auth0 does not find it');
  });

  it('while our clock differs from that of MongoDB', async () => {
    const world = await succeeded();
    const shown = await propose(world, alice, bob);
    world.databaseClock.oursAheadMs = 61_000;
    const [deps, from, to] = [transferDeps(world), transferParty(world, alice), transferParty(world, bob)];
    const granted = grantTransfer(deps, from, to, { asked: undefined, shown }, decided);
    expect(await codeOf(granted)).toBe('CLOCK_DIFFERS');
  });

  it('when it has changed since it was shown', async () => {
    const world = await succeeded();
    const shown = await propose(world, alice, bob);
    world.documents.handles.delete(alice.user);
    const wish = { asked: undefined, shown };
    const granted = grantTransfer(
      transferDeps(world),
      transferParty(world, alice),
      transferParty(world, bob),
      wish,
      decided,
    );
    expect(await codeOf(granted)).toBe('TRANSFER_CHANGED');
  });
});

describe('on the way', () => {
  it('a promise without a grant means nothing, and another transfer is possible', async () => {
    const world = await succeeded();
    world.hooks.before = (call: { readonly port: string; readonly method: string }) => {
      if (
        call.port === 'log' &&
        call.method === 'append' &&
        typesOf(world, alice).includes('transfer.promised')
      )
        throw new Error('killed');
    };
    await transfer(world, alice, bob).catch(() => undefined);
    world.hooks.before = undefined as never;
    expect(typesOf(world, alice)).toContain('transfer.promised');
    expect(typesOf(world, bob)).not.toContain('transfer.granted');
    await untilQuiet(world);
    expect(typesOf(world, alice)).toContain('transfer.closed');
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByDeletedUser');
    await transfer(world, alice, bob);
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('True AccountActive');
  });

  it('moves nothing where the other user is deleted before', async () => {
    const world = await succeeded();
    const did = accountOf(world, alice)?.did;
    await transfer(world, alice, bob);
    await leave(world, bob);
    expect(accountOf(world, alice)?.did).toBe(did);
    expect(world.documents.handles.get(alice.user)).toBe('alix');
    expect(accountOf(world, bob)).toBeUndefined();
    expect((await shownConditions(world, alice.user))['account']).toBe('True UserGone');
    await signUp(world, carol, { email: ADDRESS });
    await untilQuiet(world);
    await transfer(world, alice, carol);
    await untilQuiet(world);
    expect(accountOf(world, carol)?.did).toBe(did);
  });

  it('puts the row of the handle back where the other user is deleted before it takes it', async () => {
    const world = await succeeded();
    await transfer(world, alice, bob);
    await reconcileUser(world, alice);
    expect(world.documents.handles.has(alice.user)).toBe(false);
    await leave(world, bob);
    expect([...world.documents.handles]).toEqual([[alice.user, 'alix']]);
    expect(accountOf(world, bob)).toBeUndefined();
  });

  it('goes on where the deleted user is back', async () => {
    const world = await succeeded();
    const did = accountOf(world, alice)?.did;
    await transfer(world, alice, bob);
    const createdAt = world.clock.now();
    world.directory.put(auth0User(alice, { email: 'alice.new@example.com', createdAt }));
    await arrive(world, alice);
    await untilQuiet(world);
    expect(accountOf(world, bob)?.did).toBe(did);
    expect(accountOf(world, alice)?.did).not.toBe(did);
    expect((await shownConditions(world, alice.user))['account']).toBe('True AccountActive');
  });

  it('waits while the other user is blocked', async () => {
    const world = await succeeded();
    await transfer(world, alice, bob);
    world.directory.put(auth0User(bob, { email: ADDRESS, blocked: true }));
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('False TransferPending');
    world.directory.put(auth0User(bob, { email: ADDRESS }));
    await arrive(world, bob);
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('True AccountActive');
  });
});

describe('a transfer that is cancelled', () => {
  function cancel(world: World, from: Person, to: Person) {
    return cancelTransfer(transferDeps(world), transferParty(world, from), transferParty(world, to), decided);
  }

  /** bob is blocked before he has taken anything. */
  async function waiting(asked?: readonly TransferPart[]): Promise<World> {
    const world = await succeeded();
    await transfer(world, alice, bob, asked);
    world.directory.put(auth0User(bob, { email: ADDRESS, blocked: true }));
    await untilQuiet(world);
    return world;
  }

  it('leaves everything with the deleted user, and another user can get it', async () => {
    const world = await waiting();
    const did = accountOf(world, alice)?.did;
    await signUp(world, carol, { email: ADDRESS });
    await untilQuiet(world);
    expect(await codeOf(transfer(world, alice, carol))).toBe('TRANSFER_OPEN');
    expect(await cancel(world, alice, bob)).toEqual(['account', 'handle']);
    await untilQuiet(world);
    for (const who of [alice, bob])
      expect(Object.values(await shownConditions(world, who.user)).join()).not.toContain('TransferPending');
    expect(accountOf(world, alice)?.did).toBe(did);
    await transfer(world, alice, carol);
    await untilQuiet(world);
    expect(accountOf(world, carol)?.did).toBe(did);
    expect(await codeOf(cancel(world, alice, bob))).toBe('NO_OPEN_TRANSFER');
  });

  it('leaves what the user has taken, also where the log does not say so yet', async () => {
    const world = await succeeded();
    await transfer(world, alice, bob, ['account']);
    const { users } = world.documents;
    const [source, target] = [users.get(alice.user), users.get(bob.user)];
    if (source?.account === undefined || target === undefined) throw new Error('There are no documents.');
    users.set(bob.user, { ...target, account: source.account });
    expect(await codeOf(cancel(world, alice, bob))).toBe('TRANSFER_TAKEN');
    await untilQuiet(world);
    expect(typesOf(world, bob)).toContain('account.transferred');
    expect(await codeOf(cancel(world, alice, bob))).toBe('NO_OPEN_TRANSFER');
  });

  it('is refused while the user is being reconciled', async () => {
    const world = await waiting();
    await world.queue.claimUser(bob, world.clock.now(), 60_000);
    expect(await codeOf(cancel(world, alice, bob))).toBe('USER_BUSY');
    expect(typesOf(world, bob)).not.toContain('transfer.cancelled');
  });
});

describe('policy linked', () => {
  async function linked(policy: 'report' | 'transfer', email = ADDRESS): Promise<World> {
    const world = createWorld({ policy: { linked: policy, removal: 'delete', removalGraceMs: 0 } });
    choose(world, alice, 'alix');
    await signUp(world, alice);
    await untilQuiet(world);
    await leave(world, alice);
    await signUp(world, bob, { email, linked: [alice.userId] });
    await untilQuiet(world);
    return world;
  }

  it('report: leaves it to a person (case 6)', async () => {
    const world = await linked('report');
    expect((await shownConditions(world, bob.user))['account']).toBe('False EmailHeldByDeletedUser');
    await transfer(world, alice, bob);
    await untilQuiet(world);
    expect((await shownConditions(world, bob.user))['account']).toBe('True AccountActive');
  });

  it.each([ADDRESS, 'bob@example.com'])(
    'transfer: grants it where Auth0 proves the linking (%#)',
    async (email) => {
      const world = await linked('transfer', email);
      expect(await shownConditions(world, bob.user)).toMatchObject({
        account: 'True AccountActive',
        email: 'True EmailSet',
        handle: 'True PlatformHandle',
      });
      expect(onPds(world, bob)).toMatchObject({ handle: handle('alix'), email });
      expect(accountOf(world, alice)).toBeUndefined();
      const granted = eventsOf(world, bob).find(({ type }) => type === 'transfer.granted');
      expect(granted?.data).toMatchObject({ by: 'policy.linked', from: alice.user });
      expect(world.accounts.stored.size).toBe(1);
    },
  );

  it('transfer: never replaces an account', async () => {
    const world = createWorld({ policy: { linked: 'transfer' } });
    await signUp(world, alice);
    await signUp(world, bob);
    await untilQuiet(world);
    await leave(world, alice);
    world.directory.put(auth0User(bob, { linked: [alice.userId] }));
    await arrive(world, bob);
    await untilQuiet(world);
    expect(typesOf(world, bob)).not.toContain('transfer.granted');
  });

  it('transfer: waits while the deleted user is being reconciled, and creates nothing', async () => {
    const world = createWorld({ policy: { linked: 'transfer' } });
    await signUp(world, alice);
    await untilQuiet(world);
    await leave(world, alice);
    const lease = await world.queue.claimUser(alice, world.clock.now(), 60_000);
    await signUp(world, bob, { linked: [alice.userId] });
    expect((await reconcileUser(world, bob)).end).toBe('deferred');
    expect(accountOf(world, bob)).toBeUndefined();
    if (lease !== undefined) await world.queue.release(lease);
    await untilQuiet(world);
    expect(typesOf(world, bob)).toContain('account.transferred');
  });
});
