/** Codes of Auth0's log that this version does not know: all of them in one document beside the cursors. */
import type { Db } from 'mongodb';
import type { SeenCodes } from '../../ports/intake.ts';
import { collections } from '../driver/collections.ts';
import { isDuplicateKey, writing } from '../driver/errors.ts';

interface StoredCodes {
  readonly _id: string;
  readonly codes: readonly string[];
}

const ID = 'unknown-log-codes';
/** Auth0 has about two hundred codes in all. A client with the token of a stream may send any number. */
export const MOST_CODES = 200;

export function seenCodes(db: Db): SeenCodes {
  const collection = db.collection<StoredCodes>(collections.cursors);
  return {
    async isFirst(code) {
      const isNew = { _id: ID, codes: { $ne: code }, [`codes.${MOST_CODES - 1}`]: { $exists: false } };
      return writing('store a log code', async () => {
        try {
          await collection.updateOne(isNew, { $push: { codes: code } }, { upsert: true });
          return true;
        } catch (error) {
          // The document exists, and has the code or is full.
          if (isDuplicateKey(error)) return false;
          throw error;
        }
      });
    },
  };
}
