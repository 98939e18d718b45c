/**
 * The lease of a user while this process works on the user: a reconciliation, or a command that changes what is stored of
 * the user. A timer renews it, however long a single call takes, up to a maximum duration: a reconciliation that hangs does
 * not keep its user for ever.
 *
 * The timer may come late, since the process may be stopped or busy. So a lease that expired is never renewed, even if it
 * is free, and `ensure` is called before every effect.
 */
import { LeaseLostError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Lease, WorkQueue } from '../../../ports/queue.ts';
import type { EngineSettings } from '../settings.ts';

export interface HoldingDeps {
  readonly queue: Pick<WorkQueue, 'renew'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: Pick<EngineSettings, 'leaseMs' | 'maxLeaseMs'>;
}

/** How often the timer renews a lease before it would end: two renewals may fail. */
const RENEWALS = 3;
/** How much of a lease must be left before an effect begins; with less it is renewed first. */
const MARGIN = 0.5;
/** Milliseconds after which a failed renewal is tried again. */
const RETRY_MS = 2_000;

export class HeldLease {
  readonly #deps: HoldingDeps;
  readonly #ended = new AbortController();
  /** The latest end of the lease, in milliseconds. */
  readonly #latestMs: number;
  #lease: Lease;
  #lost: LeaseLostError | undefined;

  constructor(deps: HoldingDeps, lease: Lease) {
    this.#deps = deps;
    this.#lease = lease;
    this.#latestMs = deps.clock.now().getTime() + deps.settings.maxLeaseMs;
  }

  get current(): Lease {
    return this.#lease;
  }

  /** Starts the timer, which runs while `work` does. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    void this.#renewInTime();
    try {
      return await work();
    } finally {
      this.#ended.abort();
    }
  }

  /**
   * Throws LeaseLostError where too little of the lease is left for an effect: others may have changed the user since, so
   * what was read before is not valid. The next reconciliation reads again.
   */
  async ensure(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    const { clock, settings } = this.#deps;
    const marginMs = settings.leaseMs * MARGIN;
    if (this.#leftMs() >= marginMs) return;
    const { user } = this.#lease;
    if (this.#latestMs - clock.now().getTime() < marginMs)
      throw new LeaseLostError(`The lease on ${user} was held for as long as engine.maxLeaseMs allows`);
    if (this.#leftMs() > 0) await this.#renew();
    // Checked again, because the answer may have taken longer than the lease.
    if (this.#leftMs() <= 0) throw new LeaseLostError(`The lease on ${user} expired`);
  }

  #leftMs(): number {
    return this.#lease.until.getTime() - this.#deps.clock.now().getTime();
  }

  async #renew(): Promise<void> {
    const { queue, clock, settings } = this.#deps;
    const now = clock.now();
    const forMs = Math.min(settings.leaseMs, this.#latestMs - now.getTime());
    this.#lease = await queue.renew(this.#lease, now, forMs);
  }

  async #renewInTime(): Promise<void> {
    const { clock, settings, logger } = this.#deps;
    const everyMs = settings.leaseMs / RENEWALS;
    let waitMs = everyMs;
    for (;;) {
      await clock.timer(waitMs, this.#ended.signal);
      if (this.#ended.signal.aborted || this.#leftMs() <= 0) return;
      if (this.#lease.until.getTime() >= this.#latestMs) {
        const { user } = this.#lease;
        logger.error(
          { user, maxLeaseMs: settings.maxLeaseMs },
          'the work on a user takes longer than engine.maxLeaseMs; if it hangs, this process works on the user again only after a restart',
        );
        return;
      }
      waitMs = everyMs;
      try {
        await this.#renew();
      } catch (err) {
        if (err instanceof LeaseLostError) {
          this.#lost = err;
          return;
        }
        logger.warn({ err, user: this.#lease.user }, 'a lease could not be renewed; trying again');
        waitMs = Math.min(everyMs, RETRY_MS);
      }
    }
  }
}
