/**
 * The unique indexes that the platform's guarantees rest on, found by their key and never by name:
 * the incident this engine exists for was an index that was there under another name.
 *
 * | an index on exactly this key              | action | reason        |
 * |-------------------------------------------|--------|---------------|
 * | unique, over all documents (or sparse)    | –      | Fit           |
 * | there, but not unique, or only partial    | held   | Unfit         |
 * | none                                      | create | Missing       |
 *
 * An index that is missing or unfit never stops a sign-up; it is reported until it is repaired.
 */
import type { DocumentStore, IndexState, WantedIndex } from '../ports/documents.ts';

export const WANTED_INDEXES: readonly WantedIndex[] = [
  { collection: 'users', field: 'code', sparse: true, name: 'code_unique' },
  { collection: '@handles', field: 'handle', sparse: false, name: 'handle_1' },
];

export interface IndexFinding {
  readonly index: WantedIndex;
  readonly status: 'fit' | 'missing' | 'unfit';
  /** The name of the index that was found. */
  readonly found: string | undefined;
  readonly message: string;
}

export function plan(wanted: readonly WantedIndex[], actual: readonly IndexState[]): IndexFinding[] {
  return wanted.map((index) => judge(index, actual));
}

function judge(index: WantedIndex, actual: readonly IndexState[]): IndexFinding {
  const place = `${index.collection}.${index.field}`;
  const sameKey = actual.filter(
    ({ collection, key }) =>
      collection === index.collection && key.length === 1 && key[0]?.[0] === index.field,
  );
  const fit = sameKey.find(({ unique, partial }) => unique && !partial);
  if (fit !== undefined) {
    return { index, status: 'fit', found: fit.name, message: `${place} has the unique index ${fit.name}.` };
  }
  const unfit = sameKey[0];
  if (unfit === undefined) {
    return { index, status: 'missing', found: undefined, message: `${place} has no unique index.` };
  }
  const flaw = unfit.unique ? 'covers only part of the documents' : 'is not unique';
  const drop = dropCommand(index.collection, unfit.name);
  const message = `${place} has the index ${unfit.name}, which ${flaw}. Drop it with ${drop}; Concord then creates the right one.`;
  return { index, status: 'unfit', found: unfit.name, message };
}

/** What a person types into the MongoDB shell. */
export function dropCommand(collection: IndexState['collection'], name: string): string {
  return `db.getCollection(${JSON.stringify(collection)}).dropIndex(${JSON.stringify(name)})`;
}

/** Creates what is missing; what is unfit is left for a person. */
export async function apply(
  documents: Pick<DocumentStore, 'createIndex'>,
  findings: readonly IndexFinding[],
): Promise<void> {
  for (const finding of findings) {
    if (finding.status === 'missing') await documents.createIndex(finding.index);
  }
}
