/** Blanks what is personal in the log in memory. Raw payloads are not kept here, so nobody is mentioned in those of others. */
import { blanked, isPersonal } from '../../../src/events/blank.ts';
import type { Eraser } from '../../../src/ports/event-log.ts';
import type { InMemoryEventLog } from './event-log.ts';

export function inMemoryEraser(log: InMemoryEventLog): Eraser {
  return {
    async blankEvents(user, ensure) {
      await ensure();
      const personal = log.eventsOf(user).filter(isPersonal);
      for (const event of personal) log.replace(blanked(event));
      return personal.length;
    },
    async blankMentions({ user }, ensure) {
      await ensure();
      const linked = log.events.filter(
        (event) =>
          event.user !== user &&
          ((event.type === 'sister.observed' && event.data.user === user) ||
            (event.type === 'sister.named' && event.data.by === user)),
      );
      for (const event of linked) log.replace(blanked(event));
      return { events: linked.length, rejects: 0 };
    },
  };
}
