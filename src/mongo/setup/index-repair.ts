/** Creating and dropping indexes of the platform's collections, after a person has confirmed. Each may be repeated. */
import type { Db } from 'mongodb';
import { UpstreamError } from '../../errors.ts';
import type { IndexRepair } from '../../ports/inspection.ts';
import { unexpected, writing } from '../driver/errors.ts';

export function indexRepair(db: Db): IndexRepair {
  return {
    async create({ collection, name, field, direction, sparse }) {
      const what = `create the index ${name} on ${collection}`;
      try {
        await writing(what, () =>
          db
            .collection(collection)
            // 4.0 locks the whole database for an index that is not built in the background; later servers ignore it.
            .createIndex({ [field]: direction }, { name, unique: true, sparse, background: true }),
        );
      } catch (error) {
        if (!(error instanceof UpstreamError && error.code === 'DUPLICATE_KEY')) throw error;
        throw unexpected(`${what}: documents share a value of ${field}`, 'INDEX_DUPLICATES', false);
      }
    },

    drop: (collection, name) => dropIndex(db, collection, name),
  };
}

export async function dropIndex(db: Db, collection: string, name: string): Promise<void> {
  await writing(`drop the index ${name} of ${collection}`, async () => {
    try {
      await db.collection(collection).dropIndex(name);
    } catch (error) {
      // Another process was first: it created the index, or the whole collection.
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 27 && code !== 26) throw error;
    }
  });
}
