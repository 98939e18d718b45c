/** A verified address is needed to add an account, and not to keep one (W13). */
import { describe, expect, it } from 'vitest';
import { fold } from '../../../src/events/fold.ts';
import type { Did } from '../../../src/identity.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import { alice, handle } from '../../mongo/subjects/people.ts';
import { accountOf, deleted, sweepOnce } from '../../support/in-memory/sweeps.ts';
import {
  arrive,
  auth0User,
  carried,
  choose,
  codeHandleOf,
  createWorld,
  eventsOf,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const { user } = alice;
type Changes = Partial<Auth0User>;

async function change(world: World, changes: Changes): Promise<void> {
  world.directory.put(auth0User(alice, changes));
  await arrive(world, alice, 'sce');
  await untilQuiet(world);
}

async function withAccount(changes: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = createWorld(changes);
  await signUp(world, alice);
  await untilQuiet(world);
  return world;
}

async function messageOf(world: World, type: string): Promise<string> {
  return (await world.subjects.get(user))?.conditions.find((one) => one.type === type)?.message ?? '';
}

const WITHHELD = [
  ['is not verified any more', { emailVerified: false }, 'True WaitingForEmailVerification'],
  [
    'changed, and the new one is not verified',
    { email: 'new@example.com', emailVerified: false },
    'True WaitingForEmailVerification',
  ],
  ['is gone', { email: undefined }, 'True NoEmail'],
  [
    'has a flag of an odd type',
    { emailVerified: false, unusable: ['email_verified'] },
    'False FieldUnusable',
  ],
  ['is of an odd type', { email: undefined, unusable: ['email'] }, 'False FieldUnusable'],
] as const satisfies readonly (readonly [string, Changes, string])[];

describe.each(WITHHELD)('an account whose user’s address %s', (_how, changes, says) => {
  it('follows the platform handle and the code, and its address stays (case 11)', async () => {
    const world = await withAccount();
    await change(world, changes);
    choose(world, alice, 'cedar');
    await arrive(world, alice, 'sce');
    await untilQuiet(world);
    expect(carried(world, alice)).toBe(handle('cedar'));
    expect(accountOf(world, alice)?.email).toBe('alice@example.com');
    expect(await shownConditions(world, user)).toMatchObject({
      account: 'True AccountActive',
      email: says,
      handle: 'True PlatformHandle',
    });
    expect(await messageOf(world, 'email')).toContain('does not follow');
    world.documents.handles.delete(user);
    await arrive(world, alice, 'sce');
    await untilQuiet(world);
    expect(carried(world, alice)).toBe(codeHandleOf(world, alice));
  });

  it('is found by a sweep where its handle differs', async () => {
    const world = await withAccount();
    await change(world, changes);
    choose(world, alice, 'cedar');
    expect(await sweepOnce(world)).toMatchObject({ drifted: 1 });
    await untilQuiet(world);
    expect(carried(world, alice)).toBe(handle('cedar'));
    // Whoever needs action is due in every sweep.
    expect(await sweepOnce(world)).toMatchObject({ drifted: says.startsWith('True') ? 0 : 1 });
  });

  it('gets its address once that is verified', async () => {
    const world = await withAccount();
    await change(world, changes);
    await change(world, { email: 'new@example.com' });
    expect(accountOf(world, alice)?.email).toBe('new@example.com');
    expect(await shownConditions(world, user)).toMatchObject({ email: 'True EmailSet' });
  });

  it('is kept where only the document names it, and the address was the user’s', async () => {
    const world = createWorld();
    await signUp(world, alice, { emailVerified: false });
    await untilQuiet(world);
    const did = world.accounts.put({ handle: handle('other'), email: 'alice@example.com' });
    const document = world.documents.users.get(user) ?? {};
    const account = { did, handle: handle('other'), password: 'sealed' };
    world.documents.users.set(user, { ...document, account });
    await change(world, {});
    expect(fold(eventsOf(world, alice)).account?.did).toBeUndefined();
    await change(world, changes);
    choose(world, alice, 'cedar');
    await sweepOnce(world);
    await untilQuiet(world);
    expect(world.accounts.stored.get(did)?.handle).toBe(handle('cedar'));
  });

  it('that was deactivated while the user was blocked is activated again', async () => {
    const world = await withAccount({ policy: { blocked: 'deactivate' } });
    await change(world, { blocked: true });
    expect(accountOf(world, alice)?.status).toBe('deactivated');
    await change(world, changes);
    expect(accountOf(world, alice)?.status).toBe('active');
  });
});

describe.each(WITHHELD)('no account is added while the address %s', (_how, changes, says) => {
  it('and the documents are there', async () => {
    const world = createWorld();
    await signUp(world, alice, changes);
    await untilQuiet(world);
    expect([...world.accounts.stored]).toEqual([]);
    expect(world.documents.users.get(user)?.code).toBeDefined();
    expect(world.documents.verifications.has(user)).toBe(true);
    expect(await shownConditions(world, user)).toMatchObject({ account: says, email: 'True NoAccount' });
    await change(world, {});
    expect(await shownConditions(world, user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('also in place of one that is lost by decision: its record stays until then', async () => {
    const world = await withAccount();
    const did = world.documents.users.get(user)?.account?.did as Did;
    world.accounts.stored.delete(did);
    await change(world, changes);
    expect(await shownConditions(world, user)).toMatchObject({ account: 'False AccountMissing' });
    const restored = { what: ['account'], account: did, by: 'carol', reason: 'lost' } as const;
    const [last] = eventsOf(world, alice).slice(-1);
    if (last === undefined) throw new Error('nothing was told');
    await world.log.append([
      {
        ...{ ...last, _id: world.random.id(), type: 'restore.granted', data: restored, cause: [] },
        at: new Date(last.at.getTime() + 1),
      },
    ]);
    await arrive(world, alice, 'sce');
    await untilQuiet(world);
    expect(world.documents.users.get(user)?.account?.did).toBe(did);
    expect(await shownConditions(world, user)).toMatchObject({ account: says });
    await change(world, {});
    expect(await shownConditions(world, user)).toMatchObject({ account: 'True AccountActive' });
    expect(world.documents.users.get(user)?.account?.did).not.toBe(did);
  });
});

it('is deleted, and leaves its account as any other', async () => {
  const world = await withAccount();
  await change(world, { emailVerified: false });
  await deleted(world, alice);
  await untilQuiet(world);
  expect(await shownConditions(world, user)).toMatchObject({
    account: 'True UserGone',
    handle: 'True NotManaged',
  });
});
