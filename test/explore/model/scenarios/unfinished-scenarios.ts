/** A user over whom every process dies: it is quarantined with the reason, and another user goes on. */
import { alice, bob } from '../../../mongo/subjects/people.ts';
import type { Scenario, Step } from '../scenario.ts';
import type { World } from '../world.ts';
import { accountOf, becomes, signsUp } from './scenario-steps.ts';

function dies(call: string): Step {
  return {
    happens: async (world) => {
      world.deadly = { user: bob.user, call };
      world.choose(alice, 'alix');
      await world.change(bob, { email: 'bob.new@example.com' });
    },
    delivers: [
      { who: bob, code: 'sce' },
      { who: alice, code: 'scu' },
    ],
    finds: (world) => [...quarantineFlaws(world), ...otherFlaws(world)],
  };
}

function quarantineFlaws({ log, queue }: World): string[] {
  const { quarantined, failure, health, sync } = queue.stored.get(bob.user)?.view ?? {};
  const shown = `${quarantined} ${failure?.code} ${health} ${sync}`;
  const isLogged = log.eventsOf(bob.user).some(({ type }) => type === 'user.quarantined');
  return [
    ...(shown === 'true LEASE_EXPIRED Degraded Unknown' ? [] : [`a deadly user is shown as ${shown}`]),
    ...(isLogged ? [] : ['the log has no quarantine of a deadly user']),
  ];
}

function otherFlaws(world: World): string[] {
  const did = accountOf(world, alice);
  const handle = did === undefined ? undefined : world.accounts.stored.get(did)?.handle;
  return handle === 'alix.at.test' ? [] : [`beside a deadly user another one kept the handle ${handle}`];
}

/** `call` is the one that no process survives. */
function unfinished(name: string, call: string): Scenario {
  return {
    name,
    people: [alice, bob],
    settings: { quarantineAfter: 3 },
    steps: [
      signsUp(alice, {}, 'alice'),
      signsUp(bob),
      dies(call),
      {
        happens: (world) => {
          world.deadly = undefined;
        },
        does: (tools) => tools.decide(bob, 'user.retried', { by: 'a person' }),
      },
      becomes(bob, { email: 'bob@example.com' }, 'sce'),
    ],
    // Until then other scenarios break every call.
    given: 2,
  };
}

export const unfinishedScenarios: readonly Scenario[] = [
  unfinished('a user over whom every process dies', 'auth0.user'),
  unfinished('a user over whom every process dies that reads its log', 'log.ofUser'),
];
