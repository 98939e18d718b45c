/**
 * The event log as it grows: by a change stream where the server has them and we may use them, and else by polling the
 * newest events. Reads only.
 */
import { once } from 'node:events';
import type { ChangeStream, ChangeStreamInsertDocument, Document } from 'mongodb';
import { UpstreamError } from '../../errors.ts';
import type { ConcordEvent } from '../../events/event.ts';
import type { EventId, UserKey } from '../../identity.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventTail } from '../../ports/event-log.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, unexpected } from '../driver/errors.ts';

/** How long the server waits before it answers without an event; an event is sent at once. */
const awaitMs = 1_000;
const pollMs = 1_000;
/** Longer than an election. */
const settledTimeoutMs = 10_000;
/**
 * Events that are written at the same time may be seen in another order than they lie in. So many known ones in a
 * row, and all that lies behind them is known.
 */
const knownInARow = 200;
const remembered = 10_000;

export function eventTail(db: ReadableDb, clock: Pick<Clock, 'delay'>): EventTail {
  return {
    async follow(user, signal) {
      try {
        return await streamed(db, user, signal);
      } catch (error) {
        const isWithout =
          error instanceof UpstreamError && ['NO_CHANGE_STREAMS', 'UNAUTHORIZED'].includes(error.code);
        if (!isWithout) throw error;
        return polled(db, user, clock, signal);
      }
    },
  };
}

// ── By a change stream ──

type Inserted = ChangeStreamInsertDocument<ConcordEvent>;

async function streamed(
  db: ReadableDb,
  user: UserKey | undefined,
  signal: AbortSignal,
): Promise<AsyncIterable<ConcordEvent>> {
  const events = db.collection<ConcordEvent>(collections.events);
  const match = { operationType: 'insert', ...(user === undefined ? {} : { 'fullDocument.user': user }) };
  const stream = events.watch<ConcordEvent, Inserted>([{ $match: match }] satisfies Document[], {
    maxAwaitTimeMS: awaitMs,
  });
  const close = () => void stream.close().catch(() => undefined);
  signal.addEventListener('abort', close, { once: true });
  try {
    // The server reports its start position before it waits for the first event.
    const begun = once(stream, 'resumeTokenChanged', { signal }).catch(() => undefined);
    const first = next(stream, signal);
    // Awaited below; until then this keeps it from being an unhandled rejection.
    first.catch(() => undefined);
    await Promise.race([first, begun]);
    // Waits until a majority has all that was written before: until then no reader would see it, and
    // the stream, which begins behind it, would not bring it.
    await reading('confirm earlier writes', () =>
      events.findOne(
        { _id: { $exists: false } },
        { readConcern: { level: 'linearizable' }, maxTimeMS: settledTimeoutMs, projection: { _id: 1 } },
      ),
    );
    return tellAll(stream, first, signal, close);
  } catch (error) {
    signal.removeEventListener('abort', close);
    close();
    throw error;
  }
}

async function* tellAll(
  stream: ChangeStream<ConcordEvent, Inserted>,
  first: Promise<Inserted | null>,
  signal: AbortSignal,
  close: () => void,
): AsyncIterable<ConcordEvent> {
  try {
    for (let change = await first; !signal.aborted; change = await next(stream, signal))
      if (change !== null) yield change.fullDocument;
  } finally {
    signal.removeEventListener('abort', close);
    await stream.close();
  }
}

/** Null when no event came for a while, or the stream was closed. */
async function next(
  stream: ChangeStream<ConcordEvent, Inserted>,
  signal: AbortSignal,
): Promise<Inserted | null> {
  const what = 'follow the event log';
  const change = await reading(what, () => stream.tryNext()).catch((error: unknown) => {
    // Closing the stream from outside may end the call with an error of the driver's.
    if (signal.aborted) return null;
    throw error;
  });
  // The log was dropped, and the server has ended the stream.
  if (stream.closed && !signal.aborted) throw unexpected(what, 'POSITION_LOST', false);
  return change;
}

// ── By polling ──

async function polled(
  db: ReadableDb,
  user: UserKey | undefined,
  clock: Pick<Clock, 'delay'>,
  signal: AbortSignal,
): Promise<AsyncIterable<ConcordEvent>> {
  const known = new Set<EventId>();
  for (const { _id } of await newest(db, known, knownInARow * 5)) known.add(_id);
  return tellNew();

  async function* tellNew(): AsyncIterable<ConcordEvent> {
    while (!signal.aborted) {
      for (const event of await newest(db, known, 0)) {
        known.add(event._id);
        if (user === undefined || event.user === user) yield event;
      }
      for (const id of known) {
        if (known.size <= remembered) break;
        known.delete(id);
      }
      await clock.delay(pollMs, signal);
    }
  }
}

/** What is not known of what was written last, oldest first; at most `most`, where that is not 0. */
async function newest(
  db: ReadableDb,
  known: ReadonlySet<EventId>,
  most: number,
): Promise<readonly ConcordEvent[]> {
  // In the order in which they lie, which is that of writing: the times in them are those of several clocks.
  const events = db.collection<ConcordEvent>(collections.events);
  const cursor = events
    .find({}, { batchSize: knownInARow + 1 })
    .sort({ $natural: -1 })
    .limit(most);
  const found: ConcordEvent[] = [];
  let inARow = 0;
  try {
    while (inARow < knownInARow) {
      const event = await reading('read the newest events', () => cursor.next());
      if (event === null) break;
      inARow = known.has(event._id) ? inARow + 1 : 0;
      if (inARow === 0) found.push(event);
    }
  } finally {
    await cursor.close();
  }
  return found.reverse();
}
