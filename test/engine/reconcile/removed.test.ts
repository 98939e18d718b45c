/** What others removed stays removed, what was assigned never changes, and open creations are resolved first. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import { subjectView } from '../../../src/engine/reconcile/subject-view.ts';
import type { ConcordEvent, EventData } from '../../../src/events/event.ts';
import { fold } from '../../../src/events/fold.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, bob, code, handle, type Person } from '../../mongo/subjects/people.ts';
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
  WELL,
  type World,
} from '../../support/in-memory/world.ts';

const HELD = 'False DocumentRemoved';

async function settled(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = createWorld(options);
  choose(world, alice, 'alice');
  await signUp(world, alice);
  await untilQuiet(world);
  expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
  return world;
}

/** The platform made the user, and Concord has only looked. */
async function platformUser(): Promise<World> {
  const world = createWorld();
  const did = world.accounts.put({ handle: handle('alice'), email: 'alice@example.com', password: 'plain' });
  world.documents.verifications.set(alice.user, 3);
  world.documents.users.set(alice.user, {
    code: code('ac3abcde'),
    when: new Date('2019-05-01T00:00:00Z'),
    account: { did, handle: handle('alice'), password: 'plain' },
  });
  choose(world, alice, 'alice');
  await signUp(world, alice);
  await untilQuiet(world);
  expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
  return world;
}

const didOf = (world: World, who: Person = alice) => world.documents.users.get(who.user)?.account?.did;

function unset(world: World, field: 'code' | 'account'): void {
  const { [field]: _gone, ...rest } = world.documents.users.get(alice.user) ?? {};
  world.documents.users.set(alice.user, rest);
}

async function grant(world: World, data: Omit<EventData['restore.granted'], 'by'>): Promise<void> {
  await decide({ ...world.deps }, alice, 'restore.granted', { by: 'carol', ...data });
  await untilQuiet(world);
}

/** Another reconciliation does nothing, says the same and tells nothing. */
async function expectQuiet(world: World): Promise<void> {
  const before = world.log.events.length;
  expect((await reconcileUser(world, alice)).applied).toEqual([]);
  expect(world.log.events.length).toBe(before);
}

describe('a command in a message', () => {
  it('names the user, quoted for the shell', async () => {
    const world = await settled();
    world.documents.users.delete(alice.user);
    await reconcileUser(world, alice);
    const conditions = (await world.subjects.get(alice.user))?.conditions ?? [];
    const removed = conditions.find(({ type }) => type === 'user-document');
    expect(removed?.message).toBe(
      `The users document was removed. Restore it with: concord restore '${alice.user}'`,
    );
    expect(conditions.filter(({ message }) => message.includes('<user>'))).toEqual([]);
  });
});

describe('a code', () => {
  it('that was unset is the same again, and the handle stays', async () => {
    const world = await settled();
    const before = world.documents.users.get(alice.user);
    unset(world, 'code');
    await reconcileUser(world, alice);
    expect(world.documents.users.get(alice.user)).toEqual(before);
    expect(typesOf(world, alice)).toContain('resource.removed');
    expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
    await expectQuiet(world);
  });

  it('of the platform, in an older form, is restored as well', async () => {
    const world = await platformUser();
    unset(world, 'code');
    await reconcileUser(world, alice);
    expect(world.documents.users.get(alice.user)?.code).toBe('ac3abcde');
  });

  it('that another user has by now needs action, and names the user', async () => {
    const world = await settled();
    const mine = world.documents.users.get(alice.user)?.code;
    unset(world, 'code');
    world.documents.users.set(bob.user, { ...(mine === undefined ? {} : { code: mine }) });
    await reconcileUser(world, alice);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      'user-document': 'False CodeHeldByUser',
    });
    expect((await world.subjects.get(alice.user))?.conditions.find(({ held }) => held)?.message).toContain(
      bob.user,
    );
    expect(world.documents.users.get(alice.user)?.code).toBeUndefined();
    await expectQuiet(world);
  });

  it('that differs from the log is reported, stays, and renames no account', async () => {
    const world = await settled();
    choose(world, alice, 'music');
    await reconcileUser(world, alice);
    const carried = world.accounts.stored.get(didOf(world) as never)?.handle;
    world.documents.users.set(alice.user, {
      ...world.documents.users.get(alice.user),
      code: code('ac3abcde'),
    });
    await reconcileUser(world, alice);
    expect(await shownConditions(world, alice.user)).toMatchObject({ 'user-document': 'False CodeDiffers' });
    expect(world.documents.users.get(alice.user)?.code).toBe('ac3abcde');
    expect(world.accounts.stored.get(didOf(world) as never)?.handle).toBe(carried);
    await expectQuiet(world);
    await decide({ ...world.deps }, alice, 'code.accepted', { by: 'carol', code: code('ac3abcde') });
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ 'user-document': 'True HasCode' });
    expect(world.accounts.stored.get(didOf(world) as never)?.handle).toBe('ac3abcde.at.test');
  });

  it('in @handles, of an earlier time, is taken before one is drawn', async () => {
    const world = createWorld();
    world.documents.legacyCodes.set(alice.user, code('AC23Bebac'));
    await signUp(world, alice);
    await untilQuiet(world);
    expect(world.documents.users.get(alice.user)?.code).toBe('AC23Bebac');
    expect(world.accounts.stored.get(didOf(world) as never)?.handle).toBe('ac23bebac.at.test');
  });

  it.each(['ac23lilia', 'ac3abcde', 'AC23Bebac'])('%s is left alone', async (text) => {
    const world = createWorld();
    world.documents.users.set(alice.user, { code: code(text) });
    await signUp(world, alice);
    const results = await untilQuiet(world);
    expect(results.flatMap(({ applied }) => applied.map(({ type }) => type))).not.toContain('assign-code');
    expect(world.documents.users.get(alice.user)?.code).toBe(text);
    expect(await shownConditions(world, alice.user)).toMatchObject({ 'user-document': 'True HasCode' });
  });
});

describe('a removed document', () => {
  it('of users does not come back, holds the user, and is restored exactly by a decision', async () => {
    const world = await settled();
    const { code: known, when } = world.documents.users.get(alice.user) ?? {};
    const did = didOf(world);
    world.documents.users.delete(alice.user);
    choose(world, alice, 'renamed');
    await reconcileUser(world, alice);
    expect(world.documents.users.has(alice.user)).toBe(false);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      'user-document': HELD,
      account: HELD,
      handle: 'False WaitingForDecision',
    });
    expect(world.accounts.stored.get(did as never)?.handle).toBe('alice.at.test');
    expect(eventsOf(world, alice).filter(({ type }) => type === 'resource.removed')).toHaveLength(1);
    await expectQuiet(world);
    await grant(world, { what: ['user-document', 'account-record'] });
    expect(world.documents.users.get(alice.user)).toMatchObject({ code: known, when, account: { did } });
    // The sealed password went with the document.
    expect(await shownConditions(world, alice.user)).toMatchObject({
      'user-document': 'True HasCode',
      account: 'False CredentialsIncomplete',
    });
  });

  it('of the platform, with its own code and sign-up time, which no write of ours ever told', async () => {
    const world = await platformUser();
    const before = world.documents.users.get(alice.user);
    world.documents.users.delete(alice.user);
    world.documents.verifications.delete(alice.user);
    await reconcileUser(world, alice);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      verification: HELD,
      'user-document': HELD,
    });
    await grant(world, { what: ['user-document', 'account-record', 'verification'] });
    expect(world.documents.users.get(alice.user)).toMatchObject({ code: before?.code, when: before?.when });
    expect(world.documents.verifications.get(alice.user)).toBe(3);
  });

  it('is one decision, and not a licence for the next removal', async () => {
    const world = await settled();
    world.documents.verifications.delete(alice.user);
    await reconcileUser(world, alice);
    await grant(world, { what: ['verification'] });
    expect(world.documents.verifications.get(alice.user)).toBe(1);
    world.documents.verifications.delete(alice.user);
    await reconcileUser(world, alice);
    expect(world.documents.verifications.has(alice.user)).toBe(false);
    expect(await shownConditions(world, alice.user)).toMatchObject({ verification: HELD });
  });

  it('whose account record alone was unset holds, though the account is on the PDS', async () => {
    const world = await settled();
    const did = didOf(world);
    unset(world, 'account');
    await reconcileUser(world, alice);
    expect(didOf(world)).toBeUndefined();
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: HELD });
    await grant(world, { what: ['account-record'] });
    expect(didOf(world)).toBe(did);
  });
});

describe('a missing account', () => {
  it('is replaced only by a decision, which names it', async () => {
    const world = await settled();
    const lost = didOf(world);
    if (lost === undefined) throw new Error('There is no account.');
    world.accounts.stored.delete(lost);
    world.documents.verifications.set(alice.user, 0);
    await reconcileUser(world, alice);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      account: 'False AccountMissing',
      verification: 'False WaitingForDecision',
    });
    await expectQuiet(world);
    await grant(world, { what: ['account'], account: lost });
    expect(didOf(world)).toBeDefined();
    expect(didOf(world)).not.toBe(lost);
    expect(await shownConditions(world, alice.user)).toMatchObject(WELL);
    expect(typesOf(world, alice)).toContain('account.record-dropped');
  });
});

describe('a user who erases themselves', () => {
  const steps: readonly ((world: World) => unknown)[] = [
    (world) => world.documents.verifications.delete(alice.user),
    (world) => world.documents.handles.delete(alice.user),
    (world) => {
      const did = didOf(world);
      if (did !== undefined) world.accounts.stored.delete(did);
      unset(world, 'account');
    },
    (world) => world.documents.users.delete(alice.user),
    (world) => world.directory.remove(alice.userId),
  ];

  it.each([
    ['Concord made', settled],
    ['the platform made', platformUser],
  ])('and whom %s gets nothing back, whenever somebody looks', async (_who, make) => {
    const world = await make();
    for (const step of steps) {
      step(world);
      await arrive(world, alice, 'scu');
      await untilQuiet(world);
    }
    expect(world.documents.verifications.has(alice.user)).toBe(false);
    expect(world.documents.users.has(alice.user)).toBe(false);
    expect(world.accounts.stored.size).toBe(0);
    expect(await shownConditions(world, alice.user)).toMatchObject({ auth0: 'True UserGone' });
  });

  it('after a block gets nothing back either, and comes back as a new user', async () => {
    const world = await settled();
    const known = world.documents.users.get(alice.user)?.code;
    world.directory.put(auth0User(alice, { blocked: true }));
    for (const step of steps) {
      step(world);
      await arrive(world, alice, 'scu');
      await untilQuiet(world);
      expect(world.documents.verifications.has(alice.user)).toBe(false);
    }
    expect(world.documents.users.has(alice.user)).toBe(false);
    world.directory.put(auth0User(alice, { createdAt: new Date('2026-04-01T00:00:00Z') }));
    await arrive(world, alice);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      ...WELL,
      handle: 'True NoPlatformHandle',
    });
    expect(world.documents.users.get(alice.user)?.code).toBe(known);
  });

  it('and comes back with a newer created_at, without an absence that was ever read', async () => {
    const world = await settled();
    for (const step of steps) step(world);
    world.directory.put(auth0User(alice, { createdAt: new Date('2026-04-01T00:00:00Z') }));
    await arrive(world, alice);
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      ...WELL,
      handle: 'True NoPlatformHandle',
    });
  });
});

describe('a creation whose answer was lost', () => {
  /** The account is there, the intent is open, and the process has died. */
  async function interrupted(): Promise<World> {
    const world = createWorld();
    await signUp(world, alice);
    world.hooks.after = ({ method }) => {
      if (method === 'createAccount') throw new Error('the answer was lost');
    };
    await reconcileUser(world, alice);
    world.hooks.after = undefined;
    expect(fold(eventsOf(world, alice)).intent).toBeDefined();
    return world;
  }

  it.each<[string, (world: World) => void, string]>([
    ['deleted', (world) => world.directory.remove(alice.userId), 'True UserGoneOnce'],
    ['blocked', (world) => world.directory.put(auth0User(alice, { blocked: true })), 'True UserBlocked'],
  ])(
    'is looked for when the user is %s meanwhile, and told before policy decides',
    async (_how, happen, says) => {
      const world = await interrupted();
      happen(world);
      await arrive(world, alice, 'scu');
      await untilQuiet(world);
      const facts = fold(eventsOf(world, alice));
      expect(facts.intent).toBeUndefined();
      const [did] = [...world.accounts.stored.keys()];
      expect(facts.account?.did).toBe(did);
      expect(subjectView(facts).did).toBe(did);
      expect(await shownConditions(world, alice.user)).toMatchObject({ account: says });
      expect(
        (await world.subjects.get(alice.user))?.conditions.map(({ message }) => message).join(),
      ).not.toMatch(/no account/i);
      // Nothing was written for the user but the log.
      expect(didOf(world)).toBeUndefined();
    },
  );

  it('is told, and then recorded, when the user is unverified meanwhile: the account is there', async () => {
    const world = await interrupted();
    world.directory.put(auth0User(alice, { emailVerified: false }));
    await arrive(world, alice, 's');
    await untilQuiet(world);
    const [did] = [...world.accounts.stored.keys()];
    expect(didOf(world)).toBe(did);
    const created = eventsOf(world, alice).filter(({ type }) => type === 'account.created');
    expect(created).toMatchObject([{ data: { did, documented: false } }]);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      account: 'True AccountActive',
      email: 'True WaitingForEmailVerification',
    });
  });

  it('is completed when the user is unblocked again', async () => {
    const world = await interrupted();
    world.directory.put(auth0User(alice, { blocked: true }));
    await arrive(world, alice, 'scu');
    await untilQuiet(world);
    world.directory.put(auth0User(alice));
    await arrive(world, alice, 'scu');
    await untilQuiet(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
    expect(world.accounts.stored.size).toBe(1);
    expect(didOf(world)).toBe([...world.accounts.stored.keys()][0]);
  });

  it('is only resolved while something of the user was removed', async () => {
    const world = await interrupted();
    world.documents.verifications.delete(alice.user);
    await untilQuiet(world);
    expect(fold(eventsOf(world, alice))).toMatchObject({ intent: undefined });
    expect(didOf(world)).toBeUndefined();
    expect(await shownConditions(world, alice.user)).toMatchObject({ verification: HELD });
    await grant(world, { what: ['verification'] });
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });
});

describe('an account record that nothing but the change stream knows', () => {
  it('needs action, and only a restore creates an account', async () => {
    const world = createWorld();
    world.documents.verifications.set(alice.user, 1);
    world.documents.users.set(alice.user, { code: code('ac3abcde') });
    const now = world.clock.now();
    const data = { what: 'account-record', seenBy: 'change-stream' } as const;
    const stamps = { at: now, recordedAt: now, cause: [] };
    await world.log.append([
      { _id: eventId('change'), ...alice, type: 'resource.removed', ...stamps, data } as ConcordEvent,
    ]);
    await signUp(world, alice);
    await untilQuiet(world);
    expect(world.accounts.stored.size).toBe(0);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: HELD });
    await expectQuiet(world);
    await grant(world, { what: ['account-record'] });
    expect(world.accounts.stored.size).toBe(1);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });
});
