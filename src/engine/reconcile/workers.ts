/**
 * The workers of one process: they claim due users from the queue and reconcile them, a limited number at once.
 * One user has one worker at a time, over all processes, by its lease. Of users whose last reconciliation did not end, one
 * is reconciled at a time: this process may die of one of them, and must not take the others along again.
 */
import { setMaxListeners } from 'node:events';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClaimFilter, Lease, WorkQueue } from '../../ports/queue.ts';
import type { ReconciliationResult } from './reconcile.ts';
import type { EngineSettings } from './settings.ts';

export interface WorkerDeps {
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: Pick<EngineSettings, 'concurrency' | 'leaseMs' | 'maxLeaseMs' | 'pollMs'>;
  readonly reconcile: (lease: Lease) => Promise<ReconciliationResult>;
  /** Called for every reconciliation that ended. */
  readonly onReconciliation?: (lease: Lease, result: ReconciliationResult) => void;
}

/** How long the queue rests after a failed read or release, and a user after a reconciliation that broke off. */
const OUTAGE_WAIT_MS = 2_000;

/** How long the leases of unfinished work may take to be cut when the process stops. */
const CUT_WITHIN_MS = 1_000;

export class Workers {
  readonly #deps: WorkerDeps;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #leases = new Set<Lease>();
  #suspectsInFlight = 0;
  readonly #stopped = new AbortController();
  #stopping = false;
  #woken = false;
  #wakeUp = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
    // Each reconciliation that broke off waits on it, and Node reports more than ten listeners as a leak.
    setMaxListeners(0, this.#stopped.signal);
  }

  start(): void {
    this.#running ??= this.#run(() => false);
  }

  /** A user became due: check the queue now instead of at the next poll. */
  wake(): void {
    this.#woken = true;
    this.#wakeUp.abort();
  }

  get reconciliationsInFlight(): number {
    return this.#inFlight.size;
  }

  /** Works until `isDone` returns true. It is called when no user is due and no reconciliation runs. */
  async runUntil(isDone: () => Promise<boolean>): Promise<void> {
    this.#running = this.#run(isDone);
    await this.#running;
    await this.#settled();
  }

  /**
   * Claims no more users; running reconciliations finish. Resolves with the number that had not finished after
   * `deadlineMs` milliseconds: the leases of their users are cut to `callMs`, in which a call that is under way ends, and
   * then another process takes over.
   */
  async stop(deadlineMs: number, callMs: number): Promise<number> {
    this.#stopping = true;
    this.#stopped.abort();
    this.wake();
    const timer = new AbortController();
    // A claim in progress may still start a reconciliation, so they are counted after the loop has ended.
    const finished = Promise.resolve(this.#running).then(() => this.#settled());
    await Promise.race([finished, this.#deps.clock.delay(deadlineMs, timer.signal)]);
    timer.abort();
    const unfinished = [...this.#leases];
    const late = new AbortController();
    const cut = Promise.all(unfinished.map((lease) => this.#cut(lease, callMs)));
    await Promise.race([cut, this.#deps.clock.delay(CUT_WITHIN_MS, late.signal)]);
    late.abort();
    return unfinished.length;
  }

  async #cut(lease: Lease, callMs: number): Promise<void> {
    const { queue, clock, settings, logger } = this.#deps;
    if (callMs >= settings.leaseMs) return;
    await queue
      .renew(lease, clock.now(), callMs)
      .catch((err: unknown) =>
        logger.warn({ err, user: lease.user }, 'a lease could not be cut; it expires'),
      );
  }

  async #settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  async #run(isDone: () => boolean | Promise<boolean>): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false;
      const lease = this.#inFlight.size < this.#deps.settings.concurrency ? await this.#claim() : 'full';
      if (lease === 'full') {
        await Promise.race(this.#inFlight);
      } else if (lease === 'outage') {
        await this.#wait(OUTAGE_WAIT_MS);
      } else if (lease !== undefined) {
        this.#begin(lease);
      } else {
        if (this.#inFlight.size === 0 && (await isDone())) return;
        await this.#waitForWork();
      }
    }
  }

  async #claim(): Promise<Lease | undefined | 'outage'> {
    const { queue, clock, settings, logger } = this.#deps;
    try {
      return await queue.claim(clock.now(), settings.leaseMs, this.#filter());
    } catch (err) {
      logger.error({ err }, 'the queue could not be read; trying again');
      return 'outage';
    }
  }

  #filter(): ClaimFilter {
    return { except: [], noSuspects: this.#suspectsInFlight > 0 };
  }

  #begin(lease: Lease): void {
    this.#leases.add(lease);
    const suspects = lease.unfinished > 0 ? 1 : 0;
    this.#suspectsInFlight += suspects;
    const reconciliation = this.#reconcile(lease).finally(() => {
      this.#inFlight.delete(reconciliation);
      this.#leases.delete(lease);
      this.#suspectsInFlight -= suspects;
      this.wake();
    });
    this.#inFlight.add(reconciliation);
  }

  async #reconcile(lease: Lease): Promise<void> {
    const { reconcile, logger, onReconciliation } = this.#deps;
    try {
      // Two lines: as an argument of the optional call, it would not run without a listener.
      const result = await reconcile(lease);
      onReconciliation?.(lease, result);
    } catch (err) {
      // The log could not be written, or there is a defect: the user stays due.
      logger.error({ err, user: lease.user }, 'a reconciliation broke off');
      await this.#giveBack(lease);
    }
  }

  /**
   * Only after a wait: otherwise this process would claim the same user at once, in a tight loop. Tried for as long as an
   * outage of MongoDB may last, because a lease that is not given back counts against its user.
   */
  async #giveBack(lease: Lease): Promise<void> {
    const { queue, clock, logger, settings } = this.#deps;
    const untilMs = clock.now().getTime() + settings.maxLeaseMs;
    for (let tries = 1; ; tries += 1) {
      await clock.delay(OUTAGE_WAIT_MS, this.#stopped.signal);
      try {
        return await queue.release(lease);
      } catch (err) {
        const { user } = lease;
        if (tries === 1) logger.error({ err, user }, 'a lease could not be released; trying again');
        if (this.#stopping || clock.now().getTime() >= untilMs) return;
      }
    }
  }

  async #waitForWork(): Promise<void> {
    const { queue, clock, settings } = this.#deps;
    let ms = settings.pollMs;
    try {
      const next = await queue.nextDueAt(this.#filter());
      if (next !== undefined) ms = Math.min(ms, Math.max(1, next.getTime() - clock.now().getTime()));
    } catch {
      // The next claim fails the same way and reports it.
    }
    await this.#wait(ms);
  }

  async #wait(ms: number): Promise<void> {
    if (this.#woken || this.#stopping) return;
    this.#wakeUp = new AbortController();
    await this.#deps.clock.delay(ms, this.#wakeUp.signal);
  }
}
