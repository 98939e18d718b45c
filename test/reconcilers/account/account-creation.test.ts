import { describe, expect, it } from 'vitest';
import { createVault } from '../../../src/credentials/vault.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { OpenIntent } from '../../../src/events/facts.ts';
import { eventId } from '../../../src/identity.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import { complete, create, record } from '../../../src/reconcilers/account/account-creation.ts';
import type { AccountDeps } from '../../../src/reconcilers/account/account-state.ts';
import { alice, at, bobDid, code, handle } from '../../mongo/subjects/people.ts';
import { inMemoryAccounts } from '../../support/in-memory/accounts.ts';
import { applyContext } from '../../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../../support/in-memory/documents.ts';
import type { Hooks } from '../../support/in-memory/hooks.ts';
import { inMemoryInactiveAccounts } from '../../support/in-memory/inactive-accounts.ts';
import { seededRandom } from '../../support/in-memory/random.ts';

const wanted = { handle: handle('alice'), email: 'alice@example.com' };

function setUp() {
  const hooks: Hooks = {};
  const accounts = inMemoryAccounts(hooks);
  const documents = inMemoryDocuments();
  documents.users.set(alice.user, { code: code('ac26nobeb') });
  const vault = createVault({ storage: 'sealed', keys: `k1:${Buffer.alloc(32, 1).toString('base64')}` });
  const inactive = inMemoryInactiveAccounts();
  const deps: AccountDeps = {
    ...{ accounts, documents, inactive, vault, random: seededRandom() },
    settings: { listInactiveMs: 600_000 },
  };
  return {
    hooks,
    accounts,
    documents,
    vault,
    deps,
    context: applyContext(alice.user),
    stored: () => documents.users.get(alice.user),
    read: async (): Promise<Documents> => {
      const found = (await documents.read([alice.user])).get(alice.user);
      if (found === undefined) throw new Error('not read');
      return found;
    },
    /** Whether the password kept in the document opens the account. */
    canLogIn: async (): Promise<boolean> => {
      const { did, password } = documents.users.get(alice.user)?.account ?? {};
      if (did === undefined || password === undefined) return false;
      return accounts.canLogIn(did, vault.open(password, alice.user));
    },
  };
}

const failing = (effect: 'none' | 'unknown') => () => {
  throw new UpstreamError('no answer', { upstream: 'pds', code: 'UNREACHABLE', retryable: true, effect });
};

describe('creating', () => {
  it('keeps the password sealed, writes the document and tells intent and outcome', async () => {
    const { deps, context, stored, canLogIn, accounts } = setUp();
    await create(deps, wanted, context);
    expect(context.told.map(({ type }) => type)).toEqual(['account.creation-intended', 'account.created']);
    expect(stored()).toMatchObject({ account: { handle: wanted.handle, createdAt: at(100).toISOString() } });
    expect(stored()?.pending).toBeUndefined();
    expect(stored()?.account?.password).toMatch(/^v1\.k1\./);
    expect(await canLogIn()).toBe(true);
    const [account] = accounts.stored.values();
    const read = account && (await accounts.account(account.did));
    expect(context.told[0]?.data).toMatchObject({ inviteHash: read === 'missing' ? '' : read?.inviteHash });
  });

  it('has password and intent on record before the call', async () => {
    const { deps, context, documents, hooks } = setUp();
    let before: unknown;
    hooks.before = ({ method }) => {
      if (method === 'createAccount')
        before = [documents.users.get(alice.user)?.pending, context.told.length];
    };
    await create(deps, wanted, context);
    expect(before).toEqual([{ intent: context.told[0]?.id, password: expect.any(String) }, 1]);
  });

  it.each([
    [
      'a reserved handle',
      { ...wanted, handle: handle('admin') },
      { field: 'handle', value: 'admin.at.test', reason: 'not-allowed' },
    ],
    ['a taken address', wanted, { field: 'email', value: wanted.email, reason: 'taken' }],
  ])('tells that %s was refused, and records no account', async (_name, asked, refusal) => {
    const { deps, context, accounts, stored } = setUp();
    accounts.put({ handle: handle('bob'), email: wanted.email });
    await create(deps, asked, context);
    const intent = context.told[0]?.id;
    expect(context.told[1]).toEqual({ type: 'account.creation-refused', data: { intent, ...refusal } });
    expect(stored()?.account).toBeUndefined();
    expect(accounts.stored.size).toBe(1);
  });

  it('closes the intent of a call that surely did nothing', async () => {
    const { deps, context, hooks } = setUp();
    hooks.before = ({ method }) => (method === 'createAccount' ? failing('none')() : undefined);
    await expect(create(deps, wanted, context)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(context.told[1]).toMatchObject({
      type: 'account.creation-abandoned',
      data: { reason: 'not-applied' },
    });
  });

  it('leaves the intent open of a call that may have done something', async () => {
    const { deps, context, hooks, stored } = setUp();
    hooks.after = ({ method }) => (method === 'createAccount' ? failing('unknown')() : undefined);
    await expect(create(deps, wanted, context)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(context.told.map(({ type }) => type)).toEqual([
      'account.creation-intended',
      'account.creation-failed',
    ]);
    expect(stored()?.pending?.intent).toBe(context.told[0]?.id);
  });

  it('does not write over another account that came to the document meanwhile', async () => {
    const { deps, context, documents, hooks, stored } = setUp();
    hooks.before = ({ method }) => {
      if (method === 'createAccount') documents.users.set(alice.user, { account: { did: bobDid } });
    };
    await expect(create(deps, wanted, context)).rejects.toMatchObject({ code: 'DOCUMENT_CHANGED' });
    expect(stored()?.account).toEqual({ did: bobDid });
  });
});

describe('completing', () => {
  async function interrupted() {
    const world = setUp();
    world.hooks.after = ({ method }) => (method === 'createAccount' ? failing('unknown')() : undefined);
    await create(world.deps, wanted, world.context).catch(() => undefined);
    delete world.hooks.after;
    const [account] = world.accounts.stored.values();
    const found = account === undefined ? 'missing' : await world.accounts.account(account.did);
    const begun = world.context.told[0];
    if (found === 'missing' || begun?.type !== 'account.creation-intended')
      throw new Error('not interrupted');
    const intent: OpenIntent = { event: begun.id ?? eventId('none'), at: at(50), ...begun.data };
    return { ...world, intent, account: found, context: applyContext(alice.user) };
  }

  it('uses the password that was kept', async () => {
    const { deps, intent, account, read, context, stored, canLogIn } = await interrupted();
    const kept = stored()?.pending?.password;
    await complete(deps, { intent, account }, await read(), context);
    expect(stored()).toMatchObject({
      account: { did: account.did, password: kept, createdAt: at(50).toISOString() },
    });
    expect(await canLogIn()).toBe(true);
    expect(context.told).toMatchObject([
      { type: 'account.created', data: { did: account.did, recovered: true } },
    ]);
  });

  it.each([
    ['none was kept', undefined],
    ['the one that was kept is of another intent', { intent: eventId('another'), password: 'stale' }],
  ])('sets a new password when %s', async (_name, pending) => {
    const { deps, intent, account, read, context, documents, canLogIn, stored } = await interrupted();
    documents.users.set(alice.user, pending === undefined ? {} : { pending });
    await complete(deps, { intent, account }, await read(), context);
    expect(await canLogIn()).toBe(true);
    expect(stored()?.account?.password).not.toBe('stale');
  });

  it('records nothing when the account does not take the password', async () => {
    const { deps, intent, account, read, context, accounts, stored } = await interrupted();
    accounts.change(account.did, { password: undefined });
    const completing = complete(deps, { intent, account }, await read(), context);
    await expect(completing).rejects.toMatchObject({ code: 'LOGIN_REFUSED' });
    expect(stored()?.account).toBeUndefined();
    expect(context.told).toEqual([]);
  });

  it('may be repeated', async () => {
    const { deps, intent, account, read, context, canLogIn } = await interrupted();
    const documents = await read();
    await complete(deps, { intent, account }, documents, context);
    await complete(deps, { intent, account }, documents, context);
    expect(await canLogIn()).toBe(true);
  });
});

describe('recording', () => {
  it('keeps the password that is in the document, and takes the pending one where it is the account’s', async () => {
    const { deps, read, context, stored, accounts, documents } = setUp();
    const did = accounts.put({ handle: handle('alice'), email: wanted.email, password: 'pending' });
    const account = await accounts.account(did);
    if (account === 'missing') throw new Error('not there');
    documents.users.set(alice.user, { account: { did, password: 'sealed' } });
    await record(deps, { account, intent: undefined }, await read(), context);
    expect(stored()?.account).toMatchObject({ did, handle: handle('alice'), password: 'sealed' });
    documents.users.set(alice.user, { pending: { intent: eventId('e'), password: 'pending' } });
    await record(deps, { account, intent: undefined }, await read(), context);
    expect(stored()?.account).toMatchObject({ did, password: 'pending' });
    documents.users.set(alice.user, {
      pending: { intent: eventId('e'), password: 'of a creation that came late' },
    });
    await record(deps, { account, intent: undefined }, await read(), context);
    expect(stored()?.account).not.toHaveProperty('password');
    expect(context.told.map(({ type }) => type)).toEqual(Array(3).fill('account.recorded'));
  });

  it('tells that the account was made where an intent is behind it, under the address that it has', async () => {
    const { deps, read, context, accounts, documents } = setUp();
    const did = accounts.put({ handle: handle('alice'), email: 'alice.new@example.com' });
    const account = await accounts.account(did);
    if (account === 'missing') throw new Error('not there');
    documents.users.set(alice.user, { account: { did, password: 'sealed' } });
    const intent = { event: eventId('e'), at: at(1), ...wanted, inviteHash: 'hash' };
    await record(deps, { account, intent }, await read(), context);
    const data = { did, handle: handle('alice'), email: 'alice.new@example.com', recovered: true };
    expect(context.told).toMatchObject([{ type: 'account.created', data }]);
  });
});
