/** One user as the dashboard shows them: by the log and the read model, and as a look finds them. */
import { describe, expect, it } from 'vitest';
import { adoptionAnswer } from '../../src/dashboard-data/adoption.ts';
import { observedAnswer, userAnswer } from '../../src/dashboard-data/user.ts';
import { UpstreamError } from '../../src/errors.ts';
import { alice, bob, handle, otherTenant, person } from '../mongo/subjects/people.ts';
import { dashboardDeps, says, whole } from '../support/in-memory/deciding.ts';
import { aliceEvent, mainTenant, write } from '../support/in-memory/sweeps.ts';
import {
  auth0User,
  choose,
  codeHandleOf,
  createWorld,
  reconcileUser,
  signUp,
  snapshot,
  untilQuiet,
  type World,
} from '../support/in-memory/world.ts';

const why = { by: 'carol', reason: 'case 12' };
const user = alice.user;

function away(world: World, port: string, upstream: 'auth0' | 'pds'): void {
  world.hooks.before = (call) => {
    if (call.port !== port) return;
    throw new UpstreamError('away', { upstream, code: 'UNREACHABLE', retryable: true });
  };
}

describe('by the log and the read model', () => {
  it('is as the last pass left it, without a question to Auth0 or the PDS', async () => {
    const world = await whole();
    away(world, 'accounts', 'pds');
    const found = await userAnswer(dashboardDeps(world), user);
    const stored = world.documents.users.get(user);
    expect(found).toMatchObject({
      ...{ user, tenant: alice.tenant, source: 'log', unread: [], sync: 'Synced', health: 'Healthy' },
      ...{ code: stored?.code, handle: codeHandleOf(world, alice), did: stored?.account?.did },
      ...{ troubles: [], pause: null, failure: null, plan: null, withheld: null, dueAt: null },
      asOf: world.clock.now().toISOString(),
    });
    expect(found.resources.map(({ resource, differs }) => [resource, differs])).toEqual([
      ['verification', false],
      ['user-document', false],
      ['account', false],
      ['email', false],
      ['handle', false],
    ]);
  });

  it('says who paused, why, since when and until when, and that the look is due', async () => {
    const world = await whole();
    const until = new Date(world.clock.now().getTime() + 3_600_000).toISOString();
    await says(world, { type: 'pause', user, until: null, ...why, reason: 'an older one' });
    await says(world, { type: 'pause', user, until, ...why });
    const at = aliceEvent(world, 'user.paused')[1]?.at.toISOString();
    expect(await userAnswer(dashboardDeps(world), user)).toMatchObject({
      ...{ sync: 'OutOfSync', health: 'Suspended', pause: { ...why, until, at } },
      ...{ withheld: { reason: 'Paused' }, troubles: [{ resource: 'pause', status: 'False' }] },
      dueAt: world.clock.now().toISOString(),
    });
    await world.clock.advance(3_600_000);
    expect(await userAnswer(dashboardDeps(world), user)).toMatchObject({ pause: null, withheld: null });
  });

  it('says what excludes the user, and asks nothing', async () => {
    const world = await whole();
    away(world, 'directory', 'auth0');
    const dashboardData = dashboardDeps(world);
    const tenants = dashboardData.tenants.map((tenant) => ({ ...tenant, excludedBy: () => 'guest-*' }));
    expect(await observedAnswer({ ...dashboardData, tenants }, user)).toMatchObject({
      ...{ source: 'log', plan: null },
      withheld: { reason: 'Excluded', message: expect.stringContaining('guest-*') },
    });
  });

  it('says why the last pass failed, and differs in nothing that is not known', async () => {
    const world = await whole();
    away(world, 'accounts', 'pds');
    for (const _ of [1, 2, 3]) await reconcileUser(world, alice);
    const found = await userAnswer(dashboardDeps(world), user);
    expect(found).toMatchObject({
      ...{ quarantined: false, attempts: 3, sync: 'Unknown', health: 'Degraded' },
      failure: { code: 'UNREACHABLE' },
    });
    const differs = Object.fromEntries(found.resources.map((one) => [one.resource, one.differs]));
    expect(differs).toMatchObject({ verification: false, account: null, email: null, handle: null });
  });

  it('of somebody whom Auth0 alone knows is found by a look', async () => {
    const world = await whole();
    world.directory.put(auth0User(bob));
    await expect(userAnswer(dashboardDeps(world), bob.user)).rejects.toMatchObject({
      code: 'USER_NOT_FOUND',
    });
    const found = await observedAnswer(dashboardDeps(world), bob.user);
    expect(found).toMatchObject({ user: bob.user, source: 'look', sync: 'OutOfSync' });
    expect(found.plan?.map(({ type }) => type)).toContain('create-user-document');
    away(world, 'auth0', 'auth0');
    // Who could not be asked about is not taken for nobody.
    await expect(observedAnswer(dashboardDeps(world), bob.user)).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
  });

  it('of nobody, or of a tenant that is not served, is not found', async () => {
    const world = await whole();
    const elsewhere = person('dave', otherTenant);
    await signUp(world, elsewhere);
    const unserved = { ...dashboardDeps(world), tenants: [mainTenant(world)] };
    for (const ask of [userAnswer, observedAnswer]) {
      await expect(ask(dashboardDeps(world), bob.user)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
      await expect(ask(unserved, elsewhere.user)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
      expect(await ask(dashboardDeps(world), elsewhere.user)).toMatchObject({ tenant: otherTenant });
    }
  });

  it('of somebody who was forgotten shows what the read model shows, and reads nothing', async () => {
    const world = await whole();
    await write(world, 'user.forgotten', { by: 'carol' }, alice);
    const asked: string[] = [];
    world.hooks.before = ({ port }) => void asked.push(port);
    const found = await observedAnswer(dashboardDeps(world), user);
    expect(found).toMatchObject({ source: 'log', sync: 'Synced', health: 'Deleted', conditions: [] });
    expect(found).toMatchObject({ handle: null, plan: null, deleted: { since: null, forgotten: true } });
    expect(found.resources.map(({ differs }) => differs)).toEqual([null, null, null, null, null]);
    expect(asked).not.toContain('auth0');
    expect(asked).not.toContain('accounts');
  });
});

it('a user who is deleted in Auth0 is said to be deleted, since when, and what becomes of the account', async () => {
  const world = await whole();
  const did = world.documents.users.get(user)?.account?.did;
  world.directory.remove(alice.userId);
  await says(world, { type: 'reconcile', user, ...why });
  await untilQuiet(world);
  const found = await userAnswer(dashboardDeps(world), user);
  expect(found).toMatchObject({ health: 'Deleted', deleted: { forgotten: false }, did });
  expect(found.deleted?.since).toMatch(/^2026-/);
  expect(found.resources.map(({ differs }) => differs)).toEqual([false, false, false, false, false]);
  expect(await userAnswer(dashboardDeps(await whole()), user)).toMatchObject({ deleted: null });
});

describe('a look', () => {
  it('marks what differs, says what a pass would do, and writes nothing', async () => {
    const world = await whole();
    choose(world, alice, 'al.ix');
    const before = snapshot(world);
    const found = await observedAnswer(dashboardDeps(world), user);
    expect(snapshot(world)).toEqual(before);
    expect(found).toMatchObject({
      ...{
        source: 'look',
        unread: [],
        sync: 'OutOfSync',
        untold: ['handle.observed'],
        platformHandle: 'al.ix',
      },
      plan: [
        {
          resource: 'handle',
          type: 'change-handle',
          detail: `${codeHandleOf(world, alice)} to al-ix.at.test`,
        },
      ],
    });
    expect(found.resources.filter(({ differs }) => differs)).toEqual([
      { resource: 'handle', desired: 'al-ix.at.test', actual: codeHandleOf(world, alice), differs: true },
    ]);
    expect(found.conditions.find(({ resource }) => resource === 'handle')?.since).toBeNull();
    // The log does not know it yet.
    expect(await userAnswer(dashboardDeps(world), user)).toMatchObject({ sync: 'Synced', plan: null });
  });

  it.each([
    [true, 'to have an account, and so an address and a handle', {}],
    [false, 'to have none before the email is verified', { emailVerified: false, email: undefined }],
  ])('before there is an account, %s: the user is %s', async (differ, _what, changes) => {
    const world = createWorld();
    await signUp(world, alice, changes);
    const { resources } = await observedAnswer(dashboardDeps(world), user);
    const ofAccount = resources.filter(({ resource }) => ['account', 'email', 'handle'].includes(resource));
    expect(ofAccount.map(({ actual, differs }) => [actual, differs])).toEqual([
      ['none', differ],
      ['no account', differ],
      ['no account', differ],
    ]);
  });

  it('shows the plan also while it is withheld', async () => {
    const world = await whole();
    choose(world, alice, 'al.ix');
    await says(world, { type: 'pause', user, until: null, ...why });
    expect(await observedAnswer(dashboardDeps(world), user)).toMatchObject({
      ...{ withheld: { reason: 'Paused' }, plan: [{ type: 'change-handle' }], health: 'Suspended' },
    });
  });

  it.each([
    ['the PDS', 'accounts', 'pds', 'look'],
    ['Auth0', 'auth0', 'auth0', 'log'],
  ] as const)('without %s says so, and shows the rest', async (title, port, upstream, source) => {
    const world = await whole();
    away(world, port, upstream);
    const found = await observedAnswer(dashboardDeps(world), user);
    expect(found).toMatchObject({ source, unread: [{ upstream, title, code: 'UNREACHABLE' }] });
    expect(found).toMatchObject({ code: world.documents.users.get(user)?.code });
    expect(found.did).toBe(world.documents.users.get(user)?.account?.did);
    const differs = Object.fromEntries(found.resources.map((one) => [one.resource, one.differs]));
    expect(differs).toMatchObject({ verification: false, account: source === 'look' ? null : false });
  });
});

it('no address is in an answer', async () => {
  const world = createWorld();
  const did = world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
  choose(world, alice, 'alice');
  await signUp(world, alice);
  await untilQuiet(world);
  const answers = [
    await userAnswer(dashboardDeps(world), user),
    await observedAnswer(dashboardDeps(world), user),
    await adoptionAnswer(dashboardDeps(world), user, undefined),
  ];
  expect(answers[2]).toMatchObject({
    did,
    handle: 'alice.at.test',
    state: 'active',
    password: { type: 'new' },
  });
  expect(JSON.stringify(answers)).not.toContain('@');
});
