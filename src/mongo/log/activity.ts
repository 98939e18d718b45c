/**
 * How much came into the log, counted by the server. All but the latencies is in the index on type and time, so a
 * million events are counted without one of them being read; latencies are read from `converged` events, and only as
 * classes: so what crosses the wire does not grow with the log.
 */
import type { Document } from 'mongodb';
import type { Part } from '../../events/definition.ts';
import { eventDefinitions } from '../../events/definitions.ts';
import type { EventType } from '../../events/event.ts';
import type { Activity, ActivityReader } from '../../ports/event-log.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';

/** Longer than a week of a million events takes; a question is asked of a day at a time. */
const maxTimeMS = 20_000;
/** Each class of latencies is so much longer than the one before. */
const CLASS = 1.1;

const FAILED: EventType = 'converge.failed';
const CONVERGED: EventType = 'converged';

interface Counted {
  readonly _id: { readonly stretch: number; readonly what: 'heard' | 'effects' | 'failed' };
  readonly count: number;
}

interface Converged {
  readonly _id: { readonly stretch: number; readonly latency: number };
  readonly count: number;
}

export function activityReader(db: ReadableDb): ActivityReader {
  const events = db.collection(collections.events);
  const ask = <Group extends Document>(
    types: readonly EventType[],
    from: Date,
    until: Date,
    group: Document,
  ) =>
    reading('count events', () =>
      events
        .aggregate<Group>(
          [
            { $match: { type: { $in: [...types] }, at: { $gte: from, $lt: until } } },
            { $group: { _id: group, count: { $sum: 1 } } },
          ],
          { maxTimeMS, hint: { type: 1, at: 1 } },
        )
        .toArray(),
    );
  return {
    async activity(from, until, stretchMs) {
      const heard = typesOf('heard');
      const stretch = { $floor: { $divide: [{ $subtract: ['$at', new Date(0)] }, stretchMs] } };
      const what = {
        $cond: [
          { $eq: ['$type', FAILED] },
          'failed',
          { $cond: [{ $in: ['$type', heard] }, 'heard', 'effects'] },
        ],
      };
      const latency = {
        $floor: { $divide: [{ $ln: { $max: ['$data.latencyMs', 1] } }, Math.log(CLASS)] },
      };
      const [counted, converged] = await Promise.all([
        ask<Counted>([...heard, ...typesOf('effect'), FAILED], from, until, { stretch, what }),
        ask<Converged>([CONVERGED], from, until, { stretch, latency }),
      ]);
      return byStretch(counted, converged, stretchMs);
    },
  };
}

function typesOf(part: Part): readonly EventType[] {
  return eventDefinitions().flatMap(([type, definition]) => (definition.part === part ? type : []));
}

function byStretch(
  counted: readonly Counted[],
  converged: readonly Converged[],
  stretchMs: number,
): readonly Activity[] {
  const found = new Map<number, Gathered>();
  const at = (stretch: number): Gathered => {
    const known = found.get(stretch) ?? {
      heard: 0,
      effects: 0,
      failed: 0,
      converged: 0,
      latencies: new Map(),
    };
    found.set(stretch, known);
    return known;
  };
  for (const { _id, count } of counted) at(_id.stretch)[_id.what] += count;
  for (const { _id, count } of converged) {
    const of = at(_id.stretch);
    of.converged += count;
    of.latencies.set(middleOf(_id.latency), count);
  }
  return [...found]
    .map(([stretch, of]) => ({ ...of, at: new Date(stretch * stretchMs) }))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

interface Gathered {
  heard: number;
  effects: number;
  failed: number;
  converged: number;
  readonly latencies: Map<number, number>;
}

/** Which is at most a twentieth from whatever is in it. */
function middleOf(latencyClass: number): number {
  return CLASS ** (latencyClass + 0.5);
}
