/** A test user is created and removed, and nothing of it stays, wherever a run is killed or fails. */
import { describe, expect, it } from 'vitest';
import { type FullSimulationDeps, simulateFully } from '../../src/doctor/simulate-full.ts';
import { UpstreamError } from '../../src/errors.ts';
import { isSimulatedKey, storedUserKey, type UserKey } from '../../src/identity.ts';
import type { SimulatedUsers } from '../../src/ports/inspection.ts';
import { alice, handle, tenant } from '../mongo/subjects/people.ts';
import { hooked } from '../support/in-memory/hooks.ts';
import { createWorld, signUp, untilQuiet, type World } from '../support/in-memory/world.ts';

function depsOf(world: World): FullSimulationDeps {
  const { documents, hooks, runs, deps } = world;
  const collections = [documents.handles, documents.verifications, documents.users] as const;
  const simulated: SimulatedUsers = {
    keys: async () => [...new Set(collections.flatMap((all) => [...all.keys()]))].filter(isSimulatedKey),
    remove: async (user) => {
      for (const all of collections) all.delete(user);
    },
  };
  return {
    ...{ reconcile: deps, runs, tenant },
    simulated: hooked('simulated', simulated, { keys: 'read', remove: 'write' }, hooks),
  };
}

/** The documents and accounts there are of test users. */
function left({ documents, accounts }: World): readonly string[] {
  const keys = [documents.users, documents.verifications, documents.handles].flatMap((all) => [
    ...all.keys(),
  ]);
  const addresses = [...accounts.stored.values()].map(({ email }) => email ?? '');
  return [
    ...keys.filter(isSimulatedKey),
    ...addresses.filter((email) => email.startsWith('concord-simulation')),
  ];
}

/** Beside a user, of whom nothing is to change. */
async function beside(): Promise<{ readonly world: World; readonly others: () => string }> {
  const world = createWorld();
  await signUp(world, alice);
  await untilQuiet(world);
  const { documents, accounts } = world;
  const others = () =>
    JSON.stringify([
      documents.users.get(alice.user),
      documents.verifications.get(alice.user),
      [...accounts.stored.values()].filter(({ email }) => email?.startsWith('alice')),
    ]);
  return { world, others };
}

it('each step is told with its time, and nothing is left but the DID', async () => {
  const { world, others } = await beside();
  const before = others();
  const told: string[] = [];
  const result = await simulateFully(depsOf(world), { onStep: ({ step }) => told.push(step) });
  expect(result).toMatchObject({
    failed: null,
    removed: true,
    leftovers: 0,
    did: expect.stringMatching(/^did:plc:/),
  });
  expect(told).toEqual(result.steps.map(({ step }) => step));
  expect(told).toEqual([
    'remove what earlier runs left',
    'record-verification',
    'create-user-document',
    'create-account',
    'read the users document',
    'log in with the stored password',
    'reconcile again, with nothing to do',
    'remove the account and the documents',
  ]);
  expect(left(world)).toEqual([]);
  expect(others()).toBe(before);
});

/** From this call on nothing answers any more, as for a process that was killed; `after`: that call was still carried out. */
function kill(world: World, at: number, when: 'before' | 'after'): () => boolean {
  let calls = 0;
  const dead = () => {
    throw new UpstreamError('killed', {
      upstream: 'mongodb',
      code: 'KILLED',
      retryable: false,
      effect: 'unknown',
    });
  };
  world.hooks.before = () => {
    calls += 1;
    if (calls > at || (calls === at && when === 'before')) dead();
  };
  world.hooks.after = () => {
    if (calls >= at) dead();
  };
  return () => calls >= at;
}

describe.each(['before', 'after'] as const)('a run that is killed %s any of its calls', (when) => {
  it('is cleaned up by the next one, which leaves nothing', async () => {
    let kills = 0;
    for (let at = 1; ; at += 1) {
      const { world, others } = await beside();
      const before = others();
      const deps = depsOf(world);
      const wasKilled = kill(world, at, when);
      await simulateFully(deps).catch(() => undefined);
      Object.assign(world.hooks, { before: undefined, after: undefined });
      if (!wasKilled()) break;
      kills += 1;
      await world.clock.advance(300_000);
      const next = await simulateFully(deps);
      expect(next, `call ${at}`).toMatchObject({ failed: null, removed: true });
      expect(left(world), `call ${at}`).toEqual([]);
      expect(others()).toBe(before);
    }
    expect(kills).toBeGreaterThan(30);
  });
});

it.each(['createInvite', 'createAccount', 'canLogIn', 'recordAccount', 'createUser', 'createVerification'])(
  'a failure of %s is told, and what was made is removed',
  async (method) => {
    const { world } = await beside();
    world.hooks.before = (call) => {
      if (call.method === method)
        throw new UpstreamError('it failed', { upstream: 'pds', code: 'SERVER_ERROR', retryable: true });
    };
    const result = await simulateFully(depsOf(world));
    expect(result.failed).not.toBeNull();
    expect(result.removed).toBe(true);
    expect(left(world)).toEqual([]);
  },
);

it('ended by Ctrl-C after any step, it removes what was made', async () => {
  for (let steps = 1; steps <= 7; steps += 1) {
    const { world } = await beside();
    const stopped = new AbortController();
    let told = 0;
    const onStep = () => {
      told += 1;
      if (told === steps) stopped.abort();
    };
    const result = await simulateFully(depsOf(world), { signal: stopped.signal, onStep });
    expect(result.removed).toBe(true);
    expect(left(world), `step ${steps}`).toEqual([]);
  }
});

it('one run at a time', async () => {
  const { world } = await beside();
  await world.runs.begin('doctor-simulation', world.clock.now(), 60_000);
  await expect(simulateFully(depsOf(world))).rejects.toMatchObject({ code: 'RUN_UNDER_WAY' });
});

it('an account with another address is not removed, whatever a document with a reserved key says', async () => {
  const { world, others } = await beside();
  const user = storedUserKey('concord-simulation|abcdefghijkl');
  const did = world.accounts.put({ handle: handle('cedar'), email: 'bob@example.com' });
  world.documents.users.set(user, { account: { did, handle: handle('cedar'), password: 'x' } });
  const before = others();
  const result = await simulateFully(depsOf(world));
  expect(result).toMatchObject({
    failed: expect.stringContaining('It is not removed'),
    removed: true,
  });
  expect(world.accounts.stored.has(did)).toBe(true);
  expect(left(world)).toEqual([user]);
  expect(others()).toBe(before);
});

it.each([
  ['concord-simulation|abcdefghijk0', true],
  ['concord-simulation|short', false],
  ['auth0|concord-simulation|abcdefghijk0', false],
  ['sister-concord-simulation|abcdefghijk0', false],
])('the key %s is reserved: %s', (key, expected) => {
  expect(isSimulatedKey(key as UserKey)).toBe(expected);
});
