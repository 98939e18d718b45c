/**
 * What happened over time, in buckets. They are made of cells of one or five minutes that are counted once and kept:
 * what is over does not change. Only the last minutes are counted every time, because log entries are dated by Auth0
 * and come late; one that comes later than that is in the log, and not here.
 *
 * A percentile is the middle of the class that it falls into, a tenth wide: at most a twentieth off.
 *
 * Nobody waits for what takes long: until it has been counted, the answer has no buckets.
 */
import type { Logger } from '../logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { Activity, ActivityReader } from '../ports/event-log.ts';
import { type ActivityCells, activityCells } from './activity-cells.ts';
import type { HistoryAnswer, HistoryBucket, HistoryRange } from './answers.ts';
import { type SharedAnswer, sharedAnswer } from './shared-answer.ts';

export interface HistoryDeps {
  readonly activity: ActivityReader;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** 60 to 96 buckets each. */
const RANGES: Readonly<Record<HistoryRange, { readonly lengthMs: number; readonly bucketMs: number }>> = {
  '1h': { lengthMs: HOUR_MS, bucketMs: MINUTE_MS },
  '6h': { lengthMs: 6 * HOUR_MS, bucketMs: 5 * MINUTE_MS },
  '24h': { lengthMs: DAY_MS, bucketMs: 15 * MINUTE_MS },
  '7d': { lengthMs: 7 * DAY_MS, bucketMs: 2 * HOUR_MS },
};
/** Whoever asks again so soon is told the same. */
const FRESH_FOR_MS = 1_000;
/** A page waits so long for what has to be counted first. */
const PATIENCE_MS = 100;

export function createHistory(deps: HistoryDeps): (range: HistoryRange) => Promise<HistoryAnswer> {
  const { clock, logger } = deps;
  const activity = oneAtATime(deps.activity);
  const fine = activityCells(activity, { cellMs: MINUTE_MS, keptMs: HOUR_MS });
  const coarse = activityCells(activity, { cellMs: 5 * MINUTE_MS, keptMs: 7 * DAY_MS });
  const answers = new Map<HistoryRange, SharedAnswer<HistoryAnswer>>();
  return async (range) => {
    const cells = range === '1h' ? fine : coarse;
    const now = clock.now();
    const shared = answers.get(range) ?? sharedAnswer(() => historyOf(cells, range, clock.now()), clock);
    answers.set(range, shared);
    const answer = shared.since(new Date(now.getTime() - FRESH_FOR_MS));
    if (!cells.isLong(firstOf(range, now), now)) return answer;
    const patience = new AbortController();
    const none: HistoryAnswer = {
      asOf: now.toISOString(),
      range,
      bucketMs: RANGES[range].bucketMs,
      buckets: [],
    };
    const late = clock.delay(PATIENCE_MS, patience.signal).then(() => none);
    try {
      const first = await Promise.race([answer, late]);
      if (first === none)
        answer.catch((err: unknown) => logger.warn({ err, range }, 'the history was not counted'));
      return first;
    } finally {
      patience.abort();
    }
  };
}

/** However many ask: counting is work for the server that nobody is in a hurry for. */
function oneAtATime({ activity }: ActivityReader): ActivityReader {
  let last: Promise<unknown> = Promise.resolve();
  return {
    activity: (from, until, stretchMs) => {
      const counted = last.then(() => activity(from, until, stretchMs));
      last = counted.catch(() => undefined);
      return counted;
    },
  };
}

/** When the first bucket begins: the last one is that of now. */
function firstOf(range: HistoryRange, now: Date): Date {
  const { lengthMs, bucketMs } = RANGES[range];
  return new Date(Math.floor(now.getTime() / bucketMs) * bucketMs + bucketMs - lengthMs);
}

async function historyOf(cells: ActivityCells, range: HistoryRange, now: Date): Promise<HistoryAnswer> {
  const { lengthMs, bucketMs } = RANGES[range];
  const first = firstOf(range, now);
  const buckets: Activity[][] = Array.from({ length: lengthMs / bucketMs }, () => []);
  for (const cell of await cells.read(first, now))
    buckets[Math.floor((cell.at.getTime() - first.getTime()) / bucketMs)]?.push(cell);
  return {
    ...{ asOf: now.toISOString(), range, bucketMs },
    buckets: buckets.map((inIt, index) => bucketOf(new Date(first.getTime() + index * bucketMs), inIt)),
  };
}

function bucketOf(at: Date, cells: readonly Activity[]): HistoryBucket {
  const sum = (what: 'heard' | 'effects' | 'failed' | 'converged') =>
    cells.reduce((all, cell) => all + cell[what], 0);
  const latencies = cells.flatMap((cell) => [...cell.latencies]).sort(([a], [b]) => a - b);
  return {
    at: at.toISOString(),
    ...{ heard: sum('heard'), effects: sum('effects'), failed: sum('failed'), converged: sum('converged') },
    ...{ p50Ms: percentile(latencies, 0.5), p95Ms: percentile(latencies, 0.95) },
  };
}

/** Of values with how often each occurs, in their order. */
function percentile(
  values: readonly (readonly [value: number, count: number])[],
  share: number,
): number | null {
  let left = Math.ceil(values.reduce((all, [, count]) => all + count, 0) * share);
  for (const [value, count] of values) {
    left -= count;
    if (left <= 0) return Math.round(value);
  }
  return null;
}
