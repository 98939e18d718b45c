/**
 * How long the dashboard's questions take with 100,000 users, well and with many in trouble; and, with events, how long
 * the history takes at first and afterwards. Server time: the answer as it is handed to HTTP.
 *
 *     npm run bench:desk [-- --users 100000] [-- --troubled 0,10000] [-- --events 0] [-- --json]
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Db, MongoClient } from 'mongodb';
import { loadConfig } from '../src/config/load.ts';
import { readTextFile } from '../src/config/sources.ts';
import { generateKey } from '../src/credentials/vault.ts';
import type { UsersQuery } from '../src/dashboard-data/answers/users.ts';
import { overview } from '../src/engine/reports/overview.ts';
import { createLogger } from '../src/logger.ts';
import { startMongod } from '../src/sandbox/servers/mongod.ts';
import { wireEngine } from '../src/wiring/engine.ts';
import { wireOverview } from '../src/wiring/read-side.ts';
import { events } from './support/million/events.ts';
import { firstHistory, RANGES } from './support/million/first-history.ts';
import { seed } from './support/million/seed.ts';
import { trouble } from './support/million/trouble.ts';

const TENANT = 'million';
/** The best of them is told beside the median: whatever else the machine does only adds. */
const ROUNDS = 15;
/** Sooner, the same is told again. */
const AGAIN_MS = 1_100;

interface Row {
  readonly question: string;
  readonly troubled: number;
  readonly bestMs: number;
  readonly medianMs: number;
}

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    troubled: { type: 'string', default: '0,10000' },
    events: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const users = Number(values.users);

const mongod = await startMongod({ uri: process.env['MONGODB_URI'] });
const database = `concord-desk-${users}`;
const client = await MongoClient.connect(mongod.uri);
try {
  const db = client.db(database);
  await db.dropDatabase();
  say(`seeding ${users} users`);
  await seed(db, TENANT, users, 0);
  const rows: Row[] = [];
  for (const troubled of values.troubled.split(',').map(Number)) rows.push(...(await asked(db, troubled)));
  if (Number(values.events) > 0) rows.push(...(await looksBack(db, Number(values.events))));
  if (values.json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
  else print(rows);
  await db.dropDatabase();
} finally {
  await client.close();
  await mongod.stop();
}

async function asked(db: Db, troubled: number): Promise<Row[]> {
  await trouble(db, troubled);
  const rows: Row[] = [];
  const ask = async (question: string, answer: () => Promise<unknown>): Promise<void> => {
    rows.push({ question, troubled, ...(await timed(answer)) });
  };
  const engine = wired();
  const whole = wireOverview(config());
  const { users: list, sweeps } = engine.dashboardData;
  const queries: readonly (readonly [what: string, query: UsersQuery])[] = [
    ['everybody', {}],
    ['in sync', { sync: 'Synced' }],
    ['out of sync', { sync: 'OutOfSync' }],
    ['unknown', { sync: 'Unknown' }],
    ['degraded', { health: 'Degraded' }],
    ['failing', { situation: 'failing' }],
    ['backing off', { situation: 'backing-off' }],
    ['quarantined', { situation: 'quarantined' }],
    ['held', { situation: 'held' }],
    ['paused', { situation: 'paused' }],
    ['unseen', { situation: 'unseen' }],
    ['a reason', { resource: 'handle', reason: 'HandleTaken' }],
    ['a reason that nobody has', { reason: 'NobodyHasThis' }],
    ['by handle', { search: '@nobody' }],
    ['by id', { search: 'auth0|nobody' }],
    ['by DID', { search: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }],
  ];
  try {
    await ask('overview', () => overview(whole.overview, whole.tenants, whole.expected, new Date()));
    for (const [what, query] of queries) await ask(`users: ${what}`, () => list(query));
    await ask('sweeps', sweeps);
    await ask('the metrics: how users stand', () => engine.statusCounts());
  } finally {
    await Promise.all([engine.close(), whole.close()]);
  }
  return rows;
}

async function looksBack(db: Db, count: number): Promise<Row[]> {
  say(`seeding ${count} events`);
  await events(db, TENANT, count);
  const rows: Row[] = [];
  for (const range of RANGES) {
    const engine = wired();
    try {
      const { answeredMs, countedMs } = await firstHistory(engine, range);
      const once = (what: string, ms: number): Row => ({
        question: `history ${range}, ${what}`,
        ...{ troubled: 0, bestMs: ms, medianMs: ms },
      });
      rows.push(once('the first answer', answeredMs), once('counted', countedMs));
      rows.push({
        question: `history ${range}, again`,
        troubled: 0,
        ...(await timed(() => engine.dashboardData.history(range), AGAIN_MS)),
      });
    } finally {
      await engine.close();
    }
  }
  return rows;
}

function wired() {
  return wireEngine(config(), createLogger({ level: 'warn' }));
}

function config() {
  return loadConfig({
    env: {
      ...{ MONGODB_URI: mongod.uri, MONGODB_DATABASE: database, AUTH0_TENANT: TENANT },
      ...{ AUTH0_DOMAIN: 'million.example.com', AUTH0_CLIENT_ID: 'bench', AUTH0_CLIENT_SECRET: 'bench' },
      ...{ AUTH0_LOG_TOKEN: 'x'.repeat(32), PDS_URL: 'http://127.0.0.1:9', PDS_ADMIN_PASSWORD: 'bench' },
      ...{ CONCORD_CREDENTIAL_KEYS: generateKey(), CONCORD_CREDENTIAL_STORAGE: 'sealed' },
      PDS_DID_PLC_URL: 'http://127.0.0.1:9',
    },
    readFile: (path) => readTextFile(path.replace('/.bench-build/', '/')),
  });
}

async function timed(answer: () => Promise<unknown>, pauseMs = 0): Promise<Pick<Row, 'bestMs' | 'medianMs'>> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await delay(pauseMs);
    const startedAt = performance.now();
    await answer();
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  return { bestMs: times[0] ?? 0, medianMs: times[Math.floor(ROUNDS / 2)] ?? 0 };
}

function print(rows: readonly Row[]): void {
  for (const { question, troubled, bestMs, medianMs } of rows) {
    const figures = [bestMs, medianMs].map((ms) => ms.toFixed(ms < 10 ? 1 : 0).padStart(7));
    process.stdout.write(`${figures.join('')} ms  ${String(troubled).padStart(7)} in trouble  ${question}\n`);
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
