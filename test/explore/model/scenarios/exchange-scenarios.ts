/** Users who exchange addresses or handles, which only one account can have at a time (W9). */
import { alice, bob, person } from '../../../mongo/subjects/people.ts';
import { blocks, removesUser, type WorldStep } from '../platform.ts';
import { choosesHandle } from '../platform-flows.ts';
import type { Scenario, Step } from '../scenario.ts';
import { changesEmail, ownAddress, unverifies } from './claim-steps.ts';
import { secondAlice, signsUp } from './scenario-steps.ts';

export const carol = person('carol');

/** Both have an account, and each wants what the other one has. */
const two = {
  people: [alice, bob],
  given: 2,
  isOrderless: true,
  maxReconciliations: 3,
} satisfies Partial<Scenario>;
const three = {
  ...two,
  people: [alice, bob, carol],
  given: 3,
  maxReconciliations: 4,
} satisfies Partial<Scenario>;

const exchange = [changesEmail(alice, ownAddress(bob)), changesEmail(bob, ownAddress(alice))];

function exchanging(name: string, ...more: readonly WorldStep[]): Scenario {
  return {
    ...two,
    name: `an exchange of addresses, ${name}`,
    steps: [signsUp(alice), signsUp(bob), { meanwhile: [...exchange, ...more] }],
    // What comes in the middle comes before, in or after it, and these are not the same end.
    isOrderless: false,
    maxReconciliations: two.maxReconciliations + more.length,
  };
}

/** At one moment, and told in this order. */
function atOnce(...changes: readonly WorldStep[]): Step {
  return {
    happens: (world) => {
      world.messages = [...world.messages, ...changes.flatMap((change) => change.happens(world))];
    },
  };
}

export const exchangeScenarios: readonly Scenario[] = [
  {
    ...two,
    name: 'an exchange of addresses',
    steps: [signsUp(alice), signsUp(bob), { meanwhile: exchange }],
  },
  {
    ...two,
    name: 'an exchange of addresses at one moment',
    steps: [signsUp(alice), signsUp(bob), atOnce(...exchange)],
  },
  {
    ...three,
    name: 'an exchange of addresses of three',
    steps: [
      ...three.people.map((who) => signsUp(who)),
      atOnce(
        changesEmail(carol, ownAddress(alice)),
        changesEmail(alice, ownAddress(bob)),
        changesEmail(bob, ownAddress(carol)),
      ),
    ],
  },
  {
    ...three,
    name: 'a chain of addresses of three',
    steps: [
      ...three.people.map((who) => signsUp(who)),
      {
        meanwhile: [
          changesEmail(alice, ownAddress(bob)),
          changesEmail(bob, ownAddress(carol)),
          changesEmail(carol, 'carol.new@example.com'),
        ],
      },
    ],
  },
  {
    ...two,
    name: 'an exchange of addresses across two tenants',
    people: [bob, secondAlice],
    // The address that is free for a moment, or the one with the tag.
    tolerates: ['bob+second@example.com'],
    isOrderless: false,
    steps: [
      signsUp(bob),
      signsUp(secondAlice),
      { meanwhile: [changesEmail(bob, ownAddress(secondAlice)), changesEmail(secondAlice, ownAddress(bob))] },
    ],
  },
  {
    ...two,
    name: 'an exchange of addresses with a tagged one',
    people: [alice, secondAlice, bob],
    areLinked: true,
    given: 3,
    steps: [
      signsUp(alice),
      signsUp(secondAlice, { email: ownAddress(alice) }),
      signsUp(bob),
      { meanwhile: [changesEmail(bob, ownAddress(alice)), changesEmail(alice, ownAddress(bob))] },
    ],
    isOrderless: false,
  },
  exchanging('and one changes its mind', changesEmail(bob, ownAddress(bob))),
  exchanging('and one takes another one', changesEmail(bob, 'bob.new@example.com')),
  exchanging('and one is deleted', removesUser(bob)),
  exchanging('and one is blocked', blocks(bob)),
  exchanging('and one is blocked for a while', blocks(bob), blocks(bob, false)),
  exchanging('and one is unverified', unverifies(bob)),
  {
    ...exchanging('and one is paused'),
    isOrderless: false,
    steps: [
      signsUp(alice),
      signsUp(bob),
      { meanwhile: exchange.slice(0, 1) },
      {
        does: (tools) =>
          tools.decide(alice, 'user.paused', { by: 'a person', reason: 'a look', until: null }),
      },
      { meanwhile: exchange.slice(1) },
      { does: (tools) => tools.decide(alice, 'user.resumed', { by: 'a person' }) },
    ],
  },
  {
    ...two,
    name: 'an exchange of handles',
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob, {}, 'bobby'),
      { meanwhile: [choosesHandle(alice, 'bobby'), choosesHandle(bob, 'alice')] },
    ],
  },
  {
    ...three,
    name: 'an exchange of handles of three',
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob, {}, 'bobby'),
      signsUp(carol, {}, 'carol'),
      atOnce(choosesHandle(carol, 'alice'), choosesHandle(alice, 'bobby'), choosesHandle(bob, 'carol')),
    ],
  },
  {
    ...two,
    name: 'an exchange of handles, and one is deleted',
    isOrderless: false,
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob, {}, 'bobby'),
      { meanwhile: [choosesHandle(alice, 'bobby'), choosesHandle(bob, 'alice'), removesUser(bob)] },
    ],
  },
  {
    ...two,
    name: 'an exchange of addresses and of handles',
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob, {}, 'bobby'),
      atOnce(...exchange, choosesHandle(alice, 'bobby'), choosesHandle(bob, 'alice')),
    ],
  },
];
