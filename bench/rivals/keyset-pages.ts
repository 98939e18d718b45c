/** The limit of looking at everyone: the collections and the subjects' keys read by key, a page at a time, and compared with nothing. */
import type { Db, Document } from 'mongodb';

const PAGE = 1_000;
const FIELDS: Readonly<Record<string, Document>> = {
  users: { code: 1, when: 1, atproto: 1, atprotoPending: 1 },
  verifications: { count: 1 },
  '@handles': { handle: 1, code: 1 },
  'concord.subjects': { _id: 1 },
};

/** Returns how many documents there were. */
export async function readPages(db: Db): Promise<number> {
  let read = 0;
  let after = '';
  for (;;) {
    const pages = await Promise.all(
      Object.entries(FIELDS).map(([name, projection]) =>
        db
          .collection<{ _id: string }>(name)
          .find({ _id: { $gt: after } }, { projection, batchSize: PAGE + 1 })
          .sort({ _id: 1 })
          .limit(PAGE)
          .toArray(),
      ),
    );
    // All four hold the same users, so that their pages end alike.
    const last = pages[0]?.at(-1);
    read += pages.reduce((sum, page) => sum + page.length, 0);
    if (last === undefined) return read;
    after = last._id;
  }
}
