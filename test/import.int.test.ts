/** `concord import` on a database of before Concord, with a real MongoDB, PDS and DID directory. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPassword } from '../src/credentials/open-password.ts';
import { importOld } from '../src/engine/operations/import/run.ts';
import type { Pds } from '../src/sandbox/servers/pds.ts';
import { wireImport } from '../src/wiring/import.ts';
import { ownPds } from './faults/support/world.ts';
import { dumpOf, GONE, LOST, type LoadedPerson, loadOldPlatform } from './support/old-platform.ts';
import { unlimited, xrpc } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn, startOn } from './support/program.ts';
import { until } from './support/until.ts';

/** Each test starts processes, which take their time on a busy machine. */
const timeout = 300_000;

let pds: Pds;
beforeAll(async () => {
  pds = await ownPds();
});
afterAll(() => pds?.stop());

async function oldPlatform() {
  const world = await platform({ pds });
  const people = await loadOldPlatform(
    { db: world.db, pds, addUser: (user) => world.auth0.addUser(user) },
    `-${randomBytes(2).toString('hex')}`,
  );
  return { world, people };
}

async function run(world: Platform, ...args: readonly string[]) {
  return runWith(world, 'plaintext', ...args);
}

async function runWith({ env }: Platform, storage: 'plaintext' | 'sealed' | '', ...args: readonly string[]) {
  const ended = await runOn({ env: { ...env, CONCORD_CREDENTIAL_STORAGE: storage } }, '--json', ...args);
  return { ...ended, document: ended.stdout === '' ? {} : documentOf(ended) };
}

const COUNTED = ['code', 'account', 'password'] as const;

/** What the report has to say of these people. */
function expectedOf(people: readonly LoadedPerson[]) {
  return {
    moved: people
      .filter(({ expects: { moved } }) => moved !== undefined)
      .map(({ key, expects: { moved = [] } }) => ({ user: key, moved })),
    decisions: people.flatMap(({ key, expects: { decisions = [] } }) =>
      decisions.map((reason) => ({ key: String(key), reason })),
    ),
    right: people.filter(({ expects }) => expects.right === true).length,
    notUsers: people.flatMap(({ key, expects }) => (expects.notUser === true ? String(key) : [])).sort(),
  };
}

function reportOf(document: Readonly<Record<string, unknown>>) {
  const { moved, decisions, right, notUsers } = document as {
    moved: readonly Record<string, unknown>[];
    decisions: readonly { key: string; reason: string }[];
    right: number;
    notUsers: readonly string[];
  };
  return {
    moved: moved.map(({ user, ...parts }) => ({ user, moved: COUNTED.filter((part) => part in parts) })),
    decisions: decisions.map(({ key, reason }) => ({ key, reason })),
    right,
    notUsers: [...notUsers].sort(),
  };
}

const byKey = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test('a dry run reports every shape and changes nothing', { timeout }, async () => {
  const { world, people } = await oldPlatform();
  const before = await dumpOf(world.db);
  const dry = await run(world, 'import');
  expect(dry.code, dry.stderr).toBe(2);
  const [found, wanted] = [reportOf(dry.document), expectedOf(people)];
  expect([...found.moved].sort(byKey)).toEqual([...wanted.moved].sort(byKey));
  expect([...found.decisions].sort(byKey)).toEqual([...wanted.decisions].sort(byKey));
  expect(found.right).toBe(wanted.right);
  expect(found.notUsers).toEqual(wanted.notUsers);
  expect(await dumpOf(world.db)).toEqual(before);
  expect((await world.db.listCollections().toArray()).map(({ name }) => name).sort()).toEqual([
    '@handles',
    'users',
    'verifications',
  ]);
});

function namesAccount(document: object | undefined): boolean {
  const { atproto, atproto_did } = (document ?? {}) as { atproto?: unknown; atproto_did?: unknown };
  return (atproto ?? atproto_did ?? undefined) !== undefined;
}

interface StoredOld {
  readonly _id: string;
  readonly code?: string;
  readonly atproto?: { readonly did?: string; readonly password?: string; readonly createdAt?: string };
  readonly atproto_did?: string;
  readonly atproto_password?: string;
}

async function storedUsers({ db }: Platform): Promise<ReadonlyMap<string, StoredOld>> {
  const found = await db.collection<StoredOld>('users').find().toArray();
  return new Map(found.map((one) => [String(one._id), one]));
}

async function logIn(identifier: string, password: string): Promise<number> {
  const input = { identifier, password };
  return (await xrpc(pds.url, 'com.atproto.server.createSession', { input, headers: unlimited(pds) })).status;
}

async function importedEvents({ db }: Platform): Promise<readonly string[]> {
  const found = await db.collection('concord.events').find({ type: 'user-document.imported' }).toArray();
  return found.map(({ user }) => String(user));
}

test('what is applied is what was reported, a repetition finds nothing, and every user keeps code and account', {
  timeout,
}, async () => {
  const { world, people } = await oldPlatform();
  const before = await dumpOf(world.db);

  const refused = await runWith(world, '', 'import', '--apply', '--yes');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('credentials.storage is not set');
  expect(await dumpOf(world.db)).toEqual(before);

  const applied = await run(world, 'import', '--apply', '--yes', '--by', 'carol');
  expect(applied.code, applied.stderr).toBe(4);
  expect([...reportOf(applied.document).moved].sort(byKey)).toEqual(
    [...expectedOf(people).moved].sort(byKey),
  );
  const users = await storedUsers(world);
  for (const { key, did, password, expects } of people) {
    const stored = users.get(String(key));
    if (expects.moved?.includes('code')) expect(stored?.code).toBe(expects.code);
    if (expects.moved?.includes('account')) expect(stored?.atproto?.did).toBe(did);
    if (expects.createdAt !== undefined) expect(stored?.atproto?.createdAt).toBe(expects.createdAt);
    if (expects.moved?.includes('password')) expect(stored?.atproto?.password).toBe(password);
  }
  // The older places stay, and so does everything in which nothing was to be moved.
  expect((await dumpOf(world.db))['@handles']).toBe(before['@handles']);
  const untouched = people.filter(({ expects }) => expects.moved === undefined).map(({ key }) => String(key));
  const olds = new Map(
    (JSON.parse(before['users'] ?? '') as { _id: unknown }[]).map((one) => [JSON.stringify(one._id), one]),
  );
  for (const one of JSON.parse((await dumpOf(world.db))['users'] ?? '') as { _id: unknown }[])
    if (untouched.includes(String(one._id))) expect(one).toEqual(olds.get(JSON.stringify(one._id)));

  const after = await dumpOf(world.db, 'concord.events', 'concord.subjects');
  const again = await run(world, 'import', '--apply', '--yes');
  expect(again.code, again.stderr).toBe(4);
  expect(again.document).toMatchObject({ moved: [], told: 0, changed: 0 });
  expect(await dumpOf(world.db, 'concord.events', 'concord.subjects')).toEqual(after);

  await run(world, 'reconcile', '--all');
  const reconciled = await storedUsers(world);
  const codes = [...reconciled.values()].flatMap(({ code }) => (typeof code === 'string' ? code : []));
  expect(new Set(codes).size).toBe(codes.length);
  for (const { key, name, did, password, expects, account } of people) {
    const stored = reconciled.get(String(key));
    if (expects.code !== undefined) expect(stored?.code, name).toBe(expects.code);
    if (account === undefined || expects.decisions !== undefined) continue;
    expect(stored?.atproto?.did, name).toBe(did);
    if (account === 'active') expect(await logIn(String(did), password), name).toBe(200);
  }
  // Whoever's document named an account, wherever and whatever became of it, has not got a second one.
  for (const { key, name, did } of people.filter(({ documents: { users } }) => namesAccount(users))) {
    const now = reconciled.get(String(key))?.atproto?.did;
    expect([undefined, did, GONE, LOST], name).toContain(now);
  }
  const made = people.filter(
    ({ documents: { users }, auth0 }) => auth0?.email_verified && !namesAccount(users),
  );
  for (const { key, name, expects } of made)
    if (expects.decisions === undefined)
      expect(reconciled.get(String(key))?.atproto?.did, name).toMatch(/^did:plc:/);

  const last = await run(world, 'import');
  expect(last.document).toMatchObject({ moved: [], told: 0 });
});

test('sealed storage seals what is moved, and the moved password opens the account', {
  timeout,
}, async () => {
  const { world, people } = await oldPlatform();
  const text = await runOn(
    { env: { ...world.env, CONCORD_CREDENTIAL_STORAGE: 'sealed' } },
    ...['import', '--apply', '--yes'],
  );
  expect(text.code, text.stderr).toBe(4);
  const users = await storedUsers(world);
  for (const { key, did, password, account, expects } of people) {
    expect(text.stdout + text.stderr).not.toContain(password);
    if (!expects.moved?.includes('password')) continue;
    const stored = users.get(String(key))?.atproto?.password ?? '';
    expect(stored).not.toContain(password);
    const opened = openPassword(stored, String(key), world.env['CONCORD_CREDENTIAL_KEYS']);
    expect(opened).toBe(password);
    if (account === 'active') expect(await logIn(String(did), opened)).toBe(200);
  }
  expect(text.stdout).toMatch(/\d+ plaintext passwords in atproto_password, left there/);
});

test('a value that became newer between the look and the write stays', { timeout }, async () => {
  const { world, people } = await oldPlatform();
  const config = world.config({ credentials: { storage: 'plaintext' } });
  const { deps, prepare, close } = wireImport(config, 'carol');
  const users = world.db.collection<StoredOld>('users');
  const keyOf = (name: string) => String(people.find((one) => one.name === name)?.key);
  const newer = {
    ann: { code: 'ac19newer' },
    cara: { atproto: { did: 'did:plc:newer', password: 'newer' } },
    dan: { 'atproto.password': 'newer' },
    vic: { atproto_password: 'newer' },
  };
  try {
    await prepare();
    const { writer } = deps;
    if (writer === undefined) throw new Error('nothing writes');
    const documents = {
      move: async (moves: Parameters<typeof writer.documents.move>[0]) => {
        for (const [name, set] of Object.entries(newer))
          await users.updateOne({ _id: keyOf(name) }, { $set: set as never });
        return writer.documents.move(moves);
      },
    };
    const report = await importOld({ ...deps, writer: { ...writer, documents } });
    expect(report.changed).toBe(Object.keys(newer).length);
    const moved = report.moved.map(({ user }) => user);
    for (const name of Object.keys(newer)) expect(moved).not.toContain(keyOf(name));
  } finally {
    await close();
  }
  const stored = await storedUsers(world);
  expect(stored.get(keyOf('ann'))?.code).toBe('ac19newer');
  expect(stored.get(keyOf('cara'))?.atproto).toEqual({ did: 'did:plc:newer', password: 'newer' });
  expect(stored.get(keyOf('dan'))?.atproto?.password).toBe('newer');
  expect(stored.get(keyOf('vic'))?.atproto).toBeUndefined();
});

/** Enough users for several pages. */
const CROWD = 2_200;

async function crowd() {
  const world = await platform({ pds });
  const ids = Array.from({ length: CROWD }, (_, at) => `auth0|${String(at).padStart(24, '0')}`);
  const letters = (at: number) =>
    at
      .toString(26)
      .padStart(4, '0')
      .replaceAll(/[0-9]/g, (d) => 'qrstuvwxyz'[Number(d)] ?? '');
  await world.db
    .collection<{ _id: string }>('users')
    .insertMany(ids.map((_id) => ({ _id, when: new Date() })));
  await world.db
    .collection<{ _id: string; code: string; handle: string }>('@handles')
    .insertMany(ids.map((_id, at) => ({ _id, code: `ac19${letters(at)}`, handle: `h${at}` })));
  const moved = () => world.db.collection('users').countDocuments({ code: { $exists: true } });
  return { world, moved };
}

test('a run that is killed goes on with a repetition: every code once, and each in the log', {
  timeout,
}, async () => {
  const { world, moved } = await crowd();
  const program = await startOn(world, 'import', '--apply', '--yes');
  await until('the first page is moved', async () => (await moved()) > 0, timeout);
  program.signal('SIGKILL');
  await program.ended;

  const again = await run(world, 'import', '--apply', '--yes');
  expect(again.code, again.stderr).toBe(0);
  expect(await moved()).toBe(CROWD);
  expect(new Set(await importedEvents(world)).size).toBe(CROWD);
  const rows = await world.db.collection('@handles').find().toArray();
  const users = await storedUsers(world);
  for (const { _id, code } of rows) expect(users.get(String(_id))?.code).toBe(code);
  expect((await run(world, 'import')).code).toBe(0);
});

test('Ctrl-C ends a run after its page, with what was done', { timeout }, async () => {
  const { world, moved } = await crowd();
  const program = await startOn(world, '--json', 'import', '--apply', '--yes');
  await until('the first page is moved', async () => (await moved()) > 0, timeout);
  program.signal('SIGINT');
  const ended = await program.ended;
  const report = documentOf(ended) as { interrupted: boolean; moved: readonly unknown[] };
  expect(report.moved).toHaveLength(await moved());
  expect(ended.code).toBe(report.interrupted ? 4 : 0);
});
