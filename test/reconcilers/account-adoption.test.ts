/** Accounts that others made, and passwords that others changed: what a person said yes to, carried out. */
import { describe, expect, it } from 'vitest';
import { createVault } from '../../src/credentials.ts';
import type { Documents } from '../../src/ports.ts';
import { adopt, resetPassword } from '../../src/reconcilers/account-creation.ts';
import type { AccountDeps } from '../../src/reconcilers/account-state.ts';
import { alice, bob, code, handle } from '../mongo/people.ts';
import { account, check, linked, type Row, wants } from '../support/in-memory/account-plan.ts';
import { inMemoryAccounts } from '../support/in-memory/accounts.ts';
import { applyContext } from '../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../support/in-memory/documents.ts';
import { seededRandom } from '../support/in-memory/random.ts';

async function setUp(email?: string) {
  const accounts = inMemoryAccounts();
  const documents = inMemoryDocuments();
  documents.users.set(alice.user, { code: code('ac26nobeb') });
  const vault = createVault({ storage: 'sealed', keys: `k1:${Buffer.alloc(32, 1).toString('base64')}` });
  const deps: AccountDeps = { accounts, documents, vault, random: seededRandom() };
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
  it.each(['alice@example.com', undefined])('sets a password of ours and tells why: %s', async (email) => {
    const { deps, read, found, did, context, documents, accounts, vault } = await setUp(email);
    await adopt(deps, { account: found, evidence: ['for: it is active'] }, await read(), context);
    const stored = documents.users.get(alice.user)?.account;
    expect(stored).toMatchObject({ did, handle: found.handle });
    expect(await accounts.canLogIn(did, vault.open(stored?.password ?? '', alice.user))).toBe(true);
    expect(context.told).toEqual([
      {
        type: 'account.adopted',
        data: { did, handle: found.handle, email: email ?? null, evidence: ['for: it is active'] },
      },
    ]);
  });

  it('refuses the account that another user’s document names, and touches nothing', async () => {
    const { deps, read, found, did, context, documents } = await setUp();
    const of = { did, handle: found.handle, password: 'p', createdAt: '2026-01-01T00:00:00.000Z' };
    documents.users.set(bob.user, { code: code('ac26zazaz'), account: of });
    await expect(adopt(deps, { account: found, evidence: [] }, await read(), context)).rejects.toMatchObject({
      code: 'ACCOUNT_OF_ANOTHER',
      retryable: false,
    });
    expect(documents.users.get(alice.user)?.account).toBeUndefined();
    expect(context.told).toEqual([]);
  });

  it('goes on where it broke off, with its own document naming the account already', async () => {
    const { deps, read, found, did, context, documents } = await setUp();
    await adopt(deps, { account: found, evidence: [] }, await read(), context);
    await adopt(deps, { account: found, evidence: [] }, await read(), context);
    expect(documents.users.get(alice.user)?.account?.did).toBe(did);
  });
});

describe('a password', () => {
  it('that is stored is set on the PDS once more', async () => {
    const { deps, read, found, did, context, accounts, documents, vault } = await setUp();
    await adopt(deps, { account: found, evidence: [] }, await read(), applyContext(alice.user));
    await accounts.setPassword(did, 'changed by its owner');
    await resetPassword(deps, did, context);
    const stored = documents.users.get(alice.user)?.account?.password ?? '';
    expect(await accounts.canLogIn(did, vault.open(stored, alice.user))).toBe(true);
    expect(context.told).toEqual([{ type: 'password.reset', data: { did } }]);
  });

  it('that is not stored cannot be, and another pass may find it', async () => {
    const { deps, did, context } = await setUp();
    await expect(resetPassword(deps, did, context)).rejects.toMatchObject({
      code: 'DOCUMENT_CHANGED',
      retryable: true,
    });
    expect(context.told).toEqual([]);
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
      reason: 'that is not in the document is nothing that could be set',
      wanted: wants({ loggedDid: account().did, passwordResetGranted: true }),
      actual: linked(account(), false),
      says: 'False CredentialsIncomplete',
      held: true,
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
