/** What the log tells and what it never tells: no address above debug, and no secret at any level. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { Writable } from 'node:stream';
import { MongoClient } from 'mongodb';
import { expect, inject, test } from 'vitest';
import { createVault } from '../src/credentials/vault.ts';
import type { ConcordEvent } from '../src/events/event.ts';
import { storedUserKey } from '../src/identity.ts';
import { createLogger, type LogLevel } from '../src/logger.ts';
import { INCIDENT } from '../src/sandbox/incident.ts';
import { chooseHandle, conditionOf, memberOf, type StoredMember, storedMember } from './support/member.ts';
import { pdsBuild, person } from './support/pds.ts';
import { platform } from './support/platform.ts';
import { documentOf, startProgram, temporaryDirectory } from './support/program.ts';
import { until } from './support/until.ts';

/** `localhost-abcde-fghij`: a PDS names its invite codes after its host. */
const INVITE_CODE = /localhost-[a-z0-9]{5}-[a-z0-9]{5}/;

function secretsOf(env: Readonly<Record<string, string>>): string[] {
  const names = ['AUTH0_CLIENT_SECRET', 'AUTH0_LOG_TOKEN', 'PDS_ADMIN_PASSWORD', 'PDS_RATE_LIMIT_BYPASS_KEY'];
  const keys = env['CONCORD_CREDENTIAL_KEYS'] ?? '';
  const secrets = [...names.map((name) => env[name] ?? ''), keys, keys.slice(keys.indexOf(':') + 1)];
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(20);
  return secrets;
}

/** As it is stored, and as the account has it. */
function passwordsOf(env: Readonly<Record<string, string>>, users: readonly StoredMember[]): string[] {
  const vault = createVault({ storage: 'sealed', keys: env['CONCORD_CREDENTIAL_KEYS'] });
  return users.flatMap(({ _id, atproto }) =>
    atproto === undefined ? [] : [atproto.password, vault.open(atproto.password, storedUserKey(_id))],
  );
}

function expectToldNowhere(secrets: readonly string[], texts: Readonly<Record<string, string>>): void {
  for (const [where, text] of Object.entries(texts)) {
    for (const secret of secrets) expect(text.includes(secret), `a secret is in ${where}`).toBe(false);
    expect(text, where).not.toMatch(INVITE_CODE);
    expect(text, where).not.toMatch(/\b(Bearer|Basic) (?!\[redacted\])/);
  }
}

test('a whole sandbox, from the incident to a sign-up: no address and no secret on any stream or in its log', async () => {
  const cwd = await temporaryDirectory();
  const uri = inject('mongodUri');
  // On the shared mongod, whose kept data outlives the sandbox: what was in play is read there afterwards.
  const program = await startProgram(
    ['--json', '--log-level', 'info', 'sandbox', '--exit', '--keep', joinPath(cwd, 'kept')],
    { cwd, env: { MONGODB_URI: uri, ...pdsBuild() } },
  );
  const env = await until('the sandbox says where it is', () => sandboxEnvironment(cwd));
  const { code, stdout, stderr } = await program.ended;
  const client = await MongoClient.connect(uri);
  const db = client.db(env['MONGODB_DATABASE']);
  try {
    const users = await db.collection<StoredMember>('users').find().toArray();
    const observed = await db
      .collection<ConcordEvent>('concord.events')
      .find({ type: 'auth0.user-observed' })
      .toArray();

    expect(code, stderr).toBe(0);
    expect(documentOf({ code, stdout, stderr })).toMatchObject({
      schemaVersion: 1,
      command: 'sandbox',
      ok: true,
      failed: [],
    });
    const log = readFileSync(joinPath(cwd, '.concord/sandbox.log'), 'utf8');
    // The five of the incident and the one who signs up: the log speaks of each, by key.
    expect(users).toHaveLength(INCIDENT.users.length + 1);
    for (const { _id } of users) expect(log).toContain(_id);
    const passwords = passwordsOf(env, users);
    expect(passwords).toHaveLength(2 * INCIDENT.users.length);
    const texts = { stdout, stderr, log };
    expectToldNowhere([...secretsOf(env), ...passwords], texts);
    const addresses = observed.flatMap((event) => ('email' in event.data ? (event.data.email ?? []) : []));
    expect(new Set(addresses).size).toBe(INCIDENT.users.length + 1);
    for (const [where, text] of Object.entries(texts)) {
      for (const address of addresses) expect(text, where).not.toContain(address);
      expect(text, where).not.toContain('@example.com');
    }
    expect(stdout + stderr).not.toContain('\u001b');
  } finally {
    await db.dropDatabase();
    await client.close();
  }
});

async function sandboxEnvironment(cwd: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const file = await readFile(joinPath(cwd, '.concord/sandbox.json'), 'utf8');
    return (JSON.parse(file) as { env: Readonly<Record<string, string>> }).env;
  } catch {
    // Not there yet, or not written to its end.
    return undefined;
  }
}

test.each<LogLevel>(['info', 'trace'])('a server that meets trouble, at level %s', async (level) => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const world = await platform();
  const { auth0, env, logToken } = world;
  const engine = world.engine();
  const { endpoint } = await world.serve({ logger: createLogger({ level, pretty: false, stream }) });
  auth0.logStream.add({ endpoint, authorization: `Bearer ${logToken}`, format: 'JSONLINES' });
  auth0.faults.add({ path: '/api/v2/users/:id', answer: { type: 'status', status: 500 } });
  auth0.faults.add({ path: '/oauth/token', answer: { type: 'cut' } });
  const { email, password } = person('alice');

  const alice = memberOf((await auth0.signUp({ email, password })).user_id, email);
  await auth0.verifyEmail(alice.userId);
  await chooseHandle(world, alice, alice.label);
  for (const body of ['not json', `[{"log_id":"${email}"}]`]) {
    await fetch(endpoint, { method: 'POST', headers: { authorization: logToken }, body });
  }
  await fetch(endpoint, { method: 'POST', headers: { authorization: `Bearer x${password}` }, body: '[]' });
  await until('alice has an account', async () => {
    return (await conditionOf(engine, alice, 'account'))?.reason === 'AccountActive';
  });

  const log = lines.join('');
  const stored = await storedMember(world, alice);
  const passwords = passwordsOf(env, stored === undefined ? [] : [stored]);
  expect(passwords).toHaveLength(2);
  expectToldNowhere([...secretsOf(env), ...passwords, password], { log });
  // Whoever reads it finds the user, the trouble and the end.
  expect(log).toContain(alice.user);
  expect(log).toContain('a step of a reconciliation failed');
  expect(log).toContain('a reconciliation ended');
  for (const line of log.trimEnd().split('\n')) {
    const { level: of } = JSON.parse(line) as { readonly level: string };
    if (of !== 'debug' && of !== 'trace') expect(line).not.toContain('@example.com');
  }
});
