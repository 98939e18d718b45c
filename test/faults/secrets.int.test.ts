/** Passwords at rest: found nowhere in the clear, and sealed with a new key whatever breaks meanwhile. */
import { randomBytes } from 'node:crypto';
import { type Db, MongoClient } from 'mongodb';
import { expect, onTestFinished, test } from 'vitest';
import { generateKey } from '../../src/credentials/vault.ts';
import { describeError } from '../../src/errors.ts';
import { createLogger, serializeError } from '../../src/logger.ts';
import { startMongod } from '../../src/sandbox/servers/mongod.ts';
import { startPds } from '../../src/sandbox/servers/pds.ts';
import { CanaryScanner } from '../support/canaries.ts';
import { join } from '../support/member.ts';
import { type Platform, platform, SANDBOX_CONFIG } from '../support/platform.ts';
import { documentOf, type Ended, runOn, startProgram, temporaryDirectory } from '../support/program.ts';
import {
  K1,
  K2,
  OTHER_K1,
  opened,
  ROTATED,
  reconcileAll,
  sealedBy,
  users,
  wired,
  withKeys,
} from '../support/sealing.ts';
import { until } from '../support/until.ts';
import { figure } from './support/figure.ts';

const PEOPLE = 200;

/** Killed in the middle, as by the machine, and run again until nothing is left. */
async function resealKilled(world: Platform, db: Db): Promise<{ killedAt: number; outputs: Ended[] }> {
  const first = await startProgram(
    ['--config', SANDBOX_CONFIG, '--json', 'credentials', 'reseal'],
    withKeys(world, ROTATED),
  );
  await until('the first passwords are sealed again', async () => ((await sealedBy(db))['k2'] ?? 0) > 0);
  first.signal('SIGKILL');
  const killed = await first.ended;
  const killedAt = (await sealedBy(db))['k2'] ?? 0;
  expect(killed.code).toBeNull();
  const rest = await runOn(withKeys(world, ROTATED), '--json', 'credentials', 'reseal');
  return { killedAt, outputs: [killed, rest] };
}

test('S2: hundreds of secrets, and not one of them in the files of the database, a log or an error', {
  timeout: 600_000,
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
  errors.push(...(await reconcileAll(engine, members)));
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
  errors.push(...(await reconcileAll(away, members.slice(0, 5))));
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
  figure(
    `S2: ${secrets.size} canary secrets, ${files.found.size} found in ${files.files} database files (${Math.round(files.bytes / 2 ** 20)} MiB), ${seen.found.size} in ${log.length} log lines, ${said.length} errors and ${outputs.length} command outputs; ${proof.found.size} of ${control.size} controls found; re-sealing killed at ${killedAt} of ${PEOPLE}, ${PEOPLE} of ${PEOPLE} open`,
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
  await reconcileAll(engine, first);
  const [ended] = await Promise.all([
    runOn(withKeys(world, ROTATED), '--json', 'credentials', 'reseal'),
    reconcileAll(engine, second),
  ]);
  // On a busy machine a call may time out, and its user is whole only after another pass.
  await until(
    'everyone has an account',
    async () => {
      await reconcileAll(engine, second);
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
    expect(await engine.accounts.canLogIn(atproto.did, passwords.get(_id) ?? '')).toBe(true);
  }
});
