/** What `serve` does about missed log entries: all tenants, one run at a time, and a word when something changed. */
import { type PullDeps, type PulledTenant, type PullResult, pull } from '../engine/intake/pull.ts';
import type { TenantId } from '../identity.ts';

export interface Pulling {
  /** Reads every tenant's log. While a run is under way it is that one. Never rejects. */
  run(): Promise<void>;
  /** Resolves when no run is under way. */
  ended(): Promise<void>;
}

export function createPulling(
  deps: PullDeps,
  tenants: readonly PulledTenant[],
  signal: AbortSignal,
  onPull?: (tenant: TenantId, result: PullResult) => void,
): Pulling {
  const said = new Map<TenantId, string>();
  let running: Promise<void> | undefined;
  const pullAll = async () => {
    for (const tenant of tenants) {
      if (signal.aborted) return;
      try {
        const result = await pull(deps, tenant, { signal });
        say(deps, said, tenant.id, result);
        onPull?.(tenant.id, result);
      } catch (err) {
        deps.logger.error({ err, tenant: tenant.id }, "a tenant's log could not be taken in");
      }
    }
  };
  return {
    run: () => {
      running ??= pullAll().finally(() => {
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
