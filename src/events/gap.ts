/**
 * Gaps: times of which something may have been missed, as facts in the log of the tenant.
 *
 * | cause            | opened when                                              | closed by                          |
 * |------------------|----------------------------------------------------------|------------------------------------|
 * | retention-passed | the log was read again later than its entries are kept   | a complete sweep that began after it |
 * | checkpoint-gone  | Auth0 refused the place to read on from                  | the same                           |
 * | pull-failing     | the log has not been read for as long as that            | the next pull that reads to the end |
 * | stream-paused, -suspended, -missing | the log stream stands so, or is gone  | the same, once a stream is active  |
 *
 * Lost entries cannot be read again from the log: only a full sweep finds what they changed. Entries that were
 * only not delivered are still in the log, and a pull reads them.
 */
import type { EventId, TenantId } from '../identity.ts';
import type { GapCause } from './data/runs.ts';
import type { ConcordEvent } from './event.ts';

export interface Gap {
  readonly id: EventId;
  readonly tenant: TenantId;
  readonly cause: GapCause;
  readonly from: Date;
  /** Undefined while the period has not ended. */
  readonly until: Date | undefined;
}

/** The gaps that are open after these events, in whatever order they are given; oldest first. */
export function openGapsIn(events: readonly ConcordEvent[], tenant: TenantId): readonly Gap[] {
  const gaps = new Map<EventId, Gap>();
  const closed = new Set<EventId>();
  for (const event of events) {
    if (event.tenant !== tenant) continue;
    if (event.type === 'gap.closed') closed.add(event.data.gap);
    if (event.type !== 'gap.opened') continue;
    const { cause, from, until } = event.data;
    gaps.set(event._id, {
      id: event._id,
      tenant,
      cause,
      from: new Date(from),
      until: until === null ? undefined : new Date(until),
    });
  }
  return [...gaps.values()]
    .filter(({ id }) => !closed.has(id))
    .sort((a, b) => a.from.getTime() - b.from.getTime() || (a.id < b.id ? -1 : 1));
}

/** Whether a full sweep that starts now finds everything that the missed entries changed. */
export function isHealedBySweep({ cause, until }: Gap, begunAt: Date): boolean {
  switch (cause) {
    case 'retention-passed':
    case 'checkpoint-gone':
      return until !== undefined && begunAt > until;
    case 'pull-failing':
    case 'stream-paused':
    case 'stream-suspended':
    case 'stream-missing':
      return false;
  }
}

export function isStreamGap({ cause }: Gap): boolean {
  return cause === 'stream-paused' || cause === 'stream-suspended' || cause === 'stream-missing';
}
