/** Random histories: what people and Auth0 may do in any order, and what may happen to the lists and the clock. */
import fc from 'fast-check';
import type { Policy } from '../../../src/engine/reconcile/settings.ts';
import { alice, bob } from '../../mongo/subjects/people.ts';
import type { Scenario, Step } from './scenario.ts';
import type { World } from './world.ts';

const DAY_MS = 86_400_000;
const person = fc.constantFrom('alice', 'bob');
const wait = fc.constantFrom(0, 1_000, 30_000, 3_600_000, DAY_MS);

/** One thing that happens, as data: so a history can be shrunk, and printed. */
const happening = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('signs-up'), who: person }) },
  fc.record({ type: fc.constant('verifies'), who: person, verified: fc.boolean() }),
  fc.record({
    type: fc.constant('changes-email'),
    who: person,
    email: fc.constantFrom('shared@example.com', 'other@example.com'),
  }),
  fc.record({ type: fc.constant('is-blocked'), who: person, blocked: fc.boolean() }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('chooses'),
      who: person,
      name: fc.constantFrom('alice', 'al.ix', 'al_ix', 'music', 'al', 'stranger', 'hidden', undefined),
    }),
  },
  fc.record({ type: fc.constant('leaves'), who: person }),
  fc.record({ type: fc.constant('sweep') }),
  fc.record({
    type: fc.constant('outage'),
    port: fc.constantFrom('accounts', 'auth0', 'documents'),
    code: fc.constantFrom('RATE_LIMITED', 'UNREACHABLE'),
  }),
  fc.record({ type: fc.constant('list-is-late'), late: fc.boolean() }),
  fc.record({ type: fc.constant('list-breaks-off'), after: fc.nat(1) }),
  fc.record({ type: fc.constant('clock-is-set-back'), byMs: fc.constantFrom(1_000, 60_000, 3_600_000) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** Told late, twice or not at all, as Auth0 does. */
const told = fc.record({ happening, waitsMs: wait, told: fc.constantFrom('once', 'once', 'late', 'never') });
type Told = typeof told extends fc.Arbitrary<infer T> ? T : never;

export const histories = fc.record({
  happenings: fc.array(told, { minLength: 2, maxLength: 9 }),
  policy: fc.record({
    blocked: fc.constantFrom('report', 'deactivate'),
    removal: fc.constantFrom('report', 'deactivate', 'delete'),
    remnant: fc.constant('recreate'),
  }) satisfies fc.Arbitrary<Partial<Policy>>,
});
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

/** The history of a seed. The steps that are dropped are those that a failure does not need. */
export function history(seed: number, dropped: readonly number[] = []): Scenario {
  const [drawn] = fc.sample(histories, { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error('No history was drawn.');
  const happenings = drawn.happenings.filter((_, at) => !dropped.includes(at));
  return scenarioOf({ ...drawn, happenings }, `history(${seed}, [${dropped.join(', ')}])`);
}

export function scenarioOf({ happenings, policy }: History, name: string): Scenario {
  const steps = happenings.map(stepOf);
  // At the end sweeps with days between them: whatever was to be waited for is over.
  return { name, people: [alice, bob], policy, steps: [...steps, calm, calm, calm], isRandom: true };
}

const calm: Step = {
  happens: (world) => world.directory.thawList(),
  does: (tools) => tools.sweep(),
  waitsMs: 2 * DAY_MS,
};

function stepOf({ happening: one, waitsMs, told: how }: Told, at: number, all: readonly Told[]): Step {
  const before = all[at - 1];
  const entries = [
    ...(before?.told === 'late' ? entriesOf(before.happening, at - 1) : []),
    ...(how === 'once' ? entriesOf(one, at) : []),
  ];
  const step = { happens: (world: World) => happens(world, one), delivers: entries, waitsMs };
  return one.type === 'sweep' ? { ...step, does: (tools) => tools.sweep() } : step;
}

function entriesOf(one: Happening, at: number) {
  if (!('who' in one)) return [];
  const who = one.who === 'alice' ? alice : bob;
  return [{ who, code: one.type === 'leaves' ? 'sdu' : 'scu', id: `h${at}` }];
}

async function happens(world: World, one: Happening): Promise<void> {
  const who = 'who' in one && one.who === 'bob' ? bob : alice;
  switch (one.type) {
    case 'signs-up':
      return world.change(who);
    case 'verifies':
      return world.change(who, { emailVerified: one.verified });
    case 'changes-email':
      return world.change(who, { email: one.email });
    case 'is-blocked':
      return world.change(who, { blocked: one.blocked });
    case 'chooses':
      return world.choose(who, one.name);
    case 'leaves':
      return world.directory.remove(who.userId);
    case 'sweep':
      return;
    case 'outage':
      world.outage = { port: one.port, code: one.code, untilMs: world.nowMs + 20_000 };
      return;
    case 'list-is-late':
      if (one.late) world.directory.freezeList();
      else world.directory.thawList();
      return;
    case 'list-breaks-off':
      return world.directory.breakListAfter(one.after);
    case 'clock-is-set-back':
      return world.setBack(one.byMs);
  }
}
