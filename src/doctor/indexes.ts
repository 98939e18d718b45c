/**
 * The unique indexes that the guarantees rest on, and what the seed system left behind of its own.
 *
 * | the indexes on one field                              | finding                  | level   |
 * |-------------------------------------------------------|--------------------------|---------|
 * | a unique one over all documents                       | –                        |         |
 * | none of that kind, and documents share a value        | INDEX_DUPLICATES         | error   |
 * | none at all                                           | INDEX_MISSING            | error   |
 * | one that is not unique, or covers only some documents | INDEX_UNFIT              | error   |
 * | unique, and not as the platform itself creates it      | INDEX_LEFT_OVER         | warning |
 * | beside it, another one that guarantees nothing more   | INDEX_LEFT_OVER          | warning |
 *
 * The platform creates `code_unique` at every sign-up and `handle_1` with its first handle, and a newer server refuses that
 * while the same index is there under another name, such as `code_1`: which once kept every new user without a code. An
 * index that guarantees what it has to is left as it is until a person says `--fix`.
 */

import type { WantedIndex } from '../ports/documents.ts';
import type { IndexDetail, MongodbInspection, SharedValue } from '../ports/inspection.ts';
import * as indexes from '../reconcilers/indexes.ts';
import { type Check, type Finding, found } from './check.ts';

/** As many shared values are told of one index. */
const SHARED_TOLD = 5;

export interface IndexSituation {
  readonly wanted: WantedIndex;
  readonly finding: indexes.IndexFinding;
  /** On this field alone, in either direction and over all documents: what could be the right one, or is in its way. */
  readonly sameField: readonly IndexDetail[];
  /** Those that keep a server from creating the right one: in the same direction, over whichever documents. */
  readonly inTheWay: readonly IndexDetail[];
  /** Has the name of the right one, and is another. */
  readonly namesake: IndexDetail | undefined;
  /** Only looked for where there is no unique index. */
  readonly shared: readonly SharedValue[];
}

export function indexCheck(mongodb: () => MongodbInspection): Check {
  return {
    name: 'indexes',
    needs: ['mongodb'],
    look: async () => {
      const situations = await lookAtIndexes(mongodb());
      const names = situations.flatMap(({ finding }) =>
        finding.status === 'fit' ? (finding.found ?? []) : [],
      );
      return found(names.join(', ') || 'none', ...situations.flatMap(judgeIndex));
    },
  };
}

export async function lookAtIndexes(
  mongodb: Pick<MongodbInspection, 'indexes' | 'sharedValues'>,
): Promise<readonly IndexSituation[]> {
  return Promise.all(
    indexes.WANTED_INDEXES.map(async (wanted) => {
      const there = await mongodb.indexes(wanted.collection);
      const [finding] = indexes.plan([wanted], there);
      if (finding === undefined) throw new Error('an index was asked for and not judged');
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

/** One with a collation of its own or over some documents only has another use, and is in nobody's way. */
function isPlainOn({ key, partial, collated }: IndexDetail, field: string): boolean {
  const [first] = key;
  return key.length === 1 && first?.[0] === field && typeof first[1] === 'number' && !partial && !collated;
}

/** Keeps the guarantee while another index is exchanged; one that was left behind is done with. */
export function guardName(field: string): string {
  return `concord_guard_${field}`;
}

/** The index as it is to be, if it is there. */
export function rightIndex({ wanted, sameField }: IndexSituation): IndexDetail | undefined {
  return sameField.find(
    ({ unique, name, key, sparse }) =>
      unique && name === wanted.name && key[0]?.[1] === 1 && sparse === wanted.sparse,
  );
}

/** What guarantees nothing that the right one does not. Empty while there is no right one. */
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
          why: `Two people could come to one ${wanted.field}.`,
          mend: MEND,
        },
      ];
    case 'fit': {
      const isRight = rightIndex(situation) !== undefined;
      const names = isRight ? leftOver(situation).map((index) => index.name) : [finding.found ?? ''];
      if (names.length === 0) return [];
      const why = isRight
        ? 'Every write keeps it up, and it guarantees nothing.'
        : `The platform creates the index ${wanted.name} itself, which newer servers refuse while an index like it has another name or other options.`;
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
    what: `${place} is not unique, and no unique index can be made: documents share ${list}.`,
    why: 'Two people have what only one may have, and until that is settled nothing keeps others from the same.',
    mend: `Decide whose it is, take it from the other documents, then: ${MEND}`,
  };
}

export function ownersOf(documents: number, some: readonly string[]): string {
  const more = documents - some.length;
  return more > 0 ? `${some.join(', ')} and ${more} more` : some.join(', ');
}
