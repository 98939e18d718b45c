/** What the headers of an answer report: the upstream's time, and what is left of its limits. */
import type { Quota } from '../ports/inspection.ts';
import { readLimits } from './limits.ts';

/** A `Date` has whole seconds, rounded down, so the exact time is half a second later on average. */
const HALF_SECOND_MS = 500;

/** How far the upstream's clock is ahead of ours; undefined where the answer has no date. */
export function aheadMs(headers: Headers, askedAt: Date, answeredAt: Date): number | undefined {
  const theirMs = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(theirMs)) return undefined;
  return theirMs + HALF_SECOND_MS - (askedAt.getTime() + answeredAt.getTime()) / 2;
}

/** Undefined where the upstream reports no quota. */
export function quotaIn(headers: Headers, now: Date): Quota | undefined {
  const limit = Number(headers.get('x-ratelimit-limit') ?? headers.get('ratelimit-limit') ?? Number.NaN);
  const { remaining, resetInMs } = readLimits(headers, now.getTime());
  return Number.isFinite(limit) && limit > 0 && remaining !== undefined
    ? { limit, remaining, resetInMs }
    : undefined;
}
