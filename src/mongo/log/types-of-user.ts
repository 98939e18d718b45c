/** The event types that a user has: with all of them named, the index on user, type and time gives the order of time. */
import type { Collection } from 'mongodb';
import type { ConcordEvent, EventType } from '../../events/event.ts';
import type { UserKey } from '../../identity.ts';

/** Read from the index alone, in as many steps as there are types; also those that only a newer version knows. */
export function typesOfUser(
  events: Pick<Collection<ConcordEvent>, 'distinct'>,
  user: UserKey,
): Promise<readonly EventType[]> {
  return events.distinct('type', { user: { $eq: user } });
}
