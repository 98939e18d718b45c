/** How far the log of a tenant has been read, as it is kept over restarts. */
import { z } from 'zod';
import type { TenantId } from '../../identity.ts';
import { readDate } from './delivered.ts';

export interface LogPosition {
  /** The place to read on from; undefined while the log had nothing in it. */
  readonly from: string | undefined;
  /** What the log says of the time before this moment has been read. */
  readonly until: Date;
}

const Stored = z.object({ from: z.string().min(1).nullable(), until: z.iso.datetime() });

export function positionName(tenant: TenantId): string {
  return `auth0-log:${tenant}`;
}

/** Throws on a text that is none of ours: to begin anew would hide what was missed. */
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
