/**
 * A tenant of 100,000 and one of 1,000,000 users, swept and audited on this machine: time, and the highest resident
 * memory of the process that does it.
 *
 *     npm run bench:million [-- --users 1000000] [--json]
 *
 * MongoDB is real; Auth0 and the PDS answer by formula from a process of their own, see support/million/servers.ts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { generateKey } from '../src/credentials/vault.ts';
import { type Mongod, startMongod } from '../src/sandbox/servers/mongod.ts';
import { formatDuration } from '../src/terminal/duration.ts';
import { seed } from './support/million/seed.ts';
import type { Counted } from './support/million/servers.ts';
import type { Measured } from './support/million/sweeper.ts';

const TENANT = 'million';
/** One user in ten thousand lacks a verification, so that there is something to find. */
const DRIFTED_SHARE = 1e-4;

interface Row extends Measured {
  readonly what: 'sweep' | 'audit';
  readonly users: number;
  readonly requests: Counted;
}

const { values } = parseArgs({
  options: { users: { type: 'string', multiple: true }, json: { type: 'boolean', default: false } },
});
const sizes = (values.users ?? ['100000', '1000000']).map(Number);

const mongod = await startMongod({ uri: process.env['MONGODB_URI'] });
const rows: Row[] = [];
try {
  for (const users of sizes) rows.push(...(await measure(mongod, users)));
} finally {
  await mongod.stop();
}
if (values.json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
else print(rows);

async function measure({ uri }: Mongod, users: number): Promise<Row[]> {
  const database = `concord-million-${users}`;
  const client = await MongoClient.connect(uri);
  const db = client.db(database);
  await db.dropDatabase();
  const drifted = Math.max(1, Math.floor(users * DRIFTED_SHARE));
  say(`${users} users: seeding`);
  await seed(db, TENANT, users, drifted);
  const measured: Row[] = [];
  for (const what of ['audit', 'sweep'] as const) {
    say(`${users} users: ${what}`);
    const servers = start('servers', [String(users)]);
    const { auth0, pds } = await heard<{ auth0: string; pds: string }>(servers);
    const child = start('sweeper', [what], environment(uri, database, auth0, pds));
    const told = await heard<Measured>(child);
    servers.send('counts');
    const { counts } = await heard<{ counts: Counted }>(servers);
    servers.disconnect();
    measured.push({ what, users, ...told, requests: counts });
  }
  await db.dropDatabase();
  await client.close();
  return measured;
}

function environment(uri: string, database: string, auth0: string, pds: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...{ MONGODB_URI: uri, MONGODB_DATABASE: database },
    ...{ AUTH0_TENANT: TENANT, AUTH0_DOMAIN: 'million.example.com', AUTH0_MANAGEMENT_URL: auth0 },
    ...{ AUTH0_CLIENT_ID: 'bench', AUTH0_CLIENT_SECRET: 'bench', AUTH0_LOG_TOKEN: 'x'.repeat(32) },
    ...{ PDS_URL: pds, PDS_ADMIN_PASSWORD: 'bench', CONCORD_CREDENTIAL_KEYS: generateKey() },
    PDS_DID_PLC_URL: 'http://127.0.0.1:9',
    // The passwords that are seeded are not sealed.
    CONCORD_CREDENTIAL_STORAGE: 'sealed',
  };
}

/** From source or as built, whichever this runs as. */
function start(name: string, args: readonly string[], env = process.env): ChildProcess {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fork(new URL(`./support/million/${name}.${suffix}`, import.meta.url), [...args], { env });
}

async function heard<T>(child: ChildProcess): Promise<T> {
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`a process of the bench ended with ${String(code)}`);
  });
  const [message] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => undefined);
  return message as T;
}

function print(measured: readonly Row[]): void {
  const { stdout } = process;
  for (const { what, users, durationMs, startMiB, peakMiB, end, requests, result } of measured) {
    const rate = Math.round(users / (durationMs / 1_000));
    stdout.write(
      `${what} of ${users} users: ${formatDuration(durationMs)}, ${rate} users/s, ` +
        `at most ${Math.round(peakMiB)} MiB (${Math.round(startMiB)} MiB before the first)\n`,
    );
    const { heapMiB, externalMiB, otherMiB } = end;
    stdout.write(
      `  at the end: heap ${Math.round(heapMiB)} MiB, outside of it ${Math.round(externalMiB)} MiB, the rest ${Math.round(otherMiB)} MiB\n`,
    );
    stdout.write(`  requests: Auth0 ${sum(requests.auth0)}, PDS ${sum(requests.pds)}\n`);
    stdout.write(`  ${JSON.stringify(result)}\n`);
  }
  for (const what of ['audit', 'sweep'] as const) {
    const [small, large] = measured.filter((row) => row.what === what);
    if (small === undefined || large === undefined) continue;
    const ratio = (large.peakMiB / small.peakMiB).toFixed(2);
    stdout.write(`${what}: memory at ${large.users} users is ${ratio} of that at ${small.users}\n`);
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
