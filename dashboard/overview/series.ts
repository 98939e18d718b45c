/** What the two charts draw, from what happened over time. */
import type { HistoryAnswer } from '../../src/dashboard-data/answers.ts';
import { formatDuration } from '../../src/terminal/duration.ts';
import { number } from '../words.ts';

export interface Series {
  readonly name: string;
  /** The custom property that holds its colour. */
  readonly colour: string;
  /** Told from the others by this too, and not by its colour alone. */
  readonly dash: readonly number[];
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
}

export function latencySeries({ buckets }: HistoryAnswer): ChartData {
  return {
    at: buckets.map(({ at }) => Date.parse(at) / 1000),
    series: [
      { name: 'Half within', colour: '--line-1', dash: [], values: buckets.map(({ p50Ms }) => p50Ms) },
      { name: '95 % within', colour: '--line-2', dash: [6, 3], values: buckets.map(({ p95Ms }) => p95Ms) },
    ],
  };
}

export function eventSeries({ buckets }: HistoryAnswer): ChartData {
  return {
    at: buckets.map(({ at }) => Date.parse(at) / 1000),
    series: [
      { name: 'Heard', colour: '--line-2', dash: [6, 3], values: buckets.map(({ heard }) => heard) },
      { name: 'Effects', colour: '--line-3', dash: [2, 2], values: buckets.map(({ effects }) => effects) },
      { name: 'Converged', colour: '--line-1', dash: [], values: buckets.map(({ converged }) => converged) },
      { name: 'Failed', colour: '--line-4', dash: [8, 2, 2, 2], values: buckets.map(({ failed }) => failed) },
    ],
  };
}

/** Which values have no neighbour, so that no line leads to them: they are drawn as points. */
export function isolated(values: readonly (number | null | undefined)[]): number[] {
  const isThere = (index: number) => typeof values[index] === 'number';
  return values.flatMap((_, index) =>
    isThere(index) && !isThere(index - 1) && !isThere(index + 1) ? [index] : [],
  );
}

export function shownDuration(value: number | null): string {
  return value === null ? '–' : formatDuration(value);
}

export function shownNumber(value: number | null): string {
  return value === null ? '–' : number(value);
}

/** What a chart says, in a sentence, for those who do not see it. */
export function spoken({ buckets, range }: HistoryAnswer): string {
  const sum = (of: (bucket: HistoryAnswer['buckets'][number]) => number) =>
    buckets.reduce((total, bucket) => total + of(bucket), 0);
  const slowest = Math.max(-1, ...buckets.map(({ p95Ms }) => p95Ms ?? -1));
  return `In the last ${range}: ${number(sum(({ heard }) => heard))} heard, ${number(sum(({ effects }) => effects))} effects, ${number(sum(({ converged }) => converged))} converged, ${number(sum(({ failed }) => failed))} failed; ${slowest < 0 ? 'nobody converged' : `95 % converged within ${formatDuration(slowest)} at the slowest time`}.`;
}
