/** A user's history in pages, of a log in memory. */
import { isReceivedEvent } from '../../../src/events/event.ts';
import type { HistoryPages } from '../../../src/ports/event-log.ts';
import type { InMemoryEventLog } from './event-log.ts';

export function inMemoryHistoryPages(log: InMemoryEventLog): HistoryPages {
  return {
    async page(user, before, limit) {
      const events = [...log.eventsOf(user)].sort(
        (a, b) => b.at.getTime() - a.at.getTime() || (a._id < b._id ? 1 : -1),
      );
      const place = events.findIndex(({ _id }) => _id === before);
      if (before !== undefined && place === -1) return undefined;
      const rest = events.slice(place + 1);
      return {
        events: rest.slice(0, limit),
        isLast: rest.length <= limit,
        total: { count: events.length, isMore: false },
      };
    },
    async entries(user, by) {
      const all = log.eventsOf(user).filter(isReceivedEvent);
      const known = all.filter(({ recordedAt }) => by === undefined || recordedAt <= by);
      const newest = known.toSorted((a, b) => b.at.getTime() - a.at.getTime())[0];
      return { count: known.length, isMore: false, newest };
    },
    find: async (ids) => ids.flatMap((id) => log.find(id) ?? []),
  };
}
