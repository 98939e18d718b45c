/**
 * An event under other names. Types, times, causes and words of a fixed set stay; a raw payload is left out, since no
 * decision depends on it and it may contain anything.
 */
import { definitionOf } from '../../../events/definitions.ts';
import type { ConcordEvent } from '../../../events/event.ts';
import type { ConsistentPseudonyms } from './pseudonyms.ts';

/** Of a type that only a newer version knows, the data is left out: it may contain anything. */
export function pseudonymisedEvent(event: ConcordEvent, as: ConsistentPseudonyms): ConcordEvent {
  const { _id, user, tenant, type, at, recordedAt, cause, data } = event;
  return {
    ...{ _id: as.event(_id), user: user === null ? null : as.user(user), tenant: as.tenant(tenant) },
    ...{ at, recordedAt, cause: cause.map((id) => as.event(id)) },
    ...{ type, data: definitionOf(type)?.pseudonymise(data, as) ?? {} },
  } as ConcordEvent;
}
