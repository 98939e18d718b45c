/** P4 and P5: deliveries of a hundred entries by HTTP, each side a server in a process of its own. */
import { randomBytes } from 'node:crypto';
import type { Bench, Claim, Family } from '../claim.ts';
import type { Side } from '../measure.ts';
import { openDatabase } from '../support/database.ts';
import { BATCH, type Entry, newBatch, repeatedBatch } from '../support/entries.ts';
import { postKept, type Sender, sender } from '../support/post.ts';
import { type Server, type ServerStart, startServer } from '../support/servers.ts';
import { atOnce, rateOf } from '../support/work.ts';

const unit = 'logs/s';
const bare = 'bare Fastify, zod and insertMany';
const P4a: Claim = {
  id: 'P4a',
  name: 'POST of 100, a JSON array, about 30 new users',
  against: bare,
  unit,
  aim: { atLeast: 0.8 },
};
const P4b: Claim = { ...P4a, id: 'P4b', name: 'POST of 100, JSON lines, about 30 new users' };
const P4c: Claim = { ...P4a, id: 'P4c', name: 'POST of 100, a JSON array, 100 new users' };
const P4d: Claim = { ...P4a, id: 'P4d', name: 'POST of 100, a JSON array, about 30 known users' };
const P5a: Claim = {
  id: 'P5a',
  name: 'POST of 100, 8 connections',
  against: "the seed's handler, connecting once a delivery",
  unit,
  aim: { atLeast: 20 },
};
const P5b: Claim = {
  ...P5a,
  id: 'P5b',
  against: "the seed's handler, connecting once an entry",
  aim: { atLeast: 120 },
};

const CONNECTIONS = 8;
/** Few enough to be known after the round that is not counted. */
const REGULARS = 600;
const TOKEN = randomBytes(32).toString('hex');

export const webhook: Family = { claims: [P4a, P4b, P4c, P4d, P5a, P5b], measure };

async function measure(bench: Bench): Promise<void> {
  const database = await openDatabase(await bench.mongod());
  const start: ServerStart = { uri: database.uri, database: database.name, token: TOKEN };
  const started: (Server | Sender)[] = [];
  const to = async (which: Parameters<typeof startServer>[0], options: ServerStart): Promise<Sender> => {
    const server = await startServer(which, options);
    const connected = sender(server.url, TOKEN, CONNECTIONS);
    started.push(server, connected);
    return connected;
  };
  const ours = await to('ours', start);
  const limit = await to('bare', start);
  const deliveries = bench.quick ? 24 : 80;
  const rounds = { full: 36, quick: 6 };

  const arrays = posting(deliveries, () => asArray(newBatch()));
  await bench.compare(P4a, { ours: arrays(ours), against: arrays(limit) }, rounds);
  const lines = posting(deliveries, () => asLines(newBatch()));
  await bench.compare(P4b, { ours: lines(ours), against: lines(limit) }, rounds);
  const crowds = posting(deliveries, () => asArray(newBatch(1)));
  await bench.compare(P4c, { ours: crowds(ours), against: crowds(limit) }, rounds);
  const regulars = posting(deliveries, () => asArray(repeatedBatch(REGULARS)));
  await bench.compare(P4d, { ours: regulars(ours), against: regulars(limit) }, rounds);

  // The seed is so much slower that both sides cannot do the same amount in the same time.
  const few = bench.quick ? 8 : 16;
  const seed = { full: 30, quick: 3 };
  const against = posting(few, () => asArray(newBatch()));
  const perDelivery = against(await to('seed', start));
  await bench.compare(P5a, { ours: arrays(ours), against: perDelivery }, seed);
  // An eighth of a delivery each, for what connects a hundred times would take a minute.
  const small = posting(CONNECTIONS, () => asArray(newBatch().slice(0, 12)), 12);
  const perEntry = small(await to('seed', { ...start, perEntry: true }));
  await bench.compare(P5b, { ours: arrays(ours), against: perEntry }, seed);

  for (const part of started) await ('stop' in part ? part.stop() : part.close());
  await database.close();
}

/** Makes the bodies before the time is taken. */
function posting(deliveries: number, body: () => Buffer, entries = BATCH): (to: Sender) => Side {
  return (to) => async () => {
    const bodies = Array.from({ length: deliveries }, body);
    return rateOf(deliveries * entries, () => atOnce(CONNECTIONS, bodies, (each) => postKept(to, each)));
  };
}

function asArray(batch: readonly Entry[]): Buffer {
  return Buffer.from(JSON.stringify(batch));
}

function asLines(batch: readonly Entry[]): Buffer {
  return Buffer.from(batch.map((entry) => JSON.stringify(entry)).join('\n'));
}
