/** How many users stand how, by the read model: one look through all subjects, on the server. */
import type { Db, Document } from 'mongodb';
import type { TenantId } from '../identity.ts';
import type { Standings } from '../ports.ts';
import { collections } from './collections.ts';
import { reading } from './errors.ts';
import { ofTenants, type StoredSubject } from './subjects.ts';

/** Longer than a million users take; after that the server gives up and is free again. */
const maxTimeMS = 25_000;

const counted = { $sum: 1 };

const byStanding: Document = {
  $group: {
    _id: {
      tenant: '$tenant',
      sync: { $ifNull: ['$view.sync', 'Unknown'] },
      health: { $ifNull: ['$view.health', 'Progressing'] },
      quarantined: { $eq: ['$view.quarantined', true] },
    },
    users: counted,
  },
};

const bySituation: readonly Document[] = [
  { $project: { tenant: 1, 'view.conditions': 1 } },
  { $unwind: '$view.conditions' },
  { $match: { 'view.conditions.status': { $ne: 'True' } } },
  {
    $group: {
      _id: {
        tenant: '$tenant',
        resource: '$view.conditions.type',
        reason: '$view.conditions.reason',
        held: '$view.conditions.held',
      },
      users: counted,
    },
  },
];

interface Grouped<Key> {
  readonly _id: Key;
  readonly users: number;
}

export function standings(db: Db, tenants: readonly TenantId[]): () => Promise<Standings> {
  const subjects = db.collection<StoredSubject>(collections.subjects);
  const mine = ofTenants(tenants);
  const unsettled = { ...mine, 'view.sync': { $in: ['OutOfSync', 'Unknown'] } };
  // As they lie: an index on the tenant would lead to every document all the same, one by one. And two questions
  // rather than one with facets, which copies each document for each of them and takes several times as long.
  const ask = <Key>(pipeline: readonly Document[]): Promise<Grouped<Key>[]> =>
    reading('count how users stand', () =>
      subjects.aggregate<Grouped<Key>>([...pipeline], { maxTimeMS, hint: { $natural: 1 } }).toArray(),
    );
  return async () => {
    const [users, drifted] = await Promise.all([
      ask<Omit<Standings['users'][number], 'users'>>([{ $match: mine }, byStanding]),
      ask<Omit<Standings['drifted'][number], 'users'>>([{ $match: unsettled }, ...bySituation]),
    ]);
    const flat = <Key>(groups: readonly Grouped<Key>[]) =>
      groups.map(({ _id, users: count }) => ({ ..._id, users: count }));
    return { users: flat(users), drifted: flat(drifted) };
  };
}
