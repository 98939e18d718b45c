/**
 * The queue in `concord.subjects`: which users are due, and which worker reconciles them.
 *
 *   idle ── markDue ──▶ due ── claim ──▶ leased ── complete ──▶ idle, or due again
 *                                               └─ drop ──▶ not there, or due again
 *
 * `due` stays where it is while the user is leased, so a lease that runs out makes the user claimable again
 * with nothing to repair. Only `due.since` and `due.causes` move to `taken` when the lease is given: what
 * `markDue` writes after that is of later triggers, which the reconciliation does not answer. `due.count` shows at the
 * end whether there were any.
 *
 * A claim adds to `unfinished`, and each way to give the lease back takes that away: what is left are reconciliations
 * that never ended.
 *
 * The holder of the token holds the lease. Times are the caller's: the database only compares them.
 */
import { randomUUID } from 'node:crypto';
import type { Db, Filter, UpdateFilter } from 'mongodb';
import type { EventId, TenantId } from '../../identity.ts';
import type { ClaimFilter, Lease, WorkQueue } from '../../ports/queue.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { collections } from '../driver/collections.ts';
import { isDuplicateKey, reading, writing } from '../driver/errors.ts';
import { showSeen } from './first-seen.ts';
import { complete, drop, release, renew, skip } from './leases.ts';
import { marking } from './marking.ts';
import {
  ofTenants,
  priorities,
  type StoredSubject,
  type Subjects,
  subjectOf,
  type TenantFilter,
  unleased,
} from './stored-subject.ts';

/**
 * With `tenants`, only their users are claimed: another process of the same database may serve others,
 * whose users this one cannot read.
 */
export function workQueue(db: Db, tenants?: readonly TenantId[]): WorkQueue {
  const mine = ofTenants(tenants);
  const subjects = db.collection<StoredSubject>(collections.subjects);
  return {
    markDue: marking(db),
    claim: (now, leaseMs, filter) => claim(subjects, { ...mine, ...only(filter) }, now, leaseMs),
    claimUser: (trigger, now, leaseMs) => claimUser(subjects, trigger, now, leaseMs),
    renew: (lease, now, leaseMs) => renew(subjects, lease, now, leaseMs),
    complete: (lease, view, observedAt, retryAt, staysSuspect) =>
      complete(subjects, lease, view, { observedAt, retryAt, staysSuspect }),
    skip: (lease) => skip(subjects, lease),
    showSeen: (seen, now) => showSeen(db, seen, now),
    drop: (lease) => drop(subjects, lease),
    release: (lease) => release(subjects, lease),
    nextDueAt: (filter) =>
      reading('find when the next user is due', () => nextDueAt(subjects, { ...mine, ...only(filter) })),
  };
}

type Only = Pick<Filter<StoredSubject>, '_id' | 'unfinished'>;

function only(filter: ClaimFilter | undefined): Only {
  return {
    ...(filter === undefined || filter.except.length === 0 ? {} : { _id: { $nin: [...filter.except] } }),
    ...(filter?.noSuspects === true ? { unfinished: { $exists: false } } : {}),
  };
}

// ── Leasing ──

const leaseProjection = {
  tenant: 1,
  userId: 1,
  due: 1,
  taken: 1,
  lease: 1,
  unfinished: 1,
  observedAt: 1,
  view: 1,
} as const;

/** Moves the first trigger's time and the causes aside. Renaming what is not there does nothing. */
function taking(token: string, until: Date): UpdateFilter<StoredSubject> {
  return {
    $set: { lease: { token, until } },
    $inc: { unfinished: 1 },
    $rename: { 'due.since': 'taken.since', 'due.causes': 'taken.causes' },
  };
}

async function claim(
  subjects: Subjects,
  mine: TenantFilter & Only,
  now: Date,
  leaseMs: number,
): Promise<Lease | undefined> {
  const [token, until] = newLease(now, leaseMs);
  const before = await writing('claim a user', () =>
    subjects.findOneAndUpdate({ 'due.at': { $lte: now }, ...unleased(now), ...mine }, taking(token, until), {
      sort: { 'due.priority': 1, 'due.at': 1 },
      returnDocument: 'before',
      projection: leaseProjection,
    }),
  );
  if (before === null) return undefined;
  const { count, routine } = before.due ?? { count: 0 };
  const lease = leaseOf(before, token, until);
  // A predecessor that did not end may have left something half done, whatever made the user due.
  return { ...lease, isRoutine: lease.unfinished === 0 && count > 0 && routine === count };
}

async function claimUser(
  subjects: Subjects,
  trigger: Trigger,
  now: Date,
  leaseMs: number,
): Promise<Lease | undefined> {
  const [token, until] = newLease(now, leaseMs);
  const { user, tenant, userId } = trigger;
  const take = (upsert: boolean): Promise<StoredSubject | null> =>
    subjects.findOneAndUpdate(
      { _id: { $eq: user }, ...unleased(now) },
      { ...taking(token, until), $setOnInsert: { tenant, userId } },
      { upsert, returnDocument: 'before', projection: leaseProjection },
    );
  const before = await writing('claim this user', async () => {
    try {
      return (await take(true)) ?? { _id: user, tenant, userId };
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // The document exists: leased by another worker, or written between our read and our insert.
      return await take(false);
    }
  });
  if (before === null) return undefined;
  const lease = leaseOf(before, token, until);
  return trigger.cause === undefined
    ? lease
    : { ...lease, causes: distinct([...lease.causes, trigger.cause]) };
}

function newLease(now: Date, leaseMs: number): [token: string, until: Date] {
  return [randomUUID(), new Date(now.getTime() + leaseMs)];
}

/** A predecessor whose lease ran out answered nothing, so what it had taken is ours to answer. */
function leaseOf(before: StoredSubject, token: string, until: Date): Lease {
  const { due, taken, unfinished = 0 } = before;
  const isTakeover = before.lease !== undefined;
  return {
    user: before._id,
    tenant: before.tenant,
    userId: before.userId,
    token,
    until,
    dueCount: due?.count ?? 0,
    dueSince: earliest(taken?.since, due?.since),
    dueLatest: due?.latest,
    isRoutine: false,
    observedAt: before.observedAt,
    causes: distinct([...(taken?.causes ?? []), ...(due?.causes ?? [])]),
    // A lease of an older version was not counted when it was given.
    unfinished: isTakeover ? Math.max(1, unfinished) : unfinished,
    isTakeover,
    shown: before.view === undefined ? undefined : subjectOf(before),
  };
}

function earliest(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

function distinct(causes: readonly EventId[]): readonly EventId[] {
  return [...new Set(causes)];
}

// ── Waiting ──

/** A leased user that is due becomes claimable when its lease ends, not before. */
async function nextDueAt(subjects: Subjects, mine: TenantFilter & Only): Promise<Date | undefined> {
  const firstFree = (priority: 0 | 1): Promise<StoredSubject | null> =>
    subjects
      .find({ 'due.priority': priority, 'due.at': { $exists: true }, lease: { $exists: false }, ...mine })
      .project<StoredSubject>({ 'due.at': 1 })
      .sort({ 'due.at': 1 })
      .limit(1)
      .next();
  const [triggered, swept, leased] = await Promise.all([
    firstFree(priorities.trigger),
    firstFree(priorities.sweep),
    subjects
      .find({ 'lease.until': { $exists: true }, 'due.at': { $exists: true }, ...mine })
      .project<StoredSubject>({ 'due.at': 1, 'lease.until': 1 })
      .toArray(),
  ]);
  const times = [triggered, swept, ...leased].flatMap((subject) => {
    const at = subject?.due?.at.getTime();
    return at === undefined ? [] : [Math.max(at, subject?.lease?.until.getTime() ?? 0)];
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
