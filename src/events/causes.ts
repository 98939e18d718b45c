/**
 * Why something was done: from a line of the log back along its causes to what set it going. Pure.
 *
 * | what came about                | follows from                                               |
 * |--------------------------------|------------------------------------------------------------|
 * | an effect on a document or account, and each step on the way to it | an intention that names its action |
 * | an intention                   | what a reconciliation learned, or what made the user due   |
 * | an intention without a cause   | a reconciliation that no event requested, of a user Auth0 reported before |
 * | received, learned, decided     | nothing: a chain may begin there                           |
 */
import type { EventId, UserKey } from '../identity.ts';
import type { Part } from './definition.ts';
import { definitionOf } from './definitions.ts';
import type { ConcordEvent, EventOf, EventType } from './event.ts';

/** Undefined for a type that only a newer version knows. */
export function partOf(type: EventType): Part | undefined {
  return definitionOf(type)?.part;
}

/** Where the events of a chain are looked up. */
export interface History {
  find(id: EventId): ConcordEvent | undefined;
  ofUser(user: UserKey): readonly ConcordEvent[];
}

export function historyOf(events: readonly ConcordEvent[]): History {
  const byId = new Map(events.map((event) => [event._id, event]));
  const byUser = new Map<UserKey, ConcordEvent[]>();
  for (const event of events) {
    if (event.user === null) continue;
    const known = byUser.get(event.user);
    if (known === undefined) byUser.set(event.user, [event]);
    else known.push(event);
  }
  return { find: (id) => byId.get(id), ofUser: (user) => byUser.get(user) ?? [] };
}

export interface Chain {
  /** What it follows from, the nearest first, each event once. */
  readonly links: readonly ConcordEvent[];
  /** Those of the links that nothing caused: what set it going. */
  readonly origins: readonly ConcordEvent[];
  /** Of a reconciliation that no event requested: the last that Auth0 reported about the user. */
  readonly basis: ConcordEvent | undefined;
  /** What is wrong with the chain, in a few words; undefined when it explains the event. */
  readonly flaw: string | undefined;
}

export function chainOf(event: ConcordEvent, history: History): Chain {
  const links: ConcordEvent[] = [];
  const known = new Set<EventId>([event._id]);
  let isLacking = false;
  // Breadth first, so that what is nearer comes first.
  let edge: readonly ConcordEvent[] = [event];
  while (edge.length > 0) {
    const next: ConcordEvent[] = [];
    for (const id of edge.flatMap(({ cause }) => cause)) {
      if (known.has(id)) continue;
      known.add(id);
      const found = history.find(id);
      if (found === undefined) isLacking = true;
      else next.push(found);
    }
    links.push(...next);
    edge = next;
  }
  const origins = links.filter(({ cause }) => cause.length === 0);
  const look = [event, ...links].find(isReconciliation);
  const basis = look === undefined ? undefined : lastReadBefore(look, history);
  const flaw = isLacking ? 'rests on an event that is not in the log' : flawOf(event, links, look, basis);
  return { links, origins, basis, flaw };
}

function flawOf(
  event: ConcordEvent,
  links: readonly ConcordEvent[],
  look: ConcordEvent | undefined,
  basis: ConcordEvent | undefined,
): string | undefined {
  const wanted = definitionOf(event.type)?.follows;
  if (wanted !== undefined) {
    const intention = links.find((link): link is EventOf<'actions.intended'> => isIntention(link));
    if (intention === undefined) return 'follows from nothing';
    if (!intention.data.actions.some(({ type }) => wanted.includes(type))) return 'was never intended';
  }
  return look !== undefined && basis === undefined ? 'rests on nothing that Auth0 reported' : undefined;
}

function isIntention(event: ConcordEvent): event is Extract<ConcordEvent, { type: 'actions.intended' }> {
  return event.type === 'actions.intended';
}

/** By the sweep, the schedule, a person at a terminal, or because of a change in the database. */
export function isReconciliation(event: ConcordEvent): boolean {
  return isIntention(event) && event.cause.length === 0;
}

function lastReadBefore({ user, at }: ConcordEvent, history: History): ConcordEvent | undefined {
  if (user === null) return undefined;
  let newest: ConcordEvent | undefined;
  for (const event of history.ofUser(user)) {
    const isRead = event.type === 'auth0.user-observed' || event.type === 'auth0.user-absent';
    if (isRead && event.at < at && (newest === undefined || newest.at < event.at)) newest = event;
  }
  return newest;
}
