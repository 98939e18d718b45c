/**
 * Users by status, in pages by key. The wanted users are either nearly all, and then the first page
 * is soon full, or in trouble, and then the index on standing leads there: every filter names the standings that it
 * implies, and the server tries which way is shorter.
 */
import type { Filter } from 'mongodb';
import type { TenantId } from '../../identity.ts';
import type { Health, Sync, UserFilter, UserPages } from '../../ports/subjects.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';
import { ofTenants, type StoredSubject, subjectOf } from './stored-subject.ts';

/** A person waits for the page. */
const maxTimeMS = 5_000;

const projection = {
  tenant: 1,
  userId: 1,
  'due.at': 1,
  ...{ 'view.code': 1, 'view.did': 1, 'view.accountHandle': 1 },
  ...{ 'view.sync': 1, 'view.health': 1, 'view.attempts': 1, 'view.quarantined': 1, 'view.conditions': 1 },
} as const;

export function userPages(db: ReadableDb, tenants: readonly TenantId[]): UserPages {
  const subjects = db.collection<StoredSubject>(collections.subjects);
  return {
    page: (filter, after, limit, now) =>
      reading('list users', async () => {
        const beyond = after === undefined ? [] : [{ _id: { $gt: after } }];
        const found = await subjects
          .find(
            { $and: [ofTenants(tenants), ...beyond, ...wanted(filter, now)] },
            {
              ...{ projection, maxTimeMS, batchSize: limit + 1 },
              // No index leads to those without a view, and one by one by key takes twice as long as all as they lie.
              ...(filter.situation === 'unseen' ? { hint: { $natural: 1 } } : {}),
            },
          )
          .sort({ _id: 1 })
          .limit(limit)
          .toArray();
        return found.map(subjectOf);
      }),
  };
}

const EVERYONE_SEEN: Filter<StoredSubject> = { 'view.sync': { $in: ['Synced', 'OutOfSync', 'Unknown'] } };
const UNSETTLED: Filter<StoredSubject> = { 'view.sync': { $in: ['OutOfSync', 'Unknown'] } };
/** A user whose reconciliations fail becomes degraded, also where every resource is in sync. */
const TROUBLED: Filter<StoredSubject> = {
  $or: [UNSETTLED, { 'view.sync': 'Synced' satisfies Sync, 'view.health': 'Degraded' }],
};
const DELETED = 'Deleted' satisfies Health;
const LIVING: Filter<StoredSubject> = { 'view.health': { $ne: DELETED } };
const FAILING: Filter<StoredSubject> = { 'view.failure': { $exists: true }, 'view.attempts': { $gt: 0 } };

function wanted(filter: UserFilter, now: Date): Filter<StoredSubject>[] {
  const { among, tenant, sync, health, situation, resource, reason } = filter;
  const isNot = {
    status: { $ne: 'True' },
    ...(resource === undefined ? {} : { type: resource }),
    ...(reason === undefined ? {} : { reason: { $eq: reason } }),
  };
  return [
    ...(among === undefined ? [] : [{ _id: { $in: [...among] } }]),
    ...(tenant === undefined ? [] : [{ tenant: { $eq: tenant } }]),
    ...(sync === undefined ? [] : [{ 'view.sync': { $eq: sync } }]),
    ...(sync === undefined || health !== undefined || situation === 'deleted' ? [] : [LIVING]),
    ...(health === undefined ? [] : [EVERYONE_SEEN, { 'view.health': { $eq: health } }]),
    ...(situation === undefined ? [] : inSituation(situation, now)),
    ...((resource ?? reason) === undefined ? [] : [UNSETTLED, { 'view.conditions': { $elemMatch: isNot } }]),
  ];
}

function inSituation(situation: NonNullable<UserFilter['situation']>, now: Date): Filter<StoredSubject>[] {
  switch (situation) {
    case 'failing':
      return [TROUBLED, FAILING];
    case 'backing-off':
      return [TROUBLED, FAILING, { 'due.at': { $gt: now } }];
    case 'quarantined':
      return [TROUBLED, { 'view.quarantined': true }];
    case 'held':
      return [UNSETTLED, { 'view.conditions.held': true }];
    case 'paused':
      return [UNSETTLED, { 'view.conditions.type': 'pause' }];
    case 'deleted':
      return [EVERYONE_SEEN, { 'view.health': DELETED }];
    case 'unseen':
      return [{ 'view.sync': { $exists: false } }];
  }
}
