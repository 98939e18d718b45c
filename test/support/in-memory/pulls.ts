/** A tenant with a log, and runs that read it. */

import { openGaps } from '../../../src/engine/intake/gaps.ts';
import { type PullOptions, type PullResult, pull } from '../../../src/engine/intake/pull.ts';
import type { LogStream } from '../../../src/ports/auth0.ts';
import { tenant } from '../../mongo/subjects/people.ts';
import { inMemoryCursors } from './cursors.ts';
import type { PortCall } from './hooks.ts';
import { inMemoryIgnored } from './ignored.ts';
import { inMemoryRejects } from './rejects.ts';
import { inMemoryTenantLogs } from './tenant-logs.ts';
import { createWorld, type World } from './world.ts';

export const STREAM: LogStream = {
  id: 'lst_1',
  status: 'active',
  endpoint: `https://concord.example.com/webhooks/auth0/${tenant}`,
};

export function tenantWithLog(logRetentionDays?: number) {
  const world = createWorld();
  const { hooks, log, queue, clock, random } = world;
  const logs = inMemoryTenantLogs(clock, hooks);
  const deps = {
    log,
    queue,
    clock,
    random,
    logger: world.deps.logger,
    rejects: inMemoryRejects(hooks),
    ignored: inMemoryIgnored(hooks),
    cursors: inMemoryCursors(hooks),
  };
  const of = { id: tenant, keyPrefix: '', logs, logRetentionDays };
  return {
    world,
    logs,
    deps,
    of,
    run: (options?: PullOptions): Promise<PullResult> => pull(deps, of, options),
    causes: async () => (await openGaps(log, tenant)).map(({ cause }) => cause),
  };
}

/** Fails every call of this kind from now on, or only the first; undone by what is returned. */
export function failing(
  world: World,
  failure: { at: string; error: Error; once?: boolean; after?: boolean },
) {
  const strike = ({ port, method }: PortCall) => {
    if (`${port}.${method}` !== failure.at) return;
    if (failure.once === true) mend();
    throw failure.error;
  };
  const mend = () => {
    world.hooks.before = undefined;
    world.hooks.after = undefined;
  };
  if (failure.after === true) world.hooks.after = strike;
  else world.hooks.before = strike;
  return mend;
}
