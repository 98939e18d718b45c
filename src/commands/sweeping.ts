/** Sweeps that the service runs of itself: at start, and when it is known that something was missed. */
import { sweep } from '../engine/sweep.ts';
import type { Logger } from '../logger.ts';
import type { Engine } from '../wire.ts';

export interface Sweeping {
  /** A sweep, after one that is under way: that one may have passed whoever is concerned by what was missed. */
  soon(): void;
  /** Resolves when none is under way; with the signal aborted none is begun any more. */
  ended(): Promise<void>;
}

export function createSweeping(
  engine: Engine,
  logger: Logger,
  onDue: () => void,
  signal: AbortSignal,
): Sweeping {
  let last: Promise<void> = Promise.resolve();
  let isWaiting = false;
  const run = async () => {
    isWaiting = false;
    if (signal.aborted) return;
    try {
      await sweepAll(engine, logger);
      onDue();
    } catch (err) {
      logger.error({ err }, 'a sweep failed; the next one is on the schedule');
    }
  };
  return {
    soon() {
      if (isWaiting) return;
      isWaiting = true;
      last = last.then(run);
    },
    ended: () => last,
  };
}

export async function sweepAll(engine: Engine, logger: Logger): Promise<void> {
  for (const tenant of engine.tenants) {
    const { halts, ...result } = await sweep(engine.sweep, tenant);
    logger.info({ tenant: tenant.id, ...result, halted: halts.map(({ kind }) => kind) }, 'a sweep ended');
  }
}
