/** How everybody stands, in short: counted in an index, or read of those who are in trouble. */
import type { Filter } from 'mongodb';
import type { TenantId } from '../identity.ts';
import type { StandingReader, Sync, Troubled } from '../ports.ts';
import { collections } from './collections.ts';
import type { ReadableDb } from './connection.ts';
import { reading } from './errors.ts';
import { ANY_PRIORITY, ofTenants, type StoredSubject } from './subjects.ts';

const projection = {
  tenant: 1,
  'due.at': 1,
  'view.health': 1,
  'view.attempts': 1,
  'view.quarantined': 1,
  'view.failure': 1,
  'view.conditions.type': 1,
  'view.conditions.status': 1,
  'view.conditions.reason': 1,
  'view.conditions.held': 1,
  'view.conditions.since': 1,
} as const;

export function standingReader(db: ReadableDb, tenants: readonly TenantId[]): StandingReader {
  const subjects = db.collection<StoredSubject>(collections.subjects);
  const mine = ofTenants(tenants);
  const inSync = (sync: Sync): Filter<StoredSubject> => ({ 'view.sync': { $eq: sync }, ...mine });
  return {
    counts: (now) =>
      reading('count how users stand', async () => {
        const unseen = {
          ...ANY_PRIORITY,
          'due.at': { $exists: true },
          'view.sync': { $exists: false },
          ...mine,
        };
        const [synced, outOfSync, unknown, unlooked, waiting] = await Promise.all([
          subjects.countDocuments(inSync('Synced')),
          subjects.countDocuments(inSync('OutOfSync')),
          subjects.countDocuments(inSync('Unknown')),
          subjects.countDocuments(unseen),
          subjects.countDocuments({ ...ANY_PRIORITY, 'due.at': { $gt: now }, ...mine }),
        ]);
        return { synced, outOfSync, unknown, unseen: unlooked, waiting };
      }),

    troubled: (limit) =>
      reading('read who is in trouble', async () => {
        const ask = (filter: Filter<StoredSubject>): Promise<StoredSubject[]> =>
          subjects
            .find(filter, { projection, batchSize: limit + 1 })
            .limit(limit)
            .toArray();
        const found = await Promise.all([
          ask({ ...inSync('Synced'), 'view.health': 'Degraded' }),
          ask(inSync('OutOfSync')),
          ask(inSync('Unknown')),
        ]);
        return found.flat().slice(0, limit).map(troubledOf);
      }),
  };
}

function troubledOf({ _id, tenant, due, view = {} }: StoredSubject): Troubled {
  return {
    user: _id,
    tenant,
    health: view.health ?? 'Progressing',
    conditions: view.conditions ?? [],
    attempts: view.attempts ?? 0,
    quarantined: view.quarantined ?? false,
    failure: view.failure,
    dueAt: due?.at,
  };
}
