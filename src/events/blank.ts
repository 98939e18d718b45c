/**
 * An event without what is personal in it. The shape of the history stays: ids, types, times, causes,
 * codes and DIDs, which identify no person without other data.
 */
import { definitionOf } from './definitions.ts';
import type { ConcordEvent } from './event.ts';

/**
 * Blank ones come back equal, so that blanking may be repeated. Throws for a type that only a newer version knows: what is
 * personal in it is not known, and a user is not forgotten by half.
 */
export function blanked(event: ConcordEvent): ConcordEvent {
  const definition = definitionOf(event.type);
  if (definition === undefined) throw new Error(`The event type ${event.type} is not known to this version.`);
  return { ...event, data: definition.blank(event.data) } as ConcordEvent;
}

export function isPersonal(event: ConcordEvent): boolean {
  return JSON.stringify(blanked(event).data) !== JSON.stringify(event.data);
}

/** Every address that these events say is the user's, lower-case, once each. */
export function addressesIn(events: readonly ConcordEvent[]): readonly string[] {
  return [...new Set(events.map((event) => addressIn(event)?.toLowerCase() ?? ''))].filter(
    (address) => address !== '',
  );
}

function addressIn({ type, data }: ConcordEvent): string | null | undefined {
  if (type === 'subject.observed') return data.account?.email;
  if (type === 'email.changed') return data.to;
  if (type === 'account.creation-refused') return data.field === 'email' ? data.value : undefined;
  return 'email' in data ? data.email : undefined;
}
