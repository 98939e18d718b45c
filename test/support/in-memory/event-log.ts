/** The event log in memory: insert only, deduplicated by `_id`. */
import type { ConcordEvent } from '../../../src/events/event.ts';
import type { EventId, UserKey } from '../../../src/identity.ts';
import type { AppendResult, EventLog, EventQuery } from '../../../src/ports.ts';
import { type Hooks, hooked } from './hooks.ts';

export interface InMemoryEventLog extends EventLog {
  /** Everything that was appended, in the order of appending. */
  readonly events: readonly ConcordEvent[];
  /** Those of one user, in the order of appending. */
  eventsOf(user: UserKey | undefined): readonly ConcordEvent[];
}

export function inMemoryEventLog(hooks?: Hooks): InMemoryEventLog {
  const stored = new Map<EventId, ConcordEvent>();
  const byUser = new Map<UserKey, ConcordEvent[]>();
  // Frozen instead of copied: as safe from a caller who changes what was appended, and far cheaper.
  const keep = (event: ConcordEvent): void => {
    Object.freeze(event);
    Object.freeze(event.data);
    stored.set(event._id, event);
    if (event.user === null) return;
    const ofUser = byUser.get(event.user);
    if (ofUser === undefined) byUser.set(event.user, [event]);
    else ofUser.push(event);
  };
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
    eventsOf: (user) => (user === undefined ? [] : (byUser.get(user) ?? [])),
    async append(events): Promise<AppendResult> {
      const duplicates: EventId[] = [];
      for (const event of events) {
        if (stored.has(event._id)) duplicates.push(event._id);
        else keep(event);
      }
      return { appended: events.length - duplicates.length, duplicates };
    },
    // Nothing is promised of the order, so nobody may come to rely on that of appending.
    async ofUser(user: UserKey) {
      return [...(byUser.get(user) ?? [])].reverse();
    },
    async *read(query) {
      const found = matching(query).sort(byTimeThenId);
      if (query.newestFirst === true) found.reverse();
      const { limit = 0 } = query;
      yield* limit === 0 ? found : found.slice(0, limit);
    },
  };
  return hooked('log', log, { append: 'write', ofUser: 'read', read: 'stream' }, hooks);
}

function byTimeThenId(a: ConcordEvent, b: ConcordEvent): number {
  return a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : 1);
}
