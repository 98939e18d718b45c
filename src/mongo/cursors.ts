/** Positions in sources: one document each, replaced as a whole. What a position means is its reader's affair. */
import type { Db } from 'mongodb';
import type { Cursors, PositionReader } from '../ports/runs.ts';
import { upsertAll } from './driver/bulk.ts';
import { collections } from './driver/collections.ts';
import type { ReadableDb } from './driver/database.ts';
import { reading } from './driver/errors.ts';

interface StoredCursor {
  readonly _id: string;
  readonly position: string;
  /** By the server's clock, for people: when the source was last read. */
  readonly at: Date;
}

/** The stored positions of a source and of a long run. */
export function positionReader(db: ReadableDb): PositionReader {
  const collection = db.collection<Partial<StoredCursor> & { lease?: { until: Date } }>(collections.cursors);
  return {
    async read(name) {
      const found = await reading('read a position', () => collection.findOne({ _id: { $eq: name } }));
      if (found === null) return undefined;
      return { position: found.position, at: found.at, heldUntil: found.lease?.until };
    },
  };
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
