/** After every pass of many invented histories, the log alone gives what the read model shows. */
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../src/engine/operations/replay.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { SubjectView } from '../../../src/ports/subjects.ts';
import { alice, code, handle, type Person } from '../../mongo/subjects/people.ts';
import { seededRandom } from '../../support/in-memory/random.ts';
import { didOf, PEOPLE, STEPS_BY_NAME } from '../../support/in-memory/steps.ts';
import { choose, createWorld, reconcileUser, signUp, type World } from '../../support/in-memory/world.ts';

const HISTORIES = 150;
const STEPS = 14;

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
