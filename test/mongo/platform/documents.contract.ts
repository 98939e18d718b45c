/** What every document store promises about the platform's documents. */
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { eventId, type UserKey } from '../../../src/identity.ts';
import type { DocumentStore } from '../../../src/ports/documents.ts';
import { alice, aliceDid, all, at, bob, bobDid, code, handle, NO_DOCUMENTS } from '../subjects/people.ts';
import { documentWritesContract } from './document-writes.contract.ts';

export interface DocumentWorld {
  readonly store: DocumentStore;
  /** Writes to `@handles`, which only the platform does. */
  setHandle(user: UserKey, handle: string): Promise<void>;
}

/** `make` gives a store with no document in it and a unique index on `users.code`. */
export function documentStoreContract(make: () => Promise<DocumentWorld>): void {
  documentWritesContract(make);
  const nothing = NO_DOCUMENTS;
  const account = { did: aliceDid, handle: handle('alice'), password: 'sealed', createdAt: at(3) };

  describe('reading', () => {
    it('answers for every user that was asked for', async () => {
      const { store, setHandle } = await make();
      await store.createVerification(alice.user, 1);
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await setHandle(alice.user, 'alice');
      const found = await store.read([alice.user, bob.user]);
      expect([...found.keys()]).toEqual([alice.user, bob.user]);
      expect(found.get(alice.user)).toEqual({
        verificationCount: 1,
        user: { code: 'ac26nobeb', when: at(1), account: undefined, pending: undefined },
        handle: 'alice',
        legacyCode: undefined,
      });
      expect(found.get(bob.user)).toEqual(nothing);
      expect(await store.read([])).toEqual(new Map());
    });

    it('finds users by code, DID and platform handle, exactly', async () => {
      const { store, setHandle } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.recordAccount(alice.user, account, []);
      await setHandle(bob.user, 'bob');
      expect(await store.findUsers({ code: 'ac26nobeb' })).toEqual([alice.user]);
      expect(await store.findUsers({ did: aliceDid })).toEqual([alice.user]);
      expect(await store.findUsers({ handle: 'bob' })).toEqual([bob.user]);
      expect(await store.findUsers({ handle: 'b.b' })).toEqual([]);
      expect(await store.findUsers({ code: 'ac26nobeb', did: aliceDid })).toEqual([alice.user]);
      expect(await store.findUsers({})).toEqual([]);
    });

    it('says which of some names there are', async () => {
      const { store, setHandle } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await setHandle(bob.user, 'bob');
      expect(await store.namesAmong('code', ['ac26nobeb', 'ac26nobeg', 'bob'])).toEqual(['ac26nobeb']);
      expect(await store.namesAmong('handle', ['bop', 'bob', 'ac26nobeb'])).toEqual(['bob']);
      expect(await store.namesAmong('handle', [])).toEqual([]);
    });

    it('lists whose documents there are, and which accounts they name', async () => {
      const { store, setHandle } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.recordAccount(alice.user, account, []);
      await store.createVerification(bob.user, 1);
      await setHandle(bob.user, 'bob');
      expect((await all(store.owners())).flat()).toEqual([
        { collection: 'users', key: alice.user, did: aliceDid },
        { collection: 'verifications', key: bob.user, did: undefined },
        { collection: '@handles', key: bob.user, did: undefined },
      ]);
      expect(await store.namedDids([aliceDid, bobDid])).toEqual(new Set([aliceDid]));
      expect(await store.namedDids([])).toEqual(new Set());
    });

    it('counts the codes of one year', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.createUser(bob.user, code('ac25nobeb'), at(1));
      expect(await store.codesInYear('ac26')).toBe(1);
      expect(await store.codesInYear('ac24')).toBe(0);
    });
  });

  describe('a verification', () => {
    it('is created, raised, and never lowered', async () => {
      const { store } = await make();
      const counts: (number | undefined)[] = [];
      expect(await store.createVerification(alice.user, 0)).toBe('created');
      expect(await store.createVerification(alice.user, 5)).toBe('exists');
      for (const atLeast of [0, 1, 0, 3, 2]) {
        await store.raiseVerification(alice.user, atLeast);
        counts.push((await store.read([alice.user])).get(alice.user)?.verificationCount);
      }
      expect(counts).toEqual([0, 1, 1, 3, 3]);
    });

    it('that was removed is not raised, and does not come back', async () => {
      const { store } = await make();
      expect(await store.raiseVerification(alice.user, 1)).toBe('missing');
      expect((await store.read([alice.user])).get(alice.user)?.verificationCount).toBeUndefined();
    });

    it('is created once when many create it at once', async () => {
      const { store } = await make();
      const all = await Promise.all(
        Array.from({ length: 20 }, () => store.createVerification(alice.user, 1)),
      );
      expect(all.filter((outcome) => outcome === 'created')).toHaveLength(1);
      expect((await store.read([alice.user])).get(alice.user)?.verificationCount).toBe(1);
    });
  });

  describe('a user document', () => {
    it('is not applied when the user or the code is there', async () => {
      const { store } = await make();
      expect(await store.createUser(alice.user, code('ac26nobeb'), at(1))).toBe('created');
      expect(await store.createUser(alice.user, code('ac26nobeb'), at(1))).toBe('user-exists');
      expect(await store.createUser(alice.user, code('ac26bobob'), at(1))).toBe('user-exists');
      expect(await store.createUser(bob.user, code('ac26nobeb'), at(1))).toBe('code-taken');
      expect((await store.read([bob.user])).get(bob.user)).toEqual(nothing);
    });

    it('keeps the code that it has', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      expect(await store.assignCode(alice.user, code('ac26bobob'))).toBe('has-code');
      expect((await store.read([alice.user])).get(alice.user)?.user?.code).toBe('ac26nobeb');
    });
  });

  describe('an account', () => {
    it('is recorded, with the pending password dropped', async () => {
      const { store } = await make();
      const user = async () => (await store.read([alice.user])).get(alice.user)?.user;
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.keepPendingPassword(alice.user, eventId('e-1'), 'sealed-1');
      await store.keepPendingPassword(alice.user, eventId('e-2'), 'sealed-2');
      expect(await user()).toEqual({
        code: 'ac26nobeb',
        when: at(1),
        account: undefined,
        pending: { intent: 'e-2', password: 'sealed-2' },
      });
      expect(await store.recordAccount(alice.user, account, [])).toBe('recorded');
      expect(await user()).toEqual({
        code: 'ac26nobeb',
        when: at(1),
        account: { did: aliceDid, handle: 'alice.at.test', hasPassword: true },
        pending: undefined,
      });
    });

    it('is recorded again, and never over another one', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.recordAccount(alice.user, account, []);
      const { password: _kept, ...withoutPassword } = account;
      const renamed = { ...withoutPassword, handle: handle('al') };
      expect(await store.recordAccount(alice.user, renamed, [account.handle])).toBe('recorded');
      expect(await store.recordAccount(alice.user, renamed, [])).toBe('recorded');
      expect(await store.recordAccount(alice.user, { ...account, did: bobDid }, [])).toBe('other');
      expect((await store.read([alice.user])).get(alice.user)?.user?.account).toEqual({
        did: aliceDid,
        handle: 'al.at.test',
        hasPassword: true,
      });
    });

    it('is never recorded over a handle that has come since', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.recordAccount(alice.user, account, []);
      await store.recordAccountHandle(alice.user, aliceDid, handle('al'), [account.handle], at(4));
      expect(await store.recordAccount(alice.user, account, [])).toBe('other');
      expect(await store.recordAccount(alice.user, account, [handle('allie')])).toBe('other');
      expect((await store.read([alice.user])).get(alice.user)?.user?.account?.handle).toBe('al.at.test');
    });

    it('is never recorded over another password', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      const { password: _none, ...withoutPassword } = account;
      await store.recordAccount(alice.user, withoutPassword, []);
      expect(await store.recordAccount(alice.user, account, [])).toBe('recorded');
      expect(await store.recordAccount(alice.user, account, [])).toBe('recorded');
      expect(await store.recordAccount(alice.user, { ...account, password: 'late' }, [])).toBe('other');
      expect(await store.storedPassword(alice.user, aliceDid)).toBe('sealed');
    });

    it('has its password replaced only where the document names it and holds the one that was read', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      const changed = { code: 'DOCUMENT_CHANGED', retryable: true };
      const replace = (did: typeof aliceDid, over: string | undefined) =>
        store.replacePassword(alice.user, did, over, `over ${over}`);
      await expect(replace(aliceDid, undefined)).rejects.toMatchObject(changed);
      const { password: _none, ...withoutPassword } = account;
      await store.recordAccount(alice.user, withoutPassword, []);
      await expect(replace(bobDid, undefined)).rejects.toMatchObject(changed);
      await expect(replace(aliceDid, 'another')).rejects.toMatchObject(changed);
      expect(await store.storedPassword(alice.user, aliceDid)).toBeUndefined();
      await replace(aliceDid, undefined);
      expect(await store.storedPassword(alice.user, aliceDid)).toBe('over undefined');
      for (const over of [undefined, 'another'])
        await expect(replace(aliceDid, over)).rejects.toMatchObject(changed);
      await replace(aliceDid, 'over undefined');
      expect(await store.storedPassword(alice.user, aliceDid)).toBe('over over undefined');
      expect((await store.read([alice.user])).get(alice.user)?.user?.account).toEqual({
        ...{ did: aliceDid, handle: 'alice.at.test', hasPassword: true },
      });
    });

    it('has its handle changed only where the document names it, and the handle that was seen', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.recordAccount(alice.user, account, []);
      const over = [account.handle];
      for (let time = 0; time < 2; time += 1)
        await store.recordAccountHandle(alice.user, aliceDid, handle('al'), over, at(5));
      expect((await store.read([alice.user])).get(alice.user)?.user?.account?.handle).toBe('al.at.test');
      for (const did of [aliceDid, bobDid]) {
        const refused = store.recordAccountHandle(alice.user, did, handle('allie'), over, at(6));
        await expect(refused).rejects.toMatchObject({ code: 'DOCUMENT_CHANGED', retryable: true });
      }
      expect((await store.read([alice.user])).get(alice.user)?.user?.account?.handle).toBe('al.at.test');
    });

    it('is replaced by another one in one step, and by none where the document names a third one', async () => {
      const { store } = await make();
      await store.createUser(alice.user, code('ac26nobeb'), at(1));
      await store.recordAccount(alice.user, account, []);
      const second = {
        ...account,
        did: bobDid,
        handle: handle('bob'),
        password: 'resealed',
        createdAt: at(2),
      };
      expect(await store.replaceAccount(alice.user, bobDid, { ...account, did: bobDid })).toBe('other');
      expect(await store.replaceAccount(alice.user, aliceDid, second)).toBe('recorded');
      expect(await store.replaceAccount(alice.user, aliceDid, second)).toBe('recorded');
      expect(await store.storedRecord(alice.user, aliceDid)).toBeUndefined();
      expect(await store.storedRecord(alice.user, bobDid)).toEqual({
        password: 'resealed',
        createdAt: at(2),
      });
      expect((await store.read([alice.user])).get(alice.user)?.user).toMatchObject({ code: 'ac26nobeb' });
    });

    it.each<readonly [string, (store: DocumentStore) => Promise<unknown>]>([
      ['a code', (store) => store.assignCode(alice.user, code('ac26nobeb'))],
      ['a pending password', (store) => store.keepPendingPassword(alice.user, eventId('e-1'), 'sealed')],
      ['an account', (store) => store.recordAccount(alice.user, account, [])],
      ['a password', (store) => store.replacePassword(alice.user, aliceDid, undefined, 'sealed')],
      ['a handle', (store) => store.recordAccountHandle(alice.user, aliceDid, handle('al'), [], at(5))],
    ])('%s is not written, and not lost silently, when there is no user document', async (_name, write) => {
      const { store } = await make();
      await expect(write(store)).rejects.toBeInstanceOf(UpstreamError);
      expect((await store.read([alice.user])).get(alice.user)).toEqual(nothing);
    });
  });

  it('removes a code, and no other one', async () => {
    const { store } = await make();
    await store.createUser(alice.user, code('ac26nobeb'), at(1));
    await store.removeCode(alice.user, code('ac26zazaz'));
    expect((await store.read([alice.user])).get(alice.user)?.user?.code).toBe('ac26nobeb');
    await store.removeCode(alice.user, code('ac26nobeb'));
    expect((await store.read([alice.user])).get(alice.user)?.user).toMatchObject({ code: undefined });
  });

  describe('a row of a handle', () => {
    it('moves to another user', async () => {
      const { store, setHandle } = await make();
      await setHandle(alice.user, 'alix');
      expect(await store.handleRow(alice.user, 'other')).toBeUndefined();
      expect(await store.handleRow(bob.user, 'alix')).toBeUndefined();
      const row = (await store.handleRow(alice.user, 'alix')) ?? '';
      expect(await store.insertHandleRow(bob.user, row)).toBe('taken');
      expect(await store.removeHandleRow(alice.user, row)).toBe('removed');
      expect(await store.removeHandleRow(alice.user, row)).toBe('missing');
      expect(await store.insertHandleRow(bob.user, row)).toBe('inserted');
      expect(await store.insertHandleRow(bob.user, row)).toBe('exists');
      const found = await store.read([alice.user, bob.user]);
      expect([found.get(alice.user)?.handle, found.get(bob.user)?.handle]).toEqual([undefined, 'alix']);
    });

    it('is not removed when it has changed, and not put over another one', async () => {
      const { store, setHandle } = await make();
      await setHandle(alice.user, 'alix');
      const row = (await store.handleRow(alice.user, 'alix')) ?? '';
      await store.removeHandleRow(alice.user, row);
      await setHandle(alice.user, 'alice');
      expect(await store.removeHandleRow(alice.user, row)).toBe('other');
      expect(await store.insertHandleRow(alice.user, row)).toBe('taken');
      expect((await store.read([alice.user])).get(alice.user)?.handle).toBe('alice');
    });
  });

  it('creates an index once, and then has it', async () => {
    const { store } = await make();
    const wanted = { collection: '@handles', field: 'handle', sparse: false, name: 'handle_1' } as const;
    await store.createIndex(wanted);
    await store.createIndex(wanted);
    const found = (await store.indexes()).filter((index) => index.key[0]?.[0] === 'handle');
    expect(found).toEqual([
      expect.objectContaining({ collection: '@handles', unique: true, partial: false }),
    ]);
  });
}
