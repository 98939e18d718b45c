/**
 * Collections whose default collation is not simple. Keys are case-sensitive: `samlp|corp|Ann` and `samlp|corp|ann` are two
 * users. With such a collation the unique index on `_id` takes them for one, whatever a query says, and the documents of
 * one user are written for the other.
 */
import { UpstreamError, UsageError } from '../../errors.ts';
import { collections } from '../driver/collections.ts';
import type { InspectableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';

export interface CollatedCollection {
  readonly name: string;
  readonly locale: string;
}

/**
 * Those of the platform's and of Concord's collections. A missing collection has no collation; a view counts with that of
 * its own. Undefined where the user may not list collections.
 */
export async function collatedCollections(
  db: Pick<InspectableDb, 'command'>,
): Promise<readonly CollatedCollection[] | undefined> {
  const names: readonly string[] = Object.values(collections);
  try {
    const { cursor } = await reading('list the collections', () =>
      db.command({
        ...{ listCollections: 1, filter: { name: { $in: names } } },
        cursor: { batchSize: names.length + 1 },
      }),
    );
    const found: unknown = cursor?.firstBatch;
    return Array.isArray(found) ? found.flatMap(collatedIn) : [];
  } catch (error) {
    if (error instanceof UpstreamError && error.code === 'UNAUTHORIZED') return undefined;
    throw error;
  }
}

function collatedIn(one: { name?: unknown; options?: { collation?: { locale?: unknown } } }) {
  const locale = one.options?.collation?.locale;
  const isSimple = typeof locale !== 'string' || locale === 'simple';
  return isSimple ? [] : [{ name: String(one.name), locale }];
}

export function collationSentence({ name, locale }: CollatedCollection): string {
  return `The collection ${name} has the default collation "${locale}", so keys that differ in case are one key.`;
}

/** A default collation cannot be changed, so the documents have to go into a new collection. */
export const COLLATION_REPAIR =
  'Stop everything that writes to it, rename it, create it again without a collation, copy its documents ($out), and ' +
  'create its indexes again. Concord has written nothing to it.';

/** Before anything is written. Throws UsageError COLLATION_UNFIT, which waiting does not end. */
export async function refuseCollations(db: Pick<InspectableDb, 'command'>): Promise<void> {
  const found = await collatedCollections(db);
  if (found === undefined || found.length === 0) return;
  throw new UsageError(`${found.map(collationSentence).join(' ')} ${COLLATION_REPAIR}`, 'COLLATION_UNFIT');
}
