/** The order in which entries arrive, and how often, makes no difference to where a user ends up. */
import { expect, it } from 'vitest';
import { alice } from '../../mongo/subjects/people.ts';
import { report } from '../search/report.ts';
import { Run } from '../search/run.ts';
import { plain } from '../search/schedule.ts';
import type { Step } from './scenario.ts';
import { sweeps } from './scenarios/scenario-steps.ts';

const CODES = ['ss', 'sv', 'sce', 's', 'f'];
const HAPPENS: NonNullable<Step['happens']>[] = [
  (world) => world.change(alice, { emailVerified: false }),
  (world) => world.change(alice, { emailVerified: true }),
  (world) => world.change(alice, { email: 'alice.new@example.com' }),
  (world) => world.choose(alice, 'alice'),
  (world) => world.choose(alice, 'alix'),
];

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

/**
 * Things happen in their one order; entries come in any, and those in the set `twice` come again at the end. The sweep
 * finds what happened last if only a login came after it.
 */
function steps(order: readonly number[], twice: number): Step[] {
  const entry = (number: number) => ({ who: alice, code: CODES[number] ?? 's', id: `entry-${number}` });
  const arrivals = order.map((number, at): Step => {
    const happens = HAPPENS[at];
    return { delivers: [entry(number)], ...(happens === undefined ? {} : { happens }) };
  });
  const again = order.filter((number) => (twice & (1 << number)) !== 0).map(entry);
  return [...arrivals, { delivers: again }, sweeps];
}

it('gives one final state for every order and every set of duplicates', { timeout: 600_000 }, async () => {
  const states = new Set<string | undefined>();
  const flaws = new Set<string>();
  let runs = 0;
  for (const order of permutations([0, 1, 2, 3, 4])) {
    for (let twice = 0; twice < 32; twice += 1) {
      const scenario = { name: 'five entries', people: [alice], steps: steps(order, twice) };
      const outcome = await new Run(plain(scenario)).go([]);
      states.add(outcome.states.at(-1));
      for (const flaw of outcome.violations) flaws.add(flaw);
      runs += 1;
    }
  }
  report(`R5: ${runs} orders and duplicates of five entries, ${states.size} final state`);
  expect([...flaws]).toEqual([]);
  expect([...states]).toHaveLength(1);
});
