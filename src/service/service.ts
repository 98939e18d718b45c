/** What `serve` runs: the server, the workers, the watch, the schedule and the alert check, from start to stop. */
import { getHeapStatistics } from 'node:v8';
import type { Alerting } from '../alerts/alerting.ts';
import type { Config } from '../config/schema.ts';
import { createWatch, type Watch, type WatchState } from '../engine/intake/watch.ts';
import { type ReconciliationResult, reconcile } from '../engine/reconcile/reconcile.ts';
import { Workers } from '../engine/reconcile/workers.ts';
import { UsageError } from '../errors.ts';
import type { ConnectionLimits } from '../http/connections.ts';
import { createServer, DEFAULT_SERVER_LIMITS, type ServerLimits } from '../http/server.ts';
import type { Logger } from '../logger.ts';
import type { ServiceObserver } from '../metrics/observer.ts';
import type { Lease } from '../ports/queue.ts';
import { connectionLimit, descriptorLimit } from '../wiring/connection-limit.ts';
import { type Engine, wireEngine } from '../wiring/engine.ts';
import { dashboardFor } from './dashboard.ts';
import { deliveriesFor } from './deliveries.ts';
import { listen } from './listen.ts';
import { prepare } from './prepare.ts';
import { createPulling, type Pulling } from './pull-runner.ts';
import { type Schedule, startSchedule } from './schedule.ts';
import { closeWithin, endWithin, type Stoppable } from './stopping.ts';
import { createSweeping, type Sweeping, sweepAll } from './sweep-runner.ts';

export interface Service {
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Rejects when the service cannot start as it is configured; never resolves. */
  readonly failed: Promise<never>;
  /** For keys that were read again. */
  readonly checkKeys: Engine['checkKeys'];
  /** The status of the watch on the platform's documents. */
  watch(): WatchState;
  /**
   * Starts no new work; running work finishes, within the configured deadline. Resolves with the names of what had not
   * finished by then: it may go on until the process ends. May be repeated.
   */
  stop(): Promise<readonly string[]>;
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
  const pulling = createPulling({ ...engine.pull, runs: engine.runs }, engine.tenants, signal, metrics);
  const watch = watchFor(engine, config, metrics, () => sweeping.soon('missed'));
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
    connections: connectionLimits(config, metrics),
    limits: serverLimits(config),
  });
  // Deliveries are answered at once: with 503 while MongoDB does not answer, so that they are repeated.
  const url = await listen(server, config.server);
  let schedule: Schedule | undefined;
  let running: readonly Stoppable[] = [];
  const preparing = prepare(engine, logger, signal, (err) => alerting?.cannotCheck(err)).then(() => {
    if (signal.aborted) return;
    prepared = true;
    workers.start();
    const sweepEveryone = (tick: Date) => sweepAll(engine, { tick }, logger, signal, onSweepProgress);
    schedule = startSchedule(config, { engine, pulling, sweepEveryone, logger, signal });
    running = [
      { name: 'watch', ended: watch.run(signal) },
      { name: 'alerting', ended: Promise.resolve(alerting?.run(signal)) },
      { name: 'catch-up', ended: catchUp(config, pulling, sweeping, signal) },
    ];
  });
  const failed = failureOf(preparing, alerting);
  const { stopDeadlineMs } = config.engine;
  const stop = async () => {
    draining = true;
    stopping.abort();
    // A call to MongoDB may be under way in it, and it starts no more.
    const prepared = preparing.catch(() => undefined);
    const reconciliations = workers.stop(stopDeadlineMs, longestCallMs(config));
    const work: Stoppable[] = [
      { name: 'preparation', ended: prepared },
      { name: 'requests', ended: server.close() },
      { name: 'jobs', ended: prepared.then(() => schedule?.stop()) },
      { name: 'pull', ended: pulling.ended() },
      { name: 'sweep', ended: sweeping.ended() },
      ...running,
    ];
    const [unfinished, reconciling] = await Promise.all([
      endWithin(stopDeadlineMs, work, logger),
      reconciliations,
    ]);
    await closeWithin(() => engine.close(), logger);
    return reconciling > 0 ? [...unfinished, `${reconciling} reconciliations`] : unfinished;
  };
  let stopped: Promise<readonly string[]> | undefined;
  return { url, failed, checkKeys: engine.checkKeys, watch: watch.state, stop: () => (stopped ??= stop()) };
}

function connectionLimits({ server }: Config, observer: ServiceObserver): ConnectionLimits {
  return {
    maxConnections: connectionLimit(descriptorLimit(), server.maxConnections),
    onConnections: (open) => observer.onConnections(open),
    onRefused: () => observer.onConnectionRefused(),
  };
}

/** Of the whole heap, for each byte of the bodies that are taken in at once: what is parsed is many times as large. */
const BODY_COST = 32;

function serverLimits({ server, engine }: Config): Partial<ServerLimits> {
  const closeTimeoutMs = Math.min(DEFAULT_SERVER_LIMITS.closeTimeoutMs, engine.stopDeadlineMs * 0.8);
  const share = Math.floor(getHeapStatistics().heap_size_limit / BODY_COST);
  const maxIngestingBytes = Math.min(DEFAULT_SERVER_LIMITS.maxIngestingBytes, share);
  return { bodyLimitBytes: server.bodyLimitBytes, closeTimeoutMs, maxIngestingBytes };
}

/** After so long no call of this process is under way, even if it was killed. */
function longestCallMs({ auth0, pds }: Config): number {
  return Math.max(auth0.requestTimeoutMs, pds.requestTimeoutMs);
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
function failureOf(preparing: Promise<void>, alerting: Alerting | undefined): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    preparing.catch(async (err: unknown) => {
      // No alert: alerts are stored in the database, which must not be written then. The log and the exit code report it.
      if (err instanceof UsageError && err.code !== 'COLLATION_UNFIT') await alerting?.cannotStart(err);
      reject(err);
    });
  });
  // A caller that does not listen must cause no unhandled rejection.
  failed.catch(() => undefined);
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
  if (config.schedule.sweep !== null && !signal.aborted) sweeping.soon('start');
}
