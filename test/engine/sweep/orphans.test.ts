/** What belongs to nobody: only by proof, with the evidence, and untouched. */
import { describe, expect, it } from 'vitest';
import type { AssessedTenant } from '../../../src/engine/reconcile/read-side.ts';
import {
  findOrphans,
  type OrphanDeps,
  type Orphans,
} from '../../../src/engine/sweep/orphans/find-orphans.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { eventId, storedUserKey } from '../../../src/identity.ts';
import { alice, bob, code, handle, otherTenant, person } from '../../mongo/subjects/people.ts';
import { accountOf, countCalls, mainTenant, populate, write } from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  choose,
  createWorld,
  reconcileUser,
  SECOND_TENANTS_TAG,
  snapshot,
  type World,
} from '../../support/in-memory/world.ts';

const NOTHING = { orphanDocuments: 0, unknownDocuments: 0, orphanAccounts: 0, documents: [], accounts: [] };
const unreachable = new UpstreamError('out of reach', {
  upstream: 'auth0',
  code: 'TIMEOUT',
  retryable: true,
});

function bothTenants(world: World): AssessedTenant[] {
  const second = {
    id: otherTenant,
    keyPrefix: `${otherTenant}-`,
    emailTag: SECOND_TENANTS_TAG,
    directory: world.otherDirectory,
  };
  return [mainTenant(world), second];
}

async function search(world: World, limit = 50, tenants = bothTenants(world)): Promise<Orphans> {
  const deps: OrphanDeps = { documents: world.documents, accounts: world.accounts, events: world.log };
  const before = snapshot(world);
  const found = await findOrphans(deps, tenants, { limit });
  expect(snapshot(world)).toEqual(before);
  return found;
}

describe('where everybody has a user', () => {
  it('there is nothing, and nobody is read by id', async () => {
    const world = createWorld();
    await populate(world, 12);
    const other = person('alice', otherTenant);
    world.otherDirectory.put(auth0User(other));
    await reconcileUser(world, other);
    const counts = countCalls(world);
    const found = await findOrphans(
      { documents: world.documents, accounts: world.accounts, events: world.log },
      bothTenants(world),
      { limit: 50 },
    );
    expect(found).toEqual({ ...NOTHING, looked: { users: 13, documents: 32, accounts: 13 } });
    expect(counts()).toEqual({
      'auth0.everyone': 2,
      'documents.owners': 1,
      'accounts.repositories': 1,
      'accounts.accounts': 1,
    });
  });

  it('somebody whom a late listing lacks is there by id', async () => {
    const world = createWorld();
    world.directory.freezeList();
    world.directory.put(auth0User(alice));
    await reconcileUser(world, alice);
    expect(await search(world)).toMatchObject({ ...NOTHING, looked: { users: 0 } });
  });
});

describe('documents', () => {
  it('whose user is in no listing and is a 404 by id are orphans, one by one', async () => {
    const world = createWorld();
    await populate(world, 2);
    world.directory.put(auth0User(alice));
    choose(world, alice, 'alice');
    await reconcileUser(world, alice);
    const did = accountOf(world, alice)?.did;
    world.directory.remove(alice.userId);

    const { documents, orphanDocuments, orphanAccounts } = await search(world);

    const proofs = [
      'a complete listing of main does not have its user',
      'Auth0 read by id says that there is no such user',
    ];
    const row = { key: alice.user, tenant: 'main', verdict: 'orphan', evidence: proofs };
    expect(documents).toEqual([
      { ...row, collection: 'users', evidence: [...proofs, `it names the account ${did}`] },
      { ...row, collection: 'verifications' },
      { ...row, collection: '@handles' },
    ]);
    // Its account is named by a document, and so belongs to that.
    expect([orphanDocuments, orphanAccounts]).toEqual([3, 0]);
  });

  it('whose user cannot be read are unknown, never orphans', async () => {
    const world = createWorld();
    for (const who of [alice, bob]) world.documents.verifications.set(who.user, 1);
    world.hooks.before = ({ method, args }) => {
      if (method === 'user' && args[0] === alice.userId) throw unreachable;
    };
    const found = await search(world);
    expect(found).toMatchObject({ orphanDocuments: 1, unknownDocuments: 1 });
    expect(found.documents).toMatchObject([
      {
        key: alice.user,
        verdict: 'unknown',
        evidence: [expect.any(String), expect.stringMatching(/TIMEOUT/)],
      },
      { key: bob.user, verdict: 'orphan' },
    ]);
  });

  it('of a user are asked for once, whatever the number of documents', async () => {
    const world = createWorld();
    world.documents.verifications.set(alice.user, 1);
    world.documents.handles.set(alice.user, 'alice');
    world.documents.users.set(alice.user, { code: code('ac26nobeb') });
    const counts = countCalls(world);
    await search(world);
    expect(counts()).toMatchObject({ 'auth0.user': 1 });
  });

  it('of no configured tenant are nobody’s to ask for', async () => {
    const world = createWorld();
    const foreign = storedUserKey('third-auth0|alice');
    world.documents.users.set(foreign, { code: code('ac26nobeb') });
    const counts = countCalls(world);
    const [, second] = bothTenants(world);
    const { documents } = await search(world, 50, second === undefined ? [] : [second]);
    expect(documents).toEqual([
      {
        key: foreign,
        tenant: null,
        collection: 'users',
        verdict: 'orphan',
        evidence: ['its key is of no configured tenant'],
      },
    ]);
    expect(counts()['auth0.user']).toBeUndefined();
  });

  it('of the second tenant are asked for there, without the prefix', async () => {
    const world = createWorld();
    const second = person('bob', otherTenant);
    world.documents.handles.set(second.user, 'bob');
    // The first tenant has a user of the same id, who is somebody else.
    world.directory.put(auth0User(bob));
    expect((await search(world)).documents).toMatchObject([
      { key: second.user, tenant: 'second', verdict: 'orphan' },
    ]);
    world.otherDirectory.freezeList();
    world.otherDirectory.put(auth0User(second));
    expect(await search(world)).toMatchObject(NOTHING);
  });

  it('are nobody’s only after a complete listing: one that breaks off ends the search', async () => {
    const world = createWorld();
    await populate(world, 2);
    world.directory.breakListAfter(0);
    await expect(search(world)).rejects.toMatchObject({ code: 'LISTING_UNSTABLE' });
  });

  it('beyond the limit are counted and not kept', async () => {
    const world = createWorld();
    for (let at = 0; at < 30; at += 1) world.documents.handles.set(person(`bob${at}`).user, `bob${at}`);
    const found = await search(world, 10);
    expect(found.orphanDocuments).toBe(30);
    expect(found.documents).toHaveLength(10);
  });
});

describe('accounts', () => {
  it('that no document names are orphans, with what is known of them', async () => {
    const world = createWorld();
    await populate(world, 2);
    const did = world.accounts.put({ handle: handle('stranger'), email: 'stranger@example.com' });
    const { accounts, orphanAccounts } = await search(world);
    expect(orphanAccounts).toBe(1);
    expect(accounts).toEqual([
      {
        did,
        handle: 'stranger.at.test',
        active: true,
        addressOf: [],
        intendedFor: null,
        evidence: [
          'no users document names it',
          'no user has its address',
          'the PDS keeps no invite code of it',
        ],
      },
    ]);
  });

  it('with the address of users name these by key, tagged addresses too, and never the address', async () => {
    const world = createWorld();
    const second = person('bob', otherTenant);
    world.directory.put(auth0User(alice, { email: 'alice@example.com' }));
    world.otherDirectory.put(auth0User(second));
    world.accounts.put({ handle: handle('one'), email: 'alice@example.com' });
    world.accounts.put({ handle: handle('two'), email: `bob+${SECOND_TENANTS_TAG}@example.com` });
    world.accounts.put({ handle: handle('three'), email: undefined, status: 'deactivated' });
    const found = await search(world);
    expect(found.accounts).toMatchObject([
      { addressOf: [alice.user] },
      { addressOf: [second.user], evidence: { 1: `it has the address of ${second.user}` } },
      { addressOf: [], active: false, evidence: { 1: 'it has no address' } },
    ]);
    expect(JSON.stringify(found)).not.toContain('@example.com');
  });

  it('that Concord meant to create are told from those of strangers by their invite code', async () => {
    const world = createWorld();
    world.directory.put(auth0User(alice));
    await reconcileUser(world, alice);
    const made = accountOf(world, alice)?.did;
    // As after a restore of the database from before the sign-up, with the log kept.
    world.documents.users.delete(alice.user);
    world.accounts.put({ handle: handle('bob'), email: 'bob@example.com', inviteCode: 'of a stranger' });
    const { accounts } = await search(world);
    expect(accounts).toMatchObject([
      { did: made, intendedFor: alice.user, addressOf: [alice.user] },
      { intendedFor: null, evidence: { 2: 'its invite code is not one that the log knows' } },
    ]);
    expect(accounts[0]?.evidence[2]).toBe(`its invite code is the one that the log has for ${alice.user}`);
    // It is what a restore of the document needs.
    expect(accounts[0]?.evidence[3]).toContain(`the account of ${alice.user}`);
    expect(accounts[1]?.evidence).toHaveLength(3);
  });

  it('whose address cannot be compared are said so', async () => {
    const world = createWorld();
    world.accounts.put({ handle: handle('stranger'), email: 'stranger@example.com' });
    world.hooks.before = ({ method }) => {
      if (method === 'usersByEmail') throw unreachable;
    };
    const { accounts } = await search(world);
    expect(accounts[0]?.evidence[1]).toBe('whose address it has could not be read (TIMEOUT)');
  });

  it('that came to be named while the search was going on are nobody’s orphans', async () => {
    const world = createWorld();
    world.directory.put(auth0User(alice));
    const did = world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
    world.hooks.after = ({ method }) => {
      if (method === 'namedDids') world.documents.users.set(alice.user, { account: { did } });
    };
    const deps: OrphanDeps = { documents: world.documents, accounts: world.accounts, events: world.log };
    expect(await findOrphans(deps, bothTenants(world), { limit: 50 })).toMatchObject({
      orphanAccounts: 0,
      accounts: [],
      looked: { accounts: 1 },
    });
  });

  it('beyond the limit are counted and not explained', async () => {
    const world = createWorld();
    for (let at = 0; at < 12; at += 1)
      world.accounts.put({ handle: handle(`bob${at}`), email: `bob${at}@example.com` });
    const counts = countCalls(world);
    const found = await search(world, 5);
    expect(found.orphanAccounts).toBe(12);
    expect(found.accounts).toHaveLength(5);
    expect(counts()['auth0.usersByEmail']).toBe(10);
  });

  it('are not told of when the PDS cannot be read to the end', async () => {
    const world = createWorld();
    world.hooks.before = ({ method }) => {
      if (method === 'repositories') throw unreachable;
    };
    await expect(search(world)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

it('an intent of another user does not explain an account with another code', async () => {
  const world = createWorld();
  await write(
    world,
    'account.creation-intended',
    { handle: handle('alice'), email: 'alice@example.com', inviteHash: 'another' },
    alice,
  );
  world.accounts.put({
    handle: handle('alice'),
    email: 'alice@example.com',
    inviteCode: String(eventId('x')),
  });
  expect((await search(world)).accounts).toMatchObject([{ intendedFor: null }]);
});
