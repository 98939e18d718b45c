/** The platform's older documents, on the real server. */
import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { oldDocumentStore } from '../../../src/mongo/platform/old-documents.ts';
import type { OldAccount, OldUser } from '../../../src/ports/old-documents.ts';
import { alice, aliceDid, all } from '../subjects/people.ts';
import { openWorld } from '../world.ts';
import { oldDocumentsContract } from './old-documents.contract.ts';

const world = openWorld();

type Stored = { _id: unknown } & Record<string, unknown>;

async function seed(db: Db, users: readonly OldUser[]): Promise<void> {
  await db.collection('users').createIndex({ code: 1 }, { unique: true, sparse: true });
  for (const { key, document, hasHandleRow, legacyCode } of users) {
    const row = { _id: key, ...(legacyCode === undefined ? {} : { code: legacyCode }) };
    if (hasHandleRow) await db.collection<Stored>('@handles').insertOne(row);
    if (document === undefined) continue;
    const { code, account, old } = document;
    await db.collection<Stored>('users').insertOne({
      _id: key,
      ...(code === undefined ? {} : { code }),
      ...(account === undefined ? {} : { atproto: fieldsOf(account) }),
      ...(old === undefined
        ? {}
        : Object.fromEntries(
            Object.entries(fieldsOf(old)).map(([name, value]) => [
              name === 'createdAt' ? 'atproto_created_at' : `atproto_${name}`,
              value,
            ]),
          )),
    });
  }
}

function fieldsOf({ createdAt, ...account }: OldAccount): Record<string, unknown> {
  const fields = { ...account, createdAt: createdAt?.toISOString() };
  return Object.fromEntries(Object.entries(fields).filter(({ 1: value }) => value !== undefined));
}

describe('older documents in MongoDB', () => {
  oldDocumentsContract(async (users) => {
    const db = world.fresh();
    await seed(db, users);
    return oldDocumentStore(db);
  });
});

it.each([
  ['an empty atproto', { atproto: {} }],
  ['a null', { atproto: null, code: null }],
  ['an empty text for a password', { atproto: null }],
])('fills %s', async (_name, fields) => {
  const db = world.fresh();
  const old = { atproto_did: aliceDid, atproto_password: '' };
  await db.collection<Stored>('users').insertOne({ _id: alice.user, ...fields, ...old });
  const store = oldDocumentStore(db);
  const read = (await store.read([alice.user])).get(alice.user);
  if (read === undefined) throw new Error('nothing was read');
  await store.move([{ what: 'account', read, ...NO_FIELDS, did: aliceDid }]);
  expect((await db.collection<Stored>('users').findOne())?.['atproto']).toEqual({ did: aliceDid });
});

const NO_FIELDS = { handle: undefined, password: undefined, createdAt: undefined };

it('reads keys that are no text last, and as none of anybody', async () => {
  const db = world.fresh();
  await db.collection<Stored>('users').insertMany([{ _id: 7 }, { _id: alice.user }]);
  const users = (await all(oldDocumentStore(db).pages())).flat();
  expect(users.map(({ key, hasTextKey }) => [key, hasTextKey])).toEqual([
    [alice.user, true],
    ['7', false],
  ]);
});
