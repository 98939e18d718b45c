/** What changed outside, in the words in which the log has to tell of it. */
import { chainOf } from '../../../src/events/causes.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import type { Did, UserKey } from '../../../src/identity.ts';
import type { InMemoryEventLog } from '../../support/in-memory/event-log.ts';

/** A write that changed something. */
export interface Effect {
  readonly user: UserKey | undefined;
  readonly type:
    | 'verification'
    | 'document'
    | 'created'
    | 'handle'
    | 'email'
    | 'deactivated'
    | 'reactivated'
    | 'deleted'
    | 'other';
  readonly value: string;
  /** Of an account: which one. */
  readonly did?: Did;
}

/** Whether the log tells of an effect. Once it does it always does. */
export function isTold({ type, value, did }: Effect, events: readonly ConcordEvent[]): boolean {
  return events.some((event) => {
    // One that was replaced is told of as a whole.
    if (event.type === 'account.retired' && event.data.did === did) return true;
    switch (type) {
      case 'verification':
        return event.type === 'verification.recorded' && event.data.count >= Number(value);
      case 'document':
        return event.type === 'code.assigned' && event.data.code === value;
      case 'created':
        return (
          (event.type === 'account.created' || event.type === 'account.recorded') && event.data.did === value
        );
      case 'handle':
        return (
          (event.type === 'handle.changed' && event.data.to === value) ||
          (event.type === 'handle.recorded' && event.data.handle === value)
        );
      case 'email':
        return (event.type === 'email.changed' || event.type === 'email.parked') && event.data.to === value;
      case 'deactivated':
        return event.type === 'account.deactivated' && event.data.did === value;
      case 'reactivated':
        return event.type === 'account.reactivated' && event.data.did === value;
      case 'deleted':
        return (
          (event.type === 'account.deleted' || event.type === 'account.remnant-deleted') &&
          event.data.did === value
        );
      case 'other':
        return true;
      default:
        return type satisfies never;
    }
  });
}

/** What the log cannot explain: by the same function that `concord explain` shows it with. */
export function unexplained(
  events: readonly ConcordEvent[],
  log: Pick<InMemoryEventLog, 'find' | 'eventsOf'>,
): string[] {
  const history = { find: log.find, ofUser: log.eventsOf };
  return events.flatMap((event) => {
    const { flaw } = chainOf(event, history);
    return flaw === undefined ? [] : [`${event.type} ${flaw}`];
  });
}
