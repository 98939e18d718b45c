/** A user's history in pages, the newest event first, each with its causes. */
import { causesOf } from '../engine/reports/causes.ts';
import { UsageError } from '../errors.ts';
import { chainOf, historyOf, partOf } from '../events/causes.ts';
import type { ConcordEvent } from '../events/event.ts';
import { summary } from '../events/summary.ts';
import { eventId, storedUserKey } from '../identity.ts';
import type { HistoryPages } from '../ports/event-log.ts';
import type { SubjectReader } from '../ports/subjects.ts';
import type { TimelineAnswer } from './answers/users.ts';
import { ownedBy, type ServedTenants } from './known-user.ts';

export interface TimelineDeps extends ServedTenants {
  readonly pages: HistoryPages;
  readonly subjects: Pick<SubjectReader, 'get'>;
}

const PAGE = 50;

/**
 * `before` is the id of an event of this user's, whose page comes after it. What is written meanwhile is newer, and moves
 * no later page. Throws UsageError USER_NOT_FOUND, and EVENT_UNKNOWN for a `before` that is not in the history.
 */
export async function timelineAnswer(
  deps: TimelineDeps,
  key: string,
  before: string | undefined,
): Promise<TimelineAnswer> {
  const user = storedUserKey(key);
  const [page, subject] = await Promise.all([
    deps.pages.page(user, before === undefined ? undefined : eventId(before), PAGE),
    deps.subjects.get(user),
  ]);
  ownedBy(deps, key, subject?.tenant ?? page?.events[0]?.tenant);
  if (page === undefined) throw new UsageError('The user has no such event.', 'EVENT_UNKNOWN');
  const { events, isLast, total } = page;
  const history = historyOf([...events, ...(await causesOf(deps.pages, events))]);
  return {
    events: events.map((event) => ({
      ...lineOf(event),
      part: partOf(event.type),
      because: chainOf(event, history).links.map(lineOf),
    })),
    next: isLast ? null : (events.at(-1)?._id ?? null),
    total,
  };
}

function lineOf(event: ConcordEvent) {
  const { _id, type, at } = event;
  return { event: _id, type, at: at.toISOString(), what: summary(event) };
}
