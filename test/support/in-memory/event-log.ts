/** The event log in memory: insert only, deduplicated by `_id`. */
import { type ConcordEvent, isReceivedEvent } from '../../../src/events/event.ts';
import type { EventId, UserKey } from '../../../src/identity.ts';
import type { AppendResult, EventLog, EventQuery } from '../../../src/ports/event-log.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import type { Kept } from './kept.ts';

export interface InMemoryEventLog extends EventLog, Kept {
  /** Everything that was appended, in the order of appending. */
  readonly events: readonly ConcordEvent[];
  /** Those of one user, in the order of appending. */
  eventsOf(user: UserKey | undefined): readonly ConcordEvent[];
  has(id: EventId): boolean;
  /** Puts another event in the place of the one with its id: only forgetting may do so. */
  replace(event: ConcordEvent): void;
  find(id: EventId): ConcordEvent | undefined;
  /** Those after the first so many, in the order of appending. */
  since(count: number): readonly ConcordEvent[];
}

export function inMemoryEventLog(hooks?: Hooks): InMemoryEventLog {
  const stored = new Map<EventId, ConcordEvent>();
  const inOrder: ConcordEvent[] = [];
  const byUser = new Map<UserKey, ConcordEvent[]>();
  // Frozen instead of copied: as safe from a caller who changes what was appended, and far cheaper.
  const keep = (event: ConcordEvent): void => {
    Object.freeze(event);
    Object.freeze(event.data);
    stored.set(event._id, event);
    inOrder.push(event);
    if (event.user === null) return;
    const ofUser = byUser.get(event.user);
    if (ofUser === undefined) byUser.set(event.user, [event]);
    else ofUser.push(event);
  };
  /** Takes out the newest one. */
  const drop = (): void => {
    const event = inOrder.pop();
    if (event === undefined) return;
    stored.delete(event._id);
    if (event.user !== null) byUser.get(event.user)?.pop();
  };
  const matching = ({ user, types, since }: EventQuery): ConcordEvent[] =>
    inOrder.filter(
      (event) =>
        (user === undefined || event.user === user) &&
        (types === undefined || types.includes(event.type)) &&
        (since === undefined || event.at >= since),
    );
  const log: InMemoryEventLog = {
    get events() {
      return [...inOrder];
    },
    save() {
      const kept = [...inOrder];
      return () => {
        // Only what differs goes and comes: most of a log is the same wherever a run goes on from.
        let same = 0;
        while (same < kept.length && inOrder[same] === kept[same]) same += 1;
        for (let left = inOrder.length - same; left > 0; left -= 1) drop();
        for (const event of kept.slice(same)) keep(event);
      };
    },
    replace(event) {
      const before = stored.get(event._id);
      if (before === undefined) return;
      Object.freeze(event);
      Object.freeze(event.data);
      stored.set(event._id, event);
      inOrder[inOrder.indexOf(before)] = event;
      const ofUser = event.user === null ? undefined : byUser.get(event.user);
      if (ofUser !== undefined) ofUser[ofUser.indexOf(before)] = event;
    },
    since: (count) => inOrder.slice(count),
    has: (id) => stored.has(id),
    find: (id) => stored.get(id),
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
    async ofUser(user: UserKey, by?: Date) {
      const all = (byUser.get(user) ?? []).filter(({ recordedAt }) => by === undefined || recordedAt <= by);
      const hints = all.filter((event) => isReceivedEvent(event) && event.data.hint === 'deleted');
      const [newest] = hints.sort((a, b) => b.recordedAt.getTime() - a.recordedAt.getTime());
      return all.filter((event) => !isReceivedEvent(event) || event === newest).reverse();
    },
    async *read(query) {
      const found = matching(query).sort(byTimeThenId);
      if (query.newestFirst === true) found.reverse();
      const { limit = 0, usersOfHalts } = query;
      for (const event of limit === 0 ? found : found.slice(0, limit)) {
        if (event.type !== 'sweep.halted' || usersOfHalts === undefined) yield event;
        else yield { ...event, data: { ...event.data, users: event.data.users.slice(0, usersOfHalts) } };
      }
    },
  };
  return hooked('log', log, CALLS.log, hooks);
}

function byTimeThenId(a: ConcordEvent, b: ConcordEvent): number {
  return a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : 1);
}
