/** Histories that nobody thought of, over a platform that breaks: drawn, and shrunk when one ends badly. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Explorer } from '../search/explorer.ts';
import { FAULT_KINDS, faultsOf } from '../search/faults.ts';
import { report } from '../search/report.ts';
import { Run } from '../search/run.ts';
import { plain, type Schedule } from '../search/schedule.ts';
import { histories, scenarioOf } from './histories.ts';

const RUNS = 300;
/** Always the same ones, so that a run says the same as the one before. */
const SEED = 20_260_301;

const faults = fc.array(
  fc.record({ place: fc.double({ min: 0, max: 0.999, noNaN: true }), kind: fc.constantFrom(...FAULT_KINDS) }),
  { maxLength: 3 },
);
const how = fc.record({
  delivery: fc.constantFrom('once', 'doubled'),
  workers: fc.constantFrom(1, 2),
  faults,
});

it('ends well, whatever happens', { timeout: 600_000 }, async () => {
  let struck = 0;
  const property = fc.asyncProperty(histories, how, async (drawn, { delivery, workers, faults: wanted }) => {
    const base = { ...plain(scenarioOf(drawn, 'a drawn history')), delivery, workers } satisfies Schedule;
    const { trace } = await new Run(base).go([]);
    const chosen = new Map(
      wanted.flatMap(({ place, kind }) => {
        const at = Math.floor(place * trace.length);
        const point = trace[at];
        return point !== undefined && faultsOf(point, 'all').includes(kind) ? [[at, kind] as const] : [];
      }),
    );
    const inOrder = [...chosen].sort(([a], [b]) => a - b).map(([at, kind]) => ({ at, kind }));
    const explorer = new Explorer();
    const outcome = await explorer.run({ ...base, faults: inOrder });
    struck += outcome.struck;
    expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  report(`R3: ${RUNS} drawn histories with ${struck} faults end well`);
});
