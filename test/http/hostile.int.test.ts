/**
 * What scanners, bugs and attackers send, byte for byte, to the server over the real log, queue and rejects:
 * each gets the answer it should, nothing of a stranger's is kept, and of the others only what can be read.
 */

import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { MIN_TOKEN_BYTES } from '../../src/config/schema.ts';
import { ingest } from '../../src/engine/intake/ingest.ts';
import { createServer, DEFAULT_SERVER_LIMITS, type ServerLimits } from '../../src/http/server.ts';
import { eventLog } from '../../src/mongo/log/event-log.ts';
import { ignoredTotals } from '../../src/mongo/log/ignored.ts';
import { rejects } from '../../src/mongo/log/rejects.ts';
import { ensureCollections } from '../../src/mongo/setup/indexes.ts';
import { workQueue } from '../../src/mongo/subjects/work-queue.ts';
import { openWorld } from '../mongo/world.ts';
import { silent } from '../support/platform.ts';
import { runProgram } from '../support/program.ts';
import { TAKEN } from './hostile-entries.ts';
import {
  entryOf,
  type HostileRequest,
  NOW,
  OF_STRANGERS,
  OTHER_TENANTS_TOKEN,
  post,
  REFUSED,
  request,
  TOKEN,
} from './hostile-requests.ts';
import { IMPATIENT, tenant } from './test-server.ts';
import { exchange, listen, statusesOf } from './wire.ts';

const { db } = openWorld().connection;
let servers: FastifyInstance[];
let ports: { readonly patient: number; readonly impatient: number };
beforeAll(async () => {
  await ensureCollections(db);
  // The requests are of a fixed day, so MongoDB would remove what is kept of them.
  await db.collection('concord.rejects').dropIndex('last_at');
  servers = [server({}), server(IMPATIENT)];
  const [patient = 0, impatient = 0] = await Promise.all(servers.map(listen));
  ports = { patient, impatient };
});
afterAll(async () => {
  await Promise.all(servers.map((each) => each.close()));
  const all = OF_STRANGERS.length + REFUSED.length + TAKEN.length;
  process.stdout.write(
    `S1: ${asTheyShould} of ${all} hostile requests answered as they should be, nothing stored from ${OF_STRANGERS.length} unauthenticated ones, a token of ${MIN_TOKEN_BYTES - 1} bytes stops the start\n`,
  );
});
afterEach(async () => {
  for (const { name } of await db.listCollections().toArray()) await db.collection(name).deleteMany({});
});

let asTheyShould = 0;

function server(limits: Partial<ServerLimits>): FastifyInstance {
  const stores = {
    log: eventLog(db),
    queue: workQueue(db),
    rejects: rejects(db),
    ignored: ignoredTotals(db),
    clock: { now: () => NOW },
  };
  return createServer({
    tenants: [tenant('first', TOKEN), { ...tenant('second', OTHER_TENANTS_TOKEN), keyPrefix: 'second-' }],
    ingest: (to, entries, unreadable) => ingest(stores, to, entries, unreadable),
    ready: async () => {},
    log: silent(),
    limits,
  });
}

async function send({ bytes, slow }: HostileRequest): Promise<string> {
  if (slow === undefined) return exchange(ports.patient, bytes);
  return exchange(ports.impatient, bytes, slow === 'drips' ? 10 : undefined);
}

/** Every document in the database, by the collections that have any. */
async function stored(): Promise<Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>> {
  const names = (await db.listCollections().toArray()).map(({ name }) => name);
  const found = await Promise.all(
    names.map(async (name) => [name, await db.collection(name).find().toArray()] as const),
  );
  return Object.fromEntries(found.filter(([, documents]) => documents.length > 0));
}

function rowsOf(requests: readonly HostileRequest[]) {
  return requests.map((request) => [request.reason, request] as const);
}

async function expectAnswers(request: HostileRequest): Promise<void> {
  const answer = await send(request);
  expect(statusesOf(answer)).toEqual(request.answers);
  expect(answer).not.toContain('SECRET');
  expect(answer).not.toContain(TOKEN);
}

test('a token that is too short stops the start, and is not repeated', async () => {
  const token = 'S'.repeat(MIN_TOKEN_BYTES - 1);
  const { code, stderr } = await runProgram(['serve'], { env: { AUTH0_LOG_TOKEN: token } });
  expect(code).toBe(1);
  expect(stderr).toContain(`tenants[0].logTokens[0]: must be at least ${MIN_TOKEN_BYTES} bytes long`);
  expect(stderr).not.toContain(token);
});

test.each(rowsOf(OF_STRANGERS))('a stranger: %s', async (_reason, request) => {
  await expectAnswers(request);
  expect(await stored()).toEqual({});
  asTheyShould += 1;
});

test.each(rowsOf(REFUSED))('refused: %s', async (_reason, request) => {
  await expectAnswers(request);
  expect(await stored()).toEqual({});
  asTheyShould += 1;
});

test.each(rowsOf(TAKEN))('taken in: %s', async (_reason, request) => {
  await expectAnswers(request);
  const {
    'concord.events': events = [],
    'concord.subjects': due = [],
    'concord.rejects': rejected = [],
    // Totals by reason, with nothing of what was sent.
    'concord.ignored': ignored = [],
    ...others
  } = await stored();
  const { kept = {} } = request;
  for (const total of ignored)
    expect(Object.keys(total).sort()).toEqual(['_id', 'count', 'firstAt', 'lastAt', 'reason', 'tenant']);
  expect(events.map(({ _id }) => _id).sort()).toEqual([...(kept.events ?? [])].sort());
  expect(due.map(({ _id }) => _id)).toEqual(kept.due ?? []);
  expect(rejected.map(({ reason }) => reason).sort()).toEqual(kept.rejects ?? []);
  expect(others).toEqual({});
  for (const event of events) {
    expect(Object.keys(event).sort()).toEqual(FIELDS);
    expect(Object.keys(event['data'] ?? {}).sort()).toEqual(DATA_FIELDS);
    if (kept.at !== undefined) expect(event['at']).toEqual(new Date(kept.at));
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
  asTheyShould += 1;
});

const LIMIT = DEFAULT_SERVER_LIMITS.bodyLimitBytes;

/** As many different lines as fit into a delivery, after one that is an entry. */
function brokenLines(): string {
  const lines = [JSON.stringify(entryOf('1'))];
  for (let length = lines.join('').length, at = 0; length < LIMIT - 20; at += 1) {
    lines.push(`{"${at}`);
    length += `${at}`.length + 3;
  }
  return lines.join('\n');
}

/** An entry, and then as many different numbers as fit. */
function numbers(): string {
  const count = Math.floor((LIMIT - 500) / 7);
  return `[${JSON.stringify(entryOf('1'))},${Array.from({ length: count }, (_, at) => at + 100_000).join(',')}]`;
}

test.each([
  ['broken lines', brokenLines, ['the line is not JSON']],
  [
    'numbers',
    numbers,
    ['more entries of one delivery could not be read than are kept', 'the entry is not an object'],
  ],
])(
  '2 MiB of %s cost no more than a small delivery, and others are answered meanwhile',
  async (_what, bodyOf, reasons) => {
    const body = bodyOf();
    const items = _what === 'broken lines' ? body.split('\n').length : body.split(',').length - 3;
    const heapBefore = process.memoryUsage().heapUsed;
    let heapMost = heapBefore;
    let slowestMs = 0;
    let isAnswered = false;
    const begun = performance.now();
    const posting = exchange(ports.patient, post(body)).then((answer) => {
      isAnswered = true;
      return answer;
    });
    while (!isAnswered) {
      const asked = performance.now();
      expect(
        statusesOf(await exchange(ports.patient, request('GET /healthz HTTP/1.1', ['Connection: close']))),
      ).toEqual([200]);
      slowestMs = Math.max(slowestMs, performance.now() - asked);
      heapMost = Math.max(heapMost, process.memoryUsage().heapUsed);
    }
    const answer = await posting;
    const tookMs = Math.round(performance.now() - begun);

    expect(statusesOf(answer)).toEqual([200]);
    const { 'concord.events': events = [], 'concord.rejects': rejected = [] } = await stored();
    expect(events.map(({ _id }) => _id)).toEqual(['first:1']);
    expect([...new Set(rejected.map(({ reason }) => reason))].sort()).toEqual(reasons);
    expect(rejected.length).toBeLessThanOrEqual(102);
    const total = rejected.reduce((sum, { count }) => sum + Number(count), 0);
    expect(total).toBe(items - 1);
    expect(answer).toContain(`"accepted":1,"duplicates":0,"ignored":0,"rejected":${total}`);
    expect(tookMs).toBeLessThan(10_000);
    expect(slowestMs).toBeLessThan(2_000);
    const heapMb = Math.round((heapMost - heapBefore) / 2 ** 20);
    expect(heapMb).toBeLessThan(300);
    process.stdout.write(
      `2 MiB of ${_what}: ${total} rejected in ${tookMs} ms, ${rejected.length} kept, ${heapMb} MB, others answered within ${Math.round(slowestMs)} ms\n`,
    );
  },
);

const FIELDS = ['_id', 'at', 'cause', 'data', 'recordedAt', 'tenant', 'type', 'user'];
const DATA_FIELDS = ['code', 'hint', 'logId', 'raw'];
