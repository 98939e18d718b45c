/** What `serve` does about missed log entries: all tenants, one run at a time, and a word when something changed. */
import { type PullDeps, type PulledTenant, type PullResult, pull } from '../engine/intake/pull.ts';
import type { TenantId } from '../identity.ts';
import type { Occasion } from '../ports/runs.ts';
import { occasionNow, onceForAll, type TurnDeps } from './turns.ts';

export interface Pulling {
  /**
   * Reads every tenant's log, unless another process does it for the same tick. While a run is under way it is that one.
   * Never rejects.
   */
  run(tick?: Date): Promise<void>;
  /** Resolves when no run is under way. */
  ended(): Promise<void>;
}

export interface PullListener {
  readonly onPull?: (tenant: TenantId, result: PullResult) => void;
  /** Another process has read this log, so what this one knows about it is out of date. */
  readonly onPulledElsewhere?: (tenant: TenantId) => void;
}

export function createPulling(
  deps: PullDeps & TurnDeps,
  tenants: readonly PulledTenant[],
  signal: AbortSignal,
  listener: PullListener = {},
): Pulling {
  const said = new Map<TenantId, string>();
  let running: Promise<void> | undefined;
  const pullOne = async (tenant: PulledTenant, tick: Date | undefined) => {
    const name = `pull:${tenant.id}`;
    const occasion: Occasion = tick === undefined ? await occasionNow(deps, name, false) : { tick };
    const isOurs = await onceForAll(deps, name, occasion, signal, async () => {
      const result = await pull(deps, tenant, { signal });
      say(deps, said, tenant.id, result);
      listener.onPull?.(tenant.id, result);
    });
    if (!isOurs && !signal.aborted) listener.onPulledElsewhere?.(tenant.id);
  };
  const pullAll = async (tick: Date | undefined) => {
    for (const tenant of tenants) {
      if (signal.aborted) return;
      try {
        await pullOne(tenant, tick);
      } catch (err) {
        deps.logger.error({ err, tenant: tenant.id }, "a tenant's log could not be taken in");
      }
    }
  };
  return {
    run: (tick) => {
      running ??= pullAll(tick).finally(() => {
        running = undefined;
      });
      return running;
    },
    ended: async () => running,
  };
}

/** A problem that lasts, such as a scope that was not granted, is logged once and not every few minutes. */
function say(
  { logger }: PullDeps,
  said: Map<TenantId, string>,
  tenant: TenantId,
  { gaps, ...result }: PullResult,
): void {
  const { end, failure, stream, accepted } = result;
  const fields = { tenant, ...result, gaps: gaps.map(({ cause }) => cause) };
  const standing = JSON.stringify([failure, stream, fields.gaps]);
  const isNews = said.get(tenant) !== standing;
  said.set(tenant, standing);
  const isTrouble = end === 'failed' || gaps.length > 0 || stream === 'unknown';
  if (isNews && isTrouble && end !== 'stopped') logger.warn(fields, 'a log was read, with problems');
  else if (isNews || accepted > 0) logger.info(fields, 'a log was read');
  else logger.debug(fields, 'a log was read');
}
