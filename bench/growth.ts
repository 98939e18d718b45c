/**
 * What Concord costs as a platform grows: measures what one sign-up, one login and one sweep cost on this machine, and
 * multiplies. Prints the table of docs/scale.md.
 *
 *     npm run bench:growth [-- --users 100 --logins 30 --swept 20000]
 *
 * MongoDB, the PDS and the servers of the sweep are real processes; the Auth0 tenant is in this process.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import type { Db } from 'mongodb';
import { startMongod } from '../src/sandbox/servers/mongod.ts';
import { startPds } from '../src/sandbox/servers/pds.ts';
import { newLogin, newSignUp } from './support/entries.ts';
import { signUp } from './support/people.ts';
import { openPlatform, type Platform } from './support/platform.ts';
import { deliver, reconcileDue } from './support/reconciling.ts';
import { timed } from './support/work.ts';

const USERS = [100, 10_000, 1_000_000];
const YEARS = [1, 5, 10];
const DAYS = 365;
/** What the table takes for granted. */
const LOGINS_A_DAY = 1;
const SWEEPS_A_DAY = 1;

/** What one of something costs. */
interface Cost {
  /** On disk, documents and indexes. */
  readonly bytes: number;
  readonly auth0: number;
  readonly pds: number;
  /** Of one process. */
  readonly seconds: number;
}

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100' },
    logins: { type: 'string', default: '30' },
    swept: { type: 'string', default: '20000' },
  },
});
const [users, logins, swept] = [values.users, values.logins, values.swept].map(Number);
if (!users || !logins || !swept) throw new Error('--users, --logins and --swept are numbers above 0');

const { signedUp, login } = await measureUsers(users, logins);
const sweep = await measureSweep(swept);
print();

async function measureUsers(count: number, times: number): Promise<{ signedUp: Cost; login: Cost }> {
  const mongod = await startMongod();
  const secret = (): string => randomBytes(24).toString('hex');
  const pds = await startPds({ adminPassword: secret(), bypassKey: secret() });
  const platform = await openPlatform(mongod, pds);
  try {
    const people = Array.from({ length: count }, () => signUp(platform));
    const signedUp = await costOf(platform, count, async () => {
      await deliver(
        platform,
        people.flatMap(({ userId, email }) => newSignUp(userId, email)),
      );
      await reconcileDue(platform.engine.reconcile, 1);
    });
    const login = await costOf(platform, count * times, async () => {
      for (let round = 0; round < times; round += 1) {
        await deliver(
          platform,
          people.map(({ userId }) => newLogin(userId)),
        );
        await reconcileDue(platform.engine.reconcile, 1);
      }
    });
    return { signedUp, login };
  } finally {
    await platform.close();
    await pds.stop();
    await mongod.stop();
  }
}

async function costOf(platform: Platform, of: number, work: () => Promise<void>): Promise<Cost> {
  const before = { bytes: await bytesOf(platform.db), auth0: platform.auth0.requests.total() };
  const pds = countingFetches(platform.config.pds.url);
  const ms = await timed(work);
  const calls = pds.stop();
  return {
    bytes: ((await bytesOf(platform.db)) - before.bytes) / of,
    auth0: (platform.auth0.requests.total() - before.auth0) / of,
    pds: calls / of,
    seconds: ms / 1_000 / of,
  };
}

/** Of Concord's own collections, once everything is on disk. */
async function bytesOf(db: Db): Promise<number> {
  await db.admin().command({ fsync: 1 });
  const names = await db.listCollections({ name: /^concord\./ }, { nameOnly: true }).toArray();
  const sizes = names.map(async ({ name }) => {
    const { storageSize, totalIndexSize } = await db.command({ collStats: name });
    return Number(storageSize) + Number(totalIndexSize);
  });
  return (await Promise.all(sizes)).reduce((all, size) => all + size, 0);
}

function countingFetches(url: string): { stop(): number } {
  const { fetch } = globalThis;
  let count = 0;
  globalThis.fetch = (input, init) => {
    if (String(input instanceof Request ? input.url : input).startsWith(url)) count += 1;
    return fetch(input, init);
  };
  return {
    stop() {
      globalThis.fetch = fetch;
      return count;
    },
  };
}

/** Of one user in a sweep of many. */
async function measureSweep(count: number): Promise<Cost> {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const script = fileURLToPath(new URL(`./sweep-million.${suffix}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[script, '--users', String(count), '--json'],
  ]);
  const { rows } = JSON.parse(stdout) as {
    rows: { what: string; durationMs: number; requests: Record<'auth0' | 'pds', Record<string, number>> }[];
  };
  const row = rows.find(({ what }) => what === 'sweep');
  if (row === undefined) throw new Error('there was no sweep');
  const sum = (counts: Record<string, number>): number =>
    Object.values(counts).reduce((all, one) => all + one, 0);
  return {
    bytes: 0,
    auth0: sum(row.requests.auth0) / count,
    pds: sum(row.requests.pds) / count,
    seconds: row.durationMs / 1_000 / count,
  };
}

function print(): void {
  const lines = [
    '| one | bytes on disk | requests to Auth0 | requests to the PDS | seconds of one process |',
    '|---|---|---|---|---|',
    rowOf('sign-up', signedUp),
    rowOf('login of a user in sync', login),
    rowOf('user in a sweep', sweep),
    '',
    `With ${LOGINS_A_DAY} login a day of each user, and ${SWEEPS_A_DAY} sweep a day:`,
    '',
    '| users | on disk after 1 year | 5 years | 10 years | requests to Auth0 a day | to the PDS a day | busy a day |',
    '|---|---|---|---|---|---|---|',
    ...USERS.map(growthOf),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function rowOf(name: string, { bytes, auth0, pds, seconds }: Cost): string {
  return `| ${name} | ${rounded(bytes)} | ${rounded(auth0)} | ${rounded(pds)} | ${rounded(seconds)} |`;
}

function growthOf(count: number): string {
  const disk = YEARS.map((years) =>
    sizeText(count * (signedUp.bytes + login.bytes * LOGINS_A_DAY * DAYS * years)),
  );
  const daily = (what: 'auth0' | 'pds' | 'seconds'): number =>
    count * (login[what] * LOGINS_A_DAY + sweep[what] * SWEEPS_A_DAY);
  const cells = [count.toLocaleString('en'), ...disk, rounded(daily('auth0')), rounded(daily('pds'))];
  return `| ${cells.join(' | ')} | ${rounded(daily('seconds'))} s |`;
}

function rounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en', { maximumSignificantDigits: 2 });
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${rounded(bytes / 1_000 ** power)} ${units[power]}`;
}
