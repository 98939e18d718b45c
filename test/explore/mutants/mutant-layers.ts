/** What seeded bugs are made of: layers around a port, and what the engine is made to believe. */

import type { ConditionDraft } from '../../../src/events/condition.ts';
import type { ConcordEvent, EventType } from '../../../src/events/event.ts';
import { eventId } from '../../../src/identity.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import type { Lease } from '../../../src/ports/queue.ts';
import type { Ports } from '../model/ports.ts';
import type { Run } from '../search/run.ts';
import type { Mutant } from './mutant.ts';

type Layer = (ports: Ports, run: Run) => Ports;

export const on =
  <Name extends keyof Ports>(
    name: Name,
    change: (port: Ports[Name], run: Run) => Partial<Ports[Name]>,
  ): Layer =>
  (ports, run) => ({ ...ports, [name]: Object.assign(Object.create(ports[name]), change(ports[name], run)) });

/** The same lease, and its holder believes that it never ends. */
export async function outlasting(claimed: Promise<Lease | undefined>): Promise<Lease | undefined> {
  const lease = await claimed;
  return lease && { ...lease, until: new Date(lease.until.getTime() * 2) };
}

/** A log in which events of this kind never arrive. */
export function lacks(...types: EventType[]): Mutant {
  const drop = (log: EventLog): Partial<EventLog> => ({
    append: (events) => log.append(events.filter(({ type }) => !types.includes(type))),
  });
  return { name: `the log never gets ${types.join(' and ')}`, outer: on('log', drop) };
}

/** Together with the read model showing no linked user: each of the two finds what the other would miss. */
export function unshown(mutant: Mutant): Mutant {
  const blind = on('subjects', () => ({ verifiedIn: async () => [] }));
  return { ...mutant, outer: (ports, run) => blind(mutant.outer?.(ports, run) ?? ports, run) };
}

/** What the engine believes of a user's history is more, or less, than what is in the log. */
export function believes(name: string, change: (events: ConcordEvent[], run: Run) => ConcordEvent[]): Mutant {
  return {
    name,
    outer: on('log', (log, run) => ({ ofUser: async (user) => change(await log.ofUser(user), run) })),
  };
}

export const forged = (events: ConcordEvent[], type: EventType, data: object, run: Run): ConcordEvent[] => {
  const [known] = events;
  if (known === undefined) return events;
  const at = new Date(Math.max(...events.map((event) => event.at.getTime())) + 1);
  const more = {
    ...known,
    _id: eventId(`forged-${type}`),
    type,
    data,
    at,
    recordedAt: run.world.clock.now(),
  };
  return [...events, more as unknown as ConcordEvent];
};

/** Documents as they are, but for something that is not seen. */
export function sees(name: string, change: (documents: Documents, run: Run) => Documents): Mutant {
  return {
    name,
    outer: on('documents', (documents, run) => ({
      read: async (users) =>
        new Map([...(await documents.read(users))].map(([user, found]) => [user, change(found, run)])),
    })),
  };
}

/** Conditions that say something else than what was found. */
export function says(name: string, change: (condition: ConditionDraft) => ConditionDraft): Mutant {
  const append = (log: EventLog): Partial<EventLog> => ({
    append: (events) =>
      log.append(
        events.map((event) =>
          'conditions' in event.data
            ? ({
                ...event,
                data: { ...event.data, conditions: event.data.conditions.map(change) },
              } as ConcordEvent)
            : event,
        ),
      ),
  });
  return { name, outer: on('log', append) };
}

/** A bug that has to be found by this rule in this scenario, and not by what else comes of it. */
export const against = (
  rule: string,
  where: string,
  mutant: Mutant,
  by?: NonNullable<Mutant['by']>,
): Mutant => ({
  ...mutant,
  rule,
  where,
  ...(by === undefined ? {} : { by }),
});
