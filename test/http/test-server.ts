import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { ingest } from '../../src/engine/intake/ingest.ts';
import { createServer, type ServerDeps } from '../../src/http/server.ts';
import type { WebhookTenant } from '../../src/http/webhook.ts';
import { parseTenantId } from '../../src/identity.ts';
import { type InMemoryStores, inMemoryStores } from './in-memory-stores.ts';

export const TOKEN = 'first-token-0123456789-0123456789';
export const NEXT_TOKEN = 'next-token-of-another-length';
export const WEBHOOK = '/webhooks/auth0/first';
/** Of the event stream, which only the first tenant has. */
export const EVENT_TOKEN = 'event-token-0123456789-0123456789';
export const EVENTS = `${WEBHOOK}/events`;

/** Limits by which a request that does not arrive is late within the second. */
export const IMPATIENT = { headersTimeoutMs: 100, requestTimeoutMs: 200, lateCheckMs: 20 } as const;

export function tenant(id: string, ...logTokens: string[]): WebhookTenant {
  const parsed = parseTenantId(id);
  if (parsed === undefined) throw new Error('not a tenant id');
  return { id: parsed, keyPrefix: '', logTokens };
}

export interface TestServer {
  readonly app: FastifyInstance;
  readonly stores: InMemoryStores;
  /** Every line the logger has written, at every level. */
  readonly logLines: string[];
}

/** A server over in-memory stores, closed when the test ends. */
export function testServer(overrides: Partial<ServerDeps> = {}): TestServer {
  const stores = inMemoryStores(new Date('2025-10-16T08:00:00.000Z'));
  const logLines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      logLines.push(String(chunk));
      done();
    },
  });
  const app = createServer({
    tenants: [
      { ...tenant('first', TOKEN, NEXT_TOKEN), eventTokens: [EVENT_TOKEN] },
      tenant('second', 'Bearer typed-with-the-scheme'),
    ],
    ingest: (to, entries, unreadable, source) => ingest(stores, to, entries, unreadable, source),
    ready: async () => {},
    log: pino({ level: 'trace' }, destination),
    ...overrides,
  });
  onTestFinished(async () => {
    await app.close();
  });
  return { app, stores, logLines };
}

export function entry(logId: string, userId = 'auth0|alice'): unknown {
  return { log_id: logId, data: { type: 'ss', user_id: userId, date: '2025-10-14T13:29:20.565Z' } };
}
