/** What is stored of one person, read by the list in `personal-data.ts`: own documents by their indexes, the rest by search. */
import type { Document } from 'mongodb';
import type { ConcordEvent } from '../../events/event.ts';
import type { MentionedIn, Person, PersonRecord, PersonRecords } from '../../ports/person-records.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, translateError } from '../driver/errors.ts';
import { windows } from '../driver/windows.ts';
import { escaped, naming } from '../platform/naming.ts';
import { emailHash, type StoredSubject } from '../subjects/stored-subject.ts';
import { COLLECTION_NAMES, type CollectionName, PLACES, type Search, searchesFor } from './personal-data.ts';
import { typesOfUser } from './types-of-user.ts';

const batchSize = 1_000;
/** More users than this behind one name is not something a person can choose from. */
const maxFound = 20;

export function personRecords(db: ReadableDb): PersonRecords {
  async function* found(collection: CollectionName, filter: Document): AsyncIterable<Document> {
    const cursor = db.collection<Document>(collections[collection]).find(filter, { batchSize });
    // The log is shown in its order, which the indexes that end with type and time have.
    if (collection === 'events') cursor.sort({ at: 1 });
    try {
      for await (const document of cursor) yield document;
    } catch (error) {
      throw translateError(error, 'read the data about a user', 'read');
    }
  }

  /** Every type is named, so that the index has the order of time. */
  async function byTime(own: Document, { user }: Person): Promise<Document> {
    const types = await typesOfUser(db.collection<ConcordEvent>(collections.events), user);
    return { ...own, type: { $in: [...types] } };
  }

  async function* searched({ collection, along, walked, filter }: Search): AsyncIterable<Document> {
    for await (const window of windows(db, collections[collection], along, walked))
      yield* found(collection, { $and: [filter, window] });
  }

  return {
    collections: COLLECTION_NAMES.map((name) => collections[name]),

    async *read(stored, who) {
      const name = COLLECTION_NAMES.find((one) => collections[one] === stored);
      if (name === undefined) throw new Error(`there is no collection ${stored}`);
      const own = PLACES[name].own(who);
      if (own !== undefined)
        for await (const document of found(name, name === 'events' ? await byTime(own, who) : own))
          yield { type: 'document', document };
      for (const search of searchesFor(who).filter(({ collection }) => collection === name))
        for await (const document of searched(search)) yield recordOf(search, document, who);
    },

    async knows(who) {
      const firsts = await Promise.all(
        COLLECTION_NAMES.map(async (name) => {
          const own = PLACES[name].own(who);
          return own === undefined
            ? null
            : reading('look up a user', () =>
                db.collection<Document>(collections[name]).findOne(own, { projection: { _id: 1 } }),
              );
        }),
      );
      return firsts.some((first) => first !== null);
    },

    async keysOf(name) {
      const label = name.startsWith('@') ? name.slice(1) : name;
      const hash = emailHash(name);
      const shown = [
        ...['view.code', 'view.did', 'view.platformHandle'].map((field) => ({ [field]: { $eq: label } })),
        { 'view.accountHandle': { $eq: label.toLowerCase() } },
        ...['accountEmailHash', 'verifiedEmailHash'].map((field) => ({ [field]: { $eq: hash } })),
        // Auth0 keeps the spelling of some connections.
        naming('view.email', [`^${escaped(name)}$`]),
      ];
      const subjects = await reading('find users by name', () =>
        db
          .collection<StoredSubject>(collections.subjects)
          .find({ $or: shown as never }, { projection: { _id: 1 } })
          .limit(maxFound)
          .toArray(),
      );
      return subjects.map(({ _id }) => _id);
    },
  };
}

/** A document of no user that names the person is shown as it is; a list of users, as far as it is about this one. */
function recordOf({ collection, field }: Search, document: Document, { user }: Person): PersonRecord {
  const isNobodys = collection === 'rejects' || (collection === 'events' && document['user'] === null);
  if (!isNobodys) return { type: 'mention', mention: mentionIn(collections[collection], field, document) };
  const { data } = document;
  const users: unknown = data?.['users'];
  const own = Array.isArray(users) ? { ...document, data: { ...data, users: [user] } } : document;
  return { type: 'document', document: own };
}

function mentionIn(collection: string, field: string, { _id, type, at }: Document): MentionedIn {
  return {
    ...{ collection, id: String(_id), field },
    ...(typeof type === 'string' ? { type } : {}),
    ...(at instanceof Date ? { at } : {}),
  };
}
