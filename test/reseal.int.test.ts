/** Passwords at rest: sealed with a new key whatever breaks meanwhile, and found nowhere in the clear. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { expect, onTestFinished, test } from 'vitest';
import { createVault, generateKey, sealedWith } from '../src/credentials.ts';
import { describeError } from '../src/errors.ts';
import { storedUserKey } from '../src/identity.ts';
import { createLogger, serializeError } from '../src/logger.ts';
import { startMongod } from '../src/sandbox/mongod.ts';
import { startPds } from '../src/sandbox/pds.ts';
import { type Engine, wireEngine } from '../src/wire.ts';
import { CanaryScanner } from './support/canaries.ts';
import { join, type Member, memberOf, passOver, type StoredMember } from './support/member.ts';
import { type Platform, platform, SANDBOX_CONFIG } from './support/platform.ts';
import {
  documentOf,
  type Ended,
  runOn,
  runProgram,
  startProgram,
  temporaryDirectory,
} from './support/program.ts';
import { until } from './support/until.ts';

const PEOPLE = 200;
/** What the PDS makes at its fastest; more would only wait for one another. */
const AT_ONCE = 4;
const [K1, K2, OTHER_K1] = [generateKey('k1'), generateKey('k2'), generateKey('k1')];
const ROTATED = `${K2},${K1}`;

function users(db: Db) {
  return db.collection<StoredMember>('users', { writeConcern: { w: 'majority' } });
}

function withKeys(world: Platform, keys: string) {
  return { env: { ...world.env, CONCORD_CREDENTIAL_KEYS: keys } };
}

function wired(world: Platform, keys: string, log: string[], overlay = {}): Engine {
  const logger = createLogger({ level: 'trace', stream: { write: (line) => void log.push(line) } });
  return wireEngine(world.config({ credentials: { keys }, ...overlay }), logger);
}

async function passOverAll(engine: Engine, members: readonly Member[]): Promise<unknown[]> {
  const waiting = [...members];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
      const result = await passOver(engine.converge, member);
      failures.push(...result.failures.map(({ error }) => error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

/** Every password in the clear, by user. Throws when one does not open. */
async function opened(db: Db, keys: string): Promise<Map<string, string>> {
  const vault = createVault({ storage: 'sealed', keys });
  const found = await users(db)
    .find({ 'atproto.password': { $exists: true } })
    .toArray();
  return new Map(
    found.flatMap(({ _id, atproto }) =>
      atproto === undefined ? [] : [[_id, vault.open(atproto.password, storedUserKey(_id))] as const],
    ),
  );
}

async function sealedBy(db: Db): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { atproto } of await users(db).find().toArray()) {
    const kid = atproto === undefined ? 'none' : (sealedWith(atproto.password) ?? 'plaintext');
    counts[kid] = (counts[kid] ?? 0) + 1;
  }
  return counts;
}

/** Killed in the middle, as by the machine, and run again until nothing is left. */
async function resealKilled(world: Platform, db: Db): Promise<{ killedAt: number; outputs: Ended[] }> {
  const first = await startProgram(
    ['--config', SANDBOX_CONFIG, '--json', 'credentials', 'reseal'],
    withKeys(world, ROTATED),
  );
  await until('the first passwords are sealed again', async () => ((await sealedBy(db))['k2'] ?? 0) > 5);
  first.signal('SIGKILL');
  const killed = await first.ended;
  const killedAt = (await sealedBy(db))['k2'] ?? 0;
  expect(killed.code).toBeNull();
  const rest = await runOn(withKeys(world, ROTATED), '--json', 'credentials', 'reseal');
  return { killedAt, outputs: [killed, rest] };
}

test('S2: hundreds of secrets, and not one of them in the files of the database, a log or an error', {
  timeout: 240_000,
}, async () => {
  const dataDir = await temporaryDirectory();
  const mongod = await startMongod({ dataDir });
  onTestFinished(() => mongod.stop());
  // Two hundred codes are many enough for one to be the handle of another test's account on the shared PDS.
  const pds = await startPds({
    adminPassword: randomBytes(16).toString('hex'),
    bypassKey: randomBytes(16).toString('hex'),
  });
  onTestFinished(() => pds.stop());
  const world = await platform({ concordMongoUri: mongod.uri, pds });
  const client = await MongoClient.connect(mongod.uri);
  const db = client.db(world.env['MONGODB_DATABASE']);
  const log: string[] = [];
  const errors: unknown[] = [];
  const outputs: Ended[] = [];

  const engine = wired(world, K1, log);
  await engine.prepare();
  const members = Array.from({ length: PEOPLE }, (_, index) =>
    join(world, index % 2 === 0 ? 'alice' : 'bob'),
  );
  errors.push(...(await passOverAll(engine, members)));
  const passwords = await opened(db, K1);
  expect(passwords.size, errors.map(String).join('\n')).toBe(PEOPLE);

  const { killedAt, outputs: resealed } = await resealKilled(world, db);
  outputs.push(...resealed);
  expect(killedAt).toBeGreaterThan(0);
  expect(killedAt).toBeLessThan(PEOPLE);
  expect(resealed[1]?.code, resealed[1]?.stderr).toBe(0);
  expect(await sealedBy(db)).toEqual({ k2: PEOPLE });
  expect(await opened(db, K2)).toEqual(passwords);

  // What goes wrong speaks too: keys that are missing or others, a PDS that is away, a token that is wrong.
  for (const keys of [K1, `${generateKey('k3')},${OTHER_K1}`]) {
    const wrong = wired(world, keys, log);
    errors.push(await wrong.prepare().catch((error: unknown) => error));
    outputs.push(await runOn(withKeys(world, keys), 'credentials', 'reseal'));
    await wrong.close();
  }
  const away = wired(world, ROTATED, log, {
    pds: { url: 'http://127.0.0.1:9', adminPassword: 'x'.repeat(16) },
  });
  errors.push(...(await passOverAll(away, members.slice(0, 5))));
  const wrongToken = randomBytes(32).toString('hex');
  const served = await world.serve({
    overlay: { credentials: { keys: ROTATED } },
    logger: createLogger({ level: 'trace', stream: { write: (line) => void log.push(line) } }),
  });
  for (const token of [world.logToken, wrongToken]) {
    const body = JSON.stringify([
      { log_id: token.slice(0, 4), data: { type: 'ss', user_id: members[0]?.userId } },
    ]);
    await fetch(served.endpoint, {
      method: 'POST',
      body,
      headers: { authorization: token, 'content-type': 'application/json' },
    });
  }
  await Promise.all([engine.close(), away.close(), served.stop()]);

  const control = new Map(
    Array.from({ length: PEOPLE }, (_, n) => [
      `control ${n}`,
      Buffer.from(randomBytes(24).toString('base64url')),
    ]),
  );
  await db.collection('control').insertMany([...control.values()].map((text) => ({ text: text.toString() })));
  await db.admin().command({ fsync: 1 });
  await client.close();
  await mongod.stop();

  const secrets = new Map<string, Buffer>(
    [...passwords].map(([user, password]) => [`the password of ${user}`, Buffer.from(password)]),
  );
  for (const name of [
    'AUTH0_CLIENT_SECRET',
    'AUTH0_LOG_TOKEN',
    'PDS_ADMIN_PASSWORD',
    'PDS_RATE_LIMIT_BYPASS_KEY',
  ])
    secrets.set(name, Buffer.from(world.env[name] ?? ''));
  secrets.set('a wrong token', Buffer.from(wrongToken));
  for (const key of [K1, K2, OTHER_K1]) {
    const encoded = key.slice(3);
    secrets.set(`${key} in base64`, Buffer.from(encoded));
    secrets.set(`${key} as bytes`, Buffer.from(encoded, 'base64'));
  }
  const scanner = new CanaryScanner(secrets);
  const files = await scanner.scanFiles(dataDir);
  const said = errors.map((error) => `${describeError(error)} ${JSON.stringify(serializeError(error))}`);
  const texts = [...log, ...said, ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr])].join('\n');
  const seen = scanner.scan(Buffer.from(texts));
  const proof = await new CanaryScanner(control).scanFiles(dataDir);
  process.stdout.write(
    `S2: ${secrets.size} canary secrets, ${files.found.size} found in ${files.files} database files (${Math.round(files.bytes / 2 ** 20)} MiB), ${seen.found.size} in ${log.length} log lines, ${said.length} errors and ${outputs.length} command outputs; ${proof.found.size} of ${control.size} controls found; re-sealing killed at ${killedAt} of ${PEOPLE}, ${PEOPLE} of ${PEOPLE} open\n`,
  );
  expect([...files.found, ...seen.found]).toEqual([]);
  expect(secrets.size).toBeGreaterThanOrEqual(PEOPLE + 11);
  // A scan that finds nothing proves nothing, unless it finds what is there.
  expect(proof.found.size).toBeGreaterThan(PEOPLE * 0.95);
  expect(said.length).toBeGreaterThan(5);
  for (const { user } of members) expect(texts).toContain(user);
});

test('re-sealing beside an engine at work with the keys in the other order ends with one key, and every login works', async () => {
  const world = await platform();
  const log: string[] = [];
  const engine = wired(world, `${K1},${K2}`, log);
  onTestFinished(() => engine.close());
  await engine.prepare();
  const [first, second] = [0, 1].map(() => Array.from({ length: 12 }, () => join(world, 'alice')));
  if (first === undefined || second === undefined) throw new Error('There are two crowds.');
  await passOverAll(engine, first);
  const [ended] = await Promise.all([
    runOn(withKeys(world, ROTATED), '--json', 'credentials', 'reseal'),
    passOverAll(engine, second),
  ]);
  // On a busy machine a call may time out, and its user is whole only after another pass.
  await until(
    'everyone has an account',
    async () => {
      await passOverAll(engine, second);
      return (await users(world.db).countDocuments({ 'atproto.password': { $exists: true } })) === 24;
    },
    50_000,
  );
  expect([0, 4]).toContain(ended.code);
  const again = await runOn(withKeys(world, ROTATED), '--json', 'credentials', 'reseal');
  expect([again.code, documentOf(again)]).toEqual([
    0,
    expect.objectContaining({ passwords: 24, plaintext: 0, unopened: [] }),
  ]);
  expect(await sealedBy(world.db)).toEqual({ k2: 24 });
  const passwords = await opened(world.db, K2);
  for (const { _id, atproto } of await users(world.db).find().toArray()) {
    if (atproto === undefined) throw new Error('Everyone has an account.');
    expect(await engine.converge.accounts.canLogIn(atproto.did, passwords.get(_id) ?? '')).toBe(true);
  }
});

test('plaintext is sealed on request, what no key opens is named, and nothing of it is printed', async () => {
  const world = await platform();
  const rows = users(world.db);
  const { user } = memberOf('auth0|alice', 'alice@example.com');
  const lost = createVault({ storage: 'sealed', keys: generateKey('k9') }).seal(
    'canary-lost',
    storedUserKey('auth0|bob'),
  );
  const old = createVault({ storage: 'sealed', keys: K1 }).seal(
    'canary-pending',
    storedUserKey('auth0|carol'),
  );
  const documents = [
    {
      _id: user,
      atproto: { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', password: 'canary-plain', note: 'theirs' },
    },
    { _id: 'auth0|bob', atproto: { password: lost } },
    { _id: 'auth0|carol', atprotoPending: { intent: 'e-1', password: old } },
    { _id: 'auth0|dave', atproto: { password: 7 } },
    { _id: 'auth0|erin', atproto: null },
  ];
  await rows.insertMany(documents as never);
  const run = async (...args: string[]) => {
    const ended = await runOn(withKeys(world, ROTATED), '--json', 'credentials', 'reseal', ...args);
    expect(ended.stdout + ended.stderr).not.toContain('canary');
    return [ended.code, documentOf(ended)] as const;
  };
  const unopened = [{ user: 'auth0|bob', field: 'atproto', code: 'CREDENTIAL_KEY_MISSING' }];
  expect(await run('--dry-run', '--seal-plaintext')).toEqual([
    4,
    expect.objectContaining({ dryRun: true, passwords: 3, sealed: 1, resealed: 1, unopened }),
  ]);
  expect(await rows.find().sort({ _id: 1 }).toArray()).toEqual(documents);
  expect(await run()).toEqual([
    4,
    expect.objectContaining({ plaintext: 1, sealed: 0, resealed: 1, unopened }),
  ]);
  expect(await run('--seal-plaintext')).toEqual([
    4,
    expect.objectContaining({ plaintext: 0, sealed: 1, current: 1, unopened }),
  ]);
  const [alice, bob] = await rows.find().sort({ _id: 1 }).toArray();
  const opens = createVault({ storage: 'sealed', keys: K2 }).open(alice?.atproto?.password ?? '', user);
  expect([opens, alice?.atproto]).toEqual(['canary-plain', expect.objectContaining({ note: 'theirs' })]);
  expect(bob?.atproto?.password).toBe(lost);
});

test('a key that is missing or another one stops an engine at its start, and plaintext storage has nothing to seal', async () => {
  const world = await platform();
  const engine = wired(world, K1, []);
  onTestFinished(() => engine.close());
  await engine.prepare();
  await passOver(engine.converge, join(world, 'alice'));
  const start = async (keys: string): Promise<unknown> => {
    const other = wired(world, keys, []);
    try {
      return await other.prepare().catch((error: unknown) => error);
    } finally {
      await other.close();
    }
  };
  expect(await start(ROTATED)).toBeUndefined();
  expect(await start(K2)).toMatchObject({ name: 'UsageError', code: 'CREDENTIAL_KEY_MISSING' });
  expect(await start(OTHER_K1)).toMatchObject({ name: 'UsageError', code: 'CREDENTIAL_KEY_DIFFERS' });
  expect(describeError(await start(K2))).toMatch(
    /sealed with the key k1, which is not in CONCORD_CREDENTIAL_KEYS/,
  );

  const file = joinPath(await temporaryDirectory(), 'plaintext.yaml');
  await writeFile(file, `${await readFile(SANDBOX_CONFIG, 'utf8')}\ncredentials: { storage: plaintext }\n`);
  const { code, stderr } = await runProgram(['--config', file, 'credentials', 'reseal'], { env: world.env });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/stored as plaintext here/)]);
});
