/** W14: an id that is none of a user has no subject and no effect, and the log has one line of it at most. */
import type { EventType } from '../../../src/events/event.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import type { Run } from '../search/run.ts';

export async function noUserFlaws({ world, scenario }: Run): Promise<string[]> {
  const flaws = (scenario.noUsers ?? []).map(async (who) => [
    ...(await knownFlaws(who, world)),
    ...toldFlaws(who, world),
    ...(hasDocuments(who, world) ? [`W14: ${who.user} has documents`] : []),
  ]);
  return (await Promise.all(flaws)).flat();
}

async function knownFlaws({ user }: Person, { queue }: Run['world']): Promise<string[]> {
  return (await queue.subjects.get(user)) === undefined ? [] : [`W14: ${user} is known as a user`];
}

/** A read that failed is told, as of a user. */
const TOLD: ReadonlySet<EventType> = new Set<EventType>([
  ...(['auth0.log-received', 'auth0.user-invalid', 'converge.failed', 'converge.deferred'] as const),
]);

function toldFlaws({ user }: Person, { log }: Run['world']): string[] {
  const events = log.eventsOf(user);
  const times = events.filter(({ type }) => type === 'auth0.user-invalid').length;
  const others = events.filter(({ type }) => !TOLD.has(type));
  return [
    ...(times > 1 ? [`W14: ${times} events say that ${user} is no user`] : []),
    ...others.map(({ type }) => `W14: the log tells ${type} of ${user}`),
  ];
}

function hasDocuments({ user }: Person, { documents }: Run['world']): boolean {
  return documents.users.has(user) || documents.verifications.has(user);
}
