/**
 * What the holder of a lease may do with it: extend it, end the reconciliation, or give it back. Every write names the
 * token, so of two that believe they hold a user one writes and the other learns that it does not.
 */
import type { Document } from 'mongodb';
import { LeaseLostError } from '../../errors.ts';
import type { UserKey } from '../../identity.ts';
import type { Lease } from '../../ports/queue.ts';
import type { SubjectView } from '../../ports/subjects.ts';
import { writing } from '../driver/errors.ts';
import { maxCauses, priorities, SEARCHED_BY_NOTHING, type Subjects, searchUpdate } from './stored-subject.ts';

export async function renew(subjects: Subjects, lease: Lease, now: Date, leaseMs: number): Promise<Lease> {
  const until = new Date(now.getTime() + leaseMs);
  const renewed = await writing('renew a lease', () =>
    subjects.updateOne(held(lease), { $set: { 'lease.until': until } }),
  );
  if (renewed.matchedCount === 0) throw lost(lease);
  return { ...lease, until };
}

/** What a subject has while it is leased. */
const HELD = { lease: true, taken: true } as const;
const GIVEN_BACK = { ...HELD, unfinished: true } as const;

interface Completion {
  readonly observedAt: Date | undefined;
  readonly retryAt: Date | undefined;
  readonly staysSuspect: boolean | undefined;
}

/**
 * Two updates at most, because MongoDB 4.0 cannot choose within one. Between them only `due.count` can grow,
 * which leaves the second one right.
 */
export async function complete(
  subjects: Subjects,
  lease: Lease,
  view: SubjectView,
  { observedAt, retryAt, staysSuspect = false }: Completion,
): Promise<void> {
  const searched = searchUpdate(view);
  const seen = {
    view,
    ...(observedAt === undefined ? {} : { observedAt }),
    ...(staysSuspect ? { unfinished: 1 } : {}),
    ...searched.$set,
  };
  const gone: Document = { ...(staysSuspect ? HELD : GIVEN_BACK), ...searched.$unset };
  const asTaken =
    lease.dueCount === 0 ? { due: { $exists: false } } : { 'due.count': { $eq: lease.dueCount } };

  const ended = await writing('complete a reconciliation', () =>
    subjects.updateOne(
      { ...held(lease), ...asTaken },
      {
        $set: { ...seen, ...(retryAt === undefined ? {} : retryOf(lease, retryAt)) },
        $unset: { ...gone, ...(retryAt === undefined ? { due: true } : notRoutine(lease)) },
      },
    ),
  );
  if (ended.matchedCount === 1) return;

  // Marked due again meanwhile, so it stays due; a failed one leaves what it did not answer to the next one.
  const leftDue = await writing('complete a reconciliation', () =>
    subjects.updateOne(held(lease), {
      $set: seen,
      $unset: { ...gone, ...(retryAt === undefined ? {} : { 'due.routine': true }) },
      ...(retryAt === undefined ? {} : restored(lease, { 'due.at': retryAt })),
    }),
  );
  if (leftDue.matchedCount === 0) throw lost(lease);
}

/** A retry is for a reason of its own, whatever made the user due before it. */
function notRoutine({ dueCount }: Lease): Document {
  return dueCount === 0 ? {} : { 'due.routine': true };
}

/** What was marked due meanwhile stays, and counts as it was counted. */
export async function skip(subjects: Subjects, lease: Lease): Promise<void> {
  const ended = await writing('skip a user', () =>
    subjects.updateOne(
      { ...held(lease), 'due.count': { $eq: lease.dueCount } },
      { $unset: { ...GIVEN_BACK, due: true } },
    ),
  );
  if (ended.matchedCount === 1) return;
  const leftDue = await writing('skip a user', () => subjects.updateOne(held(lease), { $unset: GIVEN_BACK }));
  if (leftDue.matchedCount === 0) throw lost(lease);
}

/** Two writes at most, as in `complete`. */
export async function drop(subjects: Subjects, lease: Lease): Promise<void> {
  const asTaken =
    lease.dueCount === 0 ? { due: { $exists: false } } : { 'due.count': { $eq: lease.dueCount } };
  const dropped = await writing('drop a user', () => subjects.deleteOne({ ...held(lease), ...asTaken }));
  if (dropped.deletedCount === 1) return;
  const leftDue = await writing('drop a user', () =>
    subjects.updateOne(held(lease), {
      $unset: { ...GIVEN_BACK, view: true, observedAt: true, ...SEARCHED_BY_NOTHING },
    }),
  );
  if (leftDue.matchedCount === 0) throw lost(lease);
}

/** `since` stays that of the first trigger, so that latency counts from there however many reconciliations fail. */
function retryOf(lease: Lease, retryAt: Date): Document {
  if (lease.dueCount === 0) {
    const causes = lease.causes.slice(-maxCauses);
    return {
      due: { at: retryAt, priority: priorities.trigger, count: 1, ...(causes.length > 0 ? { causes } : {}) },
    };
  }
  return {
    'due.at': retryAt,
    ...(lease.dueSince === undefined ? {} : { 'due.since': lease.dueSince }),
    ...(lease.causes.length === 0 ? {} : { 'due.causes': lease.causes.slice(-maxCauses) }),
  };
}

/** Puts back what the lease had taken from `due`, before whatever was added since. */
function restored(lease: Lease, earliestTimes: Document = {}): Document {
  const times = {
    ...earliestTimes,
    ...(lease.dueSince === undefined ? {} : { 'due.since': lease.dueSince }),
  };
  return {
    ...(Object.keys(times).length === 0 ? {} : { $min: times }),
    ...(lease.causes.length === 0
      ? {}
      : { $push: { 'due.causes': { $each: [...lease.causes], $position: 0, $slice: -maxCauses } } }),
  };
}

/**
 * Not being ours any more is no error here: what release promises is that we do not hold it. What was broken off may be
 * half done, so the triggers that remain are not routine.
 */
export async function release(subjects: Subjects, lease: Lease): Promise<void> {
  const { unfinished, dueCount } = lease;
  const wasSuspect = unfinished > 0;
  await writing('release a lease', () =>
    subjects.updateOne(held(lease), {
      ...(wasSuspect ? { $set: { unfinished } } : {}),
      $unset: { ...(wasSuspect ? HELD : GIVEN_BACK), 'due.routine': true },
      ...(dueCount === 0 ? {} : restored(lease)),
    }),
  );
}

function held(lease: Lease): { _id: { $eq: UserKey }; 'lease.token': { $eq: string } } {
  return { _id: { $eq: lease.user }, 'lease.token': { $eq: lease.token } };
}

function lost(lease: Lease): LeaseLostError {
  return new LeaseLostError(`The lease on ${lease.user} is no longer ours`);
}
