/**
 * Marking users due. A new user is inserted as a whole, which costs the server a third of an upsert, and
 * a known user is not: a refused insert costs more than either. So what is tried is what the last marks were,
 * and what was refused is upserted.
 */
import type { AnyBulkWriteOperation, Db, Document } from 'mongodb';
import type { EventId, UserKey } from '../../identity.ts';
import type { DuePriority, Trigger } from '../../ports/trigger.ts';
import { insertAll, type UpdateStatement, updateAll, upsertAll } from '../driver/bulk.ts';
import { collections } from '../driver/collections.ts';
import { gather } from '../driver/gather.ts';
import { maxCauses, priorities, type StoredSubject } from './stored-subject.ts';

const markChunk = 1_000;
const marksAtOnce = 2;
/** So few are upserted at once: one command instead of two. */
const fewMarks = 4;
const what = 'mark users due';

interface Mark extends Pick<Trigger, 'user' | 'tenant' | 'userId'> {
  readonly at: Date;
  readonly latest: Date;
  readonly priority: 0 | 1;
  readonly count: number;
  readonly routine: number;
  readonly causes: readonly EventId[];
}

export function marking(db: Db) {
  const subjects = db.collection<StoredSubject>(collections.subjects);

  /** Whether the last marks met known users: a wave of sign-ups is over, and people log in. */
  let expectKnown = false;

  const markGathered = gather<readonly Mark[], true>({
    atOnce: marksAtOnce,
    most: markChunk,
    size: (marks) => marks.length,
    carryOut: async (calls) => {
      const marks = oneAUser(calls.flat());
      for (let start = 0; start < marks.length; start += markChunk) {
        await mark(marks.slice(start, start + markChunk));
      }
      return calls.map(() => true);
    },
  });

  async function mark(marks: readonly Mark[]): Promise<void> {
    if (marks.length <= fewMarks) return await upsertAll(subjects, marks.map(upsertOf), what);
    if (expectKnown) {
      expectKnown = (await upsertEach(marks)) < marks.length;
      return;
    }
    const refused = await insertAll(db, collections.subjects, marks.map(subjectOf), what);
    const known = refused.flatMap((position) => marks[position] ?? []);
    expectKnown = known.length > 0;
    if (known.length > 0) await upsertEach(known);
  }

  /** Returns how many were new. */
  async function upsertEach(marks: readonly Mark[]): Promise<number> {
    const { refused, upserted } = await updateAll(db, collections.subjects, marks.map(statementOf), what);
    const lost = refused.flatMap((position) => marks[position] ?? []);
    if (lost.length > 0) await upsertAll(subjects, lost.map(upsertOf), what);
    return upserted;
  }

  return async (triggers: readonly Trigger[], at: Date, priority: DuePriority): Promise<void> => {
    const marks = triggers.map((trigger) => markOf(trigger, at, priorities[priority]));
    if (marks.length > 0) await markGathered(marks);
  };
}

function markOf(trigger: Trigger, at: Date, priority: 0 | 1): Mark {
  const { user, tenant, userId, cause, isRoutine = false } = trigger;
  return {
    user,
    tenant,
    userId,
    at,
    latest: at,
    priority,
    count: 1,
    routine: isRoutine ? 1 : 0,
    causes: cause === undefined ? [] : [cause],
  };
}

/** Two writes of the same user in one command would race with each other. */
function oneAUser(marks: readonly Mark[]): Mark[] {
  const byUser = new Map<UserKey, Mark>();
  for (const mark of marks) {
    const same = byUser.get(mark.user);
    byUser.set(mark.user, same === undefined ? mark : both(same, mark));
  }
  return [...byUser.values()];
}

function both(a: Mark, b: Mark): Mark {
  return {
    ...a,
    at: a.at < b.at ? a.at : b.at,
    latest: a.latest > b.latest ? a.latest : b.latest,
    priority: a.priority < b.priority ? a.priority : b.priority,
    count: a.count + b.count,
    routine: a.routine + b.routine,
    causes: [...a.causes, ...b.causes],
  };
}

function subjectOf(mark: Mark): StoredSubject {
  const { user, tenant, userId, at, latest, priority, count, routine, causes } = mark;
  const newest = causes.slice(-maxCauses);
  const due = {
    ...{ at, since: at, latest, priority, count },
    ...(routine === 0 ? {} : { routine }),
    ...(newest.length === 0 ? {} : { causes: newest }),
  };
  return { _id: user, tenant, userId, due };
}

function upsertOf(mark: Mark): AnyBulkWriteOperation<StoredSubject> {
  return { updateOne: { filter: { _id: mark.user }, update: updateOf(mark), upsert: true } };
}

function statementOf(mark: Mark): UpdateStatement {
  return { q: { _id: mark.user }, u: updateOf(mark), upsert: true };
}

function updateOf({ tenant, userId, at, latest, priority, count, routine, causes }: Mark): Document {
  return {
    $setOnInsert: { tenant, userId },
    $min: { 'due.at': at, 'due.since': at, 'due.priority': priority },
    $max: { 'due.latest': latest },
    $inc: { 'due.count': count, ...(routine === 0 ? {} : { 'due.routine': routine }) },
    ...(causes.length === 0 ? {} : { $push: { 'due.causes': { $each: causes, $slice: -maxCauses } } }),
  };
}
