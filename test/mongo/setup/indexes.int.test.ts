import { describe, expect, it } from 'vitest';
import { documentStore } from '../../../src/mongo/platform/documents.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { openWorld } from '../world.ts';

const world = openWorld();
const onCode = { collection: 'users', field: 'code', sparse: true, name: 'code_unique' } as const;

describe('the indexes of the platform', () => {
  it('are none where there is no collection', async () => {
    expect(await documentStore(world.fresh()).indexes()).toEqual([]);
  });

  it('are told with key, uniqueness and whether they leave documents out', async () => {
    const db = world.fresh();
    await db.collection('users').createIndex({ code: 1 }, { unique: true, sparse: true, name: 'code_1' });
    const partialFilterExpression = { handle: { $exists: true } };
    await db.collection('@handles').createIndex({ handle: -1 }, { name: 'some', partialFilterExpression });
    const found = (await documentStore(db).indexes()).filter((index) => index.name !== '_id_');
    expect(found).toEqual([
      { collection: 'users', name: 'code_1', key: [['code', 1]], unique: true, partial: false },
      { collection: '@handles', name: 'some', key: [['handle', -1]], unique: false, partial: true },
    ]);
  });

  it.each([
    ['another name', { name: 'code_1', unique: true, sparse: true }],
    ['another name and not sparse', { name: 'whatever', unique: true }],
  ])('are left alone when one under %s does the same', async (_name, options) => {
    const db = world.fresh();
    await db.collection('users').createIndex({ code: 1 }, options);
    await documentStore(db).createIndex(onCode);
    expect((await documentStore(db).indexes()).map((index) => index.name).sort()).toEqual([
      '_id_',
      options.name,
    ]);
  });

  it('that are wanted and are there, with another key under the wanted name, are in the way', async () => {
    const db = world.fresh();
    await db.collection('users').createIndex({ handle: 1 }, { name: 'code_unique' });
    await expect(documentStore(db).createIndex(onCode)).rejects.toMatchObject({
      code: 'INDEX_IN_THE_WAY',
      retryable: false,
    });
  });

  it('that are not unique are not taken for one that is', async () => {
    const db = world.fresh();
    await db.collection('users').createIndex({ code: 1 }, { name: 'code_1' });
    const outcome = await documentStore(db)
      .createIndex(onCode)
      .catch((error: unknown) => error);
    const unique = (await documentStore(db).indexes()).some((index) => index.name !== '_id_' && index.unique);
    // From 5.0 on both can stand side by side; before, the server refuses the second.
    if (unique) expect(outcome).toBeUndefined();
    else expect(outcome).toMatchObject({ code: 'INDEX_IN_THE_WAY' });
  });

  it('cannot be created over documents that share a value, and the error names no value', async () => {
    const db = world.fresh();
    await db.collection('users').insertMany([{ code: 'alice@example.com' }, { code: 'alice@example.com' }]);
    const error: unknown = await documentStore(db)
      .createIndex(onCode)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INDEX_DUPLICATES', retryable: false });
    expect(String(error)).not.toContain('alice');
  });
});

describe("Concord's own collections", () => {
  const names = [
    'concord.alerts',
    'concord.cursors',
    'concord.events',
    'concord.ignored',
    'concord.inactive-accounts',
    'concord.rejects',
    'concord.reservations',
    'concord.subjects',
  ];

  it('are created once, by however many processes at once', async () => {
    const db = world.fresh();
    await Promise.all(Array.from({ length: 8 }, () => ensureCollections(db)));
    await ensureCollections(db);
    const found = await db.listCollections({}, { nameOnly: true }).toArray();
    expect(found.map((collection) => collection.name).sort()).toEqual(names);
    const indexes = await db.collection('concord.subjects').listIndexes().toArray();
    expect(indexes.map((index) => String(index['name'])).sort()).toEqual([
      '_id_',
      'did',
      'due',
      'email',
      'handle',
      'lease',
      'linked',
      'open',
      'standing',
      'tenant',
      'verified_email',
      'waits_for',
    ]);
  });

  it('keep an index that does the same under another name', async () => {
    const db = world.fresh();
    await db.collection('concord.events').createIndex({ type: 1, at: 1 }, { name: 'mine' });
    await ensureCollections(db);
    const indexes = await db.collection('concord.events').listIndexes().toArray();
    expect(indexes.map((index) => String(index['name'])).sort()).toEqual([
      '_id_',
      'deletion_hint',
      'mine',
      'user_type_at',
    ]);
  });

  it('take the place of those of earlier versions, and of no others', async () => {
    const db = world.fresh();
    await db.collection('concord.events').createIndex({ user: 1, at: 1 }, { name: 'user_at' });
    await db.collection('concord.events').createIndex({ user: 1, at: -1 }, { name: 'mine' });
    await ensureCollections(db);
    const indexes = await db.collection('concord.events').listIndexes().toArray();
    expect(indexes.map((index) => String(index['name'])).sort()).toEqual([
      '_id_',
      'deletion_hint',
      'mine',
      'type_at',
      'user_type_at',
    ]);
  });

  it('let rejects expire, also those that an earlier version kept, unless a person chose another time', async () => {
    const db = world.fresh();
    await db.collection('concord.rejects').insertOne({ lastAt: new Date() });
    await ensureCollections(db);
    const expiring = async () => {
      const indexes = await db.collection('concord.rejects').listIndexes().toArray();
      return indexes.flatMap(({ key, expireAfterSeconds: seconds }) =>
        seconds === undefined ? [] : [{ key, seconds }],
      );
    };
    expect(await expiring()).toEqual([{ key: { lastAt: 1 }, seconds: 30 * 86_400 }]);
    const index = { keyPattern: { lastAt: 1 }, expireAfterSeconds: 86_400 };
    await db.command({ collMod: 'concord.rejects', index });
    await ensureCollections(db);
    expect(await expiring()).toEqual([{ key: { lastAt: 1 }, seconds: 86_400 }]);
  });

  it('are refused where a unique index would keep events out', async () => {
    const db = world.fresh();
    await db.collection('concord.events').createIndex({ type: 1, at: 1 }, { unique: true });
    await expect(ensureCollections(db)).rejects.toMatchObject({ code: 'INDEX_IN_THE_WAY' });
  });
});
