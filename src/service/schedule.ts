/** What the service does by the clock: the jobs of `schedule`. */
import { type ScheduledTask, schedule } from 'node-cron';
import type { Config } from '../config/schema.ts';
import { reconcileOpen } from '../engine/reconcile/reconcile-open.ts';
import type { Logger } from '../logger.ts';
import type { Engine } from '../wiring/engine.ts';
import { createMissingIndexes } from './create-indexes.ts';
import type { Pulling } from './pull-runner.ts';

export function startSchedule(
  config: Config,
  engine: Engine,
  pulling: Pulling,
  sweepEveryone: () => Promise<void>,
  logger: Logger,
): ScheduledTask[] {
  const jobs = [
    { name: 'pull', expression: config.schedule.pull, run: () => pulling.run() },
    { name: 'reconcile', expression: config.schedule.reconcile, run: () => reconcileOpenUsers(engine) },
    { name: 'sweep', expression: config.schedule.sweep, run: sweepEveryone },
  ];
  return jobs.flatMap(({ name, expression, run }) => {
    if (expression === null) return [];
    const task = async () => {
      try {
        await run();
      } catch (err) {
        logger.error({ err, job: name }, 'a scheduled job failed');
      }
    };
    return [schedule(expression, task, { name, noOverlap: true, timezone: 'UTC' })];
  });
}

/** A tick of `schedule.reconcile`, in all tenants. */
export async function reconcileOpenUsers(engine: Engine): Promise<void> {
  await createMissingIndexes(engine);
  for (const { id } of engine.tenants) await reconcileOpen(engine, id);
}
