/**
 * Activity over time, in buckets. They are made of cells of one or five minutes that are counted once and stored: the
 * past does not change. Only the last minutes are counted every time, because Auth0 dates log entries and delivers them
 * late; one that arrives even later is in the log, and not here.
 *
 * A percentile is the middle of its class, which is a tenth wide: at most a twentieth off.
 *
 * No page waits for a long count: until it ends, the answer has no buckets.
 */
import type { Logger } from '../logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { Activity, ActivityReader } from '../ports/event-log.ts';
import { type ActivityCells, activityCells } from './activity-cells.ts';
import type { HistoryAnswer, HistoryBucket, HistoryRange } from './answers/overview.ts';
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
/** Requests within this time get the same answer. */
const FRESH_FOR_MS = 1_000;
/** How long a page waits for a count. */
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
        answer.catch((err: unknown) => logger.warn({ err, range }, 'the history could not be counted'));
      return first;
    } finally {
      patience.abort();
    }
  };
}

/** One count for all requests: it is work for the server, and not urgent. */
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
    ...{ converged: sum('converged'), heard: sum('heard'), effects: sum('effects'), failed: sum('failed') },
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
