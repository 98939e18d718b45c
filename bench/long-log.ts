/**
 * What a long log costs: questions and reconciliations on an empty log and on one of five million events, and the sizes of
 * what Concord stores. The events are of one week, of half a million users, which is the hardest for the history.
 *
 *     npm run bench:log [-- --events 5000000] [--json]
 *
 * MongoDB and the PDS are real; the Auth0 tenant is in this process.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Db } from 'mongodb';
import { timelineAnswer } from '../src/dashboard-data/timeline.ts';
import { userAnswer } from '../src/dashboard-data/user.ts';
import { explainUser } from '../src/engine/reports/explain-user.ts';
import { overview } from '../src/engine/reports/overview.ts';
import { createLogger } from '../src/logger.ts';
import { eraser } from '../src/mongo/log/erasure.ts';
import { startMongod } from '../src/sandbox/servers/mongod.ts';
import { startPds } from '../src/sandbox/servers/pds.ts';
import { wireEngine } from '../src/wiring/engine.ts';
import { wireOverview } from '../src/wiring/read-side.ts';
import { median } from './measure.ts';
import { events } from './support/million/events.ts';
import { firstHistory, RANGES } from './support/million/first-history.ts';
import { type Person, signUp } from './support/people.ts';
import { openPlatform, type Platform, TENANT_ID } from './support/platform.ts';
import { reconcileOne } from './support/reconciling.ts';
import { timed } from './support/work.ts';

const ROUNDS = 15;

interface Row {
  readonly what: string;
  /** Median, in milliseconds. */
  readonly emptyMs: number;
  readonly fullMs: number;
}

interface Size {
  readonly collection: string;
  readonly documents: number;
  /** On disk. */
  readonly bytes: number;
  readonly indexes: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '5000000' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.events);

const mongod = await startMongod({ uri: process.env['MONGODB_URI'] });
const secret = (): string => randomBytes(24).toString('hex');
const pds = await startPds({ adminPassword: secret(), bypassKey: secret() });
const platform = await openPlatform(mongod, pds);
try {
  const empty = await ask(platform);
  say(`writing ${count} events`);
  const seconds = (await timed(() => events(platform.db, TENANT_ID, count))) / 1_000;
  say(`written in ${Math.round(seconds)} s`);
  // What is measured is not what the server still owes of the writing.
  await platform.db.admin().command({ fsync: 1 });
  const full = await ask(platform);
  const rows = [...empty].map(([what, emptyMs]): Row => ({ what, emptyMs, fullMs: full.get(what) ?? 0 }));
  const sizes = await sizesOf(platform.db);
  if (values.json) process.stdout.write(`${JSON.stringify({ rows, sizes })}\n`);
  else print(rows, sizes);
} finally {
  await platform.close();
  await pds.stop();
  await mongod.stop();
}

/** Each question by its name, in milliseconds. */
async function ask(platform: Platform): Promise<ReadonlyMap<string, number>> {
  const { engine, config, db } = platform;
  const times = new Map<string, number>();
  const measure = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await timed(work));
    times.set(what, median(rounds));
  };
  const people = Array.from({ length: ROUNDS }, () => signUp(platform));
  let next = 0;
  await measure('reconciliation of a sign-up', async () => {
    const person = people[next++];
    if (person !== undefined) await reconcileOne(engine.reconcile, person.trigger);
  });
  const [whole] = people;
  if (whole === undefined) throw new Error('no user signed up');
  await measure('reconciliation of a user in sync', () => reconcileOne(engine.reconcile, whole.trigger));
  await measure('events, the newest 50', () => newest(platform, undefined));
  await measure('events of one user', () => newest(platform, whole));
  await measure('explain, page and timeline of one user', () => show(platform, whole));
  const side = wireOverview(config);
  await measure('status', () => overview(side.overview, side.tenants, side.expected, new Date()));
  await side.close();
  for (const range of RANGES) {
    const fresh = wireEngine(config, createLogger({ level: 'warn' }));
    const { answeredMs, countedMs } = await firstHistory(fresh, range);
    times.set(`history ${range}, the first answer`, answeredMs);
    times.set(`history ${range}, counted`, countedMs);
    await fresh.close();
  }
  const unknown = { ...whole.trigger, user: whole.user, addresses: ['no-user@example.com'] };
  times.set(
    'forget, the search of the whole log',
    await timed(() => eraser(db).blankMentions(unknown, async () => undefined)),
  );
  return times;
}

async function newest({ engine }: Platform, who: Person | undefined): Promise<void> {
  const query = { newestFirst: true, limit: 50, ...(who === undefined ? {} : { user: who.user }) };
  for await (const event of engine.log.read(query))
    if (event.at === undefined) throw new Error('an odd event');
}

async function show({ engine }: Platform, { user, userId }: Person): Promise<void> {
  const { oneUser, clock } = engine;
  const [tenant] = oneUser.tenants;
  if (tenant === undefined) throw new Error('there is no tenant');
  const deps = { ...oneUser.assess, pages: oneUser.pages };
  await explainUser(deps, { user, userId, tenant }, clock.now(), { isOffline: true });
  await userAnswer(oneUser, user);
  await timelineAnswer({ ...oneUser, subjects: engine.subjects }, user, undefined);
}

/** Once everything is on disk. */
async function sizesOf(db: Db): Promise<Size[]> {
  await db.admin().command({ fsync: 1 });
  const names = await db.listCollections({ name: /^concord\./ }, { nameOnly: true }).toArray();
  const sizes = names.map(async ({ name }): Promise<Size> => {
    const stats = await db.command({ collStats: name });
    const { count: documents, storageSize, indexSizes } = stats;
    return { collection: name, documents, bytes: storageSize, indexes: indexSizes };
  });
  return (await Promise.all(sizes)).filter(({ documents }) => documents > 0);
}

function print(rows: readonly Row[], sizes: readonly Size[]): void {
  const { stdout } = process;
  stdout.write(`| | empty log | ${count.toLocaleString('en')} events |\n|---|---|---|\n`);
  for (const { what, emptyMs, fullMs } of rows)
    stdout.write(`| ${what} | ${msText(emptyMs)} | ${msText(fullMs)} |\n`);
  stdout.write('\n| collection | documents | on disk | its indexes |\n|---|---|---|---|\n');
  for (const { collection, documents, bytes, indexes } of sizes) {
    const named = Object.entries(indexes).map(([name, size]) => `${name} ${mbText(size)}`);
    stdout.write(
      `| \`${collection}\` | ${documents.toLocaleString('en')} | ${mbText(bytes)} | ${named.join(', ')} |\n`,
    );
  }
}

function msText(ms: number): string {
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function mbText(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
