/** The form of a run is all that its future depends on, or the exploration would leave out what it never saw. */
import { expect, it } from 'vitest';
import { DEEP, scenarios } from '../model/scenarios/scenarios.ts';
import { Explorer } from './explorer.ts';
import { Merger } from './merge.ts';
import { report } from './report.ts';
import { plain } from './schedule.ts';

const DELIVERIES = ['once', 'doubled'] as const;
/** One scenario in so many, each time in the other delivery; CONCORD_LONG=1 takes them all in both. */
const ONE_IN = process.env['CONCORD_LONG'] === '1' ? 1 : 4;

it('two runs of one form go on alike', { timeout: 600_000 }, async () => {
  const explorer = new Explorer();
  let compared = 0;
  for (const [at, scenario] of scenarios.entries()) {
    if (at % ONE_IN > 0) continue;
    for (const delivery of ONE_IN === 1 ? DELIVERIES : [DELIVERIES[(at / ONE_IN) % 2] ?? 'once']) {
      const merger = new Merger({ ...plain(scenario), delivery }, await explorer.reference(scenario));
      merger.doubts = true;
      await merger.exhaust(1, 'apart');
      expect(merger.violations).toEqual([]);
      compared += merger.compared;
    }
  }
  report(`R2: ${compared} merged runs were run on from both ends, and went on alike`);
});

it('counts and finds what running each schedule by itself does', { timeout: 600_000 }, async () => {
  const explorer = new Explorer();
  for (const scenario of scenarios.filter(({ name }) => DEEP.has(name)).slice(0, 2)) {
    const before = explorer.schedules;
    await explorer.exhaust(scenario, 'once', 1);
    const merger = new Merger(plain(scenario), await explorer.reference(scenario));
    await merger.exhaust(1, 'all');
    expect(merger.tally.schedules).toBe(explorer.schedules - before);
    expect(merger.violations).toEqual(explorer.violations);
  }
});
