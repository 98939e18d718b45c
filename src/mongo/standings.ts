/** How many users stand how, by the read model: one look through all subjects, on the server. */
import type { Db, Document } from 'mongodb';
import type { TenantId } from '../identity.ts';
import type { Standings } from '../ports.ts';
import { collections } from './collections.ts';
import { reading } from './errors.ts';
import { ofTenants, type StoredSubject } from './subjects.ts';

/** Longer than a million users take; after that the server gives up and is free again. */
const maxTimeMS = 10_000;

const counted = { $sum: 1 };
const facets: Document = {
  users: [
    {
      $group: {
        _id: {
          tenant: '$tenant',
          sync: { $ifNull: ['$view.sync', 'Unknown'] },
          health: { $ifNull: ['$view.health', 'Progressing'] },
        },
        users: counted,
      },
    },
  ],
  drifted: [
    { $match: { 'view.sync': { $in: ['OutOfSync', 'Unknown'] } } },
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
  ],
  quarantined: [
    { $match: { 'view.quarantined': true } },
    { $group: { _id: { tenant: '$tenant' }, users: counted } },
  ],
};

type Grouped<Key> = readonly { readonly _id: Key; readonly users: number }[];

interface Answer {
  readonly users: Grouped<Omit<Standings['users'][number], 'users'>>;
  readonly drifted: Grouped<Omit<Standings['drifted'][number], 'users'>>;
  readonly quarantined: Grouped<Omit<Standings['quarantined'][number], 'users'>>;
}

export function standings(db: Db, tenants: readonly TenantId[]): () => Promise<Standings> {
  const subjects = db.collection<StoredSubject>(collections.subjects);
  const pipeline = [{ $match: ofTenants(tenants) }, { $facet: facets }];
  return async () => {
    const [answer] = await reading('count how users stand', () =>
      subjects.aggregate<Answer>(pipeline, { maxTimeMS }).toArray(),
    );
    const of = <Key>(groups: Grouped<Key> = []) => groups.map(({ _id, users }) => ({ ..._id, users }));
    return {
      users: of(answer?.users),
      drifted: of(answer?.drifted),
      quarantined: of(answer?.quarantined),
    };
  };
}
