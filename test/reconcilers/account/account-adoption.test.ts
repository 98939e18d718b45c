/** Accounts that others made, and passwords that others changed: what a person said yes to, carried out. */
import { describe, expect, it } from 'vitest';
import { sealedWith } from '../../../src/credentials/envelope.ts';
import { createVault } from '../../../src/credentials/vault.ts';
import { eventId } from '../../../src/identity.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import { adopt, resetPassword } from '../../../src/reconcilers/account/account-creation.ts';
import type { AccountDeps } from '../../../src/reconcilers/account/account-state.ts';
import { alice, bob, code, handle } from '../../mongo/subjects/people.ts';
import { account, check, linked, type Row, wants } from '../../support/in-memory/account-plan.ts';
import { inMemoryAccounts } from '../../support/in-memory/accounts.ts';
import { applyContext } from '../../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../../support/in-memory/documents.ts';
import { inMemoryInactiveAccounts } from '../../support/in-memory/inactive-accounts.ts';
import { seededRandom } from '../../support/in-memory/random.ts';

const KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const lostKey = createVault({ storage: 'sealed', keys: `k9:${Buffer.alloc(32, 9).toString('base64')}` });

type Setup = Awaited<ReturnType<typeof setUp>>;

async function setUp(email?: string) {
  const accounts = inMemoryAccounts();
  const documents = inMemoryDocuments();
  documents.users.set(alice.user, { code: code('ac26nobeb') });
  const vault = createVault({ storage: 'sealed', keys: KEYS });
  const inactive = inMemoryInactiveAccounts();
  const deps: AccountDeps = {
    ...{ accounts, documents, inactive, vault, random: seededRandom() },
    settings: { listInactiveMs: 600_000 },
  };
  const did = accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
  const found = account({ did, email });
  const read = async (): Promise<Documents> => {
    const documentsOfAlice = (await documents.read([alice.user])).get(alice.user);
    if (documentsOfAlice === undefined) throw new Error('not answered');
    return documentsOfAlice;
  };
  return { accounts, documents, vault, deps, read, found, did, context: applyContext(alice.user) };
}

describe('adopting', () => {
  const grant = eventId('e-granted');
  const evidence = ['for: it is active'];

  it.each(['alice@example.com', undefined])('sets a password of ours and tells why: %s', async (email) => {
    const { deps, read, found, did, context, documents, accounts, vault } = await setUp(email);
    await adopt(deps, { account: found, grant, evidence }, await read(), context);
    const { account, pending } = documents.users.get(alice.user) ?? {};
    expect(account).toMatchObject({ did, handle: found.handle });
    expect(pending).toBeUndefined();
    expect(await accounts.canLogIn(did, vault.open(account?.password ?? '', alice.user))).toBe(true);
    const data = { did, handle: found.handle, email: email ?? null, evidence };
    expect(context.told).toEqual([{ type: 'account.adopted', data }]);
  });

  const THEIRS = 'somebody-elses';
  it.each<readonly [string, (setup: Setup) => string, boolean]>([
    ['opens the account', () => THEIRS, true],
    ['opens the account, sealed', ({ vault }) => vault.seal(THEIRS, alice.user), true],
    ['the PDS refuses', () => 'of long ago', false],
    ['no key opens', () => lostKey.seal(THEIRS, alice.user), false],
  ])('keeps the stored password and sets none: one that %s', async (_name, storedIn, isAccepted) => {
    const made = await setUp();
    const { deps, read, found, did, context, documents, accounts } = made;
    const stored = { did, handle: found.handle, password: storedIn(made), createdAt: '2019-01-02' };
    documents.users.set(alice.user, { code: code('ac26nobeb'), account: stored });
    await adopt(deps, { account: found, grant, evidence }, await read(), context);
    expect(documents.users.get(alice.user)?.account).toEqual(stored);
    expect(accounts.stored.get(did)?.password).toBe(THEIRS);
    expect(context.told).toEqual([
      { type: 'account.adopted', data: { did, handle: found.handle, email: null, evidence } },
      ...(isAccepted ? [] : [{ type: 'password.refused', data: { did } }]),
    ]);
  });

  it('refuses the account that another user’s document names, and touches nothing', async () => {
    const { deps, read, found, did, context, documents } = await setUp();
    const of = { did, handle: found.handle, password: 'p', createdAt: '2026-01-01T00:00:00.000Z' };
    documents.users.set(bob.user, { code: code('ac26zazaz'), account: of });
    const adopting = adopt(deps, { account: found, grant, evidence }, await read(), context);
    await expect(adopting).rejects.toMatchObject({ code: 'ACCOUNT_OF_ANOTHER', retryable: false });
    expect(documents.users.get(alice.user)?.account).toBeUndefined();
    expect(context.told).toEqual([]);
  });

  it('goes on where it broke off, with its own document naming the account already', async () => {
    const { deps, read, found, did, context, documents } = await setUp();
    await adopt(deps, { account: found, grant, evidence }, await read(), context);
    const { account } = documents.users.get(alice.user) ?? {};
    await adopt(deps, { account: found, grant, evidence }, await read(), context);
    expect(documents.users.get(alice.user)?.account).toEqual(account);
    expect(account?.did).toBe(did);
  });
});

describe('a password', () => {
  it('that is stored is set on the PDS once more', async () => {
    const { deps, read, found, did, context, accounts, documents, vault } = await setUp();
    const grant = eventId('e-granted');
    await adopt(deps, { account: found, grant, evidence: [] }, await read(), applyContext(alice.user));
    await accounts.setPassword(did, 'changed by its owner');
    await resetPassword(deps, did, context);
    const stored = documents.users.get(alice.user)?.account?.password ?? '';
    expect(await accounts.canLogIn(did, vault.open(stored, alice.user))).toBe(true);
    expect(context.told).toEqual([{ type: 'password.reset', data: { did } }]);
  });

  it('is neither stored nor set where the document names no such account', async () => {
    const { deps, did, context, accounts, documents } = await setUp();
    await expect(resetPassword(deps, did, context)).rejects.toMatchObject({
      code: 'DOCUMENT_CHANGED',
      retryable: true,
    });
    expect(context.told).toEqual([]);
    expect(documents.users.get(alice.user)).toEqual({ code: 'ac26nobeb' });
    expect(accounts.stored.get(did)?.password).toBe('somebody-elses');
  });

  describe.each<readonly [string, (documents: Setup) => string | undefined]>([
    ['none is stored', () => undefined],
    ['the stored one is empty', () => ''],
    ['the key of the stored one is lost', () => lostKey.seal('lost', alice.user)],
    ['the stored one belongs to another user', ({ vault }) => vault.seal('of bob', bob.user)],
  ])('where %s', (_name, storedIn) => {
    async function missing() {
      const made = await setUp();
      const { did, documents } = made;
      const password = storedIn(made);
      const account = { did, handle: handle('alice'), ...(password === undefined ? {} : { password }) };
      documents.users.set(alice.user, { code: code('ac26nobeb'), account });
      const stored = () => documents.users.get(alice.user)?.account?.password ?? '';
      return { ...made, stored };
    }

    it('is made new, stored sealed and set on the PDS', async () => {
      const { deps, did, context, accounts, vault, stored } = await missing();
      await resetPassword(deps, did, context);
      expect(sealedWith(stored())).toBe('k1');
      expect(await accounts.canLogIn(did, vault.open(stored(), alice.user))).toBe(true);
      expect(context.told).toEqual([{ type: 'password.reset', data: { did } }]);
    });

    it('is made new and stored in plaintext where that is what is stored', async () => {
      const { deps, did, context, accounts, stored } = await missing();
      const vault = createVault({ storage: 'plaintext', keys: KEYS });
      await resetPassword({ ...deps, vault }, did, context);
      expect(stored()).toMatch(/^[A-Za-z0-9]{32}$/);
      expect(await accounts.canLogIn(did, stored())).toBe(true);
    });

    it('stays the one that was stored when the run stops before it is set, and run again', async () => {
      const { deps, did, context, accounts, vault, stored } = await missing();
      const setPassword = async () => Promise.reject(new Error('killed'));
      await expect(
        resetPassword({ ...deps, accounts: { ...accounts, setPassword } }, did, context),
      ).rejects.toThrow('killed');
      const kept = stored();
      expect(context.told).toEqual([]);
      await resetPassword(deps, did, context);
      expect(stored()).toBe(kept);
      expect(await accounts.canLogIn(did, vault.open(kept, alice.user))).toBe(true);
      expect(context.told).toEqual([{ type: 'password.reset', data: { did } }]);
    });

    it('is not stored over one that came meanwhile, and the PDS is not called', async () => {
      const { deps, did, context, accounts, documents, vault, stored } = await missing();
      const theirs = vault.seal('theirs', alice.user);
      const storedPassword: typeof documents.storedPassword = async (user, of) => {
        const read = await documents.storedPassword(user, of);
        const found = documents.users.get(user);
        documents.users.set(user, { ...found, account: { ...found?.account, password: theirs } });
        return read;
      };
      await expect(
        resetPassword({ ...deps, documents: { ...documents, storedPassword } }, did, context),
      ).rejects.toMatchObject({ code: 'DOCUMENT_CHANGED', retryable: true });
      expect(stored()).toBe(theirs);
      expect(accounts.stored.get(did)?.password).toBe('somebody-elses');
    });
  });

  it.each<Row>([
    {
      reason: 'refused: its owner may have changed it, so a person decides',
      wanted: wants({ loggedDid: account().did, passwordRefused: true }),
      actual: linked(account()),
      says: 'False PasswordRefused',
      held: true,
    },
    {
      reason: 'to be set again: a person has decided',
      wanted: wants({ loggedDid: account().did, passwordRefused: true, passwordResetGranted: true }),
      actual: linked(account()),
      does: { type: 'reset-password', did: account().did },
      says: 'False PasswordRefused',
    },
    {
      reason: 'that is not in the document: a person decides',
      wanted: wants({ loggedDid: account().did }),
      actual: linked(account(), false),
      says: 'False CredentialsIncomplete',
      held: true,
    },
    {
      reason: 'that is not in the document is set: a person has decided',
      wanted: wants({ loggedDid: account().did, passwordResetGranted: true }),
      actual: linked(account(), false),
      does: { type: 'reset-password', did: account().did },
      says: 'False CredentialsIncomplete',
    },
    {
      reason: 'that fits is left alone',
      wanted: wants({ loggedDid: account().did }),
      actual: linked(account()),
      says: 'True AccountActive',
    },
    {
      reason: 'of what is left of an account whose deletion broke off: that goes on',
      wanted: wants({ loggedDid: account().did, interrupted: new Set(['delete-remnant']) }),
      actual: linked('missing'),
      does: { type: 'delete-remnant' },
      says: 'False AccountWithoutRepository',
    },
  ])('$reason', check);
});
