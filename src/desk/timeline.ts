/** A user's history in pages, the newest first, each line with what set it going. */
import { sistersEvents } from '../engine/explain-user.ts';
import { UsageError } from '../errors.ts';
import { chainOf, historyOf, partOf } from '../events/causes.ts';
import type { ConcordEvent } from '../events/event.ts';
import { summary } from '../events/summary.ts';
import type { TimelineAnswer } from './answers.ts';
import { type KnownUserDeps, knownUser } from './known-user.ts';

const PAGE = 50;

/**
 * `before` is the id of an event of this user's, whose page comes after it. What is written meanwhile is newer, and moves
 * no later page. Throws UsageError USER_NOT_FOUND, and EVENT_UNKNOWN for a `before` that is not in the history.
 */
export async function timelineAnswer(
  deps: KnownUserDeps,
  key: string,
  before: string | undefined,
): Promise<TimelineAnswer> {
  const { user, events } = await knownUser(deps, key);
  const sorted = [...events].sort(newestFirst);
  const start = before === undefined ? 0 : 1 + sorted.findIndex(({ _id }) => _id === before);
  if (before !== undefined && start === 0)
    throw new UsageError('The user has no such event.', 'EVENT_UNKNOWN');
  const page = sorted.slice(start, start + PAGE);
  const history = historyOf([...events, ...(await sistersEvents(deps.events, user, events))]);
  return {
    events: page.map((event) => ({
      ...lineOf(event),
      part: partOf(event.type),
      because: chainOf(event, history).links.map(lineOf),
    })),
    next: start + PAGE < sorted.length ? (page.at(-1)?._id ?? null) : null,
    total: sorted.length,
  };
}

function lineOf(event: ConcordEvent) {
  const { _id, type, at } = event;
  return { event: _id, type, at: at.toISOString(), what: summary(event) };
}

function newestFirst(a: ConcordEvent, b: ConcordEvent): number {
  return b.at.getTime() - a.at.getTime() || (a._id < b._id ? 1 : -1);
}
