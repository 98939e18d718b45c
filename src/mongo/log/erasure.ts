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
import { reading, writing } from '../driver/errors.ts';
import { windows } from '../driver/windows.ts';
import { searchesFor } from './personal-data.ts';

const writeChunk = 500;

interface Stored {
  readonly _id: string;
  readonly [field: string]: unknown;
}

export function eraser(db: Db): Eraser {
  const log = db.collection<ConcordEvent>(collections.events);
  const events = db.collection<Stored>(collections.events);
  return {
    async blankEvents(user) {
      const personal = (
        await reading('read the events of a user', () => log.find({ user: { $eq: user } }).toArray())
      ).filter(isPersonal);
      for (let start = 0; start < personal.length; start += writeChunk) {
        const updates = personal.slice(start, start + writeChunk).map((event) => ({
          updateOne: {
            filter: { _id: event._id, user: { $eq: user } },
            update: { $set: { data: blanked(event).data } },
          },
        }));
        await writing('blank the events of a user', () => events.bulkWrite(updates, { ordered: false }));
      }
      return personal.length;
    },

    async blankMentions(who) {
      const counts = { events: 0, rejects: 0 };
      for (const { collection, along, walked, filter, blank } of searchesFor(who)) {
        if (blank === undefined) continue;
        if (collection !== 'events' && collection !== 'rejects')
          throw new Error(`what names a user in ${collection} is not the eraser's to blank`);
        const searched = db.collection<Stored>(collections[collection]);
        for await (const window of windows(db, collections[collection], along, walked)) {
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
