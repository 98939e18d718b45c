/**
 * The one place that changes events. The log is insert only, for it is the proof of everything that was
 * done; but a person who is gone has the right to be forgotten, and the law puts that above our proof. So
 * what is personal is blanked in place, and what happened, when, and why it followed, stays readable.
 *
 * It is a module of its own, so that code with an event log cannot change it, and code with this
 * can do nothing else.
 */
import type { Db } from 'mongodb';
import { blanked, isPersonal } from '../../events/blank.ts';
import type { ConcordEvent } from '../../events/event.ts';
import type { Eraser } from '../../ports/event-log.ts';
import { collections } from '../driver/collections.ts';
import { writing } from '../driver/errors.ts';
import { windows } from '../driver/windows.ts';
import { eventReader } from './event-log.ts';
import { searchesFor } from './personal-data.ts';

const writeChunk = 500;

interface Stored {
  readonly _id: string;
  readonly [field: string]: unknown;
}

export function eraser(db: Db): Eraser {
  const { read } = eventReader(db);
  const events = db.collection<Stored>(collections.events);
  return {
    async blankEvents(user, ensure) {
      let count = 0;
      let personal: ConcordEvent[] = [];
      const blank = async (): Promise<void> => {
        const updates = personal.map((event) => ({
          updateOne: {
            filter: { _id: event._id, user: { $eq: user } },
            update: { $set: { data: blanked(event).data } },
          },
        }));
        await ensure();
        await writing('blank the events of a user', () => events.bulkWrite(updates, { ordered: false }));
        count += personal.length;
        personal = [];
      };
      for await (const event of read({ user })) {
        if (!isPersonal(event)) continue;
        personal.push(event);
        if (personal.length === writeChunk) await blank();
      }
      if (personal.length > 0) await blank();
      return count;
    },

    async blankMentions(who, ensure) {
      const counts = { events: 0, rejects: 0 };
      for (const { collection, along, walked, filter, blank } of searchesFor(who)) {
        if (blank === undefined) continue;
        if (collection !== 'events' && collection !== 'rejects')
          throw new Error(`what names a user in ${collection} is not the eraser's to blank`);
        const searched = db.collection<Stored>(collections[collection]);
        for await (const window of windows(db, collections[collection], along, walked)) {
          await ensure();
          const written = await writing('blank the mentions of a user', () =>
            searched.updateMany({ $and: [filter, window] }, { $set: blank }),
          );
          counts[collection] += written.modifiedCount;
        }
      }
      return counts;
    },
  };
}
