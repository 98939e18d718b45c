/**
 * The event log. Insert only: nothing here changes or removes an event.
 *
 * `_id` is the deduplication: whether an event is there is decided by the insert, so there is no moment
 * between a read and a write in which another process could write. An earlier read only saves work.
 */
import { BSON, type Collection, type Db, type Document, type Filter } from 'mongodb';
import { eventTypes } from '../../events/definitions.ts';
import { type ConcordEvent, RECEIVED_TYPES } from '../../events/event.ts';
import type { EventId, UserKey } from '../../identity.ts';
import type { AppendResult, EventLog, EventQuery, EventReader } from '../../ports/event-log.ts';
import { insertAll } from '../driver/bulk.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, translateError, unexpected } from '../driver/errors.ts';
import { gather } from '../driver/gather.ts';
import { typesOfUser } from './types-of-user.ts';

/** Bounds one command to a few tens of milliseconds of the server's time. */
const appendChunk = 1_000;
/** A command may have 16 MB, and one event is never near the rest. */
const appendBytes = 8 * 1024 * 1024;
/** One that the server works on and one on its way there. */
const appendsAtOnce = 2;
const readBatch = 1_000;

export function eventReader(db: ReadableDb): EventReader {
  const events = db.collection<ConcordEvent>(collections.events);
  return {
    ofUser: (user: UserKey, by?: Date) =>
      reading('read the events of a user', async () => {
        const of = { user: { $eq: user }, ...(by === undefined ? {} : { recordedAt: { $lte: by } }) };
        // The rest of the index is skipped, and an event type that only a newer version knows is not.
        const ours = events.find({ ...of, type: { $nin: [...RECEIVED_TYPES] } });
        const hint = events
          .find({ ...of, 'data.hint': { $eq: 'deleted' } } as Filter<ConcordEvent>)
          .sort({ recordedAt: -1 })
          .limit(1);
        return (await Promise.all([ours.toArray(), hint.toArray()])).flat();
      }),

    async *read(query: EventQuery): AsyncIterable<ConcordEvent> {
      const direction = query.newestFirst === true ? -1 : 1;
      try {
        const filter = await filterOf(events, query);
        const cursor = events
          .find(filter, { batchSize: readBatch, ...projectionOf(query) })
          .sort({ at: direction })
          .limit(Number.isFinite(query.limit) ? (query.limit ?? 0) : 0);
        for await (const event of cursor) yield event;
      } catch (error) {
        throw translateError(error, 'read events', 'read');
      }
    },
  };
}

export function eventLog(db: Db): EventLog {
  const events = db.collection<ConcordEvent>(collections.events);

  /** Whether the last append met duplicates: redelivery comes in runs, and so does its absence. */
  let expectDuplicates = false;

  const appendGathered = gather<readonly ConcordEvent[], AppendResult>({
    atOnce: appendsAtOnce,
    most: appendChunk,
    size: (appended) => appended.length,
    carryOut: appendTogether,
  });

  async function appendTogether(calls: readonly (readonly ConcordEvent[])[]): Promise<AppendResult[]> {
    const all = calls.flat();
    // By place and not by id: of two calls with the same new event, one appended it.
    const refused = new Set<number>();
    for (const [start, chunk] of chunksOf(all)) {
      for (const position of await insertNew(chunk)) refused.add(start + position);
    }
    expectDuplicates = refused.size > 0;
    let start = 0;
    return calls.map((appended) => {
      const first = start;
      start += appended.length;
      const duplicates = appended.flatMap(({ _id }, at) => (refused.has(first + at) ? _id : []));
      return { appended: appended.length - duplicates.length, duplicates };
    });
  }

  /** Returns the positions of those that were there already. */
  async function insertNew(chunk: readonly ConcordEvent[]): Promise<readonly number[]> {
    if (!expectDuplicates) return await insert(chunk);
    // An insert with a duplicate in it costs the server several times one without: what is known is left out.
    const known = await durable(chunk.map((event) => event._id));
    const positions = [...chunk.keys()];
    const fresh = positions.filter((position) => !isIn(known, chunk[position]));
    const duplicates = positions.filter((position) => isIn(known, chunk[position]));
    if (fresh.length === 0) return duplicates;
    const refused = await insert(fresh.flatMap((position) => chunk[position] ?? []));
    return [...duplicates, ...refused.flatMap((position) => fresh[position] ?? [])];
  }

  async function insert(chunk: readonly ConcordEvent[]): Promise<readonly number[]> {
    const positions = await insertAll(db, collections.events, chunk, 'append events');
    if (positions.length > 0) await proveDurable(positions.flatMap((position) => chunk[position]?._id ?? []));
    return positions;
  }

  /**
   * A refusal proves only that the primary has the event: the insert it collides with may still be on its
   * way to the majority, and be rolled back. Reading the ids with read concern majority proves that they
   * stay. It also finds out when it was not `_id` but another unique index that refused the insert.
   */
  async function proveDurable(ids: readonly EventId[]): Promise<void> {
    const missing = new Set(ids).size - (await durable(ids)).size;
    if (missing === 0) return;
    throw unexpected(
      `append ${missing} events: refused as duplicates, and not on a majority of its members`,
      'NOT_DURABLE',
      true,
    );
  }

  /** Those of these ids that a majority has. */
  async function durable(ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    // A batch size of one more than there can be shows the driver that it has them all.
    const found = await reading('find stored events', () =>
      events
        .find({ _id: { $in: [...ids] } }, { batchSize: ids.length + 1, projection: { _id: 1 } })
        .toArray(),
    );
    return new Set(found.map((event) => event._id));
  }

  return {
    ...eventReader(db),
    append: async (appended) =>
      appended.length === 0 ? { appended: 0, duplicates: [] } : await appendGathered(appended),
  };
}

function isIn(ids: ReadonlySet<EventId>, event: ConcordEvent | undefined): boolean {
  return event !== undefined && ids.has(event._id);
}

/** What fits into one command, with the position of its first event. */
function* chunksOf(
  events: readonly ConcordEvent[],
): Iterable<[start: number, chunk: readonly ConcordEvent[]]> {
  let start = 0;
  let bytes = 0;
  for (const [at, event] of events.entries()) {
    const size = sizeOf(event);
    if (at > start && (bytes + size > appendBytes || at - start === appendChunk)) {
      yield [start, events.slice(start, at)];
      start = at;
      bytes = 0;
    }
    bytes += size;
  }
  if (events.length > start) yield [start, events.slice(start)];
}

/** At least its bytes. Of a log entry without reading every character: there may be a thousand entries. */
function sizeOf(event: ConcordEvent): number {
  if (event.type !== 'auth0.log-received') return BSON.calculateObjectSize(event);
  return 2_000 + 3 * event.data.raw.length;
}

/**
 * The types are always named, so that the indexes that end with type and time give the order: the log, which is written
 * far more often than it is listed, needs no others.
 */
async function filterOf(
  events: Pick<Collection<ConcordEvent>, 'distinct'>,
  { user, types, since }: EventQuery,
): Promise<Filter<ConcordEvent>> {
  const after = since === undefined ? {} : { at: { $gte: since } };
  if (user === undefined) return { type: { $in: [...(types ?? eventTypes())] }, ...after };
  return { user: { $eq: user }, type: { $in: [...(types ?? (await typesOfUser(events, user)))] }, ...after };
}

/** `users` is a number in other events, which the server leaves as it is. */
function projectionOf({ usersOfHalts }: EventQuery): { readonly projection?: Document } {
  return usersOfHalts === undefined ? {} : { projection: { 'data.users': { $slice: usersOfHalts } } };
}
