/** Collections that compare keys without case are refused by name, before anything is written. */
import { describe, expect, it } from 'vitest';
import { documentStore } from '../../../src/mongo/platform/documents.ts';
import { refuseCollations } from '../../../src/mongo/setup/collations.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { mongodbInspection } from '../../../src/mongo/setup/inspection.ts';
import { openWorld } from '../world.ts';

const world = openWorld();
const collation = { locale: 'en', strength: 2 } as const;
const NAMES = ['users', 'verifications', '@handles', 'concord.events', 'concord.subjects', 'concord.cursors'];

describe('a default collation', () => {
  it.each(NAMES)('of %s is refused by name, and nothing is created', async (name) => {
    const db = world.fresh();
    await db.createCollection(name, { collation });
    await expect(ensureCollections(db)).rejects.toMatchObject({
      code: 'COLLATION_UNFIT',
      message: expect.stringContaining(`The collection ${name} has the default collation "en"`),
    });
    expect((await db.listCollections({}, { nameOnly: true }).toArray()).map((one) => one.name)).toEqual([
      name,
    ]);
    expect(await mongodbInspection(db, () => new Date()).collated()).toEqual([{ name, locale: 'en' }]);
  });

  it('of a view is refused as well', async () => {
    const db = world.fresh();
    await db.createCollection('people');
    await db.createCollection('users', { viewOn: 'people', pipeline: [], collation });
    await expect(refuseCollations(db)).rejects.toMatchObject({ code: 'COLLATION_UNFIT' });
  });

  it.each([
    ['that is simple', 'users', { locale: 'simple' }],
    ['of a collection that is not ours to use', 'paintings', collation],
  ])('%s is none of it', async (_what, name, chosen) => {
    const db = world.fresh();
    await db.createCollection(name, { collation: chosen });
    await expect(ensureCollections(db)).resolves.toBeUndefined();
  });

  it('is none where there is no collection yet', async () => {
    await expect(refuseCollations(world.fresh())).resolves.toBeUndefined();
  });
});

it.each([
  { collection: 'users', field: 'code', sparse: true, name: 'code_unique' },
  { collection: '@handles', field: 'handle', sparse: false, name: 'handle_1' },
] as const)(
  'an index on $collection has the name that the platform gives it',
  async ({ name, ...wanted }) => {
    const db = world.fresh();
    await documentStore(db).createIndex({ ...wanted, name });
    const index = (await documentStore(db).indexes()).find((one) => one.name === name);
    expect(index).toMatchObject({ unique: true, key: [[wanted.field, 1]] });
    // The platform's own call, as its code has it: newer servers refuse another name with 85.
    const options = wanted.sparse ? { unique: true, sparse: true, name } : { unique: true };
    expect(await db.collection(wanted.collection).createIndex({ [wanted.field]: 1 }, options)).toBe(name);
  },
);
