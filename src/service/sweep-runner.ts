/** Sweeps that the service runs of itself: by its schedule, at start, and when it is known that something was missed. */
import type { AssessedTenant } from '../engine/reconcile/read-side.ts';
import { sweep, sweepName } from '../engine/sweep/sweep.ts';
import type { SweepEnd } from '../engine/sweep/sweep-result.ts';
import type { TenantId } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Engine } from '../wiring/engine.ts';
import { inTurn, occasionNow } from './turns.ts';

/** A tick of the schedule, or why else a sweep is wanted. */
export type SweepReason = 'start' | 'missed' | { readonly tick: Date };

export interface Sweeping {
  /** Starts a sweep, after the current one. */
  soon(reason: 'start' | 'missed'): void;
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
  let waiting: 'start' | 'missed' | undefined;
  const run = async () => {
    const reason = waiting ?? 'start';
    waiting = undefined;
    if (signal.aborted) return;
    try {
      await sweepAll(engine, reason, logger, signal, onProgress);
    } catch (err) {
      logger.error({ err }, 'a sweep failed; the next one is on the schedule');
    }
  };
  return {
    soon(reason) {
      const isWaiting = waiting !== undefined;
      if (waiting !== 'missed') waiting = reason;
      if (!isWaiting) last = last.then(run);
    },
    ended: () => last,
  };
}

/** Sweeps tenant by tenant, each unless another process does. When it is stopped, the current sweep stops where it is. */
export async function sweepAll(
  engine: Engine,
  reason: SweepReason,
  logger: Logger,
  signal: AbortSignal,
  onProgress?: OnSweepProgress,
): Promise<void> {
  for (const tenant of engine.tenants) {
    const end = await sweepOne(engine, tenant, reason, signal, onProgress);
    if (end === 'stopped') return;
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
      case 'done-before':
        logger.debug({ tenant: tenant.id }, 'another process swept this tenant');
    }
  }
}

async function sweepOne(
  { sweep: deps }: Engine,
  tenant: AssessedTenant,
  reason: SweepReason,
  signal: AbortSignal,
  onProgress: OnSweepProgress | undefined,
): Promise<Exclude<SweepEnd, { type: 'under-way' }> | 'stopped'> {
  const occasion =
    typeof reason === 'object' ? reason : await occasionNow(deps, sweepName(tenant.id), reason === 'missed');
  return inTurn(deps, signal, async () => {
    const end = await sweep(deps, tenant, {
      ...{ signal, occasion },
      onProgress: (users, drifted) => onProgress?.(tenant.id, users, drifted),
    });
    return end.type === 'under-way' ? { heldUntil: end.until } : { result: end };
  });
}
