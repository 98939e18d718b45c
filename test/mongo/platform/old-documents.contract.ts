/** What every store of older documents promises. */
import { describe, expect, it } from 'vitest';
import type { OldDocumentStore, OldUser } from '../../../src/ports/old-documents.ts';
import { alice, aliceDid, all, at, bob, bobDid, code, handle } from '../subjects/people.ts';

export const NO_OLD_DOCUMENT = {
  code: undefined,
  hasUnreadableCode: false,
  account: undefined,
  old: undefined,
};

export function oldUser(key: string, changes: Partial<OldUser> = {}): OldUser {
  return {
    ...{ key, hasTextKey: true, document: NO_OLD_DOCUMENT, hasHandleRow: true },
    ...{ legacyCode: undefined, hasUnreadableLegacyCode: false },
    ...changes,
  };
}

const old = { did: aliceDid, handle: handle('alice'), password: 'secret', createdAt: at(3) };
const flat = oldUser(alice.user, { document: { ...NO_OLD_DOCUMENT, old }, legacyCode: code('ac19bebac') });
const legacy = oldUser(bob.user, { document: undefined, legacyCode: code('ac19bebac') });

export function oldDocumentsContract(make: (users: readonly OldUser[]) => Promise<OldDocumentStore>): void {
  const found = async (store: OldDocumentStore) => (await store.read([alice.user])).get(alice.user)?.document;

  describe('reading', () => {
    it('gives every key with a document or a row, once', async () => {
      const store = await make([flat, legacy]);
      const users = (await all(store.pages())).flat();
      expect(new Map(users.map((one) => [one.key, one]))).toEqual(
        new Map([
          [alice.user, flat],
          [bob.user, legacy],
        ]),
      );
      expect(users).toHaveLength(2);
    });

    it('says which codes and accounts more than one key has', async () => {
      const other = oldUser('auth0|carol', {
        document: { ...NO_OLD_DOCUMENT, account: { ...old, password: undefined } },
      });
      const store = await make([flat, legacy, other]);
      const { codes, dids } = await store.shared();
      expect(codes).toEqual(new Map([[code('ac19bebac'), [alice.user, bob.user]]]));
      expect([...(dids.get(aliceDid) ?? [])].sort()).toEqual([alice.user, other.key].sort());
    });

    it('says whose users documents have a code', async () => {
      const store = await make([
        oldUser(alice.user, { document: { ...NO_OLD_DOCUMENT, code: code('ac19bebac') } }),
      ]);
      expect(await store.holdersOfCodes([code('ac19bebac'), code('ac19bebad')])).toEqual(
        new Map([[code('ac19bebac'), alice.user]]),
      );
      expect(await store.holdersOfCodes([])).toEqual(new Map());
    });
  });

  describe('moving', () => {
    const account = { ...old, what: 'account', read: flat, password: 'sealed' } as const;

    it('moves a code and an account, and leaves the old fields', async () => {
      const store = await make([flat]);
      await store.move([{ what: 'code', read: flat, code: code('ac19bebac') }, account]);
      expect(await found(store)).toEqual({
        ...{ ...NO_OLD_DOCUMENT, code: code('ac19bebac'), old },
        account: { ...old, password: 'sealed' },
      });
    });

    it('writes over no code, no account and no password', async () => {
      const document = { ...NO_OLD_DOCUMENT, code: code('ac20fofuf'), account: { ...old, did: bobDid }, old };
      const store = await make([{ ...flat, document }]);
      const password = { what: 'password', read: flat, did: bobDid, password: 'sealed' } as const;
      await store.move([{ what: 'code', read: flat, code: code('ac19bebac') }, account, password]);
      expect(await found(store)).toEqual(document);
    });

    it('moves nothing whose source has changed since it was read', async () => {
      const document = { ...NO_OLD_DOCUMENT, old: { ...old, password: 'newer' } };
      const store = await make([{ ...flat, document }]);
      await store.move([account]);
      expect(await found(store)).toEqual(document);
    });

    it('stores a password beside the same account that has none', async () => {
      const document = { ...NO_OLD_DOCUMENT, account: { ...old, password: undefined }, old };
      const store = await make([{ ...flat, document }]);
      await store.move([
        { what: 'password', read: { ...flat, document }, did: aliceDid, password: 'sealed' },
      ]);
      expect((await found(store))?.account).toEqual({ ...old, password: 'sealed' });
    });

    it('leaves out a code that another document has, and moves the others', async () => {
      const holder = oldUser(bob.user, { document: { ...NO_OLD_DOCUMENT, code: code('ac19bebac') } });
      const store = await make([flat, holder]);
      await store.move([{ what: 'code', read: flat, code: code('ac19bebac') }, account]);
      expect(await found(store)).toMatchObject({ code: undefined, account: { did: aliceDid } });
    });

    it('makes no document for a key without one', async () => {
      const store = await make([legacy]);
      await store.move([{ what: 'code', read: legacy, code: code('ac19bebac') }]);
      expect((await store.read([bob.user])).get(bob.user)?.document).toBeUndefined();
    });
  });
}
