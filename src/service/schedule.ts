/** What the service does by the clock: the jobs of `schedule`. */
import { type Logger as CronLogger, schedule } from 'node-cron';
import type { Config } from '../config/schema.ts';
import { reconcileOpen } from '../engine/reconcile/reconcile-open.ts';
import type { Logger } from '../logger.ts';
import type { Engine } from '../wiring/engine.ts';
import { createMissingIndexes } from './create-indexes.ts';
import type { Pulling } from './pull-runner.ts';
import { onceForAll } from './turns.ts';

export interface ScheduleDeps {
  readonly engine: Engine;
  readonly pulling: Pulling;
  readonly sweepEveryone: (tick: Date) => Promise<void>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface Schedule {
  /** Starts no more jobs. Resolves when those that run have ended. */
  stop(): Promise<void>;
}

/** Each job gets the time that it was scheduled for, which is the same in all processes. */
export function startSchedule(config: Config, deps: ScheduleDeps): Schedule {
  const { engine, pulling, sweepEveryone, logger, signal } = deps;
  const jobs = [
    { name: 'pull', expression: config.schedule.pull, run: (tick: Date) => pulling.run(tick) },
    {
      name: 'reconcile',
      expression: config.schedule.reconcile,
      run: (tick: Date) => reconcileOpenOnce(engine, tick, signal),
    },
    { name: 'sweep', expression: config.schedule.sweep, run: sweepEveryone },
  ];
  const running = new Set<Promise<void>>();
  const tasks = jobs.flatMap(({ name, expression, run }) => {
    if (expression === null) return [];
    const task = async ({ date }: { readonly date: Date }) => {
      const ended = run(date).catch((err: unknown) =>
        logger.error({ err, job: name }, 'a scheduled job failed'),
      );
      running.add(ended);
      await ended;
      running.delete(ended);
    };
    const cronLogger = cronLoggerFor(logger, name);
    const started = schedule(expression, task, {
      ...{ name, noOverlap: true, timezone: 'UTC', logger: cronLogger, suppressMissedWarning: true },
    });
    started.on('execution:missed', ({ date }) =>
      logger.warn({ job: name, tick: date }, 'a scheduled time was missed, because the process was busy'),
    );
    return [started];
  });
  return {
    stop: async () => {
      for (const task of tasks) await task.destroy();
      await Promise.all(running);
    },
  };
}

/** By default node-cron writes lines of its own between ours, to stdout as well. */
function cronLoggerFor(logger: Logger, job: string): CronLogger {
  return {
    info: (detail) => logger.debug({ job, detail }, 'the scheduler reports'),
    debug: (detail) => logger.debug({ job, detail }, 'the scheduler reports'),
    // A job that is still running at its next time: usual for a long sweep, here or in another process.
    warn: (detail) => logger.debug({ job, detail }, 'the scheduler reports'),
    error: (detail, err) => logger.error({ job, err: err ?? detail }, 'a scheduled job failed'),
  };
}

async function reconcileOpenOnce(engine: Engine, tick: Date, signal: AbortSignal): Promise<void> {
  await createMissingIndexes(engine);
  for (const { id } of engine.tenants)
    await onceForAll(engine, `reconcile:${id}`, { tick }, signal, async () => {
      await reconcileOpen(engine, id);
    });
}

/** Reconciles the users who are not in sync, in all tenants. */
export async function reconcileOpenUsers(engine: Engine): Promise<void> {
  await createMissingIndexes(engine);
  for (const { id } of engine.tenants) await reconcileOpen(engine, id);
}
