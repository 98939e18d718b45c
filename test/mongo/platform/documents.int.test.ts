import { type Collection, type Db, Double, Long, MongoClient, ReadConcern } from 'mongodb';
import { describe, expect, it } from 'vitest';
import type { UserKey } from '../../../src/identity.ts';
import { documentStore } from '../../../src/mongo/platform/documents.ts';
import { alice, aliceDid, at, bob, code, handle, person } from '../subjects/people.ts';
import { openWorld } from '../world.ts';
import { documentStoreContract } from './documents.contract.ts';

const world = openWorld();

async function make(codeIndex = 'code_unique') {
  const db = world.fresh();
  await db.collection('users').createIndex({ code: 1 }, { unique: true, sparse: true, name: codeIndex });
  return { db, store: documentStore(db) };
}

documentStoreContract(async () => {
  const { db, store } = await make();
  return {
    store,
    setHandle: async (user, name) => {
      await rows(db, '@handles').insertOne({ _id: user, handle: name });
    },
  };
});

/** A database in which something happens right after a document of this collection was read. */
function afterReading(db: Db, name: string, happen: () => Promise<void>): Db {
  const reading = (collection: Collection<{ _id: string }>) =>
    new Proxy(collection, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== 'function') return value;
        return async (...args: readonly unknown[]) => {
          const answer: unknown = await Reflect.apply(value, target, args);
          if (property === 'findOne') await happen();
          return answer;
        };
      },
    });
  return new Proxy(db, {
    get: (target, property) =>
      property === 'collection'
        ? (wanted: string) => (wanted === name ? reading(target.collection(name)) : target.collection(wanted))
        : Reflect.get(target, property),
  });
}

function rows(db: Db, name: string) {
  return db.collection<{ _id: string; [field: string]: unknown }>(name);
}

describe('documents that others wrote', () => {
  it.each([
    ['a number', { count: 2 }, 2],
    ['a text', { count: '2' }, 2],
    ['a text that is no number', { count: 'yes' }, 0],
    ['null', { count: null }, 0],
    ['nothing', {}, 0],
    ['a truth value', { count: true }, 0],
    ['less than nothing', { count: -1 }, 0],
  ])('a count that is %s is read, and raised', async (_name, fields, expected) => {
    const { db, store } = await make();
    await rows(db, 'verifications').insertOne({ _id: alice.user, ...fields });
    const count = async () => (await store.read([alice.user])).get(alice.user)?.verificationCount;
    expect(await count()).toBe(expected);
    await store.raiseVerification(alice.user, 1);
    expect(await count()).toBe(Math.max(expected, 1));
    await store.raiseVerification(alice.user, 3);
    expect(await count()).toBe(3);
  });

  const illegible = { did: undefined, handle: undefined, hasPassword: false };
  it.each([
    ['no field', {}, undefined],
    ['null', { atproto: null }, undefined],
    ['an empty object', { atproto: {} }, undefined],
    ['a malformed DID', { atproto: { did: 'did:plc:short' } }, illegible],
    ['a DID that is no text', { atproto: { did: 7 } }, illegible],
    [
      'no DID',
      { atproto: { handle: 'Alice.at.test', password: 'x' } },
      { ...illegible, handle: 'alice.at.test', hasPassword: true },
    ],
    ['a text', { atproto: 'alice' }, illegible],
    ['more than we know', { atproto: { did: aliceDid, created: 'once' } }, { ...illegible, did: aliceDid }],
  ])('an account with %s is "no account" only when nothing is there', async (_name, fields, account) => {
    const { db, store } = await make();
    await rows(db, 'users').insertOne({ _id: alice.user, ...fields });
    expect((await store.read([alice.user])).get(alice.user)?.user?.account).toEqual(account);
  });

  it.each([
    ['a malformed DID', { did: 'did:plc:short' }, 'other'],
    ['another DID', { did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' }, 'other'],
    ['null', null, 'recorded'],
    ['an empty object', {}, 'recorded'],
    ['another password', { did: aliceDid, password: 'theirs' }, 'other'],
    ['an empty password', { did: aliceDid, password: '' }, 'recorded'],
    ['a password that is no text', { did: aliceDid, password: 7 }, 'recorded'],
    ['another handle', { did: aliceDid, handle: 'alix.at.test' }, 'other'],
    ['the handle that it may be written over', { did: aliceDid, handle: 'allie.at.test' }, 'recorded'],
    ['the same in upper case', { did: aliceDid, handle: 'Allie.at.test' }, 'recorded'],
    ['a handle that is none', { did: aliceDid, handle: '@alix' }, 'recorded'],
    ['a handle that is no text', { did: aliceDid, handle: 7 }, 'recorded'],
    [
      'a handle that is none, of another DID',
      { did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', handle: '' },
      'other',
    ],
  ])('an account is recorded over %s: %#', async (_name, atproto, expected) => {
    const { db, store } = await make();
    await rows(db, 'users').insertOne({ _id: alice.user, atproto });
    const account = { did: aliceDid, handle: handle('alice'), password: 'sealed', createdAt: at(3) };
    expect(await store.recordAccount(alice.user, account, [handle('allie')])).toBe(expected);
  });

  it.each<[string, object, object | undefined]>([
    ['alone', { atproto_did: aliceDid }, { did: aliceDid }],
    ['without a DID that can be read', { atproto_did: 'did:plc:short' }, { did: undefined }],
    ['without a DID', { atproto_handle: 'alice.at.test', atproto: {} }, { did: undefined }],
    ['beside atproto', { atproto_did: aliceDid, atproto: { did: aliceDid } }, undefined],
    ['that hold nothing', { atproto_did: null, atproto_password: '' }, undefined],
  ])('an account is known by its old fields %s', async (_name, fields, oldAccount) => {
    const { db, store } = await make();
    await rows(db, 'users').insertOne({ _id: alice.user, ...fields });
    expect((await store.read([alice.user])).get(alice.user)?.user?.oldAccount).toEqual(oldAccount);
  });

  it('an account that only old fields name is named, and nobody takes it for an orphan', async () => {
    const { db, store } = await make();
    await rows(db, 'users').insertOne({ _id: alice.user, atproto_did: aliceDid });
    expect(await store.namedDids([aliceDid])).toEqual(new Set([aliceDid]));
    expect(await store.findUsers({ did: aliceDid })).toEqual([alice.user]);
    const owners = [];
    for await (const page of store.owners()) owners.push(...page);
    expect(owners).toEqual([{ collection: 'users', key: alice.user, did: aliceDid }]);
  });

  it('a code in @handles that is a number reads as its text', async () => {
    const { db, store } = await make();
    await rows(db, '@handles').insertOne({ _id: alice.user, code: 2501 });
    expect((await store.read([alice.user])).get(alice.user)?.legacyCode).toBe('2501');
  });

  it('keep the fields that we do not know', async () => {
    const { db, store } = await make();
    await rows(db, 'users').insertOne({
      _id: alice.user,
      when: at(1),
      colour: 'red',
      atproto: { note: 'mine' },
    });
    await store.assignCode(alice.user, code('ac26nobeb'));
    const account = { did: aliceDid, handle: handle('alice'), password: 'sealed', createdAt: at(3) };
    await store.recordAccount(alice.user, account, []);
    await store.recordAccountHandle(alice.user, aliceDid, handle('al'), [handle('alice')], at(4));
    expect(await rows(db, 'users').findOne({ _id: alice.user })).toEqual({
      _id: alice.user,
      when: at(1),
      colour: 'red',
      code: 'ac26nobeb',
      atproto: {
        note: 'mine',
        did: aliceDid,
        handle: 'al.at.test',
        password: 'sealed',
        createdAt: at(3).toISOString(),
        syncedAt: at(4).toISOString(),
      },
    });
  });

  it.each([
    ['names the account: all that is not given stays', { did: aliceDid }, 'once'],
    ['names none: it gets the moment of the record', { note: 'mine' }, at(3).toISOString()],
  ])('have an account recorded in a document that %s', async (_name, named, createdAt) => {
    const { db, store } = await make();
    const atproto = { createdAt: 'once', password: 'theirs', note: 'mine', ...named };
    await rows(db, 'users').insertOne({ _id: alice.user, atproto });
    const account = { did: aliceDid, handle: handle('alice'), createdAt: at(3) };
    for (let time = 0; time < 2; time += 1)
      expect(await store.recordAccount(alice.user, { ...account, createdAt: at(3 + time) }, [])).toBe(
        'recorded',
      );
    const stored = await rows(db, 'users').findOne({ _id: alice.user });
    expect(stored?.['atproto']).toEqual({ ...atproto, did: aliceDid, handle: 'alice.at.test', createdAt });
  });

  it('have a code of theirs kept in whatever form, also one that is no text', async () => {
    const { db, store } = await make();
    await rows(db, 'users').insertMany([
      { _id: alice.user, code: ['ac26zazaz'] },
      { _id: bob.user, code: '' },
      { _id: 'auth0|dave', code: 17 },
    ]);
    const read = async (user: UserKey) => (await store.read([user])).get(user)?.user;
    expect(await read(alice.user)).toMatchObject({ code: undefined, hasUnreadableCode: true });
    expect(await read(bob.user)).toMatchObject({ code: undefined });
    expect(await read(person('dave').user)).toMatchObject({ code: '17' });
    expect(await store.assignCode(alice.user, code('ac26nobeb'))).toBe('has-code');
    expect(await store.assignCode(bob.user, code('ac26nobeb'))).toBe('assigned');
    await rows(db, 'users').insertOne({ _id: 'auth0|carol' });
    expect(await store.assignCode(person('carol').user, code('ac26nobeb'))).toBe('code-taken');
  });

  it.each([
    ['no field', {}],
    ['an empty text', { password: '' }],
    ['null', { password: null }],
    ['a number', { password: 7 }],
    ['an object', { password: {} }],
  ])(
    'a password that is %s is none, and a new one is stored beside fields of theirs',
    async (_name, fields) => {
      const { db, store } = await make();
      await rows(db, 'users').insertOne({
        _id: alice.user,
        atproto: { did: aliceDid, note: 'theirs', ...fields },
      });
      expect(await store.storedPassword(alice.user, aliceDid)).toBeUndefined();
      await store.replacePassword(alice.user, aliceDid, undefined, 'new');
      expect(await rows(db, 'users').findOne({ _id: alice.user })).toEqual({
        ...{ _id: alice.user, atproto: { did: aliceDid, note: 'theirs', password: 'new' } },
      });
    },
  );

  it('are found by a text only, never by an operator', async () => {
    const { db, store } = await make();
    await rows(db, 'users').insertOne({ _id: alice.user, code: 'ac26nobeb' });
    const operator: never = { $ne: 'x' } as unknown as never;
    expect(await store.findUsers({ code: operator })).toEqual([]);
  });
});

describe('documents of many users', () => {
  it('are read with read concern majority, as one answer each', async () => {
    const { db, store } = await make();
    const people = Array.from({ length: 120 }, (_, index) => person(`user-${index}`).user);
    await rows(db, 'verifications').insertMany(people.map((_id) => ({ _id, count: 1 })));
    const raw = await MongoClient.connect(world.uri, { monitorCommands: true });
    const commands: unknown[][] = [];
    raw.on('commandStarted', ({ commandName, command }) =>
      commands.push([commandName, command['find'], command['readConcern']]),
    );
    const monitored = raw.db(db.databaseName, { readConcern: new ReadConcern('majority') });
    expect(await documentStore(monitored).read(people)).toEqual(await store.read(people));
    // At once, in any order.
    expect(commands.sort()).toEqual(
      ['@handles', 'users', 'verifications'].map((name) => ['find', name, { level: 'majority' }]),
    );
    expect(
      [...(await store.read(people)).values()].map(({ verificationCount }) => verificationCount),
    ).toEqual(people.map(() => 1));
    await raw.close();
  });

  it('are listed by owner in pages, everyone once and in the order of keys', async () => {
    const { db, store } = await make();
    const people = Array.from({ length: 2_001 }, (_, index) => person(`user-${index}`).user);
    await rows(db, 'verifications').insertMany(people.map((_id) => ({ _id })));
    const listed: string[] = [];
    for await (const page of store.owners()) listed.push(...page.map(({ key }) => key));
    expect(listed).toEqual(people.toSorted());
  });

  it('are read whole when they are more than fits into one answer', async () => {
    const { db, store } = await make();
    const people = Array.from({ length: 20 }, (_, index) => person(`user-${index}`).user);
    // 20 MB, and an answer has 16.
    const notes = 'x'.repeat(1_000_000);
    await rows(db, 'users').insertMany(people.map((_id) => ({ _id, atproto: { did: aliceDid, notes } })));
    const read = await store.read(people);
    expect(people.map((user) => read.get(user)?.user?.account?.did)).toEqual(people.map(() => aliceDid));
  });
});

describe('codes under contention', () => {
  it.each(['code_1', 'code_unique', 'anything'])('are unique with an index named %s', async (name) => {
    const { db, store } = await make(name);
    const codes = ['ac26nobeb', 'ac26bobob', 'ac26cacac', 'ac26dedod', 'ac26fufuf'].map(code);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const wanted = codes[index % codes.length];
        if (wanted === undefined) throw new Error('There are five codes.');
        return store.createUser(person(`user-${index}`).user, wanted, at(1));
      }),
    );
    expect(results.filter((result) => result === 'created')).toHaveLength(5);
    expect(results.filter((result) => result === 'code-taken')).toHaveLength(45);
    expect((await rows(db, 'users').distinct('code')).sort()).toEqual([...codes].sort());
  });

  it('let one of many create a user', async () => {
    const { store } = await make();
    const codes = ['ac26nobeb', 'ac26bobob', 'ac26cacac', 'ac26dedod'].map(code);
    const results = await Promise.all(codes.map((each) => store.createUser(alice.user, each, at(1))));
    expect(results.sort()).toEqual(['created', 'user-exists', 'user-exists', 'user-exists']);
  });

  it('say which index it was when it was neither that of the user nor that of the code', async () => {
    const { db, store } = await make();
    await rows(db, 'users').createIndex({ email: 1 }, { unique: true, name: 'stray' });
    await store.createUser(alice.user, code('ac26nobeb'), at(1));
    await expect(store.createUser(bob.user, code('ac26bobob'), at(1))).rejects.toMatchObject({
      code: 'DUPLICATE_KEY',
      message: expect.stringContaining('stray'),
    });
  });
});

describe('a row of a handle', () => {
  it('is left when one of its other fields changes after it was read', async () => {
    const { db, store } = await make();
    await rows(db, '@handles').insertOne({ _id: alice.user, handle: 'alix', colors: ['red'] });
    const row = (await store.handleRow(alice.user, 'alix')) ?? '';
    const paint = async () => {
      await rows(db, '@handles').updateOne({ _id: alice.user }, { $set: { colors: ['blue'] } });
    };
    const painted = { _id: alice.user, handle: 'alix', colors: ['blue'] };
    expect(await documentStore(afterReading(db, '@handles', paint)).removeHandleRow(alice.user, row)).toBe(
      'other',
    );
    expect(await rows(db, '@handles').findOne({ _id: alice.user })).toEqual(painted);
  });

  it('keeps its other fields and their types, also where the handle is a number', async () => {
    const { db, store } = await make();
    await rows(db, '@handles').createIndex({ handle: 1 }, { unique: true, name: 'handle_1' });
    const fields = {
      handle: 1234,
      colors: [{ code: 'red', of: { deep: null } }],
      createdAt: at(1),
      weight: new Double(2),
      count: Long.fromNumber(3),
    };
    await rows(db, '@handles').insertOne({ _id: alice.user, ...fields });
    const stored = { promoteValues: false } as const;
    const before = await rows(db, '@handles').findOne({ _id: alice.user }, stored);
    const row = (await store.handleRow(alice.user, '1234')) ?? '';
    expect(await store.removeHandleRow(alice.user, row)).toBe('removed');
    expect(await store.insertHandleRow(bob.user, row)).toBe('inserted');
    expect(await rows(db, '@handles').findOne({ _id: bob.user }, stored)).toEqual({
      ...before,
      _id: bob.user,
    });
  });
});
