/**
 * What scanners, bugs and attackers send, byte for byte, to the server over the real log, queue and rejects:
 * each gets the answer it should, nothing of a stranger's is kept, and of the others only what can be read.
 */

import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { MIN_TOKEN_BYTES } from '../../src/config/schema.ts';
import { ingest } from '../../src/engine/intake/ingest.ts';
import { createServer, type ServerLimits } from '../../src/http/server.ts';
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
  type HostileRequest,
  NOW,
  OF_STRANGERS,
  OTHER_TENANTS_TOKEN,
  REFUSED,
  TOKEN,
} from './hostile-requests.ts';
import { IMPATIENT, tenant } from './test-server.ts';
import { exchange, listen, statusesOf } from './wire.ts';

const { db } = openWorld().connection;
let servers: FastifyInstance[];
let ports: { readonly patient: number; readonly impatient: number };
beforeAll(async () => {
  await ensureCollections(db);
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

const FIELDS = ['_id', 'at', 'cause', 'data', 'recordedAt', 'tenant', 'type', 'user'];
const DATA_FIELDS = ['code', 'hint', 'logId', 'raw'];
