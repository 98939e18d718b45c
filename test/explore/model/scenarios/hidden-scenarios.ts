/** Accounts of strangers that the PDS does not show, and that have what a user is to get. */
import { alice, bob, code, handle } from '../../../mongo/subjects/people.ts';
import type { StoredAccount } from '../../../support/in-memory/accounts.ts';
import type { Scenario, Step } from '../scenario.ts';
import type { World } from '../world.ts';
import { becomes, signsUp, sweeps } from './scenario-steps.ts';

const ALICES_CODE = code('ac26vovov');
const NAME = handle('somebody');

/** The account of a stranger that is there before anybody signs up. */
function holds(account: Partial<StoredAccount>): Step {
  return {
    happens: ({ accounts, known }) =>
      void known.add(
        accounts.put({ handle: NAME, email: 'alice@example.com', status: 'deactivated', ...account }),
      ),
  };
}

function changesTo(changes: Partial<StoredAccount> | 'deleted'): (world: World) => void {
  return ({ accounts, known }) => {
    for (const did of known)
      if (changes === 'deleted') void accounts.deleteAccount(did);
      else accounts.change(did, changes);
  };
}

/** A person has seen to the stranger's account, and says so. */
function retriesAfter(changes: Partial<StoredAccount> | 'deleted'): Step {
  return {
    happens: changesTo(changes),
    does: (tools) => tools.decide(alice, 'user.retried', { by: 'a person' }),
  };
}

/** With a sweep before it, nothing is to leak; without, one creation is to fail at most. */
function sweptOrNot(scenario: Scenario): Scenario[] {
  const [first, ...others] = scenario.steps;
  if (first === undefined) return [];
  return [
    { ...scenario, hides: 'unlisted' },
    { ...scenario, name: `${scenario.name}, swept`, hides: 'listed', steps: [first, sweeps, ...others] },
  ];
}

export const hiddenScenarios: readonly Scenario[] = [
  ...sweptOrNot({
    name: 'a hidden account has the address, and is deleted',
    people: [alice],
    steps: [holds({}), signsUp(alice), retriesAfter('deleted')],
  }),
  ...sweptOrNot({
    name: 'a hidden account has the address, and becomes active under another one',
    people: [alice],
    steps: [
      holds({ status: 'takendown' }),
      signsUp(alice, {}, 'alice'),
      { ...sweeps, happens: changesTo({ status: 'active', email: 'somebody@example.com' }) },
    ],
  }),
  ...sweptOrNot({
    name: 'a hidden account has the address that a user changes to',
    people: [bob],
    steps: [
      holds({}),
      signsUp(bob),
      becomes(bob, { email: 'alice@example.com' }, 'sce'),
      {
        happens: changesTo('deleted'),
        does: (tools) => tools.decide(bob, 'user.retried', { by: 'a person' }),
      },
    ],
  }),
  ...sweptOrNot({
    name: 'a hidden account has the handle that a user chooses',
    people: [alice],
    steps: [holds({ handle: handle('alice'), email: 'somebody@example.com' }), signsUp(alice, {}, 'alice')],
  }),
  ...sweptOrNot({
    name: 'a hidden account has the handle made of the code',
    people: [alice],
    steps: [
      holds({ handle: handle(ALICES_CODE), email: 'somebody@example.com' }),
      {
        ...signsUp(alice),
        happens: async (world) => {
          world.documents.users.set(alice.user, { code: ALICES_CODE });
          await world.signUp(alice);
        },
      },
      retriesAfter('deleted'),
    ],
  }),
];
