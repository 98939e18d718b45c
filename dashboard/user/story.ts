/** The timeline as it grows: pages of the log, put together, by day. */
import type { TimelineAnswer, TimelineEvent } from '../../src/dashboard-data/answers/users.ts';

export interface Story {
  /** Newest first. */
  readonly events: readonly TimelineEvent[];
  readonly next: string | null;
  readonly total: TimelineAnswer['total'];
}

export interface Day {
  /** `2026-11-23` */
  readonly day: string;
  readonly events: readonly TimelineEvent[];
}

/**
 * Puts the newest page before the known events. Where the two do not meet, events between them were not read, so the
 * known ones are dropped: they are a click away, and an invisible gap would mislead.
 */
export function withNewest(known: Story | undefined, newest: TimelineAnswer): Story {
  if (known === undefined) return newest;
  const oldest = newest.events.at(-1);
  const meets = oldest === undefined ? -1 : known.events.findIndex(({ event }) => event === oldest.event);
  if (meets === -1) return newest;
  return {
    events: [...newest.events, ...known.events.slice(meets + 1)],
    next: known.next,
    total: newest.total,
  };
}

/** An earlier page put behind what is known. */
export function withEarlier(known: Story, earlier: TimelineAnswer): Story {
  const seen = new Set(known.events.map(({ event }) => event));
  return {
    events: [...known.events, ...earlier.events.filter(({ event }) => !seen.has(event))],
    next: earlier.next,
    total: earlier.total,
  };
}

/** What a person on call looks for. */
export function isFailure(type: string): boolean {
  return type === 'converge.failed' || type === 'user.quarantined' || type === 'account.creation-failed';
}

export function byDay(events: readonly TimelineEvent[]): readonly Day[] {
  const days: { day: string; events: TimelineEvent[] }[] = [];
  for (const event of events) {
    const day = event.at.slice(0, 10);
    const last = days.at(-1);
    if (last?.day === day) last.events.push(event);
    else days.push({ day, events: [event] });
  }
  return days;
}
