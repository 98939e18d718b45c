/** A time as a person types it: a duration from now, such as 30m, 12h or 7d, or a moment in ISO 8601. */
import { UsageError } from '../errors.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export function momentAhead(text: string, now: Date): Date {
  const durationMs = durationOf(text);
  const moment = durationMs === undefined ? dateOf(text) : new Date(now.getTime() + durationMs);
  if (moment !== undefined && moment > now) return moment;
  throw new UsageError(
    '--until is a duration such as 30m, 12h or 7d, or a moment to come such as 2030-01-31T12:00:00Z.',
  );
}

export function momentAgo(text: string, now: Date, option: '--since' | '--at' = '--since'): Date {
  const durationMs = durationOf(text);
  const moment = durationMs === undefined ? dateOf(text) : new Date(now.getTime() - durationMs);
  if (moment !== undefined && moment < now) return moment;
  throw new UsageError(
    `${option} is a duration such as 30m, 12h or 7d, or a moment in the past such as 2025-01-31T12:00:00Z.`,
  );
}

function durationOf(text: string): number | undefined {
  const [, amount, unit] = /^([0-9]{1,4})([mhd])$/.exec(text) ?? [];
  return amount === undefined || unit === undefined ? undefined : Number(amount) * (UNITS[unit] ?? 0);
}

function dateOf(text: string): Date | undefined {
  const moment = new Date(text);
  return /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(moment.getTime()) ? moment : undefined;
}
