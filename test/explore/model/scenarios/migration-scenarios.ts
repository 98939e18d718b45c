/** What happens to users whose accounts move to another PDS, and back. */
import { alice, bob } from '../../../mongo/subjects/people.ts';
import { blocks, movesAway, movesBack, removesAccount, type WorldStep } from '../platform.ts';
import { choosesHandle } from '../platform-flows.ts';
import type { Scenario, Step } from '../scenario.ts';
import { becomes, chooses, graceEnds, leaves, signsUp, sweeps, told } from './scenario-steps.ts';

const signedUp = signsUp(alice, {}, 'alice');

/** The owner does this, and then logs in. */
function does(...steps: readonly WorldStep[]): Step {
  return {
    happens: (world) => {
      for (const step of steps) step.happens(world);
    },
    ...told(alice, 'scu'),
  };
}

/** A login that makes the user due, and what the owner does about that time. */
function meanwhile(...steps: readonly WorldStep[]): Step {
  return { ...told(alice, 'scu'), meanwhile: steps };
}

export const migrationScenarios: readonly Scenario[] = [
  {
    name: 'an account that moves, another address, another handle, and a deletion',
    people: [alice, bob],
    policy: { removal: 'delete' },
    steps: [
      ...[signedUp, signsUp(bob), does(movesAway(alice))],
      ...[becomes(alice, { email: 'alice.new@example.com' }, 'sce'), chooses(alice, 'alix')],
      ...[leaves, graceEnds, sweeps],
    ],
  },
  {
    name: 'a deleted user whose account moves before it is removed',
    people: [alice, bob],
    policy: { removal: 'delete' },
    steps: [signedUp, signsUp(bob), leaves, does(movesAway(alice)), graceEnds, sweeps],
  },
  {
    name: 'an account that moves and is deleted here',
    people: [alice],
    steps: [
      ...[signedUp, does(movesAway(alice)), sweeps],
      ...[does(removesAccount(alice)), sweeps, chooses(alice, 'alix')],
    ],
  },
  {
    name: 'an account that moves away and back',
    people: [alice],
    steps: [
      ...[signedUp, does(movesAway(alice)), chooses(alice, 'alix')],
      ...[does(movesBack(alice)), chooses(alice, 'alia')],
    ],
  },
  {
    name: 'an account that moves back, and a sweep finds it',
    people: [alice],
    steps: [
      ...[signedUp, does(movesAway(alice)), sweeps],
      { happens: (world) => void movesBack(alice).happens(world), does: (tools) => tools.sweep() },
      chooses(alice, 'alix'),
    ],
  },
  {
    name: 'a user who is blocked, whose account moves, and who is unblocked',
    people: [alice],
    policy: { blocked: 'deactivate' },
    steps: [
      ...[signedUp, becomes(alice, { blocked: true }), does(movesAway(alice))],
      becomes(alice, { blocked: false }),
    ],
  },
];

/** The same at every point of a reconciliation. */
export const migrationInterleavings: readonly Scenario[] = [
  {
    name: 'an account that moves during a rename',
    people: [alice],
    steps: [signedUp, meanwhile(choosesHandle(alice, 'alix'), movesAway(alice)), sweeps],
  },
  {
    name: 'an account that moves, is deleted here, and is back',
    people: [alice],
    steps: [
      signedUp,
      meanwhile(movesAway(alice), removesAccount(alice), choosesHandle(alice, 'alix')),
      meanwhile(movesBack(alice)),
      sweeps,
    ],
  },
  {
    name: 'an account that moves while its user is blocked and unblocked',
    people: [alice],
    policy: { blocked: 'deactivate' },
    steps: [signedUp, meanwhile(blocks(alice), movesAway(alice), blocks(alice, false)), sweeps],
  },
  {
    name: 'a missing account that turns out to have moved while a person restores it',
    people: [alice],
    steps: [
      signedUp,
      meanwhile(removesAccount(alice)),
      { does: (tools) => tools.restore(alice), meanwhile: [movesAway(alice)] },
      sweeps,
    ],
  },
];
