/** What the two charts draw, from what happened over time. */
import type { HistoryAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { formatDuration } from '../../src/terminal/duration.ts';
import { number } from '../words.ts';

export interface Series {
  readonly name: string;
  /** The custom property that holds its colour. */
  readonly colour: string;
  /** Distinguishes the line without its colour. */
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
      { name: 'p50', colour: '--line-1', dash: [], values: buckets.map(({ p50Ms }) => p50Ms) },
      { name: 'p95', colour: '--line-2', dash: [6, 3], values: buckets.map(({ p95Ms }) => p95Ms) },
    ],
  };
}

export function eventSeries({ buckets }: HistoryAnswer): ChartData {
  return {
    at: buckets.map(({ at }) => Date.parse(at) / 1000),
    series: [
      { name: 'Ingested', colour: '--line-2', dash: [6, 3], values: buckets.map(({ heard }) => heard) },
      { name: 'Applied', colour: '--line-3', dash: [2, 2], values: buckets.map(({ effects }) => effects) },
      { name: 'Reconciled', colour: '--line-1', dash: [], values: buckets.map(({ converged }) => converged) },
      { name: 'Failed', colour: '--line-4', dash: [8, 2, 2, 2], values: buckets.map(({ failed }) => failed) },
    ],
  };
}

/** Values without a neighbour, which are drawn as points because no line leads to them. */
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

/** The chart as a sentence, for screen readers. */
export function spoken({ buckets, range }: HistoryAnswer): string {
  const sum = (of: (bucket: HistoryAnswer['buckets'][number]) => number) =>
    number(buckets.reduce((total, bucket) => total + of(bucket), 0));
  const ingested = sum(({ heard }) => heard);
  const applied = sum(({ effects }) => effects);
  const reconciled = sum(({ converged }) => converged);
  const failures = sum(({ failed }) => failed);
  const slowest = Math.max(-1, ...buckets.map(({ p95Ms }) => p95Ms ?? -1));
  const times = slowest < 0 ? 'no reconciliation times' : `p95 at most ${formatDuration(slowest)}`;
  return `In the last ${range}: ${ingested} events ingested, ${applied} actions applied, ${reconciled} users reconciled, ${failures} reconciliations failed; ${times}.`;
}
