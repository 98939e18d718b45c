/** What the webhook does with the deliveries of log streams and event streams. */
import type { Config } from '../config/schema.ts';
import { exclusionFor } from '../config/tenants.ts';
import { ingest } from '../engine/intake/ingest.ts';
import { createStreamHeartbeat } from '../engine/intake/stream-heartbeat.ts';
import type { ServerDeps } from '../http/server.ts';
import type { ServiceObserver } from '../metrics/observer.ts';
import { traced } from '../tracing.ts';
import type { Engine } from '../wiring/engine.ts';

export function deliveriesFor(
  { pull, log, clock, logger, cursors }: Engine,
  config: Config,
  observer: Pick<ServiceObserver, 'onIngest'>,
): Pick<ServerDeps, 'tenants' | 'ingest' | 'onIngest'> {
  const heard = createStreamHeartbeat({ cursors, clock, logger });
  const taking = { ...pull, log };
  return {
    tenants: config.tenants.map((tenant) => ({
      id: tenant.id,
      keyPrefix: tenant.keyPrefix,
      excludedBy: exclusionFor(config, tenant),
      get logTokens() {
        return tenant.logTokens;
      },
      get eventTokens() {
        return tenant.eventTokens;
      },
    })),
    ingest: async (tenant, entries, unreadable, source) => {
      const taken = await traced(
        'concord.ingest',
        { 'concord.tenant': tenant.id, 'concord.entries': entries.length },
        () => ingest(taking, tenant, entries, unreadable, source),
      );
      // A delivery by an event stream does not prove that the log stream works.
      if (source.kind === 'log') void heard.delivered(tenant.id);
      return taken;
    },
    onIngest: ({ id }, result) => observer.onIngest(id, result),
  };
}
