/** What `serve` runs: the server, the workers, the watch, the schedule and the alert check, from start to stop. */
import type { ScheduledTask } from 'node-cron';
import type { Alerting } from '../alerts/alerting.ts';
import type { Config } from '../config/schema.ts';
import { createWatch, type Watch, type WatchState } from '../engine/intake/watch.ts';
import { type ReconciliationResult, reconcile } from '../engine/reconcile/reconcile.ts';
import { Workers } from '../engine/reconcile/workers.ts';
import { UsageError } from '../errors.ts';
import { createServer } from '../http/server.ts';
import type { Logger } from '../logger.ts';
import type { ServiceObserver } from '../metrics/observer.ts';
import type { Lease } from '../ports/queue.ts';
import { type Engine, wireEngine } from '../wiring/engine.ts';
import { dashboardFor } from './dashboard.ts';
import { deliveriesFor } from './deliveries.ts';
import { prepare } from './prepare.ts';
import { createPulling, type Pulling } from './pull-runner.ts';
import { startSchedule } from './schedule.ts';
import { createSweeping, type Sweeping, sweepAll } from './sweep-runner.ts';

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

export async function startService(
  config: Config,
  logger: Logger,
  onReconciliation?: (lease: Lease, result: ReconciliationResult) => void,
): Promise<Service> {
  const { metricsFor, pageFor } = await import('./metrics.ts');
  const metrics = metricsFor(config);
  const engine = wireEngine(config, logger, metrics, () => workers.wake());
  const alerting = engine.alerting(engine.clock.now());
  const stopping = new AbortController();
  const { signal } = stopping;
  const workers = workersFor(engine, metrics, (lease, result) => {
    if (result.end === 'failed') alerting?.soon();
    onReconciliation?.(lease, result);
  });
  const { onSweepProgress } = metrics;
  const sweeping = createSweeping(engine, logger, signal, onSweepProgress);
  const pulling = createPulling(engine.pull, engine.tenants, signal, metrics.onPull);
  const watch = watchFor(engine, config, metrics, () => sweeping.soon());
  let draining = false;
  let prepared = false;
  const server = createServer({
    ...deliveriesFor(engine, config, metrics),
    ready: async () => {
      if (!prepared) throw new Error('MongoDB has not been prepared yet');
      await engine.ping(1_000);
    },
    isDraining: () => draining,
    metrics: pageFor(metrics, engine, config),
    dashboard: dashboardFor(engine, config, logger),
    onAnswer: metrics.onAnswer,
    log: logger,
    limits: { bodyLimitBytes: config.server.bodyLimitBytes, maxEntries: config.ingest.maxEntries },
  });
  // Deliveries are answered at once: with 503 while MongoDB does not answer, so that they are repeated.
  const url = await server.listen({ host: config.server.host, port: config.server.port });
  let tasks: ScheduledTask[] = [];
  let running: readonly (Promise<void> | undefined)[] = [];
  const preparing = prepare(engine, logger, signal, (err) => alerting?.cannotCheck(err)).then(() => {
    if (signal.aborted) return;
    prepared = true;
    workers.start();
    const sweepEveryone = () => sweepAll(engine, logger, signal, onSweepProgress);
    tasks = startSchedule(config, engine, pulling, sweepEveryone, logger);
    running = [watch.run(signal), alerting?.run(signal), catchUp(config, pulling, sweeping, signal)];
  });
  const failed = failureOf(preparing, alerting, logger);
  const stop = async () => {
    draining = true;
    stopping.abort();
    await preparing.catch(() => undefined);
    for (const task of tasks) await task.destroy();
    const [unfinished] = await Promise.all([workers.stop(config.engine.stopDeadlineMs), server.close()]);
    await Promise.all([...running, pulling.ended(), sweeping.ended()]);
    if (unfinished > 0)
      logger.warn({ unfinished }, 'reconciliations did not finish within the deadline; their leases expire');
    await engine.close();
  };
  let stopped: Promise<void> | undefined;
  return { url, failed, watch: watch.state, stop: () => (stopped ??= stop()) };
}

function workersFor(
  { reconcile: deps }: Engine,
  observer: ServiceObserver,
  onReconciliation: (lease: Lease, result: ReconciliationResult) => void,
): Workers {
  const { queue, clock, logger, settings } = deps;
  const reconciliation = (lease: Lease) =>
    observedReconciliation(observer, lease, () => reconcile(deps, lease));
  return new Workers({ queue, clock, logger, settings, reconcile: reconciliation, onReconciliation });
}

/** Also called for a reconciliation that threw; the workers report the error. */
async function observedReconciliation(
  observer: ServiceObserver,
  lease: Lease,
  reconciliation: () => Promise<ReconciliationResult>,
): Promise<ReconciliationResult> {
  const startedMs = performance.now();
  try {
    const result = await reconciliation();
    observer.onReconciliation(lease, result);
    return result;
  } catch (error) {
    observer.onBrokenReconciliation(lease, performance.now() - startedMs);
    throw error;
  }
}

/** `onMissed` is called when changes may have been missed. */
function watchFor(
  { changes, cursors, ignored, tenants, log, random, queue, clock, logger }: Engine,
  { engine: { pollMs } }: Config,
  observer: ServiceObserver,
  onMissed: () => void,
): Watch {
  return createWatch({
    ...{ changes, cursors, log, random, queue, clock, logger, tenants, pollMs, ignored, onMissed },
    onIgnored: (tenant, counts) => observer.onIgnored(tenant, 'database', counts),
  });
}

/** Rejects with what `preparing` rejects with; never resolves. */
function failureOf(preparing: Promise<void>, alerting: Alerting | undefined, logger: Logger): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    preparing.catch(async (err: unknown) => {
      // No alert: alerts are stored in the database, which must not be written then. The log and the exit code report it.
      if (err instanceof UsageError && err.code !== 'COLLATION_UNFIT') await alerting?.cannotStart(err);
      reject(err);
    });
  });
  // Logged here, so that a caller that does not listen causes no unhandled rejection.
  failed.catch((err: unknown) => logger.error({ err }, 'the service cannot start'));
  return failed;
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
