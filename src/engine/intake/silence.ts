/**
 * Whether a log stream has been silent for too long, compared with its own past. Pure.
 *
 * Stored are its last delivery and the longest pause of each day. It may be silent for twice as long as its usual
 * pauses: on four of five days no pause was longer. So one bad day does not raise the limit, and two quiet days a week
 * cause no alarm. While too few days are known, the longest limit applies.
 */
import { z } from 'zod';
import type { TenantId } from '../../identity.ts';

export interface Deliveries {
  readonly last: Date;
  /** Milliseconds of the longest pause that ended on that day. */
  readonly pauses: ReadonlyMap<string, number>;
}

/** Milliseconds. The defaults are in config/default.yaml. */
export interface SilenceSettings {
  /** A shorter silence is never reported, however busy the stream. */
  readonly leastMs: number;
  readonly mostMs: number;
}

const DAYS_KEPT = 28;
const DAYS_TO_LEARN = 3;
const USUAL_SHARE = 0.8;
const PATIENCE = 2;

const Stored = z.object({
  last: z.iso.datetime(),
  pauses: z.record(z.string(), z.number().nonnegative()),
});

export function deliveriesName(tenant: TenantId): string {
  return `auth0-deliveries:${tenant}`;
}

/** Undefined for an unreadable text: learning again does no harm. */
export function parseDeliveries(text: string | undefined): Deliveries | undefined {
  if (text === undefined) return undefined;
  try {
    const { last, pauses } = Stored.parse(JSON.parse(text));
    return { last: new Date(last), pauses: new Map(Object.entries(pauses)) };
  } catch {
    return undefined;
  }
}

export function formatDeliveries({ last, pauses }: Deliveries): string {
  return JSON.stringify({ last: last.toISOString(), pauses: Object.fromEntries(pauses) });
}

export function delivered(before: Deliveries | undefined, at: Date): Deliveries {
  if (before === undefined) return { last: at, pauses: new Map() };
  // The clock was set back, or another process stored a later delivery.
  if (at <= before.last) return before;
  const day = at.toISOString().slice(0, 10);
  const pauses = new Map(before.pauses);
  pauses.set(day, Math.max(pauses.get(day) ?? 0, at.getTime() - before.last.getTime()));
  const oldest = [...pauses.keys()].sort().slice(0, -DAYS_KEPT);
  for (const each of oldest) pauses.delete(each);
  return { last: at, pauses };
}

/** For how long the stream may be silent, in milliseconds. */
export function patienceMs({ pauses }: Deliveries, { leastMs, mostMs }: SilenceSettings): number {
  const sorted = [...pauses.values()].sort((a, b) => a - b);
  const usual = sorted[Math.ceil(sorted.length * USUAL_SHARE) - 1];
  if (sorted.length < DAYS_TO_LEARN || usual === undefined) return mostMs;
  return Math.min(mostMs, Math.max(leastMs, usual * PATIENCE));
}
