/** The event log in memory: insert only, deduplicated by `_id`. */
import type { ConcordEvent } from '../../../src/events/event.ts';
import type { EventId, UserKey } from '../../../src/identity.ts';
import type { AppendResult, EventLog, EventQuery } from '../../../src/ports.ts';
import { type Hooks, hooked } from './hooks.ts';

export interface InMemoryEventLog extends EventLog {
  /** Everything that was appended, in the order of appending. */
  readonly events: readonly ConcordEvent[];
}

export function inMemoryEventLog(hooks: Hooks = {}): InMemoryEventLog {
  const stored = new Map<EventId, ConcordEvent>();
  const matching = ({ user, types, since }: EventQuery): ConcordEvent[] =>
    [...stored.values()].filter(
      (event) =>
        (user === undefined || event.user === user) &&
        (types === undefined || types.includes(event.type)) &&
        (since === undefined || event.at >= since),
    );
  const log: InMemoryEventLog = {
    get events() {
      return [...stored.values()];
    },
    async append(events): Promise<AppendResult> {
      const duplicates: EventId[] = [];
      for (const event of events) {
        if (stored.has(event._id)) duplicates.push(event._id);
        else stored.set(event._id, structuredClone(event));
      }
      return { appended: events.length - duplicates.length, duplicates };
    },
    // Nothing is promised of the order, so nobody may come to rely on that of appending.
    async ofUser(user: UserKey) {
      return structuredClone(matching({ user })).reverse();
    },
    async *read(query) {
      const found = matching(query).sort(byTimeThenId);
      if (query.newestFirst === true) found.reverse();
      const { limit = 0 } = query;
      yield* structuredClone(limit === 0 ? found : found.slice(0, limit));
    },
  };
  return hooked('log', log, { append: 'write', ofUser: 'read', read: 'stream' }, hooks);
}

function byTimeThenId(a: ConcordEvent, b: ConcordEvent): number {
  return a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : 1);
}
