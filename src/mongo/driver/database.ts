import type { AggregationCursor, Collection, Document, ReadConcern } from 'mongodb';

/**
 * What a reader needs of a database. A command that must change nothing is given this and no more, so a
 * write in it does not compile.
 */

export interface ReadableDb {
  readonly readConcern?: ReadConcern | undefined;
  collection<T extends Document>(
    name: string,
  ): Pick<Collection<T>, 'find' | 'findOne' | 'distinct' | 'countDocuments' | 'listIndexes' | 'watch'> &
    Aggregating;
  command(command: FindCommand | { readonly isMaster: 1 }): Promise<Document>;
}
/** Not `$out` or `$merge`, which write. */

export type ReadStage =
  | { readonly $match: Document }
  | { readonly $project: Document }
  | { readonly $unwind: string }
  | { readonly $group: Document }
  | { readonly $sort: Document }
  | { readonly $limit: number };
/** A read as the server takes it; see `whole-read.ts`. */

export interface FindCommand {
  readonly find: string;
  readonly filter: Document;
  readonly projection: Document;
  readonly batchSize: number;
  readonly sort?: Document;
  readonly limit?: number;
  readonly readConcern?: Document;
}
export interface InspectableDb extends Omit<ReadableDb, 'command'> {
  readonly databaseName: string;
  command(question: Question | FindCommand): Promise<Document>;
  /** The other database that questions go to: `getCmdLineOpts` is answered there alone. */
  admin(): { command(question: Question): Promise<Document> };
}

export interface Aggregating {
  aggregate<T extends Document>(
    pipeline: ReadStage[],
    options: { readonly maxTimeMS: number; readonly hint?: Document | string; readonly allowDiskUse?: true },
  ): Pick<AggregationCursor<T>, 'toArray'>;
}

/** The commands that are asked here, each with what it takes: a command that writes does not compile. */
export type Question =
  // The name that every version answers to; `hello` came with 4.4.
  | { readonly isMaster: 1 }
  | { readonly buildInfo: 1 }
  | { readonly connectionStatus: 1; readonly showPrivileges: true }
  | { readonly getCmdLineOpts: 1 }
  | {
      readonly listCollections: 1;
      readonly filter: { readonly name: { readonly $in: readonly string[] } };
      readonly cursor: { readonly batchSize: number };
    }
  | {
      readonly find: string;
      readonly filter: { readonly _id: string };
      readonly readConcern: { readonly level: 'linearizable' };
      readonly maxTimeMS: number;
    }
  | {
      readonly aggregate: string;
      readonly pipeline: readonly Stage[];
      readonly cursor: { readonly batchSize: number };
      readonly allowDiskUse: true;
      readonly maxTimeMS: number;
    };

/** Not `$out` or `$merge`, which write. */
export type Stage =
  | { readonly $match: Document }
  | { readonly $group: Document }
  | { readonly $sort: Document }
  | { readonly $limit: number };
