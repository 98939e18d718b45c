/** Events of alice's, as short as a test wants to write them. */
import type { ConcordEvent, EventData, EventType } from '../../../src/events/event.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, at } from '../../mongo/subjects/people.ts';

/** One event at so many seconds; its id follows from its time, so that ids are in the order of time. */
export function aliceEvent<T extends EventType>(
  type: T,
  seconds: number,
  data: EventData[T],
  id = `e-${String(seconds).padStart(6, '0')}`,
): ConcordEvent {
  const event = {
    _id: eventId(id),
    user: alice.user,
    tenant: alice.tenant,
    type,
    at: at(seconds),
    recordedAt: at(seconds),
    cause: [],
    data,
  };
  return event as unknown as ConcordEvent;
}

export function observed(
  seconds: number,
  changes: Partial<EventData['auth0.user-observed']> = {},
): ConcordEvent {
  return aliceEvent('auth0.user-observed', seconds, {
    userId: alice.userId,
    email: 'alice@example.com',
    emailVerified: true,
    blocked: false,
    createdAt: at(0).toISOString(),
    ...changes,
  });
}
