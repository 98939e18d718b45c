/** How far the log of a tenant has been read; stored over restarts. */
import { z } from 'zod';
import type { TenantId } from '../../identity.ts';
import { readDate } from './delivered.ts';

export interface LogPosition {
  /** The position to read on from; undefined while the log was empty. */
  readonly from: string | undefined;
  /** The log has been read for all time before this moment. */
  readonly until: Date;
}

const Stored = z.object({ from: z.string().min(1).nullable(), until: z.iso.datetime() });

export function positionName(tenant: TenantId): string {
  return `auth0-log:${tenant}`;
}

/** Throws on an unreadable text: starting from the beginning would hide what was missed. */
export function parsePosition(text: string): LogPosition {
  const { from, until } = Stored.parse(JSON.parse(text));
  return { from: from ?? undefined, until: new Date(until) };
}

export function formatPosition({ from, until }: LogPosition): string {
  return JSON.stringify({ from: from ?? null, until: until.toISOString() });
}

const Dated = z.object({ date: z.unknown() });

/** The latest date of these entries; undefined when none of them has one. Never later than `now`. */
export function newestDate(entries: readonly unknown[], now: Date): Date | undefined {
  const dates = entries.flatMap((entry) => {
    const date = readDate(Dated.safeParse(entry).data?.date);
    return date === undefined ? [] : [date.getTime()];
  });
  return dates.length === 0 ? undefined : new Date(Math.min(now.getTime(), Math.max(...dates)));
}
