/** Many upserts in one command. */
import type { AnyBulkWriteOperation, Collection, Document } from 'mongodb';
import { duplicatePositions, translateError } from './errors.ts';

/** Each round of a race has a winner, so a handful of rounds is plenty. */
const maxRounds = 10;

/**
 * Carries out upserts by `_id`, in no order. Two upserts of the same new `_id` at the same time can both try
 * to insert: the server refuses one, and the same upsert then finds the document and updates it.
 */
export async function upsertAll<T extends Document>(
  collection: Collection<T>,
  upserts: readonly AnyBulkWriteOperation<T>[],
  what: string,
): Promise<void> {
  let left = upserts;
  for (let round = 1; left.length > 0; round++) {
    try {
      await collection.bulkWrite(left, { ordered: false });
      return;
    } catch (error) {
      const lost = duplicatePositions(error);
      if (lost === undefined || round === maxRounds) throw translateError(error, what, 'write');
      const repeated = left;
      left = lost.flatMap((position) => repeated[position] ?? []);
    }
  }
}
