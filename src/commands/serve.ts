/** `concord serve`: ingests log entries, reconciles due users, and sweeps on a schedule, until stopped. */
import { type ScheduledTask, schedule } from 'node-cron';
import { ALL_NEEDS } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { exclusionFor } from '../config/tenants.ts';
import { ingest } from '../engine/intake/ingest.ts';
import { createHeard } from '../engine/intake/stream-heartbeat.ts';
import { createWatch, type WatchState } from '../engine/intake/watch.ts';
import { converge, type PassResult } from '../engine/reconcile/reconcile.ts';
import { reconcileOpen } from '../engine/reconcile/reconcile-open.ts';
import { Workers } from '../engine/reconcile/workers.ts';
import { UsageError } from '../errors.ts';
import { createServer } from '../http/server.ts';
import type { Logger } from '../logger.ts';
import type { ServiceObserver } from '../metrics/observer.ts';
import type { Lease } from '../ports/queue.ts';
import { dashboardFor } from '../service/dashboard.ts';
import { createPulling, type Pulling } from '../service/pull-runner.ts';
import { createSweeping, type Sweeping, sweepAll } from '../service/sweep-runner.ts';
import { traced } from '../tracing.ts';
import { type Engine, wireEngine } from '../wiring/engine.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, loggerFor } from './command.ts';
import { mendIndexes } from './plan/reconcile.ts';

export interface Service {
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Rejects when the service cannot start as it is configured; never resolves. */
  readonly failed: Promise<never>;
  /** The status of the watch on the platform's documents. */
  watch(): WatchState;
  /** Starts no new work; running work finishes, within the configured deadline. May be repeated. */
  stop(): Promise<void>;
}

/** How long to wait between two attempts to prepare MongoDB at start. */
const PREPARE_RETRY_MS = 2_000;

export async function runServe(options: GlobalOptions): Promise<ExitCode> {
  const config = configFor(options, ALL_NEEDS);
  const logger = loggerFor(options, config);
  const stopped = stopSignal(logger);
  const service = await startService(config, logger);
  logger.info({ url: service.url, tenants: config.tenants.map(({ id }) => id) }, 'serving');
  try {
    await Promise.race([stopped, service.failed]);
  } finally {
    await service.stop();
  }
  logger.info('stopped');
  return EXIT.clean;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(logger: Pick<Logger, 'info'>): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1);
      asked = true;
      logger.info({ signal }, 'stopping; a second signal stops at once');
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

export async function startService(
  config: Config,
  logger: Logger,
  onPass?: (lease: Lease, result: PassResult) => void,
): Promise<Service> {
  const { metricsFor, pageFor } = await import('../service/metrics.ts');
  const metrics = metricsFor(config);
  const engine = wireEngine(config, logger, metrics);
  const { queue, clock, settings } = engine.converge;
  const alerting = engine.alerting(clock.now());
  const heard = createHeard({ cursors: engine.cursors, clock, logger });
  const workers = new Workers({
    queue,
    clock,
    logger,
    settings,
    converge: (lease) => observedPass(metrics, lease, () => converge(engine.converge, lease)),
    onPass: (lease, result) => {
      if (result.end === 'failed') alerting?.soon();
      onPass?.(lease, result);
    },
  });
  const stopping = new AbortController();
  const taking = { ...engine.pull, log: engine.converge.log, queue, onDue: () => workers.wake() };
  const { onSweepProgress } = metrics;
  const sweeping = createSweeping(engine, logger, () => workers.wake(), stopping.signal, onSweepProgress);
  const watch = createWatch({
    changes: engine.changes,
    cursors: engine.cursors,
    log: engine.converge.log,
    random: engine.converge.random,
    queue,
    clock,
    logger,
    tenants: engine.tenants,
    pollMs: config.engine.pollMs,
    onDue: () => workers.wake(),
    onMissed: () => sweeping.soon(),
    ignored: engine.ignored,
    onIgnored: (tenant, counts) => metrics.onIgnored(tenant, 'database', counts),
  });
  let draining = false;
  let prepared = false;
  const server = createServer({
    tenants: config.tenants.map((tenant) => ({ ...tenant, excludedBy: exclusionFor(config, tenant) })),
    ingest: async (tenant, entries, unreadable, source) => {
      const taken = await traced(
        'concord.ingest',
        { 'concord.tenant': tenant.id, 'concord.entries': entries.length },
        () => ingest(taking, tenant, entries, unreadable, source),
      );
      // A delivery by an event stream does not prove that the log stream works.
      if (source.kind === 'log') void heard.delivered(tenant.id);
      return taken;
    },
    ready: async () => {
      if (!prepared) throw new Error('MongoDB has not been prepared yet');
      await engine.ping(1_000);
    },
    isDraining: () => draining,
    metrics: pageFor(metrics, engine, config),
    dashboard: dashboardFor(engine, config, logger, () => workers.wake()),
    onIngest: ({ id }, result) => metrics.onIngest(id, result),
    onAnswer: metrics.onAnswer,
    log: logger,
    limits: { bodyLimitBytes: config.server.bodyLimitBytes },
  });
  // Deliveries are answered at once: with 503 while MongoDB does not answer, so that they are repeated.
  const url = await server.listen({ host: config.server.host, port: config.server.port });
  let tasks: ScheduledTask[] = [];
  let watching: Promise<void> | undefined;
  let alerted: Promise<void> | undefined;
  let catchingUp: Promise<void> | undefined;
  const pulling = createPulling(
    { ...engine.pull, onDue: () => workers.wake() },
    engine.tenants,
    stopping.signal,
    metrics.onPull,
  );
  const unprepared = (err: unknown) => alerting?.cannotLook(err);
  const preparing = prepare(engine, logger, stopping.signal, unprepared).then(() => {
    if (stopping.signal.aborted) return;
    prepared = true;
    workers.start();
    const sweepEveryone = () => sweepAll(engine, logger, stopping.signal, onSweepProgress);
    tasks = startSchedule(config, engine, workers, pulling, sweepEveryone, logger);
    watching = watch.run(stopping.signal);
    alerted = alerting?.run(stopping.signal);
    catchingUp = catchUp(config, pulling, sweeping, stopping.signal);
  });
  const failed = new Promise<never>((_, reject) => {
    preparing.catch(async (err: unknown) => {
      // No alert: alerts are stored in the database, which must not be written then. The log and the exit code report it.
      if (err instanceof UsageError && err.code !== 'COLLATION_UNFIT') await alerting?.cannotStart(err);
      reject(err);
    });
  });
  // Logged here, so that a caller that does not listen causes no unhandled rejection.
  failed.catch((err: unknown) => logger.error({ err }, 'the service cannot start'));
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    draining = true;
    stopping.abort();
    await preparing.catch(() => undefined);
    for (const task of tasks) await task.destroy();
    const [unfinished] = await Promise.all([workers.stop(config.engine.stopDeadlineMs), server.close()]);
    await Promise.all([watching, alerted, catchingUp, pulling.ended(), sweeping.ended()]);
    if (unfinished > 0)
      logger.warn({ unfinished }, 'reconciliations did not finish within the deadline; their leases expire');
    await engine.close();
  };
  return { url, failed, watch: watch.state, stop: () => (stopped ??= stop()) };
}

/** Also called for a reconciliation that threw; the workers report the error. */
async function observedPass(
  observer: ServiceObserver,
  lease: Lease,
  pass: () => Promise<PassResult>,
): Promise<PassResult> {
  const startedMs = performance.now();
  try {
    const result = await pass();
    observer.onPass(lease, result);
    return result;
  } catch (error) {
    observer.onBrokenPass(lease, performance.now() - startedMs);
    throw error;
  }
}

async function prepare(
  engine: Engine,
  logger: Logger,
  signal: AbortSignal,
  onFailure: (err: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await engine.prepare();
      await mendIndexes(engine);
      return;
    } catch (err) {
      // Waiting does not fix an error such as a wrong key, so it is reported at once.
      if (err instanceof UsageError) throw err;
      onFailure(err);
      logger.error({ err }, 'MongoDB could not be prepared; trying again');
      await engine.converge.clock.delay(PREPARE_RETRY_MS, signal);
    }
  }
}

/** Finds changes during a downtime at once, and not only at night. */
async function catchUp(
  config: Config,
  pulling: Pulling,
  sweeping: Sweeping,
  signal: AbortSignal,
): Promise<void> {
  // The log first: it records gaps, which the sweep then closes.
  if (config.schedule.pull !== null) await pulling.run();
  if (config.schedule.sweep !== null && !signal.aborted) sweeping.soon();
}

function startSchedule(
  config: Config,
  engine: Engine,
  workers: Workers,
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
        workers.wake();
      } catch (err) {
        logger.error({ err, job: name }, 'a scheduled job failed');
      }
    };
    return [schedule(expression, task, { name, noOverlap: true, timezone: 'UTC' })];
  });
}

/** A tick of `schedule.reconcile`, in all tenants. */
export async function reconcileOpenUsers(engine: Engine): Promise<void> {
  await mendIndexes(engine);
  for (const { id } of engine.tenants) await reconcileOpen(engine.converge, id);
}
