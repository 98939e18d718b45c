/** The clean-up of indexes from every state that a server may have them in, and broken off after every step. */
import { expect, test } from 'vitest';
import { carryOut, planRepair } from '../../src/doctor/fix.ts';
import { checkIndexes, judgeIndex } from '../../src/doctor/indexes.ts';
import type { IndexDetail, IndexRepair, MongodbInspection } from '../../src/ports/inspection.ts';
import { WANTED_INDEXES } from '../../src/reconcilers/indexes.ts';

type Collection = IndexDetail['collection'];

/** As a server takes them: one index a key, one a name. */
class Server {
  indexes: readonly IndexDetail[];

  constructor(indexes: readonly IndexDetail[]) {
    this.indexes = indexes;
  }

  isGuarded(collection: Collection): boolean {
    return this.of(collection).some(({ unique, partial }) => unique && !partial);
  }

  of(collection: Collection): readonly IndexDetail[] {
    return this.indexes.filter((index) => index.collection === collection);
  }

  readonly inspection: Pick<MongodbInspection, 'indexes' | 'sharedValues'> = {
    indexes: async (collection) => this.of(collection),
    sharedValues: async () => [],
  };

  readonly repair: IndexRepair = {
    create: async ({ collection, name, field, direction, sparse }) => {
      const same = this.of(collection).find(
        (index) => index.name === name || (index.key[0]?.[1] === direction && !index.collated),
      );
      if (same !== undefined) throw new Error(`${name} cannot be made beside ${same.name}`);
      this.indexes = [...this.indexes, detail(collection, name, field, direction, { unique: true, sparse })];
    },
    drop: async (collection, name) => {
      this.indexes = this.indexes.filter((index) => index.collection !== collection || index.name !== name);
    },
  };
}

function detail(
  collection: Collection,
  name: string,
  field: string,
  direction: 1 | -1,
  kind: Partial<IndexDetail>,
): IndexDetail {
  const plain = { unique: false, sparse: false, partial: false, collated: false };
  return { ...plain, collection, name, key: [[field, direction]], ...kind };
}

const KINDS: readonly Partial<IndexDetail>[] = [
  {},
  { sparse: true },
  { unique: true },
  { unique: true, sparse: true },
];

/** Every state of the indexes on one field. */
function states(collection: Collection, field: string, name: string): readonly (readonly IndexDetail[])[] {
  const forward = ['another_name', name].flatMap((one) =>
    [...KINDS, { unique: true, partial: true }].map((kind) => [detail(collection, one, field, 1, kind)]),
  );
  const backward = ['back', `concord_guard_${field}`].flatMap((one) =>
    KINDS.map((kind) => [detail(collection, one, field, -1, kind)]),
  );
  // One with a collation of its own has another use, whatever the rest is like.
  const theirs = [[], [detail(collection, 'folded', field, 1, { collated: true })]];
  return [[], ...forward].flatMap((one) =>
    [[], ...backward].flatMap((other) => theirs.map((third) => [...one, ...other, ...third])),
  );
}

async function steps(server: Server) {
  const { steps: planned, refused } = planRepair(await checkIndexes(server.inspection));
  expect(refused).toEqual([]);
  return planned;
}

test.each(WANTED_INDEXES)(
  'comes to the right index in $collection on $field',
  async ({ collection, field, name, sparse }) => {
    let looked = 0;
    for (const state of states(collection, field, name)) {
      for (let after = 0; after <= 4; after += 1) {
        const server = new Server(state);
        const wasGuarded = server.isGuarded(collection);
        let isKept = true;
        const watch = () => {
          isKept &&= !wasGuarded || server.isGuarded(collection);
        };
        await carryOut(server.repair, (await steps(server)).slice(0, after), watch);
        await carryOut(server.repair, await steps(server), watch);

        const situations = await checkIndexes(server.inspection);
        expect(situations.flatMap(judgeIndex), JSON.stringify(state)).toEqual([]);
        expect(await steps(server)).toEqual([]);
        expect(isKept, JSON.stringify(state)).toBe(true);
        const plain = server.of(collection).filter(({ collated, partial }) => !collated && !partial);
        expect(plain, JSON.stringify(state)).toMatchObject([
          { name, key: [[field, 1]], unique: true, sparse },
        ]);
        const theirs = (indexes: readonly IndexDetail[]) => indexes.filter(({ collated }) => collated);
        expect(theirs(server.of(collection))).toEqual(theirs(state));
        looked += 1;
      }
    }
    expect(looked).toBe(11 * 9 * 2 * 5);
  },
);

test.each(WANTED_INDEXES)(
  'tells of $name under another name or with other options, and of nothing where it is as the platform creates it',
  async ({ collection, field, name, sparse }) => {
    const codes = async (given: string, kind: Partial<IndexDetail>) => {
      const server = new Server([detail(collection, given, field, 1, { unique: true, ...kind })]);
      const situations = await checkIndexes(server.inspection);
      return situations
        .filter(({ wanted }) => wanted.collection === collection)
        .flatMap(judgeIndex)
        .map(({ code }) => code);
    };
    expect(await codes(name, { sparse })).toEqual([]);
    expect(await codes('another_name', { sparse })).toEqual(['INDEX_LEFT_OVER']);
    expect(await codes(name, { sparse: !sparse })).toEqual(['INDEX_LEFT_OVER']);
  },
);
