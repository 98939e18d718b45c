/**
 * A collection in windows along an index, for a search that no index answers: so each command ends long before a socket
 * is given up, however long the log is.
 */
import type { Document } from 'mongodb';
import type { ReadableDb } from './database.ts';
import { reading } from './errors.ts';

/** Documents searched by one command. */
const searchWindow = 10_000;

/** Filters that together match each document once. The index begins with the fields of `walked` and ends with `along`. */
export async function* windows(
  db: ReadableDb,
  collection: string,
  along: 'at' | '_id',
  walked: Document,
): AsyncIterable<Document> {
  const searched = db.collection<Document>(collection);
  let from: unknown;
  for (;;) {
    const beyond = from === undefined ? {} : { [along]: { $gt: from } };
    const last = await reading('search for mentions of a user', () =>
      searched
        .find({ ...walked, ...beyond }, { projection: along === '_id' ? { _id: 1 } : { _id: 0, [along]: 1 } })
        .sort({ [along]: 1 })
        .skip(searchWindow)
        .limit(1)
        .next(),
    );
    const next: unknown = last?.[along];
    const window = {
      ...(from === undefined ? {} : { $gte: from }),
      ...(next === undefined ? {} : { $lt: next }),
    };
    yield Object.keys(window).length === 0 ? {} : { [along]: window };
    if (next === undefined) return;
    from = next;
  }
}
