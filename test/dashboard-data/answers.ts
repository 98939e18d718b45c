import type { OverviewAnswer } from '../../src/dashboard-data/answers/overview.ts';

/** All is well with so many users. */
export function wellAnswer(known: number, asOf: Date): OverviewAnswer {
  return {
    asOf: asOf.toISOString(),
    ...{ sync: 'Synced', health: 'Healthy', isPartial: false },
    users: {
      ...{ known, synced: known, outOfSync: 0, unknown: 0, unseen: 0, deleted: 0 },
      ...{ failing: 0, backingOff: 0, quarantined: 0, held: 0, paused: 0 },
    },
    ...{ resources: [], situations: [], failures: [], tenants: [], indexes: [], alerts: [], stale: [] },
    queue: { due: 0, oldestDueSince: null, waiting: 0 },
    ...{ lookedAt: null, upstreams: [] },
  };
}
