/** What `replay` reads and writes: who has a history, and what the read model shows of them. */
import type { Db, Document } from 'mongodb';
import { LeaseLostError } from '../../errors.ts';
import { storedUserKey, type UserKey } from '../../identity.ts';
import type { HistoryReader } from '../../ports/event-log.ts';
import type { Lease, ReadModel } from '../../ports/queue.ts';
import type { SubjectView } from '../../ports/subjects.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, writing } from '../driver/errors.ts';
import { SEARCHED_BY_NOTHING, type StoredSubject, searchUpdate } from './stored-subject.ts';

/** Entries of the index that are read in one go. */
const page = 1_000;

export function historyReader(db: ReadableDb): HistoryReader {
  const events = db.collection<{ readonly _id: string; readonly user: string | null }>(collections.events);
  const subjects = db.collection<StoredSubject>(collections.subjects);
  return {
    // From the index on user, type and time alone, and never one cursor for all of it, which the server would drop.
    async *users(): AsyncIterable<UserKey> {
      let after = '';
      for (;;) {
        const found = await reading('list the users with events', () =>
          events
            .find({ user: { $gt: after } }, { projection: { _id: 0, user: 1 }, batchSize: page + 1 })
            .sort({ user: 1 })
            .limit(page)
            .toArray(),
        );
        for (const { user } of found) {
          if (user === null || user === after) continue;
          after = user;
          yield storedUserKey(user);
        }
        if (found.length < page) return;
      }
    },

    countSubjects: () => reading('count the subjects', () => subjects.countDocuments({})),
  };
}

export function readModel(db: Db): ReadModel {
  const subjects = db.collection<StoredSubject>(collections.subjects);
  return {
    async show(lease: Lease, view: SubjectView | undefined): Promise<void> {
      const shown = await writing('rebuild a subject', () =>
        subjects.updateOne({ _id: { $eq: lease.user }, 'lease.token': { $eq: lease.token } }, shownAs(view)),
      );
      if (shown.matchedCount === 0) throw new LeaseLostError(`The lease on ${lease.user} is no longer ours`);
    },
  };
}

function shownAs(view: SubjectView | undefined): Document {
  if (view === undefined) return { $unset: { view: true, ...SEARCHED_BY_NOTHING } };
  const { $set, $unset } = searchUpdate(view);
  return { $set: { view, ...$set }, ...(Object.keys($unset).length === 0 ? {} : { $unset }) };
}
