/** After every pass of many invented histories, the log alone gives what the read model shows. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import { viewOf } from '../../../src/engine/operations/replay.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { SubjectView } from '../../../src/ports/subjects.ts';
import {
  alice,
  bob,
  code,
  handle,
  otherTenant,
  type Person,
  person,
  tenant,
} from '../../mongo/subjects/people.ts';
import { seededRandom } from '../../support/in-memory/random.ts';
import {
  arrive,
  auth0User,
  choose,
  createWorld,
  reconcileUser,
  signUp,
  type World,
} from '../../support/in-memory/world.ts';

const HISTORIES = 150;
const STEPS = 14;
/** Alice twice: by two identities with one address. */
const PEOPLE: readonly Person[] = [alice, bob, person('alice', otherTenant)];

type Step = (world: World, who: Person, draw: (below: number) => number) => Promise<void> | void;

const STEPS_BY_NAME: Readonly<Record<string, Step>> = {
  'signs up': (world, who) => signUp(world, who, { emailVerified: false }),
  'verifies the email': (world, who) => signUp(world, who),
  'takes another address': (world, who, draw) =>
    signUp(world, who, { email: `moved-${draw(3)}@example.com` }),
  'has no address': (world, who) => signUp(world, who, { email: undefined }),
  'is blocked': (world, who) => signUp(world, who, { blocked: true }),
  'is deleted': async (world, who) => {
    directoryOf(world, who).remove(who.userId);
    await arrive(world, who, 'sdu');
  },
  'chooses a handle': (world, who, draw) =>
    choose(world, who, ['cedar', 'c_d', '43', 'music'][draw(4)] ?? ''),
  'gives the handle up': (world, who) => void world.documents.handles.delete(who.user),
  'has had a document and an account all along': (world, who) => {
    if (world.documents.users.has(who.user)) return;
    const { email } = auth0User(who);
    const did = world.accounts.put({ handle: handle(`old-${world.accounts.stored.size}`), email });
    world.documents.users.set(who.user, { code: code(codeFor(who)), account: { did, password: 'old' } });
  },
  'renames the account': (world, who, draw) => change(world, who, { handle: handle(`own-${draw(9)}`) }),
  'has the address of the account changed by others': (world, who, draw) =>
    change(world, who, { email: `elsewhere-${draw(9)}@example.com` }),
  'deactivates the account': (world, who) => change(world, who, { status: 'deactivated' }),
  'activates the account': (world, who) => change(world, who, { status: 'active' }),
  'loses the account on the PDS': (world, who) => {
    const did = didOf(world, who);
    if (did !== undefined) world.accounts.stored.delete(did);
  },
  'loses the account in the document': (world, who) => {
    const { account: _gone, ...rest } = world.documents.users.get(who.user) ?? {};
    if (world.documents.users.has(who.user)) world.documents.users.set(who.user, rest);
  },
  'is paused': async (world, who) => {
    await decide(world.deps, who, 'user.paused', { by: 'bob', reason: 'asked', until: null });
  },
  'is resumed': async (world, who) => void (await decide(world.deps, who, 'user.resumed', { by: 'bob' })),
  'is to be looked at': async (world, who) =>
    void (await decide(world.deps, who, 'reconcile.requested', { by: 'bob', reason: 'a call' })),
  'is tried again': async (world, who) => void (await decide(world.deps, who, 'user.retried', { by: 'bob' })),
  'meets a PDS that is away': (world) => breaks(world, 'accounts'),
  'meets an Auth0 that is away': (world) => breaks(world, 'auth0'),
  'meets nothing but health': (world) => {
    world.hooks.before = undefined;
  },
};

function directoryOf(world: World, who: Person) {
  return who.tenant === tenant ? world.directory : world.otherDirectory;
}

function codeFor({ user }: Person): string {
  return ['ac24bobob', 'ac24cacac', 'ac24dedod'][PEOPLE.findIndex((each) => each.user === user)] ?? '';
}

function didOf(world: World, who: Person) {
  return world.documents.users.get(who.user)?.account?.did;
}

function change(world: World, who: Person, changes: Parameters<World['accounts']['change']>[1]): void {
  const did = didOf(world, who);
  if (did !== undefined && world.accounts.stored.has(did)) world.accounts.change(did, changes);
}

function breaks(world: World, port: string): void {
  world.hooks.before = (call) => {
    if (call.port !== port) return;
    throw new UpstreamError('it is away', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
  };
}

/** What is there to be shown of an account that the document names, and of the document. */
function inTheWorld(world: World, who: Person): Partial<SubjectView> {
  const { code: known } = world.documents.users.get(who.user) ?? {};
  const did = didOf(world, who);
  const account = did === undefined ? undefined : world.accounts.stored.get(did);
  return {
    ...(known === undefined ? {} : { code: known }),
    ...(account === undefined
      ? {}
      : { did: account.did, accountHandle: account.handle, accountEmail: account.email }),
  };
}

function viewIn(shown: SubjectView | undefined) {
  if (shown === undefined) return undefined;
  const { email, emailVerified, code: known, did, accountHandle, accountEmail, platformHandle } = shown;
  const { conditions, sync, health, attempts, quarantined } = shown;
  return {
    ...{ email, emailVerified, code: known, did, accountHandle, accountEmail, platformHandle },
    ...{ conditions, sync, health, attempts, quarantined },
  };
}

describe('the log alone gives what is shown', () => {
  it(`after every pass of ${HISTORIES} histories`, async () => {
    const names = Object.keys(STEPS_BY_NAME);
    let passes = 0;
    const taken = new Set<string>();
    for (let seed = 1; seed <= HISTORIES; seed += 1) {
      const world = createWorld({ settings: { quarantineAfter: 4 } });
      const random = seededRandom(seed);
      const told: string[] = [];
      for (let step = 0; step < STEPS; step += 1) {
        const name = names[random.int(names.length)] ?? '';
        const who = PEOPLE[random.int(PEOPLE.length)] ?? alice;
        told.push(`${who.user} ${name}`);
        taken.add(name);
        await STEPS_BY_NAME[name]?.(world, who, (below) => random.int(below));
        await world.clock.advance(random.int(120_000));
        for (const each of PEOPLE) {
          const { failures } = await reconcileUser(world, each);
          passes += 1;
          const subject = await world.subjects.get(each.user);
          const shown = viewIn(subject);
          const rebuilt = viewIn(viewOf(await world.log.ofUser(each.user), subject));
          expect(rebuilt, `seed ${seed}: ${told.join(', ')}`).toEqual(shown);
          if (failures.length === 0) expect(shown, `seed ${seed}`).toMatchObject(inTheWorld(world, each));
        }
      }
    }
    expect([...taken].sort()).toEqual([...names].sort());
    expect(passes).toBe(HISTORIES * STEPS * PEOPLE.length);
  });
});

it('an account that is older than the log is told once, and found by its address', async () => {
  const world = createWorld();
  const did = world.accounts.put({ handle: handle('cedar'), email: 'alice@example.com' });
  choose(world, alice, 'cedar');
  const account = { did, handle: handle('cedar'), password: 'old' };
  world.documents.users.set(alice.user, { code: code('ac24nobeb'), account });
  await signUp(world, alice);
  for (let pass = 0; pass < 3; pass += 1) await reconcileUser(world, alice);

  const seen = world.log.events.filter(({ type }) => type === 'subject.observed');
  expect(seen.map(({ data }) => data)).toEqual([
    {
      code: 'ac24nobeb',
      account: { did, handle: 'cedar.at.test', email: 'alice@example.com' },
      ...{ document: { when: null }, record: did },
    },
  ]);
  expect((await world.subjects.holdersOfEmail('alice@example.com')).map(({ user }) => user)).toEqual([
    alice.user,
  ]);
  world.hooks.before = ({ port }) => {
    if (port === 'accounts')
      throw new UpstreamError('away', { upstream: 'pds', code: 'TIMEOUT', retryable: true });
  };
  await reconcileUser(world, alice);
  // What could not be read is not gone.
  expect((await world.subjects.holdersOfEmail('alice@example.com')).map(({ user }) => user)).toEqual([
    alice.user,
  ]);
});

it('shows nothing of a user whom no pass has looked at to the end', async () => {
  const world = createWorld();
  await signUp(world, alice);
  expect(viewOf(await world.log.ofUser(alice.user))).toBeUndefined();
  expect(viewOf([])).toBeUndefined();
});
