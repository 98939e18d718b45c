/** Sweeps that the service runs of itself: at start, and when it is known that something was missed. */
import { sweepInTurn } from '../engine/sweep/sweep-in-turn.ts';
import type { TenantId } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Engine } from '../wiring/engine.ts';

export interface Sweeping {
  /** Starts a sweep, after the current one: that may have passed the users who are concerned by what was missed. */
  soon(): void;
  /** Resolves when none is under way; with the signal aborted none is begun any more. */
  ended(): Promise<void>;
}

type OnSweepProgress = (tenant: TenantId, users: number, drifted: number) => void;

export function createSweeping(
  engine: Engine,
  logger: Logger,
  signal: AbortSignal,
  onProgress?: OnSweepProgress,
): Sweeping {
  let last: Promise<void> = Promise.resolve();
  let isWaiting = false;
  const run = async () => {
    isWaiting = false;
    if (signal.aborted) return;
    try {
      await sweepAll(engine, logger, signal, onProgress);
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

/** Sweeps tenant by tenant. When it is stopped, the current sweep stops where it is. */
export async function sweepAll(
  engine: Engine,
  logger: Logger,
  signal: AbortSignal,
  onProgress?: OnSweepProgress,
): Promise<void> {
  for (const tenant of engine.tenants) {
    const end = await sweepInTurn(engine.sweep, tenant, {
      signal,
      onProgress: (users, drifted) => onProgress?.(tenant.id, users, drifted),
    });
    switch (end.type) {
      case 'over': {
        const { type: _over, halts, ...result } = end;
        logger.info({ tenant: tenant.id, ...result, halted: halts.map(({ kind }) => kind) }, 'a sweep ended');
        break;
      }
      case 'stopped':
        logger.info(
          { tenant: tenant.id, users: end.users },
          'a sweep was stopped; the next goes on from there',
        );
        return;
      case 'under-way':
        logger.info({ tenant: tenant.id, until: end.until }, 'another process sweeps this tenant');
    }
  }
}
