/**
 * The unique indexes that the guarantees depend on, and indexes left over from an earlier system.
 *
 * | the indexes on one field                              | finding                  | level   |
 * |-------------------------------------------------------|--------------------------|---------|
 * | a unique one over all documents                       | –                        |         |
 * | none of that kind, and documents share a value        | INDEX_DUPLICATES         | error   |
 * | none at all                                           | INDEX_MISSING            | error   |
 * | one that is not unique, or covers only some documents | INDEX_UNFIT              | error   |
 * | unique, and not as the platform itself creates it      | INDEX_LEFT_OVER         | warning |
 * | beside it, another one that is superfluous            | INDEX_LEFT_OVER          | warning |
 *
 * The platform creates `code_unique` at every sign-up and `handle_1` with its first handle. A newer server refuses that
 * while the same index exists under another name, such as `code_1`, and then every new user stays without a code. An
 * index that guarantees uniqueness stays as it is until a person runs `--fix`.
 */

import type { WantedIndex } from '../ports/documents.ts';
import type { IndexDetail, MongodbInspection, SharedValue } from '../ports/inspection.ts';
import * as indexes from '../reconcilers/indexes.ts';
import { type Check, type Finding, found } from './check.ts';

/** The most shared values to report for one index. */
const SHARED_TOLD = 5;

export interface IndexSituation {
  readonly wanted: WantedIndex;
  readonly finding: indexes.IndexFinding;
  /** On this field alone, in either direction and over all documents: the right one, or one in its way. */
  readonly sameField: readonly IndexDetail[];
  /** Those that prevent creating the right one: in the same direction, over any documents. */
  readonly inTheWay: readonly IndexDetail[];
  /** Another index with the name of the right one. */
  readonly namesake: IndexDetail | undefined;
  /** Only read where there is no unique index. */
  readonly shared: readonly SharedValue[];
}

export function indexCheck(mongodb: () => MongodbInspection): Check {
  return {
    name: 'indexes',
    needs: ['mongodb'],
    run: async () => {
      const situations = await checkIndexes(mongodb());
      const names = situations.flatMap(({ finding }) =>
        finding.status === 'fit' ? (finding.found ?? []) : [],
      );
      return found(names.join(', ') || 'none', ...situations.flatMap(judgeIndex));
    },
  };
}

export async function checkIndexes(
  mongodb: Pick<MongodbInspection, 'indexes' | 'sharedValues'>,
): Promise<readonly IndexSituation[]> {
  return Promise.all(
    indexes.WANTED_INDEXES.map(async (wanted) => {
      const there = await mongodb.indexes(wanted.collection);
      const [finding] = indexes.plan([wanted], there);
      if (finding === undefined) throw new Error('a wanted index was not judged');
      const sameField = there.filter((index) => isPlainOn(index, wanted.field));
      const shared = finding.status === 'fit' ? [] : await mongodb.sharedValues(wanted, SHARED_TOLD);
      const inTheWay = there.filter(
        ({ key, collated }) =>
          key.length === 1 && key[0]?.[0] === wanted.field && key[0][1] === 1 && !collated,
      );
      const namesake = there.find((index) => index.name === wanted.name && !inTheWay.includes(index));
      return { wanted, finding, sameField, inTheWay, namesake, shared };
    }),
  );
}

/** An index with its own collation, or over some documents only, has another purpose and blocks nothing. */
function isPlainOn({ key, partial, collated }: IndexDetail, field: string): boolean {
  const [first] = key;
  return key.length === 1 && first?.[0] === field && typeof first[1] === 'number' && !partial && !collated;
}

/** Guarantees uniqueness while another index is replaced. */
export function guardName(field: string): string {
  return `concord_guard_${field}`;
}

/** The right index, if it exists. */
export function rightIndex({ wanted, sameField }: IndexSituation): IndexDetail | undefined {
  return sameField.find(
    ({ unique, name, key, sparse }) =>
      unique && name === wanted.name && key[0]?.[1] === 1 && sparse === wanted.sparse,
  );
}

/** Indexes that are superfluous beside the right one. Empty while there is no right one. */
export function leftOver(situation: IndexSituation): readonly IndexDetail[] {
  const right = rightIndex(situation);
  return right === undefined ? [] : situation.sameField.filter((index) => index !== right);
}

const MEND = 'concord doctor --fix';

export function judgeIndex(situation: IndexSituation): readonly Finding[] {
  const { wanted, finding, shared } = situation;
  const place = `${wanted.collection}.${wanted.field}`;
  if (finding.status !== 'fit' && shared.length > 0) return [duplicates(place, shared)];
  switch (finding.status) {
    case 'missing':
    case 'unfit':
      return [
        {
          level: 'error',
          code: finding.status === 'missing' ? 'INDEX_MISSING' : 'INDEX_UNFIT',
          what:
            finding.status === 'missing'
              ? finding.message
              : `${place} has the index ${finding.found}, which ${flaw(situation)}.`,
          why: `Two users could get the same ${wanted.field}.`,
          mend: MEND,
        },
      ];
    case 'fit': {
      const isRight = rightIndex(situation) !== undefined;
      const names = isRight ? leftOver(situation).map((index) => index.name) : [finding.found ?? ''];
      if (names.length === 0) return [];
      const why = isRight
        ? 'Every write updates it, and it guarantees nothing.'
        : `The platform creates the index ${wanted.name} itself, which newer servers refuse while a similar index has another name or other options.`;
      const what = `${place} has the index ${names.join(', ')}, left over from an earlier system.`;
      return [{ level: 'warning', code: 'INDEX_LEFT_OVER', what, why, mend: MEND }];
    }
  }
}

function flaw({ sameField, finding }: IndexSituation): string {
  const index = sameField.find(({ name }) => name === finding.found);
  return index !== undefined && !index.unique ? 'is not unique' : 'covers only part of the documents';
}

function duplicates(place: string, shared: readonly SharedValue[]): Finding {
  const list = shared
    .map(({ value, documents, some }) => `${value} (${ownersOf(documents, some)})`)
    .join('; ');
  return {
    level: 'error',
    code: 'INDEX_DUPLICATES',
    what: `${place} is not unique, and no unique index can be created: documents share ${list}.`,
    why: 'Two users have a value that only one may have, and until that is resolved more users can get it.',
    mend: `Decide whose it is, remove it from the other documents, then: ${MEND}`,
  };
}

export function ownersOf(documents: number, some: readonly string[]): string {
  const more = documents - some.length;
  return more > 0 ? `${some.join(', ')} and ${more} more` : some.join(', ');
}
