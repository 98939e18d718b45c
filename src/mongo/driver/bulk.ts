/** Many writes in one command. */
import {
  type AnyBulkWriteOperation,
  type Collection,
  type Db,
  type Document,
  MongoServerError,
  WriteConcern,
} from 'mongodb';
import { duplicatePositions, translateError, twiceIfLost, writing } from './errors.ts';

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

export interface UpdateStatement {
  readonly q: Document;
  readonly u: Document;
  readonly upsert: boolean;
}

export interface Written {
  /** Positions that a unique index refused. */
  readonly refused: readonly number[];
  /** How many upserts made a document. */
  readonly upserted: number;
}

/** Returns the positions that a unique index refused. Keep the documents under 16 MB in all. */
export async function insertAll(
  db: Db,
  collection: string,
  documents: readonly Document[],
  what: string,
): Promise<readonly number[]> {
  return (await writeAll(db, { insert: collection, documents }, what)).refused;
}

/** Updates one document a statement. */
export function updateAll(
  db: Db,
  collection: string,
  updates: readonly UpdateStatement[],
  what: string,
): Promise<Written> {
  return writeAll(db, { update: collection, updates }, what);
}

/**
 * The command itself, for writes that may be repeated: the server keeps a note of every statement that the
 * driver's own methods send, so that the driver may repeat one that may not be, and that costs a third of the
 * whole.
 */
function writeAll(db: Db, command: Document, what: string): Promise<Written> {
  return twiceIfLost(() => send(db, command, what));
}

async function send(db: Db, command: Document, what: string): Promise<Written> {
  const whole = { ...command, ordered: false };
  // The database's own; a command that is sent as it is inherits nothing.
  if (db.writeConcern !== undefined) WriteConcern.apply(whole, db.writeConcern);
  const answer = await writing(what, () => db.command(whole, { ignoreUndefined: true }));
  const { writeErrors, upserted }: { writeErrors?: unknown; upserted?: unknown } = answer;
  const failures: readonly Document[] = Array.isArray(writeErrors) ? writeErrors : [];
  return {
    refused: failures.map((failure) => positionOf(failure, what)),
    upserted: Array.isArray(upserted) ? upserted.length : 0,
  };
}

function positionOf(failure: Document, what: string): number {
  const { index, code } = failure;
  if (code === 11000 && typeof index === 'number') return index;
  throw translateError(new MongoServerError(failure), what, 'write');
}
