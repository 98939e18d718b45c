/** The fakes keep the same contracts as the adapters, so that what is proven over them is worth something. */
import { describe, expect, it } from 'vitest';
import { alertsContract } from './mongo/alerts.contract.ts';
import { cursorsContract } from './mongo/cursors.contract.ts';
import { inactiveAccountsContract } from './mongo/inactive-accounts.contract.ts';
import { activityContract } from './mongo/log/activity.contract.ts';
import { eventLogContract } from './mongo/log/event-log.contract.ts';
import { historyPagesContract } from './mongo/log/history-pages.contract.ts';
import { ignoredContract } from './mongo/log/ignored.contract.ts';
import { documentStoreContract } from './mongo/platform/documents.contract.ts';
import { runsContract } from './mongo/runs.contract.ts';
import { alice, all, at, bob, code, handle, person, tenant } from './mongo/subjects/people.ts';
import { reservationsContract } from './mongo/subjects/reservations.contract.ts';
import { statusReaderContract } from './mongo/subjects/status-counts.contract.ts';
import { userPagesContract } from './mongo/subjects/user-pages.contract.ts';
import { workQueueContract } from './mongo/subjects/work-queue.contract.ts';
import { accountHostContract } from './pds/account-host.contract.ts';
import { didDirectoryContract } from './pds/did-directory.contract.ts';
import { inMemoryAccounts } from './support/in-memory/accounts.ts';
import { inMemoryActivity } from './support/in-memory/activity.ts';
import { inMemoryAlerts } from './support/in-memory/alerts.ts';
import { inMemoryCursors } from './support/in-memory/cursors.ts';
import { inMemoryDirectory } from './support/in-memory/directory.ts';
import { inMemoryDocuments } from './support/in-memory/documents.ts';
import { inMemoryEventLog } from './support/in-memory/event-log.ts';
import { inMemoryHistoryPages } from './support/in-memory/history-pages.ts';
import type { PortCall } from './support/in-memory/hooks.ts';
import { inMemoryIgnored } from './support/in-memory/ignored.ts';
import { inMemoryInactiveAccounts } from './support/in-memory/inactive-accounts.ts';
import { inMemoryRejects } from './support/in-memory/rejects.ts';
import { inMemoryReservations } from './support/in-memory/reservations.ts';
import { inMemoryRuns } from './support/in-memory/runs.ts';
import { inMemoryStatusReader } from './support/in-memory/status-counts.ts';
import { inMemoryUserPages } from './support/in-memory/user-pages.ts';
import { inMemoryWorkQueue } from './support/in-memory/work-queue.ts';

eventLogContract(async () => inMemoryEventLog());
historyPagesContract(async () => {
  const log = inMemoryEventLog();
  return { log, pages: inMemoryHistoryPages(log) };
});
alertsContract(async () => inMemoryAlerts());
cursorsContract(async () => inMemoryCursors());
workQueueContract(async () => inMemoryWorkQueue());
describe('reservations in memory', () => {
  reservationsContract(async () => inMemoryReservations());
});
describe('totals of what was ignored in memory', () => {
  ignoredContract(async () => inMemoryIgnored());
});
describe('runs in memory', () => {
  runsContract(async () => inMemoryRuns());
});
describe('inactive accounts in memory', () => {
  inactiveAccountsContract(async () => inMemoryInactiveAccounts());
});
describe('activity in memory', () => {
  activityContract(async (events) => inMemoryActivity(() => events));
});
describe('standings in memory', () => {
  statusReaderContract(async (people, tenants) =>
    inMemoryStatusReader(() =>
      people
        .filter(({ who }) => tenants.includes(who.tenant))
        .map(({ who, view, dueAt }) => ({ ...who, view, dueAt })),
    ),
  );
});
describe('pages of users in memory', () => {
  userPagesContract(async (people) =>
    inMemoryUserPages(() => people.map(({ who, view, dueAt }) => ({ ...who, view, dueAt }))),
  );
});
documentStoreContract(async () => {
  const store = inMemoryDocuments();
  return { store, setHandle: async (user, name) => void store.handles.set(user, name) };
});

const accounts = inMemoryAccounts();
accountHostContract('The PDS in memory', () => ({
  host: accounts,
  domain: accounts.domain,
  deactivate: async (did) => accounts.change(did, { status: 'deactivated' }),
  takeDown: async (did) => accounts.change(did, { status: 'takendown' }),
}));

didDirectoryContract('The directory in memory', () => ({
  dids: accounts.dids,
  create: async () => accounts.put({ handle: handle('moving'), email: undefined }),
  move: async (did, origin) => (origin === 'back' ? accounts.moveBack(did) : accounts.moveAway(did, origin)),
  remove: async (did) => void (await accounts.deleteAccount(did)),
}));

describe('the PDS in memory', () => {
  it('leaves a DID behind when a hidden account is in the way', async () => {
    const host = inMemoryAccounts();
    host.put({ handle: handle('alice'), email: 'alice@example.com', status: 'takendown' });
    const inviteCode = await host.createInvite();
    const rival = { handle: handle('bob'), email: 'alice@example.com', password: 'secret', inviteCode };
    await expect(host.createAccount(rival)).rejects.toMatchObject({ effect: 'unknown' });
    expect(host.leakedDids()).toHaveLength(1);
    expect(await host.createAccount({ ...rival, email: 'bob@example.com' })).toMatchObject({
      type: 'created',
    });
  });

  it('says of an account without a repository that it has none, and holds its handle', async () => {
    const host = inMemoryAccounts();
    const did = host.put({ handle: handle('alice'), email: 'alice@example.com', hasRepo: false });
    expect(await host.account(did)).toMatchObject({ state: 'no-repo' });
    expect(await host.holderOf(handle('alice'))).toEqual({ type: 'account', did });
  });

  it('makes an account without a password one that no password opens', async () => {
    const host = inMemoryAccounts();
    const inviteCode = await host.createInvite();
    const made = await host.createAccount({
      handle: handle('alice'),
      email: 'alice@example.com',
      password: '',
      inviteCode,
    });
    if (made.type !== 'created') throw new Error(made.message);
    expect(await host.setPassword(made.did, 'secret')).toBe('refused');
    expect(await host.canLogIn(made.did, 'secret')).toBe(false);
    expect(await host.account(made.did)).toMatchObject({ email: undefined });
  });
});

it('the documents in memory let two users have one code where no unique index forbids it', async () => {
  const store = inMemoryDocuments();
  store.indexStates.splice(0);
  expect(await store.createUser(alice.user, code('ac26nobeb'), at(1))).toBe('created');
  expect(await store.createUser(bob.user, code('ac26nobeb'), at(1))).toBe('created');
  const createIndex = store.createIndex({
    collection: 'users',
    field: 'code',
    sparse: true,
    name: 'code_unique',
  });
  await expect(createIndex).rejects.toMatchObject({ code: 'INDEX_DUPLICATES' });
});

it('the directory in memory reads by id at once, lists late, and never ends a list early', async () => {
  const directory = inMemoryDirectory();
  const facts = { email: 'alice@example.com', emailVerified: true, blocked: false, createdAt: at(0) };
  for (let n = 0; n < 150; n += 1) directory.put({ ...facts, userId: person(`user-${n}`).userId });
  directory.freezeList();
  directory.remove(person('user-0').userId);
  expect(await directory.user(person('user-0').userId)).toBe('absent');
  expect((await all(directory.everyone())).flatMap(({ users }) => users)).toHaveLength(150);
  directory.breakListAfter(1);
  await expect(all(directory.everyone())).rejects.toMatchObject({ retryable: true });
});

it('the rejects in memory keep the same entry once and count it', async () => {
  const rejects = inMemoryRejects();
  const reject = { tenant, reason: 'no user_id', raw: '{}', receivedAt: at(1), count: 1 };
  await rejects.add([reject, reject, { ...reject, raw: '[]' }]);
  expect(rejects.kept.map(({ raw, count }) => [raw, count])).toEqual([
    ['{}', 2],
    ['[]', 1],
  ]);
});

it('a hook can lose the call or the answer', async () => {
  const calls: PortCall[] = [];
  const hooks = {
    before: (call: PortCall) => void calls.push(call),
    after: () => {
      throw new Error('the answer was lost');
    },
  };
  const store = inMemoryDocuments(hooks);
  await expect(store.createVerification(alice.user, 1)).rejects.toThrow('the answer was lost');
  expect(store.verifications.get(alice.user)).toBe(1);
  expect(calls).toMatchObject([{ port: 'documents', method: 'createVerification', writes: true }]);
});
