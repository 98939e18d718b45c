/** Claims of users who are deleted (W7), of accounts that the PDS hides (W8), and of two users at one moment (W10, W15). */
import { alice, bob, handle, otherTenant, person } from '../../../mongo/subjects/people.ts';
import { removesUser } from '../platform.ts';
import { choosesHandle } from '../platform-flows.ts';
import type { Scenario } from '../scenario.ts';
import { hides, linksInto, ownAddress, signsUpNow } from './claim-steps.ts';
import { carol } from './exchange-scenarios.ts';
import { becomes, graceEnds, leaves, secondAlice, signsUp, sweeps } from './scenario-steps.ts';

const secondBob = person('bob', otherTenant);
const asAlice = { email: 'Alice@example.com' };

/** S has an account and is deleted; P has the address, or the handle, of S. */
const deleted = { people: [alice, bob], given: 1 } satisfies Partial<Scenario>;

export const deletedScenarios: readonly Scenario[] = [
  {
    ...deleted,
    name: 'a deletion, and a sign-up with the address',
    steps: [signsUp(alice), { meanwhile: [removesUser(alice), signsUpNow(bob, asAlice)] }],
  },
  {
    ...deleted,
    name: 'a sign-up with the address of a user who is deleted after it',
    steps: [signsUp(alice), { meanwhile: [signsUpNow(bob, asAlice), removesUser(alice)] }, sweeps],
  },
  {
    ...deleted,
    name: 'another address, of a user who is deleted',
    given: 2,
    steps: [signsUp(alice), signsUp(bob), { meanwhile: [removesUser(alice)] }, becomes(bob, asAlice, 'sce')],
  },
  {
    ...deleted,
    name: 'a deletion, and a sign-up with the handle',
    steps: [
      signsUp(alice, {}, 'cedar'),
      {
        meanwhile: [
          removesUser(alice),
          {
            ...choosesHandle(bob, 'cedar'),
            name: 'the handle goes to another user',
            happens: (world) => {
              world.choose(alice, undefined);
              return choosesHandle(bob, 'cedar').happens(world);
            },
          },
          signsUpNow(bob),
        ],
      },
      sweeps,
    ],
  },
  ...(['deactivate', 'delete'] as const).map(
    (removal): Scenario => ({
      ...deleted,
      name: `a sign-up with the address of a deleted user in grace, ${removal}`,
      people: [alice, bob, carol],
      given: 2,
      policy: { removal },
      steps: [signsUp(alice), signsUp(carol), leaves, signsUp(bob, asAlice), graceEnds, sweeps],
    }),
  ),
  {
    ...deleted,
    name: 'a user who is linked into another',
    people: [alice, bob, carol],
    given: 3,
    policy: { removal: 'delete' },
    steps: [
      signsUp(alice),
      signsUp(carol),
      signsUp(bob),
      { meanwhile: [linksInto(alice, bob)] },
      sweeps,
      graceEnds,
      sweeps,
    ],
  },
  {
    ...deleted,
    name: 'a user who is linked into a new one with the same address',
    people: [alice, bob, carol],
    given: 2,
    policy: { removal: 'delete' },
    steps: [
      signsUp(alice),
      signsUp(carol),
      { meanwhile: [signsUpNow(bob, asAlice), linksInto(alice, bob)] },
      sweeps,
      graceEnds,
      sweeps,
    ],
  },
];

export const hiddenScenarios: readonly Scenario[] = [
  {
    name: 'a sign-up with an address that a hidden account has',
    mayLeak: 1,
    people: [alice],
    steps: [
      { happens: (world) => hides(world, { handle: handle('hides'), email: ownAddress(alice) }) },
      signsUp(alice),
    ],
  },
  {
    name: 'a sign-up with an address that a hidden account has, after a sweep',
    people: [alice],
    given: 2,
    mayLeak: 0,
    steps: [
      {
        happens: (world) => hides(world, { handle: handle('hides'), email: ownAddress(alice) }, 'takendown'),
      },
      sweeps,
      signsUp(alice),
    ],
  },
  {
    name: 'an address that a hidden account has until it is deleted',
    mayLeak: 1,
    people: [alice],
    given: 1,
    steps: [
      { happens: (world) => hides(world, { handle: handle('hides'), email: ownAddress(alice) }) },
      signsUp(alice),
      {
        happens: (world) => {
          const found = [...world.accounts.stored.values()].find(({ email }) => email === ownAddress(alice));
          if (found !== undefined) void world.accounts.deleteAccount(found.did);
        },
        does: (tools) => tools.decide(alice, 'user.retried', { by: 'a person' }),
      },
      sweeps,
    ],
  },
];

/** One person or two, in two tenants, at one moment. */
export const tenantScenarios: readonly Scenario[] = [
  {
    name: 'one address in two linked tenants, in every order',
    people: [alice, secondAlice],
    areLinked: true,
    isRace: true,
    isOrderless: true,
    mayLeak: 0,
    steps: [{ meanwhile: [signsUpNow(alice), signsUpNow(secondAlice, asAlice)] }],
  },
  {
    name: 'one address in two linked tenants at one moment',
    people: [alice, secondAlice],
    areLinked: true,
    isRace: true,
    isOrderless: true,
    mayLeak: 0,
    steps: [
      {
        happens: async (world) => {
          await world.signUp(alice);
          await world.signUp(secondAlice, { email: ownAddress(alice) });
        },
        delivers: [
          { who: secondAlice, code: 'ss' },
          { who: alice, code: 'ss' },
        ],
      },
    ],
  },
  {
    name: 'a handle of one side, and the address in two spellings',
    people: [alice, secondAlice],
    areLinked: true,
    readsLetters: true,
    steps: [
      {
        meanwhile: [
          { ...choosesHandle(secondAlice, 'cedar'), isTold: false },
          signsUpNow(alice),
          signsUpNow(secondAlice, asAlice),
        ],
      },
    ],
  },
  {
    name: 'one side of a linked pair is deleted',
    people: [alice, secondAlice],
    areLinked: true,
    given: 2,
    steps: [
      signsUp(alice, {}, 'cedar'),
      signsUp(secondAlice, { email: ownAddress(alice) }),
      { meanwhile: [removesUser(alice)] },
      sweeps,
    ],
  },
  {
    name: 'two addresses that cross in two linked tenants',
    people: [alice, secondBob],
    areLinked: true,
    given: 2,
    steps: [
      signsUp(alice),
      signsUp(secondBob),
      becomes(secondBob, asAlice, 'sce'),
      becomes(alice, { email: ownAddress(secondBob) }, 'sce'),
    ],
  },
];

export const claimScenarios: readonly Scenario[] = [
  ...deletedScenarios,
  ...hiddenScenarios,
  ...tenantScenarios,
];
