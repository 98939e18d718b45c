/** Concord's webhook in a process of its own, wired as `serve` wires it, with nobody who converges. */

import { ingest } from '../../src/engine/intake/ingest.ts';
import { createServer } from '../../src/http/server.ts';
import { createLogger } from '../../src/logger.ts';
import { connect } from '../../src/mongo/driver/connection.ts';
import { eventLog } from '../../src/mongo/log/event-log.ts';
import { ignoredTotals } from '../../src/mongo/log/ignored.ts';
import { rejects } from '../../src/mongo/log/rejects.ts';
import { workQueue } from '../../src/mongo/subjects/work-queue.ts';
import { systemClock } from '../../src/wiring/system.ts';
import { serveAsChild } from './child.ts';
import { TENANT } from './entries.ts';
import type { ServerStart } from './servers.ts';

serveAsChild(async (options) => {
  const { uri, database, token } = options as ServerStart;
  const connection = connect({ uri, database, appName: 'concord-bench' });
  const { db } = connection;
  const deps = {
    log: eventLog(db),
    rejects: rejects(db),
    ignored: ignoredTotals(db),
    queue: workQueue(db),
    clock: systemClock,
  };
  const server = createServer({
    tenants: [{ ...TENANT, logTokens: [token] }],
    ingest: (tenant, entries, unreadable) => ingest(deps, tenant, entries, unreadable),
    ready: () => connection.ping(1_000),
    // The level it has in production.
    log: createLogger({ level: 'info' }),
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `${url}/webhooks/auth0/${TENANT.id}`,
    close: async () => {
      await server.close();
      await connection.close();
    },
  };
});
