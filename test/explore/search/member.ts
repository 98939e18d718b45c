/** One of several processes that explore: it is given one scenario after another, and answers with what it found. */

import { scenarioNamed } from '../model/scenarios/scenarios.ts';
import { Explorer } from './explorer.ts';
import { Merger } from './merge.ts';
import { asTest, shrink } from './shrink.ts';
import type { Found, Task } from './task.ts';

/** Stacks of errors that are made by the million and never shown. */
Error.stackTraceLimit = 0;

async function explore(task: Task): Promise<Found> {
  const explorer = new Explorer();
  const isLate = (): boolean => Date.now() >= task.untilMs;
  if (task.type === 'random') {
    explorer.goesOn = () => !isLate() && explorer.violations.length === 0;
    for (let seed = task.seed; seed < task.seed + task.count && explorer.goesOn(); seed += 1)
      await explorer.random(seed, task.workers);
    const { schedules, violations, outwards, judged } = explorer;
    const [first] = violations;
    const tally = { schedules, works: 0, ended: schedules, merged: 0, outwards, judged };
    return { tally, isExhausted: !isLate(), flaw: first && asTest(await shrink(first)) };
  }
  const { delivery, depth, which } = task;
  const scenario = scenarioNamed(task.scenario);
  const schedule = { scenario, delivery, workers: 1, seed: 1 };
  const merger = new Merger(schedule, await explorer.reference(scenario));
  merger.goesOn = () => !isLate() && merger.violations.length === 0;
  await merger.exhaust(depth, which).catch((error: unknown) => merger.threw(error));
  const [first] = merger.violations;
  return {
    tally: merger.tally,
    isExhausted: !isLate() && first === undefined,
    flaw: first && asTest(await shrink(first)),
  };
}

process.on('message', (task: Task) => {
  void explore(task).then((found) => process.send?.(found));
});
