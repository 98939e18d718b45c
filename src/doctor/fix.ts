/**
 * Repairs indexes: one unique index on each field, with the name that the platform uses, and no superfluous index
 * beside it.
 *
 * A server accepts no second index on the same field in the same direction. So where one is in the way, a unique index
 * in the other direction guards the field meanwhile, and uniqueness is guaranteed at every moment:
 *
 * | step                                              | guaranteed by             |
 * |---------------------------------------------------|---------------------------|
 * | create the guard, in the other direction           | the old one, if it is fit |
 * | drop what is in the way                            | the guard                 |
 * | create the right one                               | the guard                 |
 * | drop the guard, and what guarantees nothing beside | the right one             |
 *
 * Where documents share a value, the first step is impossible, and nothing is done. Each step may be repeated: an
 * interrupted repair continues from the existing indexes.
 */

import type { WantedIndex } from '../ports/documents.ts';
import type { IndexDetail, IndexRepair } from '../ports/inspection.ts';
import { guardName, type IndexSituation, leftOver, ownersOf, rightIndex } from './indexes.ts';

export type RepairStep = {
  readonly collection: WantedIndex['collection'];
  readonly name: string;
  /** For people. */
  readonly text: string;
} & (
  | { readonly type: 'create'; readonly field: string; readonly direction: 1 | -1; readonly sparse: boolean }
  | { readonly type: 'drop' }
);

export interface Repair {
  readonly steps: readonly RepairStep[];
  /** What needs a person's decision first. */
  readonly refused: readonly string[];
}

export function planRepair(situations: readonly IndexSituation[]): Repair {
  const repairs = situations.map(repairOf);
  return {
    steps: repairs.flatMap(({ steps }) => steps),
    refused: repairs.flatMap(({ refused }) => refused),
  };
}

/** Calls back after each step. Throws the server's error, with the earlier steps done. */
export async function carryOut(
  repair: IndexRepair,
  steps: readonly RepairStep[],
  onDone: (step: RepairStep) => void,
): Promise<void> {
  for (const step of steps) {
    if (step.type === 'create') await repair.create(step);
    else await repair.drop(step.collection, step.name);
    onDone(step);
  }
}

function repairOf(situation: IndexSituation): Repair {
  const { wanted, shared } = situation;
  if (rightIndex(situation) !== undefined)
    return { steps: leftOver(situation).map((index) => drop(wanted, index, idle)), refused: [] };
  if (shared.length > 0) {
    const list = shared.map(({ value, documents, some }) => `${value} (${ownersOf(documents, some)})`);
    const text = `No unique index can be created on ${place(wanted)}: documents share ${list.join('; ')}. Nothing was changed there.`;
    return { steps: [], refused: [text] };
  }
  if (situation.namesake !== undefined) {
    const text = `${wanted.collection} has an index ${wanted.name} with other keys, and ${place(wanted)} needs one of that name. Nothing was changed there: drop the index if nothing uses it.`;
    return { steps: [], refused: [text] };
  }
  return { steps: exchange(situation), refused: [] };
}

const idle = 'which is superfluous beside the right one';

function exchange(situation: IndexSituation): readonly RepairStep[] {
  const { wanted, inTheWay, sameField } = situation;
  const { collection, name, field, sparse } = wanted;
  const right: RepairStep = {
    ...{ type: 'create', collection, name, field, direction: 1, sparse },
    text: `create the unique index ${name} on ${place(wanted)}`,
  };
  const beside = sameField.filter((index) => !inTheWay.includes(index));
  const isGuarded = beside.some(({ unique }) => unique);
  const guard: RepairStep = {
    ...{ type: 'create', collection, name: guardName(field), field, direction: -1, sparse },
    text: `create the unique index ${guardName(field)} on ${place(wanted)}, which keeps it unique meanwhile`,
  };
  const needsGuard = inTheWay.length > 0 && !isGuarded;
  // A superfluous index may have the keys of the guard.
  const [first, last] = needsGuard ? [beside, []] : [[], beside];
  return [
    ...first.map((index) => drop(wanted, index, idle)),
    ...(needsGuard ? [guard] : []),
    ...inTheWay.map((index) => drop(wanted, index, 'which is in the way of the right one')),
    right,
    ...last.map((index) => drop(wanted, index, idle)),
    ...(needsGuard ? [drop(wanted, guard, 'which is no longer needed')] : []),
  ];
}

function drop(wanted: WantedIndex, { name }: Pick<IndexDetail, 'name'>, why: string): RepairStep {
  const { collection } = wanted;
  return { type: 'drop', collection, name, text: `drop the index ${name} of ${place(wanted)}, ${why}` };
}

function place({ collection, field }: WantedIndex): string {
  return `${collection}.${field}`;
}
