/** What the platform itself and people at its database do while Concord is at work. */
import { alice, bob, code } from '../../../mongo/subjects/people.ts';
import {
  blocks,
  logsIn,
  removesAccount,
  removesCode,
  removesDocument,
  removesRecord,
  removesUser,
  removesVerification,
  type WorldStep,
} from '../platform.ts';
import {
  choosesHandle,
  createsAccount,
  erasure,
  insertsDocument,
  purge,
  recordsAccount,
  recordsVerification,
  renamesAccount,
  signUpHandler,
} from '../platform-flows.ts';
import type { Scenario, Step } from '../scenario.ts';
import { migrationInterleavings } from './migration-scenarios.ts';
import { becomes, chooses, signsUp, sweeps, told } from './scenario-steps.ts';

const PLATFORM_CODE = code('ac26vovov');

/** A login that makes the user due, and what the platform does about that time. */
function while_(meanwhile: readonly WorldStep[]): Step {
  return { ...told(alice, 'scu'), meanwhile };
}

/** All that the platform makes at a sign-up, of which Concord is not told, and which is in sync. */
const madeByThePlatform: Step = {
  happens: async (world) => {
    await world.signUp(alice);
    const steps = [
      recordsVerification(alice, 1),
      insertsDocument(alice, PLATFORM_CODE),
      createsAccount(alice),
      recordsAccount(alice),
    ];
    for (const step of steps) step.happens(world);
  },
};

/** In the middle of it the user is still logged in somewhere, which makes them due. */
const [first, second, ...others] = erasure(alice, 'goes');
const erasedWithALogin = [first, second, logsIn(alice), ...others].filter((step) => step !== undefined);

/** With and without a change stream, which closes what would otherwise be a window. */
function heardOrNot(scenario: Scenario): Scenario[] {
  return [scenario, { ...scenario, name: `${scenario.name}, unheard`, isDeaf: true }];
}

/** Whatever is missing after it, a new handle makes the user due once more. */
function removedByHand(what: string, steps: readonly WorldStep[]): Scenario[] {
  return heardOrNot({
    name: `by hand: ${what}`,
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      { ...while_([...steps, choosesHandle(alice, 'alix')]), ...told(alice, 'scu') },
      sweeps,
    ],
  });
}

/** A person brings it back, and the user goes on as before. */
function restored(what: string, steps: readonly WorldStep[]): Scenario {
  return {
    name: `restored: ${what}`,
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      while_(steps),
      { does: (tools) => tools.restore(alice) },
      chooses(alice, 'alix'),
      sweeps,
    ],
  };
}

export const platformScenarios: readonly Scenario[] = [
  ...migrationInterleavings,
  {
    name: 'the platform’s sign-up handler writes the documents too',
    people: [alice],
    steps: [
      {
        ...signsUp(alice, {}, 'alice'),
        meanwhile: signUpHandler(alice, PLATFORM_CODE, 'documents'),
      },
    ],
  },
  {
    name: 'the platform’s sign-up handler makes the account too',
    people: [alice],
    tolerates: ['UnownedAccountFound', 'EmailTaken'],
    steps: [
      { ...signsUp(alice), meanwhile: signUpHandler(alice, PLATFORM_CODE, 'with the account') },
      sweeps,
    ],
  },
  {
    name: 'the platform changes a handle itself',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      while_([choosesHandle(alice, 'al.ix'), ...renamesAccount(alice, 'al.ix')]),
      sweeps,
    ],
  },
  ...heardOrNot({
    name: 'an erasure, and the document goes',
    people: [alice],
    steps: [signsUp(alice, {}, 'alice'), while_(erasure(alice, 'goes'))],
  }),
  ...heardOrNot({
    name: 'an erasure, and the document stays',
    people: [alice],
    steps: [signsUp(alice, {}, 'alice'), while_(erasure(alice, 'stays'))],
  }),
  ...heardOrNot({
    name: 'an erasure of a user whom a sweep saw first',
    isIncomparable: true,
    people: [alice],
    steps: [madeByThePlatform, sweeps, { meanwhile: erasedWithALogin }],
  }),
  {
    name: 'an erasure of a user whom Concord has never seen',
    people: [alice],
    steps: [madeByThePlatform, { meanwhile: erasedWithALogin }],
  },
  ...heardOrNot({
    name: 'an erasure during the sign-up',
    people: [alice],
    steps: [{ ...signsUp(alice, {}, 'alice'), meanwhile: erasure(alice, 'goes') }],
  }),
  ...heardOrNot({
    name: 'an erasure during a sweep',
    people: [alice, bob],
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob),
      { ...sweeps, meanwhile: erasure(alice, 'goes') },
      sweeps,
    ],
  }),
  ...heardOrNot({
    name: 'an erasure, and the user comes back',
    people: [alice],
    steps: [signsUp(alice, {}, 'alice'), while_(erasure(alice, 'goes')), signsUp(alice, {}, 'alice')],
  }),
  ...heardOrNot({
    name: 'a scheduled purge',
    people: [alice],
    steps: [signsUp(alice, {}, 'alice'), while_(purge(alice))],
  }),
  {
    name: 'a scheduled purge that is called off',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      while_([blocks(alice), blocks(alice, false)]),
      chooses(alice, 'alix'),
    ],
  },
  ...heardOrNot({
    name: 'a verification that is removed while it is raised',
    people: [alice],
    steps: [
      signsUp(alice, { emailVerified: false }),
      { ...becomes(alice, { emailVerified: true }, 'sv'), meanwhile: [removesVerification(alice)] },
    ],
  }),
  ...removedByHand('the code', [removesCode(alice)]),
  ...removedByHand('the users document', [removesDocument(alice)]),
  ...removedByHand('the verification', [removesVerification(alice)]),
  ...removedByHand('the account in the document', [removesRecord(alice)]),
  ...removedByHand('the account on the PDS', [removesAccount(alice)]),
  restored('the users document', [removesDocument(alice)]),
  restored('the verification', [removesVerification(alice)]),
  restored('the account in the document', [removesRecord(alice)]),
  restored('the account on the PDS', [removesAccount(alice)]),
  restored('all of it', [
    removesVerification(alice),
    removesAccount(alice),
    removesRecord(alice),
    removesDocument(alice),
  ]),
  {
    name: 'a restore during an erasure',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      while_([removesVerification(alice)]),
      {
        does: (tools) => tools.restore(alice),
        meanwhile: [removesAccount(alice), removesDocument(alice), removesUser(alice)],
      },
    ],
  },
  ...(['ac23lilia', 'ac3abcde', 'AC23Bebac'] as const).map(
    (text): Scenario => ({
      name: `a document with the older code ${text}`,
      people: [alice],
      steps: [{ ...signsUp(alice), meanwhile: [insertsDocument(alice, text as never)] }],
    }),
  ),
];
