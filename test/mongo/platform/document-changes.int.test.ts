/** What a real server tells of changes, and what it says when it cannot. */
import { expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../src/mongo/driver/connection.ts';
import { documentChanges } from '../../../src/mongo/platform/document-changes.ts';
import type { ChangedHandle, DocumentChange } from '../../../src/ports/documents.ts';
import { startMongod } from '../../../src/sandbox/servers/mongod.ts';
import { until } from '../../support/until.ts';
import { alice, all, at, bob, person } from '../subjects/people.ts';
import { openWorld } from '../world.ts';

const world = openWorld();
type Db = ReturnType<typeof world.fresh>;

interface Row {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** Follows until the test is over, and keeps what is told of others' doings. */
async function following(db: Db, from?: string) {
  const stopping = new AbortController();
  const told: DocumentChange[] = [];
  let position: string | undefined;
  const follows = async (): Promise<undefined> => {
    for await (const change of documentChanges(db).follow(from, stopping.signal)) {
      position = change.position ?? position;
      if (change.user !== undefined || change.isWhole) told.push(change);
    }
  };
  const ended = follows().catch((error: unknown) => error);
  const stop = async () => {
    stopping.abort();
    expect(await ended).toBeUndefined();
  };
  onTestFinished(() => stopping.abort());
  await until('the stream is open', () => position);
  return { told, stop, ended, position: () => position };
}

function tables(db: Db) {
  return {
    handles: db.collection<Row>('@handles'),
    users: db.collection<Row>('users'),
    verifications: db.collection<Row>('verifications'),
  };
}

async function toldOf(
  told: readonly DocumentChange[],
  count: number,
): Promise<readonly (string | undefined)[]> {
  await until(`${count} changes are told`, () => told.length >= count);
  return told.map(({ user }) => user);
}

it('tells whose handle was chosen, changed or given up, and whose document was deleted or replaced', async () => {
  const db = world.fresh();
  const { handles, users, verifications } = tables(db);
  const people = Array.from({ length: 3 }, (_, n) => person(`user-${n}`).user);
  await users.insertMany(people.map((_id) => ({ _id, code: 'ac26nobeb' })));
  await verifications.insertMany(people.map((_id) => ({ _id, count: 1 })));
  const { told } = await following(db);

  await handles.insertOne({ _id: alice.user, handle: 'cedar' });
  await handles.updateOne({ _id: alice.user }, { $set: { handle: 'oak' } });
  await handles.deleteOne({ _id: alice.user });
  // What Concord does itself, and what it need not hear of.
  await users.updateOne({ _id: people[0] ?? '' }, { $set: { atproto: { did: 'did:plc:x' } } });
  await verifications.updateOne({ _id: people[0] ?? '' }, { $set: { count: 2 } });
  await users.insertOne({ _id: bob.user });
  await users.deleteOne({ _id: people[0] ?? '' });
  await users.replaceOne({ _id: people[1] ?? '' }, { code: 'ac26babab' });
  await verifications.deleteOne({ _id: people[2] ?? '' });

  // What only others do, and what decides that it does not come back.
  await users.insertOne({ _id: 'auth0|carol', code: 'ac3abcde', atproto: { did: 'did:plc:x' } });
  await users.updateOne({ _id: 'auth0|carol' }, { $unset: { atproto: true } });
  await users.updateOne({ _id: 'auth0|carol' }, { $unset: { code: true }, $set: { colour: 'red' } });
  await users.updateOne({ _id: 'auth0|carol' }, { $unset: { colour: true } });

  expect(await toldOf(told, 8)).toEqual([
    ...[alice.user, alice.user, alice.user, ...people],
    ...['auth0|carol', 'auth0|carol'],
  ]);
  expect(told.map(({ removed }) => removed.join())).toEqual([
    ...['', '', 'handle', 'user-document', '', 'verification', 'account-record', 'code'],
  ]);
  expect(told[0]?.at?.getTime()).toBeGreaterThan(Date.now() - 60_000);
});

it('goes on after a position, also one at which nothing had happened', async () => {
  const db = world.fresh();
  const { handles } = tables(db);
  const first = await following(db);
  await first.stop();
  await handles.insertOne({ _id: alice.user, handle: 'cedar' });
  const second = await following(db, first.position());
  expect(await toldOf(second.told, 1)).toEqual([alice.user]);
  await second.stop();
  await handles.insertOne({ _id: bob.user, handle: 'oak' });
  const third = await following(db, second.told[0]?.position);
  expect(await toldOf(third.told, 1)).toEqual([bob.user]);
});

it.each([
  [
    'a time that the history does not reach back to',
    (token: string) => `${token.slice(0, 2)}5C000000${token.slice(10)}`,
  ],
  ['no token', () => 'nowhere'],
])('says that a position is lost: %s', async (_what, forge) => {
  const db = world.fresh();
  const { handles } = tables(db);
  const { told, stop } = await following(db);
  await handles.insertOne({ _id: alice.user, handle: 'cedar' });
  await toldOf(told, 1);
  await stop();
  const from = forge(told[0]?.position ?? '');
  const resumed = all(documentChanges(db).follow(from, new AbortController().signal));
  await expect(resumed).rejects.toMatchObject({ code: 'POSITION_LOST', retryable: false });
});

it('tells that a collection was dropped, and that with the database the position went', async () => {
  const db = world.fresh();
  const { handles } = tables(db);
  await handles.insertOne({ _id: alice.user, handle: 'cedar' });
  const { told, ended } = await following(db);
  await handles.drop();
  await until('the drop is told', () => told.some(({ isWhole }) => isWhole));
  await db.dropDatabase();
  expect(await ended).toMatchObject({ code: 'POSITION_LOST' });
});

it('has no change streams on a server that is no replica set', async () => {
  const standalone = await startMongod({ standalone: true });
  onTestFinished(() => standalone.stop());
  const connection = connect({ uri: standalone.uri, database: 'concord-test', appName: 'concord-test' });
  onTestFinished(() => connection.close());
  const followed = all(documentChanges(connection.db).follow(undefined, new AbortController().signal));
  await expect(followed).rejects.toMatchObject({ code: 'NO_CHANGE_STREAMS', retryable: false });
});

it('finds handles by either date, however it is written, and by no date in words', async () => {
  const db = world.fresh();
  const { handles } = tables(db);
  const [before, since, after] = [at(10), at(20), at(30)];
  await handles.insertMany([
    { _id: 'date', handle: 'a', createdAt: before, updatedAt: after },
    { _id: 'text', handle: 'b', createdAt: before.toISOString(), updatedAt: after.toISOString() },
    { _id: 'number', handle: 'c', createdAt: after.getTime() },
    { _id: 'created', handle: 'd', createdAt: since },
    { _id: 'older', handle: 'e', createdAt: before, updatedAt: before.toISOString() },
    { _id: 'dateless', handle: 'f' },
    { _id: 'words', handle: 'g', updatedAt: 'Thursday' },
    { _id: 'nameless', updatedAt: after },
  ]);
  const found = (await all(documentChanges(db).handlesSince(since))).flat();
  const expected: readonly [string, string | undefined, Date][] = [
    ['date', 'a', after],
    ['text', 'b', after],
    ['number', 'c', after],
    ['created', 'd', since],
    ['nameless', undefined, after],
  ];
  const byUser = (one: ChangedHandle, other: ChangedHandle) => (one.user < other.user ? -1 : 1);
  expect([...found].sort(byUser)).toEqual(
    expected.map(([user, handle, when]) => ({ user, handle, at: when }) as ChangedHandle).sort(byUser),
  );
});

it('finds more handles than a page holds', async () => {
  const db = world.fresh();
  const { handles } = tables(db);
  await handles.insertMany(
    Array.from({ length: 2_300 }, (_, n) => ({ _id: `user-${n}`, handle: `h${n}`, updatedAt: at(n) })),
  );
  const pages = await all(documentChanges(db).handlesSince(at(100)));
  expect(pages.map((page) => page.length)).toEqual([1_000, 1_000, 200]);
});

it('tells nothing of the documents of test users, which are of no user', async () => {
  const db = world.fresh();
  const { users, verifications } = tables(db);
  const _id = 'concord-simulation|abcdefghijkl';
  await users.insertMany([{ _id }, { _id: bob.user }]);
  await verifications.insertOne({ _id, count: 1 });
  const { told } = await following(db);
  await verifications.deleteOne({ _id });
  await users.deleteOne({ _id });
  await users.deleteOne({ _id: bob.user });
  expect(await toldOf(told, 1)).toEqual([bob.user]);
});
