/**
 * The safety net under the triggers: everyone in a tenant is looked at in batches, and whoever
 * differs becomes due. A listing is a hint only; the pass reads each due user again by id.
 */
import { UpstreamError } from '../errors.ts';
import type { ConcordEvent, EventData } from '../events/event.ts';
import type { Logger } from '../logger.ts';
import type { Clock, EventLog, Random, Trigger, WorkQueue } from '../ports.ts';
import { type AssessDeps, type AssessedTenant, assess, isDrifted } from './assess.ts';

export interface SweepDeps extends AssessDeps {
  readonly log: Pick<EventLog, 'append'>;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface SweepResult {
  readonly users: number;
  readonly drifted: number;
  /** False when the listing broke off: then nothing may be concluded about who was not in it. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** Sweeps one tenant. Never throws for a listing that broke off: that is in the result and in the log. */
export async function sweep(
  deps: SweepDeps,
  tenant: AssessedTenant,
  onProgress?: (users: number, drifted: number) => void,
): Promise<SweepResult> {
  const startedAt = deps.clock.now();
  await tell(deps, tenant, 'sweep.started', { users: null });
  let users = 0;
  let drifted = 0;
  let complete = true;
  try {
    for await (const page of tenant.directory.everyone()) {
      const found = (await assess(deps, tenant, page.users, deps.clock.now(), 'batch')).filter(isDrifted);
      const triggers = found.map(
        ({ user, auth0 }): Trigger => ({ user, tenant: tenant.id, userId: auth0.userId }),
      );
      if (triggers.length > 0) await deps.queue.markDue(triggers, deps.clock.now(), 'sweep');
      users += page.users.length;
      drifted += found.length;
      onProgress?.(users, drifted);
    }
  } catch (err) {
    if (!(err instanceof UpstreamError)) throw err;
    complete = false;
    deps.logger.error({ err, tenant: tenant.id, users }, 'a sweep broke off');
  }
  const durationMs = deps.clock.now().getTime() - startedAt.getTime();
  const result = { users, drifted, complete, durationMs };
  await tell(deps, tenant, 'sweep.finished', result);
  return result;
}

async function tell<T extends 'sweep.started' | 'sweep.finished'>(
  { log, clock, random }: SweepDeps,
  tenant: AssessedTenant,
  type: T,
  data: EventData[T],
): Promise<void> {
  const now = clock.now();
  const event = {
    _id: random.id(),
    user: null,
    tenant: tenant.id,
    type,
    at: now,
    recordedAt: now,
    cause: [],
    data,
  };
  await log.append([event as ConcordEvent]);
}
