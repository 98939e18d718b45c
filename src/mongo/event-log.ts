/**
 * The event log. Insert only: nothing here changes or removes an event.
 *
 * `_id` is the deduplication: whether an event is there is decided by the insert, so there is no moment
 * between a look and a write in which another process could be. A look beforehand only saves work.
 */
import type { Db, Filter } from 'mongodb';
import type { ConcordEvent, EventType } from '../events/event.ts';
import type { EventId, UserKey } from '../identity.ts';
import type { AppendResult, EventLog, EventQuery, EventReader } from '../ports.ts';
import { collections } from './collections.ts';
import type { ReadableDb } from './connection.ts';
import { duplicatePositions, reading, translateError, unexpected } from './errors.ts';

/** Bounds one command to a few megabytes and a few tens of milliseconds of the server's time. */
const appendChunk = 1_000;
const readBatch = 1_000;

/**
 * Every type there is: a read of all events names them, so that the index on type and time gives the order
 * and the log, which is written far more often than it is listed, needs no third index.
 */
const eventTypes: Readonly<Record<EventType, true>> = {
  'auth0.log-received': true,
  'auth0.event-received': true,
  'auth0.user-observed': true,
  'auth0.user-absent': true,
  'auth0.user-unlisted': true,
  'handle.observed': true,
  'sister.observed': true,
  'subject.observed': true,
  'actions.intended': true,
  'verification.recorded': true,
  'user-document.created': true,
  'code.assigned': true,
  'account.creation-intended': true,
  'account.creation-refused': true,
  'account.creation-abandoned': true,
  'account.created': true,
  'account.recorded': true,
  'account.remnant-deleted': true,
  'account.adopted': true,
  'account.deactivated': true,
  'account.reactivated': true,
  'account.deleted': true,
  'password.refused': true,
  'password.accepted': true,
  'password.reset': true,
  'password-reset.granted': true,
  'email.changed': true,
  'email.refused': true,
  'handle.changed': true,
  'handle.recorded': true,
  'handle.refused': true,
  converged: true,
  'converge.deferred': true,
  'converge.failed': true,
  'user.quarantined': true,
  'adoption.granted': true,
  'removal.granted': true,
  'user.paused': true,
  'user.resumed': true,
  'user.retried': true,
  'user.forgotten': true,
  'sweep.halted': true,
  'sweep.approved': true,
  'sweep.started': true,
  'sweep.finished': true,
  'gap.opened': true,
  'gap.closed': true,
};

export function eventReader(db: ReadableDb): EventReader {
  const events = db.collection<ConcordEvent>(collections.events);
  return {
    ofUser: (user: UserKey) =>
      reading('read the events of a user', () => events.find({ user: { $eq: user } }).toArray()),

    async *read(query: EventQuery): AsyncIterable<ConcordEvent> {
      const direction = query.newestFirst === true ? -1 : 1;
      const cursor = events
        .find(filterOf(query), { batchSize: readBatch })
        .sort({ at: direction })
        .limit(query.limit ?? 0);
      try {
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

  /** Returns the ids that were there already. */
  async function insertNew(chunk: readonly ConcordEvent[]): Promise<readonly EventId[]> {
    if (!expectDuplicates) return await insert(chunk);
    // An insert with a duplicate in it costs the server several times one without: what is known is left out.
    const known = await durable(chunk.map((event) => event._id));
    const rest = chunk.filter((event) => !known.has(event._id));
    const duplicates = chunk.flatMap((event) => (known.has(event._id) ? event._id : []));
    return rest.length === 0 ? duplicates : [...duplicates, ...(await insert(rest))];
  }

  async function insert(chunk: readonly ConcordEvent[]): Promise<readonly EventId[]> {
    try {
      await events.insertMany([...chunk], { ordered: false });
      return [];
    } catch (error) {
      const positions = duplicatePositions(error);
      if (positions === undefined) throw translateError(error, 'append events', 'write');
      const ids = positions.flatMap((position) => chunk[position]?._id ?? []);
      await proveDurable(ids);
      return ids;
    }
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
    // A batch with room for one more than there can be tells the driver that it has them all.
    const found = await reading('see which events it has', () =>
      events
        .find({ _id: { $in: [...ids] } }, { batchSize: ids.length + 1, projection: { _id: 1 } })
        .toArray(),
    );
    return new Set(found.map((event) => event._id));
  }

  return {
    ...eventReader(db),
    async append(appended: readonly ConcordEvent[]): Promise<AppendResult> {
      const duplicates: EventId[] = [];
      for (let start = 0; start < appended.length; start += appendChunk) {
        duplicates.push(...(await insertNew(appended.slice(start, start + appendChunk))));
      }
      expectDuplicates = duplicates.length > 0;
      return { appended: appended.length - duplicates.length, duplicates };
    },
  };
}

function filterOf(query: EventQuery): Filter<ConcordEvent> {
  const types = query.types ?? (query.user === undefined ? allTypes() : undefined);
  return {
    ...(query.user === undefined ? {} : { user: { $eq: query.user } }),
    ...(types === undefined ? {} : { type: { $in: [...types] } }),
    ...(query.since === undefined ? {} : { at: { $gte: query.since } }),
  };
}

function allTypes(): readonly EventType[] {
  return Object.keys(eventTypes).filter((type): type is EventType => type in eventTypes);
}
