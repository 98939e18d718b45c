/**
 * A user's history in pages, along the index on user, type and time. That does not order what is of one moment, so the
 * moment at which a page ends is read whole and put in order here.
 */
import type { Filter } from 'mongodb';
import { type ConcordEvent, RECEIVED_TYPES, type ReceivedEvent } from '../../events/event.ts';
import type { EventId, UserKey } from '../../identity.ts';
import type { HistoryPages, LimitedCount } from '../../ports/event-log.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';
import { typesOfUser } from './types-of-user.ts';

/** A person who reads needs no more, and the server counts this many in a few milliseconds. */
const countedTo = 1_000;
/** After this the server gives up: it is a person who waits. */
const maxTimeMS = 10_000;

export function historyPages(db: ReadableDb): HistoryPages {
  const events = db.collection<ConcordEvent>(collections.events);

  /** The index is entered by time alone; the ids order the events of the same time. */
  async function earlierThan(user: UserKey, id: EventId): Promise<Filter<ConcordEvent> | undefined> {
    const event = await events.findOne({ _id: { $eq: id }, user: { $eq: user } }, { projection: { at: 1 } });
    if (event === null) return undefined;
    const { at } = event;
    return { at: { $lte: at }, $or: [{ at: { $lt: at } }, { _id: { $lt: id } }] };
  }

  /** At least so many, if there are: the newest, and all that are of the moment of the last of them. */
  async function newest(of: Filter<ConcordEvent>, count: number): Promise<ConcordEvent[]> {
    const found = await events.find(of, { maxTimeMS }).sort({ at: -1 }).limit(count).toArray();
    const last = found.at(-1);
    if (last === undefined || found.length < count) return found;
    const tied = await events.find({ $and: [of, { at: { $eq: last.at } }] }, { maxTimeMS }).toArray();
    return [...found.filter(({ at }) => at > last.at), ...tied];
  }

  async function counted(of: Filter<ConcordEvent>): Promise<LimitedCount> {
    const count = await events.countDocuments(of, { limit: countedTo + 1, maxTimeMS });
    return { count: Math.min(count, countedTo), isMore: count > countedTo };
  }

  return {
    page: (user, before, limit) =>
      reading('read a page of the events of a user', async () => {
        const earlier = before === undefined ? {} : await earlierThan(user, before);
        if (earlier === undefined) return undefined;
        const own = { user: { $eq: user } };
        const types = { type: { $in: [...(await typesOfUser(events, user))] } };
        const [found, total] = await Promise.all([
          newest({ ...own, ...types, ...earlier }, limit + 1),
          counted(own),
        ]);
        const page = found.sort(newestFirst).slice(0, limit);
        return { events: page, isLast: found.length <= limit, total };
      }),

    find: (ids) => reading('read some events', () => events.find({ _id: { $in: [...ids] } }).toArray()),

    entries: (user, by) =>
      reading('read what Auth0 sent about a user', async () => {
        const recorded = by === undefined ? {} : { recordedAt: { $lte: by } };
        const of = { user: { $eq: user }, type: { $in: [...RECEIVED_TYPES] }, ...recorded };
        const [[last], count] = await Promise.all([
          events.find(of, { maxTimeMS }).sort({ at: -1 }).limit(1).toArray(),
          counted(of),
        ]);
        return { ...count, newest: last as ReceivedEvent | undefined };
      }),
  };
}

function newestFirst(a: ConcordEvent, b: ConcordEvent): number {
  return b.at.getTime() - a.at.getTime() || (a._id < b._id ? 1 : -1);
}
