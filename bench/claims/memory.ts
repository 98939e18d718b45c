/** M1 to M3: what stays resident, of everyone, of a long time, and of too much at once. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench, Claim, Family } from '../claim.ts';
import { median } from '../measure.ts';
import { type Database, openDatabase } from '../support/database.ts';
import { type Entry, newBatch, TENANT } from '../support/entries.ts';
import { flood } from '../support/flood.ts';
import { postKept, sender } from '../support/post.ts';
import { type Server, startServer } from '../support/servers.ts';

const MIB = 1024 * 1024;
const M1a: Claim = {
  id: 'M1a',
  name: 'sweep, bytes of peak resident memory for each further user',
  against: 'a tenth of the users',
  unit: 'MiB',
  aim: { atMost: 40 },
};
const M1b: Claim = {
  ...M1a,
  id: 'M1b',
  name: 'the same, peak in MiB',
  against: 'the limit',
  aim: { atMost: 300 },
};
const M2: Claim = {
  id: 'M2',
  name: 'ingest, resident memory at the end of a soak',
  against: 'after its first minute',
  unit: 'MiB',
  aim: { atMost: 1.1 },
};
const M3a: Claim = {
  id: 'M3a',
  name: 'ten times the rate it can take, peak in MiB',
  against: 'the limit',
  unit: 'MiB',
  aim: { atMost: 360 },
};
const M3b: Claim = {
  id: 'M3b',
  name: 'the same, answers that are neither 200 nor come later',
  against: 'all answers',
  unit: 'answers',
  aim: { atMost: 0 },
};
const M3c: Claim = {
  id: 'M3c',
  name: 'the same, acknowledged entries that are not in the log',
  against: 'all acknowledged',
  unit: 'entries',
  aim: { atMost: 0 },
};

const TOKEN = randomBytes(32).toString('hex');
const SWEEP = fileURLToPath(new URL('../sweep-million.js', import.meta.url));

export const memory: Family = { claims: [M1a, M1b, M2, M3a, M3b, M3c], measure };

async function measure(bench: Bench): Promise<void> {
  if (bench.wants(M1a) || bench.wants(M1b)) await sweepMemory(bench);
  if (bench.wants(M2)) await withServer(bench, (server) => soak(bench, server));
  if ([M3a, M3b, M3c].some((claim) => bench.wants(claim))) {
    await withServer(bench, (server, database) => overload(bench, server, database));
  }
}

async function sweepMemory(bench: Bench): Promise<void> {
  const users = bench.quick ? 50_000 : 1_000_000;
  const [few, many] = await peaksOfSweep([users / 10, users]);
  if (few === undefined || many === undefined) throw new Error('a sweep was not measured');
  bench.reportFigure(M1a, { ours: many, against: few, ratio: ((many - few) * MIB) / (users * 0.9) });
  bench.reportFigure(M1b, { ours: many, against: 300, ratio: many });
}

/** The highest resident memory of the process that sweeps, in MiB, for each number of users. */
async function peaksOfSweep(sizes: readonly number[]): Promise<number[]> {
  const args = sizes.flatMap((users) => ['--users', String(users)]);
  const { stdout } = await promisify(execFile)(process.execPath, [SWEEP, '--json', ...args]);
  const { rows } = JSON.parse(stdout) as {
    readonly rows: readonly { readonly what: string; readonly peakMiB: number }[];
  };
  return rows.filter(({ what }) => what === 'sweep').map(({ peakMiB }) => peakMiB);
}

async function withServer(
  bench: Bench,
  work: (server: Server, database: Database) => Promise<void>,
): Promise<void> {
  const database = await openDatabase(await bench.mongod());
  const server = await startServer('ours', { uri: database.uri, database: database.name, token: TOKEN });
  await work(server, database);
  await server.stop();
  await database.close();
}

/** Deliveries one after another on each connection, for as long as it takes. */
async function soak(bench: Bench, server: Server): Promise<void> {
  const [warm, whole] = bench.quick ? [4_000, 10_000] : [60_000, 300_000];
  const window = warm / 4;
  const to = sender(server.url, TOKEN, 4);
  const startedAt = performance.now();
  const passed = (): number => performance.now() - startedAt;
  const sending = Array.from({ length: 4 }, async () => {
    while (passed() < whole) await postKept(to, Buffer.from(JSON.stringify(newBatch())));
  });
  const early: number[] = [];
  const late: number[] = [];
  const watching = async (): Promise<void> => {
    while (passed() < whole) {
      const { rss } = await server.memory();
      if (passed() >= warm && passed() < warm + window) early.push(rss / MIB);
      if (passed() >= whole - window) late.push(rss / MIB);
      await delay(200);
    }
  };
  await Promise.all([...sending, watching()]);
  to.close();
  const [ours, against] = [median(late), median(early)];
  bench.reportFigure(M2, { ours, against, ratio: ours / against });
}

async function overload(bench: Bench, server: Server, database: Database): Promise<void> {
  const bodies = Array.from({ length: 600 }, () => {
    const batch = newBatch();
    return { batch, body: Buffer.from(JSON.stringify(batch)) };
  });
  const kept = new Set<number>();
  const outcome = await flood({
    url: server.url,
    token: TOKEN,
    bodies: bodies.map(({ body }) => body),
    seconds: bench.quick ? 3 : 20,
    times: 10,
    onKept: (at) => kept.add(at),
  });
  const { peak } = await server.memory();
  bench.reportFigure(M3a, { ours: peak / MIB, against: 360, ratio: peak / MIB });
  const { answers, improper } = outcome;
  bench.reportFigure(M3b, { ours: improper, against: answers, ratio: improper });
  const acknowledged = [...kept].flatMap((at) => bodies[at]?.batch ?? []);
  const lost = acknowledged.length - (await stored(database, acknowledged));
  bench.reportFigure(M3c, { ours: lost, against: acknowledged.length, ratio: lost });
}

async function stored({ bare }: Database, entries: readonly Entry[]): Promise<number> {
  const events = bare.collection<{ _id: string }>('concord.events');
  const ids = entries.map(({ log_id }) => `${TENANT.id}:${log_id}`);
  let found = 0;
  for (let from = 0; from < ids.length; from += 1_000) {
    found += await events.countDocuments({ _id: { $in: ids.slice(from, from + 1_000) } });
  }
  return found;
}
