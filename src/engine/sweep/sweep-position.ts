/**
 * How far a sweep has come, as it is stored: enough to read the same listing again and to assess only the remaining
 * users. Another version may have written it, so it is checked when it is read.
 */
import { z } from 'zod';
import type { Situation } from '../../events/data/runs.ts';
import { type EventId, eventId, storedUserKey, type UserKey } from '../../identity.ts';
import { RESOURCES } from '../../reconcilers/registry.ts';
import type { TallyState } from './audit.ts';

export interface SweepPosition {
  readonly run: EventId;
  readonly startedAt: Date;
  /** What the directory needs to read this listing again. */
  readonly listing: string;
  /** How many users of the listing have been assessed. */
  readonly users: number;
  readonly drifted: number;
  readonly resumes: number;
  /** Users to be renamed at the end of the run. */
  readonly renames: readonly UserKey[];
  /** Users whose documents or account were removed since the last run; they also wait for its end. */
  readonly disappeared: readonly UserKey[];
  readonly tally: TallyState;
}

const REPORTED: readonly Situation['resource'][] = [...RESOURCES, 'auth0', 'pause'];

const count = z.number().int().nonnegative();
const Kept = z.object({
  run: z.string().transform(eventId),
  startedAt: z.iso.datetime().transform((text) => new Date(text)),
  listing: z.string(),
  users: count,
  drifted: count,
  resumes: count,
  renames: z.array(z.string().transform(storedUserKey)),
  disappeared: z.array(z.string().transform(storedUserKey)).default([]),
  tally: z.object({
    counts: z.object({
      all: count,
      verifications: count,
      users: count,
      codes: count,
      handles: count,
      wanted: count,
      accounts: count,
      waiting: count,
    }),
    independent: z.record(z.string(), z.object({ have: count, of: count })).default({}),
    situations: z.array(z.object({ resource: z.enum(REPORTED), reason: z.string(), users: count })),
  }),
});

export function writePosition(position: SweepPosition): string {
  return JSON.stringify(position);
}

/** Undefined when there is none, or it cannot be read: then the sweep starts from the beginning. */
export function readPosition(text: string | undefined): SweepPosition | undefined {
  if (text === undefined) return undefined;
  try {
    return Kept.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
