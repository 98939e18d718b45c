/** Positions in sources: one document each, replaced as a whole. What a position means is its reader's affair. */
import type { Db } from 'mongodb';
import type { Cursors } from '../ports.ts';
import { upsertAll } from './bulk.ts';
import { collections } from './collections.ts';
import type { ReadableDb } from './connection.ts';
import { reading } from './errors.ts';

interface StoredCursor {
  readonly _id: string;
  readonly position: string;
  /** By the server's clock, for people: when the source was last read on. */
  readonly at: Date;
}

export function cursorReader(db: ReadableDb): Pick<Cursors, 'get'> {
  const collection = db.collection<StoredCursor>(collections.cursors);
  return {
    async get(name) {
      const found = await reading('read a position', () => collection.findOne({ _id: { $eq: name } }));
      return found?.position;
    },
  };
}

export function cursors(db: Db): Cursors {
  const collection = db.collection<StoredCursor>(collections.cursors);
  return {
    ...cursorReader(db),
    set: (name, position) => {
      const update = { $set: { position }, $currentDate: { at: true } } as const;
      const upsert = { updateOne: { filter: { _id: name }, update, upsert: true } };
      return upsertAll(collection, [upsert], 'keep a position');
    },
  };
}
