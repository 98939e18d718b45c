/** Ids that are no user among the triggers (W14): one that Auth0 calls invalid, and one that is not `provider|id`. */
import { storedUserId, storedUserKey } from '../../../../src/identity.ts';
import { alice, bob, type Person, person, tenant } from '../../../mongo/subjects/people.ts';
import type { Scenario } from '../scenario.ts';
import { chooses, leaves, signsUp, sweeps } from './scenario-steps.ts';

/** Auth0 says that its id is none of a user. */
export const ghost = person('ghost');
/** As a failed login has it. */
export const nobody: Person = { user: storedUserKey('nobody1'), userId: storedUserId('nobody1'), tenant };

const entries = (code: string) => [
  { who: ghost, code },
  { who: nobody, code },
];

export const noUserScenarios: readonly Scenario[] = [
  {
    name: 'a sign-up among entries that name no user',
    people: [alice],
    noUsers: [ghost, nobody],
    steps: [
      {
        happens: async (world) => {
          world.directory.refuse(ghost.userId);
          await world.signUp(alice, {});
        },
        delivers: [...entries('f'), { who: alice, code: 'ss' }, ...entries('sdu')],
      },
      { delivers: entries('s') },
      chooses(alice, 'alice'),
    ],
  },
  {
    name: 'a sweep after entries that name no user, and a deletion',
    people: [alice, bob],
    noUsers: [ghost, nobody],
    policy: { removal: 'report' },
    given: 2,
    steps: [
      signsUp(alice),
      signsUp(bob),
      { happens: (world) => world.directory.refuse(ghost.userId), delivers: entries('s') },
      leaves,
      sweeps,
    ],
  },
];
