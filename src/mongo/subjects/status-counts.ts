/**
 * The status of all users, by the read model: counted in an index, or grouped by the server, which returns what those
 * in trouble have in common and not the users.
 */
import type { Document, Filter } from 'mongodb';
import type { TenantId, UserKey } from '../../identity.ts';
import type { AffectedUser, StatusCounts, StatusReader } from '../../ports/status-counts.ts';
import type { Health, Sync } from '../../ports/subjects.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';
import { ANY_PRIORITY, ofTenants, type StoredSubject } from './stored-subject.ts';

/** Longer than a million users in trouble take; after that the server gives up and is free again. */
const maxTimeMS = 25_000;

/**
 * All these queries look alike to the server, which would answer each with the plan that was best for the last one,
 * and read all users: so each names its index.
 */
const BY_STANDING = { 'view.sync': 1, 'view.health': 1, tenant: 1 };
const BY_TENANT = { tenant: 1, _id: 1 };

const SYNCS: readonly Sync[] = ['Synced', 'OutOfSync', 'Unknown'];
const HEALTHS: readonly Health[] = [
  ...(['Healthy', 'Progressing', 'Degraded', 'Suspended'] as const),
  ...(['Deleted', 'Excluded'] as const),
];

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

export function statusReader(db: ReadableDb, tenants: readonly TenantId[]): StatusReader {
  const subjects = db.collection<StoredSubject>(collections.subjects);
  const mine = ofTenants(tenants);
  const unsettled = { 'view.sync': { $in: ['OutOfSync', 'Unknown'] satisfies Sync[] }, ...mine };
  const failingAll = { 'view.sync': { $eq: 'Synced' as const }, 'view.health': 'Degraded' as const, ...mine };

  const count = (filter: Filter<StoredSubject>, hint?: Document): Promise<number> =>
    reading('count users by status', () =>
      subjects.countDocuments(filter, { maxTimeMS, ...(hint === undefined ? {} : { hint }) }),
    );

  /** Of each kind by itself, which is a stretch of the index on standing from one end to the other. */
  async function counted(tenant: TenantId): Promise<Pick<StatusCounts, 'seen' | 'unseen'>> {
    const kinds = SYNCS.flatMap((sync) => HEALTHS.map((health) => ({ sync, health })));
    const [known, ...counts] = await Promise.all([
      count({ tenant: { $eq: tenant } }, BY_TENANT),
      ...kinds.map(({ sync, health }) =>
        count(
          { 'view.sync': { $eq: sync }, 'view.health': { $eq: health }, tenant: { $eq: tenant } },
          BY_STANDING,
        ),
      ),
    ]);
    const seen = kinds.flatMap((kind, at) => {
      const users = counts[at] ?? 0;
      return users === 0 ? [] : [{ tenant, ...kind, users }];
    });
    // A user whose first reconciliation ends between two counts is in both.
    const users = Math.max(0, known - seen.reduce((sum, kind) => sum + kind.users, 0));
    return { seen, unseen: users === 0 ? [] : [{ tenant, users }] };
  }

  const grouped = <Group extends Document>(
    match: Document,
    limit: number | undefined,
    pipeline: Parameters<ReturnType<ReadableDb['collection']>['aggregate']>[0],
  ): Promise<Group[]> =>
    reading('group users by problem', () =>
      subjects
        .aggregate<Group>(
          [{ $match: match }, ...(limit === undefined ? [] : [{ $limit: limit }]), ...pipeline],
          {
            maxTimeMS,
          },
        )
        .toArray(),
    );

  return {
    async counts(now, limit) {
      const [counts, waiting, situations, affected] = await Promise.all([
        Promise.all(tenants.map(counted)),
        count({ ...ANY_PRIORITY, 'due.at': { $gt: now }, ...mine }),
        grouped<Situation>(unsettled, limit, bySituation),
        grouped<Trouble>({ $or: [unsettled, failingAll] }, limit, byTrouble(now)),
      ]);
      const seen = counts.flatMap((of) => of.seen);
      const inTrouble = seen.filter(({ sync, health }) => sync !== 'Synced' || health === 'Degraded');
      return {
        ...{ seen, unseen: counts.flatMap((of) => of.unseen), waiting },
        situations: situations.map(({ _id, users, eldest }) => ({
          ...{ ..._id, users, message: eldest.message, ...exampleOf(eldest) },
        })),
        affected: affected.map(troubleOf),
        isPartial: limit !== undefined && inTrouble.reduce((sum, { users }) => sum + users, 0) > limit,
      };
    },

    affected: (limit) =>
      reading('list users with a problem', async () => {
        const ask = (filter: Filter<StoredSubject>): Promise<StoredSubject[]> =>
          subjects
            .find(filter, { projection, batchSize: limit + 1 })
            .limit(limit)
            .toArray();
        const found = await Promise.all([ask(failingAll), ask(unsettled)]);
        return found.flat().slice(0, limit).map(troubledOf);
      }),
  };
}

interface Eldest {
  readonly since: string;
  readonly user: UserKey;
  readonly message: string;
}

interface Situation {
  readonly _id: Pick<
    StatusCounts['situations'][number],
    'tenant' | 'resource' | 'reason' | 'held' | 'deleted'
  >;
  readonly users: number;
  readonly eldest: Eldest;
}

interface Trouble {
  readonly _id: Omit<StatusCounts['affected'][number], 'users' | 'failure'> &
    Partial<Pick<NonNullable<AffectedUser['failure']>, 'code' | 'upstream'>>;
  readonly users: number;
  readonly eldest: Eldest;
}

const users = { $sum: 1 };

const bySituation = [
  {
    $project: {
      tenant: 1,
      deleted: { $eq: ['$view.health', 'Deleted' satisfies Health] },
      wrong: {
        $filter: {
          input: { $ifNull: ['$view.conditions', []] },
          as: 'one',
          cond: { $ne: ['$$one.status', 'True'] },
        },
      },
    },
  },
  { $unwind: '$wrong' },
  {
    $group: {
      _id: {
        tenant: '$tenant',
        resource: '$wrong.type',
        reason: '$wrong.reason',
        held: '$wrong.held',
        deleted: '$deleted',
      },
      users,
      // By what comes first, and then by what comes next.
      eldest: { $min: { since: '$wrong.since', user: '$_id', message: '$wrong.message' } },
    },
  },
];

function byTrouble(now: Date) {
  const conditionsHave = (field: string, value: unknown) => ({
    $in: [value, { $ifNull: [`$view.conditions.${field}`, []] }],
  });
  const failed = (field: string) => ({
    $cond: [{ $gt: ['$view.attempts', 0] }, `$view.failure.${field}`, '$none'],
  });
  return [
    {
      $group: {
        _id: {
          tenant: '$tenant',
          code: failed('code'),
          upstream: failed('upstream'),
          waits: { $gt: ['$due.at', now] },
          quarantined: { $eq: ['$view.quarantined', true] },
          held: conditionsHave('held', true),
          paused: conditionsHave('type', 'pause'),
        },
        users,
        eldest: { $min: { since: '$view.failure.since', user: '$_id', message: '$view.failure.message' } },
      },
    },
  ];
}

function troubleOf({ _id, users: count, eldest }: Trouble): StatusCounts['affected'][number] {
  const { code, upstream = null, ...kind } = _id;
  const failure =
    code === undefined ? undefined : { code, upstream, message: eldest.message, ...exampleOf(eldest) };
  return { ...kind, users: count, failure };
}

function exampleOf({ user, since }: Eldest): { readonly example: UserKey; readonly since: Date } {
  return { example: user, since: new Date(since) };
}

function troubledOf({ _id, tenant, due, view = {} }: StoredSubject): AffectedUser {
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
