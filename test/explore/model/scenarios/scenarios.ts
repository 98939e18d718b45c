/** What may happen to alice and bob, each as steps after each of which everything comes to rest. */
import { alice, bob, handle } from '../../../mongo/subjects/people.ts';
import { PENDING } from '../pending.ts';
import type { Scenario } from '../scenario.ts';
import { claimScenarios } from './claim-scenarios.ts';
import { exchangeScenarios } from './exchange-scenarios.ts';
import { hiddenScenarios } from './hidden-scenarios.ts';
import { loginScenarios } from './login-scenarios.ts';
import { migrationScenarios } from './migration-scenarios.ts';
import { noUserScenarios } from './no-user-scenarios.ts';
import { oddScenarios } from './odd-scenarios.ts';
import { platformScenarios } from './platform-scenarios.ts';
import {
  accountOf,
  becomes,
  chooses,
  DAY_MS,
  graceEnds,
  leaves,
  losesPassword,
  outage,
  refusedHandle,
  removal,
  secondAlice,
  signsUp,
  sweeps,
  told,
} from './scenario-steps.ts';
import { successorScenarios } from './successor-scenarios.ts';
import { transferScenarios } from './transfer-scenarios.ts';
import { unfinishedScenarios } from './unfinished-scenarios.ts';

const all: readonly Scenario[] = [
  { name: 'a sign-up with a verified email', people: [alice], steps: [signsUp(alice, {}, 'alice')] },
  {
    name: 'a sign-up, the verification, and then a handle',
    people: [alice],
    steps: [
      signsUp(alice, { emailVerified: false }),
      becomes(alice, { emailVerified: true }, 'sv'),
      chooses(alice, 'alice'),
    ],
  },
  { name: 'a rename', people: [alice], steps: [signsUp(alice, {}, 'alice'), chooses(alice, 'al.ix')] },
  {
    name: 'a rename to a handle that is reserved',
    people: [alice],
    steps: [signsUp(alice, {}, 'alice'), chooses(alice, 'music')],
  },
  refusedHandle('stranger', 'taken'),
  refusedHandle('hidden', 'held by a hidden account'),
  refusedHandle('music', 'reserved'),
  refusedHandle('al', 'too short'),
  {
    name: 'another address',
    people: [alice],
    steps: [signsUp(alice), becomes(alice, { email: 'Alice.New@example.com' }, 'sce')],
  },
  {
    name: 'another address, which is taken',
    people: [alice],
    steps: [signsUp(alice), becomes(alice, { email: 'stranger@example.com' }, 'sce')],
  },
  {
    name: 'a user who is blocked, and then is not',
    people: [alice],
    policy: { blocked: 'deactivate' },
    steps: [
      signsUp(alice, {}, 'alice'),
      becomes(alice, { blocked: true }),
      becomes(alice, { blocked: false }),
    ],
  },
  removal('report'),
  removal('deactivate'),
  removal('delete'),
  {
    name: 'a removal, and the user comes back',
    people: [alice, bob],
    policy: { removal: 'delete' },
    steps: [signsUp(alice, {}, 'alice'), signsUp(bob), leaves, graceEnds, signsUp(alice)],
  },
  {
    name: 'an absence with one proof',
    people: [alice, bob],
    policy: { removal: 'delete', removalGraceMs: 1_000 },
    steps: [
      signsUp(alice),
      signsUp(bob),
      { happens: (world) => world.directory.remove(alice.userId), ...told(alice, 'scu') },
      { happens: (world) => world.change(alice), ...told(alice), waitsMs: DAY_MS },
    ],
  },
  {
    name: 'a row without a repository',
    people: [alice],
    policy: { remnant: 'recreate' },
    steps: [
      signsUp(alice, {}, 'alice'),
      {
        happens: (world) => {
          const did = accountOf(world, alice);
          if (did !== undefined) world.accounts.change(did, { hasRepo: false });
        },
        ...told(alice, 'scu'),
      },
    ],
  },
  {
    name: 'an account that a person said is the user’s',
    people: [alice],
    steps: [
      {
        happens: async (world) => {
          world.choose(alice, 'alice');
          world.known.add(world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' }));
          await world.change(alice);
        },
        ...told(alice),
      },
      {
        does: async (tools) => {
          const did = tools.didOf(handle('alice'));
          await tools.decide(alice, 'adoption.granted', { did, by: 'a person', evidence: ['the handle'] });
        },
      },
    ],
  },
  {
    name: 'a password that the document lost, and a person has a new one set',
    people: [alice],
    steps: [
      signsUp(alice),
      { happens: (world) => losesPassword(world, alice), ...told(alice, 'scu') },
      { does: (tools) => tools.decide(alice, 'password-reset.granted', { by: 'a person' }) },
    ],
  },
  {
    name: 'one address in two tenants',
    people: [alice, secondAlice],
    isRace: true,
    // The tenant without a tag has nothing to fall back to when the other one came first.
    tolerates: ['EmailHeldByUser'],
    steps: [
      {
        happens: async (world) => {
          await world.change(alice);
          await world.change(secondAlice, { email: 'alice@example.com' });
        },
        delivers: [
          { who: alice, code: 'ss' },
          { who: secondAlice, code: 'ss' },
        ],
      },
    ],
  },
  {
    name: 'one address in two linked tenants',
    people: [alice, secondAlice],
    areLinked: true,
    isRace: true,
    steps: [
      {
        happens: async (world) => {
          world.choose(alice, 'cedar');
          await world.change(alice);
          await world.change(secondAlice, { email: 'alice@example.com' });
        },
        delivers: [
          { who: alice, code: 'ss' },
          { who: secondAlice, code: 'ss' },
        ],
      },
    ],
  },
  {
    name: 'one person in two tenants, one handle',
    people: [alice, secondAlice],
    areLinked: true,
    steps: [
      signsUp(alice),
      signsUp(secondAlice, { email: 'alice@example.com' }),
      chooses(alice, 'cedar'),
      becomes(alice, { email: 'alice.new@example.com' }, 'sce'),
    ],
  },
  {
    name: 'a handle that goes from one account of a person to the other',
    people: [alice, secondAlice],
    areLinked: true,
    steps: [
      signsUp(alice),
      signsUp(secondAlice, { email: 'alice@example.com', blocked: true }, 'cedar'),
      becomes(secondAlice, { blocked: false }),
    ],
  },
  {
    name: 'two users with one address',
    people: [alice, bob],
    steps: [signsUp(alice), signsUp(bob, { email: 'alice@example.com' })],
  },
  {
    name: 'two users who want one label',
    people: [alice, bob],
    isRace: true,
    steps: [
      {
        happens: async (world) => {
          world.choose(alice, 'one.name');
          world.choose(bob, 'one_name');
          await world.change(alice);
          await world.change(bob);
        },
        delivers: [
          { who: alice, code: 'ss' },
          { who: bob, code: 'ss' },
        ],
      },
    ],
  },
  {
    name: 'a pause, and the work goes on',
    people: [alice],
    steps: [
      signsUp(alice, {}, 'alice'),
      {
        does: (tools) =>
          tools.decide(alice, 'user.paused', { by: 'a person', reason: 'a look', until: null }),
      },
      {
        happens: async (world) => {
          world.choose(alice, 'alix');
          await world.change(alice, { email: 'alice.new@example.com' });
        },
        ...told(alice, 'sce'),
      },
      { does: (tools) => tools.decide(alice, 'user.resumed', { by: 'a person' }) },
      {
        // Nobody tells of it, and a person asks for a look.
        happens: (world) => world.choose(alice, 'alia'),
        does: (tools) =>
          tools.decide(alice, 'reconcile.requested', { by: 'a person', reason: 'she has called' }),
      },
    ],
  },
  {
    name: 'a user who is gone and back',
    people: [alice, bob],
    policy: { removal: 'delete' },
    steps: [signsUp(alice, {}, 'alice'), signsUp(bob), leaves, signsUp(alice), graceEnds],
  },
  {
    name: 'a quarantine, and a person tries again',
    people: [alice],
    settings: { quarantineAfter: 2 },
    steps: [
      signsUp(alice, {}, 'alice'),
      outage('accounts', 'SERVER_ERROR', 3_600_000),
      {
        happens: (world) => {
          world.outage = undefined;
        },
        does: (tools) => tools.decide(alice, 'user.retried', { by: 'a person' }),
      },
    ],
  },
  {
    name: 'the PDS is away for an hour',
    people: [alice],
    steps: [signsUp(alice), outage('accounts', 'UNREACHABLE', 3_600_000), {}],
  },
  {
    name: 'Auth0 is away for an hour',
    people: [alice],
    steps: [signsUp(alice), outage('auth0', 'TIMEOUT', 3_600_000), {}],
  },
  {
    name: 'the documents are away for ten minutes',
    people: [alice],
    steps: [signsUp(alice), outage('documents', 'NOT_WRITABLE', 600_000), {}],
  },
  {
    name: 'the log is away for half a minute',
    people: [alice],
    steps: [signsUp(alice), outage('log', 'UNREACHABLE', 30_000), {}],
  },
  {
    name: 'a webhook that never came, and a sweep',
    people: [alice, bob],
    steps: [
      signsUp(bob),
      {
        happens: async (world) => {
          world.choose(alice, 'alice');
          await world.change(alice);
        },
      },
      sweeps,
      { ...sweeps, happens: (world) => world.choose(alice, 'alix') },
    ],
  },
  {
    name: 'a clock that is set back by an hour',
    people: [alice],
    setsClockBack: true,
    steps: [
      signsUp(alice, {}, 'alice'),
      {
        happens: async (world) => {
          world.setBack(3_600_000);
          await world.change(alice, { email: 'alice.new@example.com' });
        },
        ...told(alice, 'sce'),
        waitsMs: 500,
      },
      chooses(alice, 'alix'),
    ],
  },
  {
    name: 'a sweep over a listing that breaks off after a page',
    people: [alice, bob],
    policy: { removal: 'delete', removalGraceMs: 1_000 },
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob),
      { ...sweeps, happens: (world) => world.directory.breakListAfter(1) },
      { ...sweeps, happens: (world) => world.choose(alice, 'alix') },
    ],
  },
  {
    name: 'a verification that the platform counts itself',
    people: [alice],
    steps: [
      signsUp(alice, { emailVerified: false }),
      {
        happens: async (world) => {
          world.documents.verifications.set(alice.user, 3);
          await world.change(alice, { emailVerified: true });
        },
        ...told(alice, 'sv'),
      },
    ],
  },
  ...loginScenarios,
  ...noUserScenarios,
  ...migrationScenarios,
  ...hiddenScenarios,
  ...successorScenarios,
  ...platformScenarios,
  ...exchangeScenarios,
  ...claimScenarios,
  ...transferScenarios,
  ...oddScenarios,
  ...unfinishedScenarios,
];

export const scenarios: readonly Scenario[] = all.filter(({ name }) => !PENDING.has(name));

/** Those in which three faults at once are worth the time. */
export const DEEP: ReadonlySet<string> = new Set([
  'a sign-up with a verified email',
  'a rename',
  'a user who is blocked, and then is not',
  'a deletion with two proofs, delete',
  'a sign-up, the verification, and then a handle',
]);

export function scenarioNamed(name: string): Scenario {
  const found = all.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`There is no scenario named: ${name}`);
  return found;
}
