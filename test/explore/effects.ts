/** What changed outside, in the words in which the log has to tell of it. */
import type { ConcordEvent } from '../../src/events/event.ts';
import type { UserKey } from '../../src/identity.ts';
import type { InMemoryEventLog } from '../support/in-memory/event-log.ts';

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
}

/** Whether the log tells of an effect. Once it does it always does. */
export function isTold({ type, value }: Effect, events: readonly ConcordEvent[]): boolean {
  return events.some((event) => {
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
        return event.type === 'email.changed' && event.data.to === value;
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

/** Facts, decisions and the ends of passes may be the first of a chain; an outcome never is. */
const MAY_BE_FIRST =
  /^(auth0|subject\.observed|sister\.observed|handle\.observed|adoption\.granted|removal\.granted|user\.|actions\.intended|converge|sweep\.)/;

export function rootless(events: readonly ConcordEvent[], log: Pick<InMemoryEventLog, 'has'>): string[] {
  return events
    .filter(({ type, cause }) => !MAY_BE_FIRST.test(type) && (cause.length === 0 || !cause.every(log.has)))
    .map(({ type }) => `${type} follows from nothing`);
}
