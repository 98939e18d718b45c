/** Logins, which cost no read of a user in sync, beside changes that other entries tell, and alone. */
import { alice, bob } from '../../../mongo/subjects/people.ts';
import { blocks, logsIn, removesUser, type WorldStep } from '../platform.ts';
import type { Scenario, Step } from '../scenario.ts';
import { changesEmail } from './claim-steps.ts';
import { becomes, signsUp, told } from './scenario-steps.ts';

/** A login that alice is due for, and what happens at whatever point of its reconciliation. */
function whileLoggingIn(...meanwhile: readonly WorldStep[]): Step {
  return { ...told(alice, 's'), meanwhile };
}

export const loginScenarios: readonly Scenario[] = [
  {
    name: 'a sign-up that only a login tells of',
    people: [alice],
    steps: [{ ...signsUp(alice, {}, 'alice'), ...told(alice, 's') }],
  },
  {
    name: 'a verification that only a login tells of',
    people: [alice],
    steps: [signsUp(alice, { emailVerified: false }), becomes(alice, { emailVerified: true }, 's')],
  },
  {
    name: 'logins around a change of address',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      whileLoggingIn(changesEmail(alice, 'alice.new@example.com'), logsIn(alice)),
      { delivers: ['s', 'seacft', 'sce', 's'].map((code) => ({ who: alice, code })) },
    ],
  },
  {
    name: 'logins around a change that an unknown code tells of',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      {
        happens: (world) => world.change(alice, { email: 'alice.new@example.com' }),
        delivers: ['s', 'zz_future_code', 's'].map((code) => ({ who: alice, code })),
      },
    ],
  },
  {
    name: 'logins around a block and its end',
    people: [alice],
    policy: { blocked: 'deactivate' },
    steps: [signsUp(alice, {}, 'alice'), whileLoggingIn(blocks(alice), blocks(alice, false), logsIn(alice))],
  },
  {
    name: 'logins around a deletion',
    people: [alice, bob],
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob),
      whileLoggingIn(logsIn(alice), removesUser(alice), logsIn(alice)),
    ],
  },
];
