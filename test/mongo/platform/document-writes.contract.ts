/**
 * Every write of a document store says what it did, and did what it says. A write that is added to the port needs rows
 * here before this passes.
 */
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { eventId, type UserKey } from '../../../src/identity.ts';
import type { DocumentStore } from '../../../src/ports/documents.ts';
import { CALLS } from '../../support/in-memory/calls.ts';
import { alice, aliceDid, at, bob, bobDid, code, handle } from '../subjects/people.ts';
import type { DocumentWorld } from './documents.contract.ts';

interface Write {
  readonly reason: string;
  /** What is there before. */
  readonly given?: (world: DocumentWorld) => Promise<unknown>;
  readonly write: (store: DocumentStore, row: string) => Promise<unknown>;
  /** What the write answers, or the code of what it throws; undefined where it answers nothing. */
  readonly says: string | undefined;
  readonly changes: boolean;
}

const account = { did: aliceDid, handle: handle('alice'), password: 'sealed', createdAt: at(3) };
const second = { ...account, did: bobDid, handle: handle('bob') };
const wantedIndex = { collection: '@handles', field: 'handle', sparse: false, name: 'handle_1' } as const;

const withDocument = ({ store }: DocumentWorld) => store.createUser(alice.user, code('ac26nobeb'), at(1));
async function withAccount(world: DocumentWorld): Promise<void> {
  await withDocument(world);
  await world.store.recordAccount(alice.user, account, []);
}
const withHandle = ({ setHandle }: DocumentWorld) => setHandle(alice.user, 'alix');

const create = (store: DocumentStore) => store.createVerification(alice.user, 1);
const raise = (store: DocumentStore) => store.raiseVerification(alice.user, 2);
const createUser = (store: DocumentStore) => store.createUser(alice.user, code('ac26nobeb'), at(1));
const assign = (store: DocumentStore) => store.assignCode(alice.user, code('ac26zazaz'));
const removeCode = (store: DocumentStore) => store.removeCode(alice.user, code('ac26nobeb'));
const keep = (store: DocumentStore) => store.keepPendingPassword(alice.user, eventId('e-1'), 'sealed');
const record = (store: DocumentStore) => store.recordAccount(alice.user, account, []);
const replace = (store: DocumentStore) => store.replaceAccount(alice.user, aliceDid, second);
const drop = (store: DocumentStore) => store.dropAccount(alice.user, aliceDid);
const password = (store: DocumentStore) => store.replacePassword(alice.user, aliceDid, 'sealed', 'other');
const rename = (store: DocumentStore) =>
  store.recordAccountHandle(alice.user, aliceDid, handle('al'), [account.handle], at(5));
const removeRow = (store: DocumentStore, row: string) => store.removeHandleRow(alice.user, row);
const insertRow = (store: DocumentStore, row: string) => store.insertHandleRow(bob.user, row);

const WRITES: Readonly<Record<string, readonly Write[]>> = {
  createVerification: [
    { reason: 'there is none', write: create, says: 'created', changes: true },
    {
      reason: 'another writer was faster',
      given: ({ store }) => store.createVerification(alice.user, 0),
      ...{ write: create, says: 'exists', changes: false },
    },
  ],
  raiseVerification: [
    {
      reason: 'the count is lower',
      given: ({ store }) => store.createVerification(alice.user, 1),
      ...{ write: raise, says: 'raised', changes: true },
    },
    {
      reason: 'the platform has raised it as far',
      given: ({ store }) => store.createVerification(alice.user, 2),
      ...{ write: raise, says: 'enough', changes: false },
    },
    {
      reason: 'the platform has raised it further',
      given: ({ store }) => store.createVerification(alice.user, 7),
      ...{ write: raise, says: 'enough', changes: false },
    },
    { reason: 'it was removed', write: raise, says: 'missing', changes: false },
  ],
  createUser: [
    { reason: 'there is none', write: createUser, says: 'created', changes: true },
    {
      reason: 'another writer was faster',
      given: withDocument,
      ...{ write: createUser, says: 'user-exists', changes: false },
    },
    {
      reason: 'another user has the code',
      given: ({ store }) => store.createUser(bob.user, code('ac26nobeb'), at(1)),
      ...{ write: createUser, says: 'code-taken', changes: false },
    },
  ],
  assignCode: [
    {
      reason: 'there is none',
      given: async (world) => {
        await withDocument(world);
        await removeCode(world.store);
      },
      ...{ write: assign, says: 'assigned', changes: true },
    },
    {
      reason: 'another writer was faster',
      given: withDocument,
      ...{ write: assign, says: 'has-code', changes: false },
    },
    {
      reason: 'another user has it',
      given: async (world) => {
        await withDocument(world);
        await removeCode(world.store);
        await world.store.createUser(bob.user, code('ac26zazaz'), at(1));
      },
      ...{ write: assign, says: 'code-taken', changes: false },
    },
    { reason: 'there is no document', write: assign, says: 'DOCUMENT_CHANGED', changes: false },
  ],
  removeCode: [
    {
      reason: 'the document has it',
      given: withDocument,
      ...{ write: removeCode, says: 'removed', changes: true },
    },
    {
      reason: 'the document has another one',
      given: ({ store }) => store.createUser(alice.user, code('ac26zazaz'), at(1)),
      ...{ write: removeCode, says: 'other', changes: false },
    },
    {
      reason: 'it was removed before',
      given: async (world) => {
        await withDocument(world);
        await removeCode(world.store);
      },
      ...{ write: removeCode, says: 'missing', changes: false },
    },
    { reason: 'there is no document', write: removeCode, says: 'missing', changes: false },
  ],
  keepPendingPassword: [
    {
      reason: 'there is a document',
      given: withDocument,
      ...{ write: keep, says: undefined, changes: true },
    },
    { reason: 'there is no document', write: keep, says: 'DOCUMENT_CHANGED', changes: false },
  ],
  recordAccount: [
    {
      reason: 'the document names none',
      given: withDocument,
      ...{ write: record, says: 'recorded', changes: true },
    },
    {
      reason: 'the document names another one',
      given: async (world) => {
        await withDocument(world);
        await world.store.recordAccount(alice.user, second, []);
      },
      ...{ write: record, says: 'other', changes: false },
    },
    { reason: 'there is no document', write: record, says: 'DOCUMENT_CHANGED', changes: false },
  ],
  replaceAccount: [
    {
      reason: 'the document names the one before',
      given: withAccount,
      ...{ write: replace, says: 'recorded', changes: true },
    },
    {
      reason: 'the document names none any more',
      given: withDocument,
      ...{ write: replace, says: 'other', changes: false },
    },
    { reason: 'there is no document', write: replace, says: 'DOCUMENT_CHANGED', changes: false },
  ],
  dropAccount: [
    { reason: 'the document names it', given: withAccount, write: drop, says: 'dropped', changes: true },
    {
      reason: 'the document names another one',
      given: async (world) => {
        await withAccount(world);
        await replace(world.store);
      },
      ...{ write: drop, says: 'not-named', changes: false },
    },
    {
      reason: 'it was dropped before',
      given: withDocument,
      ...{ write: drop, says: 'not-named', changes: false },
    },
    { reason: 'there is no document', write: drop, says: 'not-named', changes: false },
  ],
  replacePassword: [
    {
      reason: 'the document holds the one that was read',
      given: withAccount,
      ...{ write: password, says: undefined, changes: true },
    },
    {
      reason: 'the document holds another one by now',
      given: async (world) => {
        await withAccount(world);
        await world.store.replacePassword(alice.user, aliceDid, 'sealed', 'newer');
      },
      ...{ write: password, says: 'DOCUMENT_CHANGED', changes: false },
    },
    { reason: 'there is no document', write: password, says: 'DOCUMENT_CHANGED', changes: false },
  ],
  recordAccountHandle: [
    {
      reason: 'the document names the one that was read',
      given: withAccount,
      ...{ write: rename, says: undefined, changes: true },
    },
    {
      reason: 'the document names another handle by now',
      given: async (world) => {
        await withAccount(world);
        await world.store.recordAccountHandle(
          ...([alice.user, aliceDid, handle('newer'), [account.handle], at(4)] as const),
        );
      },
      ...{ write: rename, says: 'DOCUMENT_CHANGED', changes: false },
    },
    {
      reason: 'the document names no account any more',
      given: withDocument,
      ...{ write: rename, says: 'DOCUMENT_CHANGED', changes: false },
    },
  ],
  removeHandleRow: [
    { reason: 'the row is there', given: withHandle, write: removeRow, says: 'removed', changes: true },
    {
      reason: 'the user has another handle by now',
      given: ({ setHandle }) => setHandle(alice.user, 'newer'),
      ...{ write: removeRow, says: 'other', changes: false },
    },
    { reason: 'there is no row', write: removeRow, says: 'missing', changes: false },
  ],
  insertHandleRow: [
    { reason: 'nobody has the handle', write: insertRow, says: 'inserted', changes: true },
    {
      reason: 'the user has the row',
      given: ({ setHandle }) => setHandle(bob.user, 'alix'),
      ...{ write: insertRow, says: 'exists', changes: false },
    },
    {
      reason: 'another user has the handle',
      given: withHandle,
      ...{ write: insertRow, says: 'taken', changes: false },
    },
    {
      reason: 'the user has another handle',
      given: ({ setHandle }) => setHandle(bob.user, 'newer'),
      ...{ write: insertRow, says: 'taken', changes: false },
    },
  ],
  // Of an index only that it is there afterwards is promised.
  createIndex: [
    {
      reason: 'there is none yet, or there is one',
      write: (store) => store.createIndex(wantedIndex),
      ...{ says: undefined, changes: false },
    },
  ],
};

export function documentWritesContract(make: () => Promise<DocumentWorld>): void {
  describe('what a write says', () => {
    it('is in the table for each write of the port', () => {
      const writes = Object.entries(CALLS.documents).flatMap(([name, kind]) =>
        kind === 'write' ? name : [],
      );
      expect(Object.keys(WRITES).sort()).toEqual(writes.sort());
    });

    describe.each(Object.entries(WRITES))('%s', (_name, writes) => {
      it.each(writes)('$reason: $says', async ({ given, write, says, changes }) => {
        const row = await rowOf(await make());
        const world = await make();
        await given?.(world);
        const before = await contentsOf(world.store);
        const answer = await write(world.store, row).catch((error: unknown) => {
          if (!(error instanceof UpstreamError)) throw error;
          return error.code;
        });
        expect(answer).toBe(says);
        const after = await contentsOf(world.store);
        if (changes) expect(after).not.toEqual(before);
        else expect(after).toEqual(before);
      });
    });
  });
}

async function rowOf(world: DocumentWorld): Promise<string> {
  await withHandle(world);
  return (await world.store.handleRow(alice.user, 'alix')) ?? '';
}

async function contentsOf(store: DocumentStore) {
  const users: readonly UserKey[] = [alice.user, bob.user];
  const passwords = users.flatMap((user) => [aliceDid, bobDid].map((did) => store.storedRecord(user, did)));
  return { documents: [...(await store.read(users))], passwords: await Promise.all(passwords) };
}
