/** The steps that scenarios are made of. */
import type { Auth0User } from '../../../../src/ports/auth0.ts';
import { alice, bob, otherTenant, type Person, person } from '../../../mongo/subjects/people.ts';
import type { Entry, Scenario, Step } from '../scenario.ts';
import type { World } from '../world.ts';

export const secondAlice = person('alice', otherTenant);
export const DAY_MS = 86_400_000;

export function told(who: Person, code = 'ss'): Pick<Step, 'delivers'> {
  return { delivers: [{ who, code }] satisfies Entry[] };
}

export function signsUp(who: Person, changes: Partial<Auth0User> = {}, name?: string): Step {
  return {
    happens: async (world) => {
      if (name !== undefined) world.choose(who, name);
      await world.signUp(who, changes);
    },
    ...told(who),
  };
}

export function becomes(who: Person, changes: Partial<Auth0User>, code = 'sapi'): Step {
  const entry = code === 'sapi' ? 'scu' : code;
  return { happens: (world) => world.change(who, changes), ...told(who, entry) };
}

export function chooses(who: Person, name: string | undefined): Step {
  return { happens: (world) => world.choose(who, name), ...told(who, 'scu') };
}

export const leaves: Step = {
  happens: (world) => world.directory.remove(alice.userId),
  ...told(alice, 'sdu'),
};
export const sweeps: Step = { does: (tools) => tools.sweep() };
export const graceEnds: Step = { ...sweeps, waitsMs: DAY_MS + 60_000 };

export function outage(
  port: 'accounts' | 'auth0' | 'documents' | 'log' | 'queue',
  code: string,
  forMs: number,
): Step {
  return {
    happens: async (world) => {
      world.outage = { port, code, untilMs: world.nowMs + forMs };
      world.choose(alice, 'alix');
      await world.change(alice, { email: 'alice.new@example.com' });
    },
    ...told(alice, 'sce'),
  };
}

export function removal(policy: 'report' | 'deactivate' | 'delete'): Scenario {
  return {
    name: `a deletion with two proofs, ${policy}`,
    people: [alice, bob],
    policy: { removal: policy },
    steps: [signsUp(alice, {}, 'alice'), signsUp(bob), leaves, graceEnds, sweeps],
  };
}

export function refusedHandle(name: string, because: string): Scenario {
  return {
    name: `a sign-up with a handle that is ${because}`,
    people: [alice],
    steps: [signsUp(alice, {}, name)],
  };
}

export function losesPassword(world: World, who: Person): void {
  const document = world.documents.users.get(who.user);
  const { password: _lost, ...account } = document?.account ?? {};
  world.documents.users.set(who.user, { ...document, account });
}

export function accountOf(world: World, who: Person) {
  return world.documents.users.get(who.user)?.account?.did;
}
