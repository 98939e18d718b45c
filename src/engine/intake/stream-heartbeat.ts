/** Stores when each tenant's log stream last delivered, so that a stopped stream is noticed. */
import type { TenantId } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Cursors } from '../../ports/runs.ts';
import { delivered, deliveriesName, formatDeliveries, parseDeliveries } from './silence.ts';

/** Seconds do not matter here, and a write for each delivery would be most of the work. */
const KEEP_MS = 30_000;

export interface StreamHeartbeat {
  /** A stream has delivered. Never rejects; callers need not wait for it. */
  delivered(tenant: TenantId): Promise<void>;
}

export function createStreamHeartbeat(deps: {
  readonly cursors: Cursors;
  readonly clock: Clock;
  readonly logger: Logger;
}): StreamHeartbeat {
  const { cursors, clock, logger } = deps;
  const kept = new Map<TenantId, number>();
  return {
    async delivered(tenant) {
      const now = clock.now();
      const agoMs = now.getTime() - (kept.get(tenant) ?? Number.NEGATIVE_INFINITY);
      if (agoMs >= 0 && agoMs < KEEP_MS) return;
      kept.set(tenant, now.getTime());
      try {
        const name = deliveriesName(tenant);
        await cursors.set(name, formatDeliveries(delivered(parseDeliveries(await cursors.get(name)), now)));
      } catch (err) {
        // The entries are durable, and the next delivery stores its time again.
        kept.delete(tenant);
        logger.warn({ err, tenant }, 'the time of a log stream delivery could not be stored');
      }
    },
  };
}
