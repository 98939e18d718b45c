/** Adopting the accounts of many users: who is selected, who is skipped and why, and what is decided about each. */
import { describe, expect, it } from 'vitest';
import { adoptionCandidates, grantNamed, proposeNamed } from '../../../src/engine/operations/adopt-many.ts';
import { assessMany, grantMany } from '../../../src/engine/operations/decide-many.ts';
import { alice, bob, code, handle, type Person, person } from '../../mongo/subjects/people.ts';
import { dashboardDeps } from '../../support/in-memory/deciding.ts';
import { aliceEvent, mainTenant } from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  choose,
  createWorld,
  reconcileUser,
  shownConditions,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const carol = person('carol');
const dave = person('dave');
const decided = { by: 'erin', reason: 'case 12' };
const run = { signal: new AbortController().signal, onProgress: () => undefined };

function deps(world: World) {
  const { assess, ...rest } = dashboardDeps(world);
  return { ...assess, ...rest, events: world.log };
}

/** The platform's record names an account under another address than the user has. */
async function named(world: World, who: Person, codeOf: string): Promise<void> {
  const name = who.userId.slice(who.userId.indexOf('|') + 1);
  const did = world.accounts.put({
    handle: handle(name),
    email: `of-${name}@example.com`,
    password: 'theirs',
  });
  const account = { did, handle: handle(name), password: 'theirs', createdAt: '2019-01-02' };
  choose(world, who, name);
  world.documents.verifications.set(who.user, 1);
  world.documents.users.set(who.user, { code: code(codeOf), account });
  world.directory.put(auth0User(who));
  await reconcileUser(world, who);
}

async function four() {
  const world = createWorld();
  await named(world, alice, 'ac26nobeb');
  await named(world, bob, 'ac26zazaz');
  await named(world, carol, 'ac26kokok');
  await named(world, dave, 'ac26lulul');
  const candidates = await adoptionCandidates(world.subjects, [mainTenant(world)]);
  expect(candidates.map(({ user }) => user)).toEqual([alice, bob, carol, dave].map(({ user }) => user));
  return { world, candidates };
}

describe('the accounts of many users', () => {
  it('are adopted as one by one: password and createdAt stay, who and why are recorded', async () => {
    const { world, candidates } = await four();
    const propose = (owned: (typeof candidates)[number]) => proposeNamed(deps(world), owned);
    const { proposed, skipped, isComplete } = await assessMany(candidates, propose, 10, run);
    expect({ skipped, isComplete }).toEqual({ skipped: [], isComplete: true });
    expect(proposed.map(({ proposal: { password } }) => password)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(proposed[0]?.proposal.evidence).toContainEqual({
      ...{ says: 'for', what: 'the users document names it' },
    });
    const { granted } = await grantMany(proposed, (one) => grantNamed(deps(world), one, decided), run);
    expect([...granted].sort()).toEqual(candidates.map(({ user }) => user));
    expect(aliceEvent(world, 'adoption.granted').map(({ data }) => data)).toMatchObject(
      candidates.map(() => decided),
    );
    await untilQuiet(world);
    for (const { user } of candidates) {
      expect((await shownConditions(world, user))['account']).toBe('True AccountActive');
      expect(world.documents.users.get(user)?.account).toMatchObject({
        ...{ password: 'theirs', createdAt: '2019-01-02' },
      });
    }
  });

  it('are skipped, with the reason, where the user is another one by now', async () => {
    const { world, candidates } = await four();
    world.directory.remove(alice.userId);
    world.directory.put({ ...auth0User(bob), blocked: true });
    world.directory.put(auth0User(carol, { email: 'of-carol@example.com' }));
    const propose = (owned: (typeof candidates)[number]) => proposeNamed(deps(world), owned);
    const { proposed, skipped } = await assessMany(candidates, propose, 10, run);
    expect(proposed.map(({ owned }) => owned.user)).toEqual([dave.user]);
    expect(Object.fromEntries(skipped.map(({ user, code: why }) => [user, why]))).toEqual({
      [alice.user]: 'USER_DELETED',
      [bob.user]: 'USER_BLOCKED',
      [carol.user]: 'NOT_SELECTED',
    });
  });

  it('are decided about by what was shown', async () => {
    const { world, candidates } = await four();
    const propose = (owned: (typeof candidates)[number]) => proposeNamed(deps(world), owned);
    const { proposed } = await assessMany(candidates, propose, 10, run);
    const other = world.accounts.put({ handle: handle('other'), email: 'other@example.com' });
    const { account, ...rest } = world.documents.users.get(alice.user) ?? {};
    world.documents.users.set(alice.user, { ...rest, account: { ...account, did: other } });
    world.directory.put({ ...auth0User(bob), blocked: true });
    const { granted, failed } = await grantMany(
      proposed,
      (one) => grantNamed(deps(world), one, decided),
      run,
    );
    expect([...granted].sort()).toEqual([carol.user, dave.user]);
    expect(Object.fromEntries(failed.map(({ user, code: why }) => [user, why]))).toEqual({
      [alice.user]: 'ADOPTION_CHANGED',
      [bob.user]: 'USER_BLOCKED',
    });
  });
});
