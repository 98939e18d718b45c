/** A user's history in pages, of a log in memory. */
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
      return { events: rest.slice(0, limit), isLast: rest.length <= limit, total: events.length };
    },
    find: async (ids) => ids.flatMap((id) => log.find(id) ?? []),
  };
}
