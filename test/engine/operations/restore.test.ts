/** What a restore proposes, and that the reconciliation after the grant writes exactly that. */
import { describe, expect, it } from 'vitest';
import type { Owned } from '../../../src/engine/intake/owner.ts';
import {
  assessMany,
  grantMany,
  type Proposed,
  type Run,
} from '../../../src/engine/operations/decide-many.ts';
import {
  acceptCode,
  grantRestore,
  proposeCode,
  proposeRestore,
  type RestoreProposal,
} from '../../../src/engine/operations/restore.ts';
import {
  grantSelected,
  proposeSelected,
  type RestoreSelection,
  restoreCandidates,
} from '../../../src/engine/operations/restore-many.ts';
import type { AssessedTenant } from '../../../src/engine/reconcile/read-side.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { parseCode } from '../../../src/identity.ts';
import { alice, type Person } from '../../mongo/subjects/people.ts';
import { dashboardDeps, whole } from '../../support/in-memory/deciding.ts';
import { aliceEvent, dueUsers, mainTenant, populate, write } from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  choose,
  createWorld,
  reconcileUser,
  shownConditions,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const { user } = alice;
const decided = { by: 'carol', reason: 'case 12' };

function owned(world: World, who: Person = alice): Owned<AssessedTenant> {
  return { user: who.user, userId: who.userId, tenant: mainTenant(world) };
}

function deps(world: World) {
  const { assess, ...rest } = dashboardDeps(world);
  return { ...assess, ...rest, events: world.log };
}

function propose(world: World, who?: Person) {
  return proposeRestore(deps(world), owned(world, who), world.clock.now());
}

async function removed(
  world: World,
  ...what: readonly ('verification' | 'document' | 'record' | 'account')[]
) {
  const before = world.documents.users.get(user);
  const did = before?.account?.did;
  if (before?.code === undefined || did === undefined) throw new Error('alice has no account');
  for (const one of what) {
    if (one === 'verification') world.documents.verifications.delete(user);
    if (one === 'document') world.documents.users.delete(user);
    if (one === 'record') world.documents.users.set(user, { ...before, account: undefined } as never);
    if (one === 'account') world.accounts.stored.delete(did);
  }
  await reconcileUser(world, alice);
  return { code: before.code, when: before.when, did };
}

describe('a proposal', () => {
  it('of a removed users document names its code, its when and the account record, and the lost password', async () => {
    const world = await whole();
    const { code, when, did } = await removed(world, 'document');
    const proposal = await propose(world);
    expect(proposal).toMatchObject({
      what: ['user-document', 'account-record'],
      reasons: ['DocumentRemoved'],
      lostAccount: undefined,
      code,
    });
    expect(proposal.writes.map(({ what }) => what)).toEqual([
      `users document with the code ${code} and when ${when?.toISOString()}`,
      expect.stringContaining(`account record in the users document: ${did} (@`),
    ]);
    expect(proposal.warnings).toEqual([expect.stringContaining(`concord password '${user}' --reset`)]);
  });

  it('of a removed verifications document names its count', async () => {
    const world = await whole();
    world.documents.verifications.set(user, 7);
    await write(world, 'subject.observed', { code: null, account: null, verification: 7 }, alice);
    await removed(world, 'verification');
    expect((await propose(world)).writes.map(({ what }) => what)).toEqual([
      'verifications document with count 7',
    ]);
  });

  it('of a missing account says first that a new one is made, and names its handle', async () => {
    const world = await whole();
    choose(world, alice, 'alice');
    await untilQuiet(world);
    const { did } = await removed(world, 'account');
    const { what, lostAccount, writes, warnings } = await propose(world);
    expect({ what, lostAccount }).toEqual({ what: ['account'], lostAccount: did });
    expect(warnings[0]).toMatch(/NEW account with a NEW DID and an EMPTY repository/);
    expect(writes.map(({ type }) => type)).toEqual(['drop-account-record', 'create-account']);
    expect(writes[1]?.what).toContain('@alice.at.test');
  });

  it.each([
    [['verification']],
    [['document']],
    [['record']],
    [['account']],
    [['document', 'account']],
    [['verification', 'document']],
    [['verification', 'document', 'account']],
  ] as const)('is exactly what the reconciliation after the grant applies: %j', async (what) => {
    const world = await whole();
    const before = await removed(world, ...what);
    const proposal = await propose(world);
    await grantRestore(deps(world), owned(world), proposal.what, decided);
    const [pass] = await untilQuiet(world);
    expect(pass?.applied.map(({ type }) => type).sort()).toEqual(
      proposal.writes.map(({ type }) => type).sort(),
    );
    const after = world.documents.users.get(user);
    expect(after).toMatchObject({ code: before.code, when: before.when });
    const isLost = what.some((one) => one === 'account');
    expect(after?.account?.did === before.did).toBe(!isLost);
    const reasons = Object.values(await shownConditions(world, user));
    expect(reasons.join()).not.toMatch(/DocumentRemoved|AccountMissing|WaitingForDecision/);
  });

  it('says that a paused user waits, and is no refusal', async () => {
    const world = await whole();
    await removed(world, 'verification');
    await write(world, 'user.paused', { by: 'bob', reason: 'moving', until: null }, alice);
    expect((await propose(world)).warnings).toEqual([expect.stringMatching(/Paused by bob.*moving/)]);
  });

  it('of a removed users document: the resources that wait for it wait for the decision', async () => {
    const world = await whole();
    await removed(world, 'document');
    expect(await shownConditions(world, user)).toMatchObject({
      'user-document': 'False DocumentRemoved',
      account: 'False DocumentRemoved',
      handle: 'False WaitingForDecision',
    });
  });

  it('writes nothing', async () => {
    const world = await whole();
    await removed(world, 'document');
    const before = world.log.events.length;
    await propose(world);
    expect(world.log.events.length).toBe(before);
    expect(world.documents.users.has(user)).toBe(false);
  });
});

describe('a restore is refused', () => {
  const cases: readonly (readonly [string, (world: World) => Promise<unknown>])[] = [
    ['NOTHING_REMOVED', async () => undefined],
    [
      'USER_DELETED',
      async (world) => {
        await removed(world, 'document');
        world.directory.remove(alice.userId);
      },
    ],
    [
      'USER_BLOCKED',
      async (world) => {
        await removed(world, 'document');
        world.directory.put({ ...auth0User(alice), blocked: true });
      },
    ],
    [
      'USER_FORGOTTEN',
      async (world) => {
        await removed(world, 'document');
        await write(world, 'user.forgotten', { by: 'carol' }, alice);
      },
    ],
    [
      // Back under the same id: what an earlier life had does not count, and is created without a decision.
      'NOTHING_REMOVED',
      async (world) => {
        await removed(world, 'document');
        const createdAt = new Date(world.clock.now().getTime() + 1);
        world.directory.put({ ...auth0User(alice), createdAt });
      },
    ],
    [
      'RESTORE_GRANTED',
      async (world) => {
        await removed(world, 'document');
        const { what } = await propose(world);
        await grantRestore(deps(world), owned(world), what, decided);
      },
    ],
    [
      // A reconciliation that the pause held back does not end the grant.
      'RESTORE_GRANTED',
      async (world) => {
        await removed(world, 'document');
        const pause = { by: 'carol', reason: 'asked to', until: null };
        await write(world, 'user.paused', pause, alice);
        const { what } = await propose(world);
        await grantRestore(deps(world), owned(world), what, decided);
        await reconcileUser(world, alice);
      },
    ],
  ];
  it.each(cases)('%s', async (code, arrange) => {
    const world = await whole();
    await arrange(world);
    const before = world.log.events.length;
    await expect(propose(world)).rejects.toMatchObject({ name: 'UsageError', code });
    const granting = grantRestore(deps(world), owned(world), ['user-document'], decided);
    await expect(granting).rejects.toMatchObject({ code });
    expect(world.log.events.length).toBe(before);
  });

  it('when more is missing than was shown', async () => {
    const world = await whole();
    await removed(world, 'document');
    const { what } = await propose(world);
    world.documents.verifications.delete(user);
    await expect(grantRestore(deps(world), owned(world), what, decided)).rejects.toMatchObject({
      code: 'RESTORE_CHANGED',
    });
    expect(aliceEvent(world, 'restore.granted')).toEqual([]);
  });

  it('while the PDS cannot be read', async () => {
    const world = await whole();
    await removed(world, 'document');
    world.hooks.before = ({ port }) => {
      if (port !== 'accounts') return;
      throw new UpstreamError('away', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
    };
    await expect(propose(world)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

it('a grant is recorded with who and why, names what and which account, and makes the user due', async () => {
  const world = await whole();
  const { did } = await removed(world, 'account');
  await grantRestore(deps(world), owned(world), ['account'], decided);
  expect(aliceEvent(world, 'restore.granted')).toMatchObject([
    { user, data: { what: ['account'], account: did, ...decided } },
  ]);
  expect(await dueUsers(world)).toEqual([user]);
});

describe('a code that differs', () => {
  const other = parseCode('ac26zzzzz');

  async function differing(): Promise<World> {
    const world = await whole();
    const before = world.documents.users.get(user);
    if (before === undefined || other === undefined) throw new Error('alice has no document');
    world.documents.users.set(user, { ...before, code: other });
    await reconcileUser(world, alice);
    expect(await shownConditions(world, user)).toMatchObject({ 'user-document': 'False CodeDiffers' });
    return world;
  }

  it('is accepted, and is permanent then; the handle made from the old one follows', async () => {
    const world = await differing();
    const proposal = await proposeCode(deps(world), owned(world), world.clock.now());
    expect(proposal).toMatchObject({ found: other });
    expect(proposal.writes.map(({ type }) => type)).toEqual(['change-handle']);
    await acceptCode(deps(world), owned(world), proposal.found, decided);
    await untilQuiet(world);
    expect(aliceEvent(world, 'code.accepted')).toMatchObject([{ data: { code: other, ...decided } }]);
    expect(await shownConditions(world, user)).toMatchObject({ 'user-document': 'True HasCode' });
    const again = acceptCode(deps(world), owned(world), proposal.found, decided);
    await expect(again).rejects.toMatchObject({ code: 'CODE_AGREES' });
  });

  it('is refused where it agrees, and for a blocked user', async () => {
    const world = await whole();
    const now = world.clock.now();
    await expect(proposeCode(deps(world), owned(world), now)).rejects.toMatchObject({ code: 'CODE_AGREES' });
    world.directory.put({ ...auth0User(alice), blocked: true });
    await expect(proposeCode(deps(world), owned(world), now)).rejects.toMatchObject({ code: 'USER_BLOCKED' });
  });
});

describe('many users', () => {
  const run = { signal: new AbortController().signal, onProgress: () => undefined };
  const every: RestoreSelection = { reasons: ['DocumentRemoved', 'AccountMissing'], since: undefined };

  /** Of six users: 0 to 3 have lost their document, 4 its account, and 5 nothing. */
  async function missing() {
    const world = createWorld();
    const people = await populate(world, 6);
    for (const [at, who] of people.entries()) {
      const did = world.documents.users.get(who.user)?.account?.did;
      if (at < 4) world.documents.users.delete(who.user);
      else if (at === 4 && did !== undefined) world.accounts.stored.delete(did);
      await reconcileUser(world, who);
    }
    return { world, people, keys: people.map((who) => who.user) };
  }

  async function assessed(world: World, selection = every, limit = 100) {
    const candidates = await restoreCandidates(world.subjects, [mainTenant(world)], selection);
    const propose = (one: Owned<AssessedTenant>) => proposeSelected(deps(world), one, selection.reasons);
    return assessMany(candidates, propose, limit, run);
  }

  function grants(world: World, proposed: readonly Proposed<RestoreProposal>[], how: Run = run) {
    return grantMany(proposed, (one) => grantSelected(deps(world), one, decided), how);
  }

  it.each([
    [every.reasons, [0, 1, 2, 3, 4]],
    [['DocumentRemoved'], [0, 1, 2, 3]],
    [['AccountMissing'], [4]],
  ] as const)('are selected by reason: %j', async (reasons, expected) => {
    const { world, keys } = await missing();
    const found = await assessed(world, { reasons, since: undefined });
    expect(found.proposed.map(({ owned: { user: one } }) => one).sort()).toEqual(
      expected.map((at) => keys[at]).sort(),
    );
    expect(found).toMatchObject({ skipped: [], failed: [], isComplete: true });
  });

  it('are selected by since', async () => {
    const { world, people, keys } = await missing();
    await world.clock.advance(60_000);
    const since = world.clock.now();
    const last = people[5];
    if (last === undefined) throw new Error('too few people');
    world.documents.verifications.delete(last.user);
    await reconcileUser(world, last);
    const found = await restoreCandidates(world.subjects, [mainTenant(world)], { ...every, since });
    expect(found.map(({ user: one }) => one)).toEqual([keys[5]]);
  });

  it('who are deleted or blocked by now are skipped, and one who also lacks what was not selected', async () => {
    const { world, people, keys } = await missing();
    const [first, second, third] = people;
    if (first === undefined || second === undefined || third === undefined) throw new Error('too few people');
    world.directory.remove(first.userId);
    world.directory.put({ ...auth0User(second), blocked: true });
    for (const { did, handle } of [...world.accounts.stored.values()])
      if (handle.startsWith('alice-2.')) world.accounts.stored.delete(did);
    const { proposed, skipped } = await assessed(world, { reasons: ['DocumentRemoved'], since: undefined });
    expect(proposed.map(({ owned: { user: one } }) => one)).toEqual([keys[3]]);
    expect(Object.fromEntries(skipped.map(({ user: one, code }) => [one, code]))).toEqual({
      [first.user]: 'USER_DELETED',
      [second.user]: 'USER_BLOCKED',
      [third.user]: 'NOT_SELECTED',
    });
  });

  it('beyond the limit are not all looked at', async () => {
    const { world } = await missing();
    const { proposed, isComplete } = await assessed(world, every, 0);
    expect(proposed.length).toBeGreaterThan(0);
    expect(isComplete).toBe(false);
  });

  it('are granted one by one, and one that fails does not stop the others', async () => {
    const { world, people, keys } = await missing();
    const { proposed } = await assessed(world);
    const [first] = people;
    if (first !== undefined) world.directory.remove(first.userId);
    const { granted, failed } = await grants(world, proposed);
    expect([...granted].sort()).toEqual(keys.slice(1, 5).sort());
    expect(failed).toMatchObject([{ user: keys[0], code: 'USER_DELETED' }]);
    expect(await dueUsers(world)).toEqual(keys.slice(1, 5).sort());
  });

  it('after an abort are left as they are', async () => {
    const { world } = await missing();
    const { proposed } = await assessed(world);
    const aborted = { ...run, signal: AbortSignal.abort() };
    expect(await grants(world, proposed, aborted)).toEqual({
      granted: [],
      failed: [],
    });
    expect(aliceEvent(world, 'restore.granted')).toEqual([]);
  });
});
