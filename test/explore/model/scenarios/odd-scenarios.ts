/** What Auth0 says that no schema promises: flags that go off again, odd fields, and listings that do not add up. */
import type { InexactReason } from '../../../../src/events/inexact.ts';
import { alice, bob, type Person } from '../../../mongo/subjects/people.ts';
import type { Scenario, Step } from '../scenario.ts';
import { becomes, chooses, signsUp, sweeps } from './scenario-steps.ts';

/** From then on, also for the sweep of this step. */
function lists(
  reason: InexactReason | undefined,
  without: readonly Person[] = [],
  step: Step = sweeps,
): Step {
  return {
    ...step,
    happens: async (world) => {
      world.directory.lie(
        reason,
        without.map(({ userId }) => userId),
      );
      // Nothing tells of it: only a sweep finds the handle.
      world.choose(bob, reason === undefined ? 'bob' : 'robert');
    },
  };
}

function listed(reason: InexactReason, without: readonly Person[]): Scenario {
  return {
    name: `a listing that is not exact: ${reason}`,
    people: [alice, bob],
    policy: { removal: 'delete', removalGraceMs: 1_000 },
    isDeaf: true,
    steps: [signsUp(alice, {}, 'alice'), signsUp(bob, {}, 'bob'), lists(reason, without), lists(undefined)],
  };
}

const UNVERIFIED = { emailVerified: false } as const;

export const oddScenarios: readonly Scenario[] = [
  listed('total-too-high', [alice]),
  listed('repeated-rows', [alice]),
  listed('total-too-low', []),
  {
    name: 'an address that is unverified again, and then a handle',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      becomes(alice, UNVERIFIED),
      chooses(alice, 'alix'),
      becomes(alice, { ...UNVERIFIED, email: 'alice.new@example.com' }),
      chooses(alice, undefined),
      becomes(alice, { emailVerified: true }, 'sv'),
    ],
  },
  {
    name: 'a flag of an odd type, before there is an account',
    people: [alice],
    steps: [
      signsUp(
        alice,
        { ...UNVERIFIED, unusable: ['email_verified', 'created_at'], createdAt: undefined },
        'alice',
      ),
      becomes(alice, { emailVerified: true, unusable: ['created_at'] }, 'sv'),
      chooses(alice, 'alix'),
    ],
  },
  {
    name: 'an address of an odd type, and a handle meanwhile',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      becomes(alice, { email: undefined, unusable: ['email'] }),
      chooses(alice, 'alix'),
      sweeps,
    ],
  },
];
