/**
 * Reading many documents as one answer. The driver's cursor unpacks each document by itself, which takes twice as
 * long as to unpack the answer as a whole; so the command is sent as it is.
 */
import type { Document } from 'mongodb';
import type { ReadableDb } from './database.ts';
import { reading, twiceIfLost } from './errors.ts';

export interface WholeRead {
  readonly collection: string;
  readonly filter: Document;
  readonly projection?: Document;
  /** How many documents there can be. */
  readonly most: number;
  /** There may be more: only the first are read, in the order of `_id`. */
  readonly isPage?: true;
}

/** As `find`, with the same guarantees. `what` completes the sentence "MongoDB could not …". */
export async function readWhole<T extends Document>(
  db: ReadableDb,
  { collection, filter, projection = {}, most, isPage }: WholeRead,
  what: string,
): Promise<readonly T[]> {
  // A limit of one more than there can be shows the server that it has returned all, so it keeps no cursor.
  const batchSize = most + 1;
  const page = isPage === true ? ({ sort: { _id: 1 }, limit: most } as const) : {};
  const { readConcern } = db;
  const { cursor } = await twiceIfLost(() =>
    reading(what, () =>
      db.command({
        find: collection,
        filter,
        projection,
        batchSize,
        ...page,
        // The database's own; a command that is sent as it is inherits nothing.
        ...(readConcern === undefined ? {} : { readConcern: { level: readConcern.level } }),
      }),
    ),
  );
  const { firstBatch, id }: { firstBatch?: unknown; id?: unknown } = cursor ?? {};
  if (Array.isArray(firstBatch) && Number(id) === 0) return firstBatch;
  // An answer has 16 MB, and this one would have more: the driver asks for it piece by piece.
  return await reading(what, () =>
    db
      .collection<T>(collection)
      .find<T>(filter as never, { projection, batchSize, ...page })
      .toArray(),
  );
}
