/** The limit of appending: the driver's insertMany and nothing else, with one unique index against doubles. */
import type { Collection, Db } from 'mongodb';
import type { Entry } from '../support/entries.ts';

export async function bareCollection(db: Db): Promise<Collection> {
  const entries = db.collection('entries');
  await entries.createIndex({ log_id: 1 }, { unique: true });
  return entries;
}

/** Unordered, so that one double would not keep the rest out; the write concern is the database's. */
export async function bareInsert(entries: Collection, batch: readonly Entry[]): Promise<void> {
  await entries.insertMany([...batch], { ordered: false });
}
