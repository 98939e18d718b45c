/** The sandbox's stand-in of the platform's handlers, on a real database and a real PDS. Concord has no part in it. */
import { expect, test } from 'vitest';
import { createRandomness } from '../src/sandbox/auth0/randomness.ts';
import { PlatformDocuments } from '../src/sandbox/platform/documents.ts';
import { PlatformHandlers } from '../src/sandbox/platform/handlers.ts';
import { startPlatform } from '../src/sandbox/platform/platform.ts';
import { type PlatformAccess, UpstreamCalls } from '../src/sandbox/platform/upstream-calls.ts';
import { createAccount, person, sharedPds, xrpc } from './support/pds.ts';
import { type Platform as World, platform as world } from './support/platform.ts';

function accessTo({ auth0, env }: World): PlatformAccess {
  return {
    auth0: {
      url: auth0.url,
      domain: auth0.domain,
      clientId: env['AUTH0_CLIENT_ID'] ?? '',
      clientSecret: env['AUTH0_CLIENT_SECRET'] ?? '',
    },
    pds: sharedPds(),
  };
}

/** Handlers that take no time, and call `onPause` where they would wait. */
function handlersOf(
  at: World,
  onPause: (ms: number) => Promise<void> = async () => undefined,
  isStopping: () => boolean = () => false,
): PlatformHandlers {
  return new PlatformHandlers({
    documents: new PlatformDocuments(at.db),
    calls: new UpstreamCalls(accessTo(at)),
    randomness: createRandomness(1),
    now: () => new Date('2023-12-31T12:00:00.000Z'),
    delay: onPause,
    isStopping,
  });
}

interface Member {
  readonly user: string;
  readonly did: string;
}

/** A user who has everything, with an account that the platform made and a password in plaintext. */
async function member(at: World): Promise<Member> {
  const { handle, email, password } = person('ann');
  const { user_id: user } = await at.auth0.signUp({ email });
  await at.auth0.verifyEmail(user);
  const did = await createAccount(sharedPds(), { handle, email, password });
  const documents = new PlatformDocuments(at.db);
  await documents.verifications.insertOne({ _id: user, count: 1 });
  await documents.handles.insertOne({ _id: user, handle: 'ann' });
  const atproto = { did, handle, password };
  await documents.users.insertOne({ _id: user, code: 'ac23lilia', when: new Date(0), atproto });
  return { user, did };
}

/** What of a user is there. */
async function partsOf(at: World, { user, did }: Member): Promise<string[]> {
  const { verifications, handles, users } = new PlatformDocuments(at.db);
  const stored = await users.findOne({ _id: user });
  const auth0 = at.auth0.user(user);
  const repository = await xrpc(sharedPds().url, 'com.atproto.sync.getRepoStatus', { params: { did } });
  const parts = {
    verification: (await verifications.findOne({ _id: user })) !== null,
    handle: (await handles.findOne({ _id: user })) !== null,
    account: repository.status === 200,
    'account-record': stored?.atproto !== undefined,
    'user-document': stored !== null,
    'auth0-user': auth0 !== undefined,
    blocked: auth0?.blocked === true,
  };
  return Object.entries(parts).flatMap(([part, isThere]) => (isThere ? [part] : []));
}

const EVERYTHING = ['verification', 'handle', 'account', 'account-record', 'user-document', 'auth0-user'];

test('a sign-up inserts documents, and overwrites none that is there', async () => {
  const at = await world();
  const { verifications, users } = new PlatformDocuments(at.db);
  const handlers = handlersOf(at);
  const code = await handlers.onSignUp('auth0|ann', { count: 0, userDocument: true });
  expect(code).toMatch(/^ac23[a-z]{5}$/);
  expect(await handlers.onSignUp('auth0|ann', { count: 1, userDocument: true })).toBeUndefined();
  expect(await users.find().toArray()).toEqual([
    { _id: 'auth0|ann', code, when: new Date('2023-12-31T12:00:00.000Z') },
  ]);
  expect(await handlers.onSignUp('auth0|bob', { count: 1, userDocument: false })).toBeUndefined();
  expect(await verifications.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 'auth0|ann', count: 0 },
    { _id: 'auth0|bob', count: 1 },
  ]);
});

test('a code that another user has is not assigned', async () => {
  const at = await world();
  const { users } = new PlatformDocuments(at.db);
  await users.createIndex({ code: 1 }, { unique: true, sparse: true });
  // The same seed draws the same code first.
  const first = await handlersOf(at).onSignUp('auth0|ann', { count: 0, userDocument: true });
  const second = await handlersOf(at).onSignUp('auth0|bob', { count: 0, userDocument: true });
  expect(second).toMatch(/^ac23[a-z]{5}$/);
  expect(second).not.toBe(first);
});

test('a handle is set, changed, and refused where another user has it in any case', async () => {
  const at = await world();
  const { handles } = new PlatformDocuments(at.db);
  const handlers = handlersOf(at);
  const results: string[] = [];
  for (const [user, handle] of [
    ['auth0|ann', 'Ann'],
    ['auth0|ann', 'Ann'],
    ['auth0|bob', 'ann'],
    ['auth0|ann', 'anna'],
    ['auth0|bob', 'ann'],
    ['auth0|bob', 'not a handle'],
    ['auth0|bob', 'longer-than-it-may-be'],
  ] as const)
    results.push(await handlers.changeHandle(user, handle));
  expect(results).toEqual(['set', 'same', 'taken', 'set', 'set', 'invalid', 'invalid']);
  const rows = await handles.find().sort({ _id: 1 }).toArray();
  expect(rows.map(({ _id, handle }) => [_id, handle])).toEqual([
    ['auth0|ann', 'anna'],
    ['auth0|bob', 'ann'],
  ]);
});

test("the platform's own index stands beside Concord's", async () => {
  const at = await world();
  await at.engine().prepare();
  const documents = new PlatformDocuments(at.db);
  await documents.prepare();
  await documents.prepare();
  const indexes = await documents.handles.listIndexes().toArray();
  expect(indexes.filter(({ key }) => 'handle' in key)).toMatchObject([{ name: 'handle_1', unique: true }]);
});

test('an erasure removes one part after the other, and the Auth0 user last', async () => {
  const at = await world();
  const ann = await member(at);
  expect(await partsOf(at, ann)).toEqual(EVERYTHING);
  const seen: [ms: number, left: string[]][] = [];
  const handlers = handlersOf(at, async (ms) => {
    seen.push([ms, await partsOf(at, ann)]);
  });
  const steps = await handlers.erase(ann.user, { userDocument: 'goes', pausesMs: [1, 2, 3] });
  expect(seen).toEqual([
    [1, EVERYTHING.slice(1)],
    [2, EVERYTHING.slice(2)],
    [3, EVERYTHING.slice(3)],
    [3, EVERYTHING.slice(4)],
    [3, EVERYTHING.slice(5)],
  ]);
  expect(await partsOf(at, ann)).toEqual([]);
  expect(steps.map(({ part }) => part)).toEqual(EVERYTHING);
  expect(steps.every(({ removed }) => removed)).toBe(true);
  expect(steps[2]).toMatchObject({ did: ann.did });
  expect(steps[4]).toMatchObject({ code: 'ac23lilia' });
});

test('an erasure may leave the users document, without its account', async () => {
  const at = await world();
  const ann = await member(at);
  await handlersOf(at).erase(ann.user, { userDocument: 'stays' });
  const { users } = new PlatformDocuments(at.db);
  expect(await users.find().toArray()).toEqual([{ _id: ann.user, code: 'ac23lilia', when: new Date(0) }]);
  expect(await partsOf(at, ann)).toEqual(['user-document']);
});

test('an erasure of a user who has nothing but Auth0 says so', async () => {
  const at = await world();
  const { user_id } = await at.auth0.signUp({ email: person('bob').email });
  const steps = await handlersOf(at).erase(user_id, { userDocument: 'goes' });
  expect(steps.map(({ removed }) => removed)).toEqual([false, false, false, false, false, true]);
  expect(at.auth0.user(user_id)).toBeUndefined();
});

test('a purge blocks first, waits, and removes the Auth0 user last', async () => {
  const at = await world();
  const ann = await member(at);
  const seen: [ms: number, left: string[]][] = [];
  const handlers = handlersOf(at, async (ms) => {
    seen.push([ms, await partsOf(at, ann)]);
  });
  const steps = await handlers.purge(ann.user, { graceMs: 60_000, pausesMs: [5] });
  expect(seen).toEqual([
    [60_000, [...EVERYTHING, 'blocked']],
    [5, [...EVERYTHING.slice(1), 'blocked']],
    // Its record is still in the users document when the account is gone.
    [5, ['handle', 'account-record', 'user-document', 'auth0-user', 'blocked']],
    [5, ['account-record', 'user-document', 'auth0-user', 'blocked']],
    [5, ['auth0-user', 'blocked']],
  ]);
  expect(await partsOf(at, ann)).toEqual([]);
  expect(steps.map(({ part }) => part)).toEqual([
    ...['auth0-block', 'verification', 'account', 'handle', 'user-document', 'auth0-user'],
  ]);
});

test('a platform that stops leaves a removal where it is', async () => {
  const at = await world();
  const ann = await member(at);
  let stopping = false;
  const handlers = handlersOf(
    at,
    async () => {
      stopping = true;
    },
    () => stopping,
  );
  const steps = await handlers.erase(ann.user, { userDocument: 'goes' });
  expect(steps.map(({ part }) => part)).toEqual(['verification']);
  expect(await partsOf(at, ann)).toEqual(EVERYTHING.slice(1));
});

test('over HTTP a person signs up, is renamed, and is erased or purged', async () => {
  const at = await world();
  const { db, auth0 } = at;
  const served = await startPlatform({
    db,
    access: accessTo(at),
    verifyEmail: (user) => auth0.verifyEmail(user),
    seed: 1,
  });
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${served.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  try {
    const { email } = person('ann');
    const made = await post('/sign-up', { email, handle: 'ann', userDocument: true });
    expect(made).toMatchObject({ status: 201, body: { handle: 'set', code: expect.any(String) } });
    const user = String(made.body['user']);
    expect(auth0.user(user)).toMatchObject({ email, email_verified: true });
    expect(await post('/handle', { user, handle: 'anna' })).toMatchObject({ status: 200 });
    expect(await post('/handle', { user, handle: '-' })).toMatchObject({ status: 409 });
    const erased = await post('/erase', { user, userDocument: 'goes', pausesMs: [] });
    expect(erased.body['steps']).toHaveLength(6);
    expect(auth0.user(user)).toBeUndefined();
    expect(await served.documents.users.countDocuments()).toBe(0);

    const bob = await post('/sign-up', { email: person('bob').email, verify: false });
    expect(auth0.user(String(bob.body['user']))).toMatchObject({ email_verified: false });
    const purged = await post('/purge', { user: bob.body['user'], graceMs: 0, pausesMs: [] });
    expect(purged.body['steps']).toHaveLength(6);
    expect(auth0.user(String(bob.body['user']))).toBeUndefined();

    expect(await post('/erase', { userDocument: 'goes' })).toMatchObject({ status: 400 });
    expect(await post('/sign-up', { email: 'nobody' })).toMatchObject({ status: 400 });
    expect(await post('/rush', {})).toMatchObject({ status: 404 });
  } finally {
    await served.stop();
  }
});
