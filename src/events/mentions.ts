/** Where an event of another user, or of none, may name a person, by event type. */
import type { Mention } from './definition.ts';
import { eventDefinitions } from './definitions.ts';
import type { EventType } from './event.ts';

export function mentionsByType(): readonly (readonly [EventType, readonly Mention[]])[] {
  return eventDefinitions().map(([type, { mentions }]) => [type, mentions]);
}
