/** Linked users who do not find each other by address, and deleted users whose address or identity another user has. */
import { alice, bob, type Person } from '../../../mongo/subjects/people.ts';
import type { Scenario, Step } from '../scenario.ts';
import {
  becomes,
  chooses,
  DAY_MS,
  graceEnds,
  leaves,
  secondAlice,
  signsUp,
  sweeps,
  told,
} from './scenario-steps.ts';

const ADDRESS = 'alice@example.com';
/** A lookup by the other spelling finds nobody. */
const SPELLED = { email: 'Alice@Example.com' };

/** Auth0 makes one user an identity of the other, and its log names the primary user alone. */
function isLinked(secondary: Person, primary: Person, isTold: boolean): Step {
  return {
    happens: async (world) => {
      await world.change(primary, { linked: [secondary.userId] });
      world.directoryOf(secondary).remove(secondary.userId);
    },
    ...(isTold ? told(primary, 'scu') : {}),
  };
}

function isDeleted(who: Person): Step {
  return { happens: (world) => world.directoryOf(who).remove(who.userId), ...told(who, 'sdu') };
}

function removing(name: string, ...steps: readonly Step[]): Scenario {
  return { name, people: [alice, bob], policy: { removal: 'delete' }, wakesOthers: true, steps };
}

/** A fault may have a user looked at, or a listing lack one, of whom nothing else tells. */
function unheard(name: string, ...steps: readonly Step[]): Scenario {
  return { ...removing(name, ...steps), isIncomparable: true };
}

const bobComes = signsUp(bob, { email: ADDRESS });
/** No entry tells of it: the sweep of this step grants the removal, and lists the user. */
const bobComesUnheard: Step = { ...sweeps, happens: (world) => world.signUp(bob, { email: ADDRESS }) };

export const successorScenarios: readonly Scenario[] = [
  {
    name: 'an address in two spellings, the tenant of the handle second',
    people: [alice, secondAlice],
    areLinked: true,
    steps: [signsUp(alice), signsUp(secondAlice, SPELLED), chooses(secondAlice, 'cedar')],
  },
  {
    name: 'an address in two spellings, the tenant of the handle first',
    people: [alice, secondAlice],
    areLinked: true,
    steps: [
      signsUp(secondAlice, SPELLED, 'cedar'),
      signsUp(alice),
      becomes(alice, { email: 'alice.new@example.com' }, 'sce'),
    ],
  },
  {
    name: 'two spellings of one address that no lookup finds',
    people: [alice, secondAlice],
    areLinked: true,
    steps: [signsUp(alice, { email: 'ALICE@example.com' }), signsUp(secondAlice, SPELLED, 'cedar')],
  },
  {
    name: 'an address in two spellings, and one user is deleted before it knows of the other',
    people: [alice, secondAlice],
    areLinked: true,
    steps: [
      signsUp(alice, {}, 'cedar'),
      signsUp(secondAlice, SPELLED),
      { happens: (world) => world.directory.remove(alice.userId), ...told(secondAlice, 'scu') },
      { ...told(alice, 'sdu') },
    ],
  },
  removing(
    'a user who is linked into another one, delete',
    ...[signsUp(alice, {}, 'alice'), signsUp(bob), isLinked(alice, bob, true), sweeps, graceEnds, sweeps],
  ),
  unheard(
    'a user who is linked into another one, unheard, delete',
    ...[signsUp(alice, {}, 'alice'), signsUp(bob), isLinked(alice, bob, false), sweeps, graceEnds, sweeps],
  ),
  removing(
    'a deleted user whose address another user has verified before, delete',
    ...[signsUp(alice), bobComes, leaves, graceEnds, sweeps],
  ),
  removing(
    'a deleted user whose address another user verifies in the grace, delete',
    ...[signsUp(alice), leaves, bobComes, graceEnds, sweeps],
  ),
  unheard(
    'a deleted user whose address another user verifies after the grace, unheard, delete',
    ...[signsUp(alice), leaves, { ...told(alice, 'scu'), waitsMs: DAY_MS + 60_000 }, bobComesUnheard, sweeps],
  ),
  removing(
    'a deleted user whose successor is deleted too, delete',
    ...[signsUp(alice), bobComes, leaves, isDeleted(bob), graceEnds, sweeps],
  ),
];
