import type { IngestDeps } from '../../src/engine/intake/ingest.ts';
import type { ConcordEvent } from '../../src/events/event.ts';
import { addIgnored, type IgnoredCounts } from '../../src/events/ignored.ts';
import type { EventId, UserKey } from '../../src/identity.ts';
import type { Reject } from '../../src/ports/intake.ts';
import type { Trigger } from '../../src/ports/trigger.ts';
import { wakingQueue } from '../../src/wiring/waking-queue.ts';

export type Call = 'append' | 'markDue' | 'rejects' | 'ignored';

export interface InMemoryStores extends IngestDeps {
  readonly events: Map<EventId, ConcordEvent>;
  readonly due: Map<UserKey, Trigger>;
  readonly rejected: Reject[];
  ignoredFor: IgnoredCounts;
  /** The calls that took effect, in their order. */
  readonly calls: (Call | 'onDue')[];
  /** Makes the next call of this name throw and change nothing. */
  failOnce(call: Call, error: Error): void;
  now: Date;
}

/** The log, the queue and the rejects as the ingest sees them, with calls that can be made to fail. */
export function inMemoryStores(now: Date): InMemoryStores {
  const failures = new Map<Call, Error>();
  const attempt = (call: Call): void => {
    const failure = failures.get(call);
    failures.delete(call);
    if (failure !== undefined) throw failure;
    stores.calls.push(call);
  };
  const stores: InMemoryStores = {
    now,
    events: new Map(),
    due: new Map(),
    rejected: [],
    ignoredFor: {},
    calls: [],
    failOnce: (call, error) => failures.set(call, error),
    clock: { now: () => stores.now },
    log: {
      async append(events) {
        attempt('append');
        const duplicates = events.map((event) => event._id).filter((id) => stores.events.has(id));
        for (const event of events) if (!stores.events.has(event._id)) stores.events.set(event._id, event);
        return { appended: events.length - duplicates.length, duplicates };
      },
    },
    queue: wakingQueue(
      {
        async markDue(triggers) {
          attempt('markDue');
          for (const trigger of triggers) stores.due.set(trigger.user, trigger);
        },
      },
      () => void stores.calls.push('onDue'),
    ),
    rejects: {
      async add(rejects) {
        attempt('rejects');
        stores.rejected.push(...rejects);
      },
    },
    ignored: {
      async add(_tenant, counts) {
        attempt('ignored');
        stores.ignoredFor = addIgnored(stores.ignoredFor, counts);
      },
    },
  };
  return stores;
}
