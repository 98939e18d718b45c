/** Deliveries of many entries at once to the webhook of a platform, each repeated until it is acknowledged, as Auth0 does. */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { createServer } from '../../../src/http/server.ts';
import type { Engine } from '../../../src/wiring/engine.ts';
import { type Platform, silent, TENANT } from '../../support/platform.ts';

export const PER_POST = 100;
export const SENDERS = 8;
/** One sign-up is three or four entries, which come together. */
const ENTRIES_PER_USER = 4;

export interface Webhook {
  readonly endpoint: URL;
  close(): Promise<void>;
}

export interface Load {
  /** The ids of the entries of each delivery that was answered with 200. */
  readonly acknowledged: readonly (readonly string[])[];
  /** When each of them was, as `performance.now()` says it. */
  readonly acknowledgedAt: readonly number[];
  /** The status of every other answer; 0 where none came. */
  readonly refusals: readonly number[];
  /** When all are acknowledged. */
  readonly done: Promise<unknown>;
}

/** As `concord serve` builds it, with nobody at work on who is due: that would only slow the load down. */
export async function listen(world: Platform, engine: Engine): Promise<Webhook> {
  const { log, queue, clock, rejects, ignored } = engine;
  const stores = { log, queue, clock, rejects, ignored };
  const server = createServer({
    tenants: world.config().tenants,
    ingest: (tenant, entries, unreadable) => ingest(stores, tenant, entries, unreadable),
    ready: () => engine.ping(1_000),
    log: silent(),
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    endpoint: new URL(`/webhooks/auth0/${TENANT}`, address),
    close: async () => {
      await server.close();
    },
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });

/** The status, and 0 when no answer came. */
export function post(endpoint: URL, token: string, ids: readonly string[]): Promise<number> {
  const body = JSON.stringify(ids.map((id, at) => entry(id, userOf(ids, at))));
  return new Promise((resolve) => {
    const options = { method: 'POST', agent, headers: { authorization: token } };
    const sent = request(endpoint, options, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

export function newIds(count = PER_POST): string[] {
  return Array.from({ length: count }, () => randomBytes(12).toString('hex'));
}

export function startLoad(endpoint: URL, token: string, entries: number): Load {
  const acknowledged: string[][] = [];
  const acknowledgedAt: number[] = [];
  const refusals: number[] = [];
  const send = async (): Promise<void> => {
    while (acknowledged.length * PER_POST < entries) {
      const ids = newIds();
      for (let status = 0; status !== 200; ) {
        status = await post(endpoint, token, ids);
        if (status !== 200) refusals.push(status);
      }
      acknowledged.push(ids);
      acknowledgedAt.push(performance.now());
    }
  };
  return { acknowledged, acknowledgedAt, refusals, done: Promise.all(Array.from({ length: SENDERS }, send)) };
}

/** Acknowledged entries that are not in the log, and users of them that are not due. */
export async function missingOf(
  { db }: Platform,
  acknowledged: readonly (readonly string[])[],
): Promise<{ readonly lost: number; readonly forgotten: number }> {
  const stored = new Set<string>();
  const events = db.collection<{ _id: string }>('concord.events');
  for await (const { _id } of events.find({}, { projection: { _id: 1 }, batchSize: 50_000 })) stored.add(_id);
  const subjects = db.collection<{ _id: string }>('concord.subjects');
  const due = new Set((await subjects.find({ due: { $exists: true } }).toArray()).map(({ _id }) => _id));
  const users = acknowledged.flatMap((batch) => batch.map((_id, at) => userOf(batch, at)));
  return {
    lost: acknowledged.flat().filter((id) => !stored.has(`${TENANT}:${id}`)).length,
    forgotten: users.filter((user) => !due.has(user)).length,
  };
}

function entry(log_id: string, user_id: string): unknown {
  const date = new Date().toISOString();
  return { log_id, data: { log_id, type: 'ss', user_id, date, client_name: 'platform', ip: '203.0.113.7' } };
}

/** Who the entry of a batch is about. */
function userOf(batch: readonly string[], at: number): string {
  return `auth0|${batch[at - (at % ENTRIES_PER_USER)]}`;
}
