/**
 * Log entries as a log stream delivers them: invented people, real shapes, about 600 bytes each. One sign-up is
 * three or four entries in a second or two, so a batch of a hundred is about thirty people.
 */
import { logSource } from '../../src/engine/intake/auth0-log.ts';
import type { LogTenant } from '../../src/engine/intake/delivered.ts';
import type { ReceivedEvent } from '../../src/events/event.ts';
import { parseTenantId } from '../../src/identity.ts';

export const BATCH = 100;
const ENTRIES_A_USER = 3.3;

export interface Entry {
  log_id: string;
  data: Record<string, unknown> & { log_id: string; user_id: string };
}

export const TENANT: LogTenant = { id: tenantId('bench'), keyPrefix: '' };

function tenantId(text: string) {
  const id = parseTenantId(text);
  if (id === undefined) throw new Error(`${text} is no id of a tenant`);
  return id;
}

/** Numbers that no other entry of this process has, and no entry of an earlier one that ran on the same database. */
let entries = Date.now() * 1_000;
let people = Date.now();
let repeated = 0;

/** A hundred entries about people whom nobody has heard of. */
export function newBatch(entriesAUser: number = ENTRIES_A_USER): Entry[] {
  const first = people;
  people += Math.ceil(BATCH / entriesAUser);
  return batchFrom(first, entriesAUser);
}

/** A hundred entries about some of so many people, who come again and again. */
export function repeatedBatch(outOf: number): Entry[] {
  repeated = (repeated + Math.ceil(BATCH / ENTRIES_A_USER)) % outOf;
  return batchFrom(repeated, ENTRIES_A_USER);
}

function batchFrom(first: number, entriesAUser: number): Entry[] {
  return Array.from({ length: BATCH }, (_, at) => newEntry(first + Math.floor(at / entriesAUser), at));
}

export function newEntry(person: number, kind: number): Entry {
  const log_id = `9002025101413292080000000000000000000${String(entries++).padStart(19, '0')}`;
  const user_id = `auth0|${person.toString(16).padStart(24, '0')}`;
  const email = `person-${person}@example.com`;
  const isSignUp = kind % 2 === 0;
  return {
    log_id,
    data: {
      date: new Date().toISOString(),
      type: isSignUp ? 'ss' : 'sv',
      user_id,
      user_name: email,
      description: isSignUp ? '' : 'Your email was verified. You can continue using the application.',
      details: isSignUp
        ? {
            body: {
              email,
              connection: 'Username-Password-Authentication',
              tenant: 'bench',
              password: '*****',
            },
          }
        : { title: 'Email Verified', email, query: { user_id, email, tenant: 'bench', idp_user_id: null } },
      connection: 'Username-Password-Authentication',
      connection_id: 'con_bench',
      client_id: 'cli_bench',
      client_name: 'web',
      strategy: 'auth0',
      strategy_type: 'database',
      ip: '203.0.113.7',
      user_agent: 'Firefox 143.0.0 / Linux 0.0.0',
      log_id,
      tenant_name: 'bench',
      environment_name: 'prod-us-1',
      hostname: 'bench.us.auth0.com',
    },
  };
}

/** What Auth0 sends when this person signs up and verifies the address. */
export function newSignUp(userId: string, email: string): Entry[] {
  return [0, 1].map((kind) => {
    const entry = newEntry(0, kind);
    return { ...entry, data: { ...entry.data, user_id: userId, user_name: email } };
  });
}

/** A login of a user with a password. */
export function newLogin(userId: string): Entry {
  const entry = newEntry(0, 0);
  const { details: _details, ...data } = entry.data;
  return { ...entry, data: { ...data, type: 's', user_id: userId, user_name: `${userId}@example.com` } };
}

/** The same entries as the log keeps them. */
export function eventsOf(batch: readonly Entry[]): ReceivedEvent[] {
  const receivedAt = new Date();
  return batch.map((entry) => {
    const translation = logSource.translate(entry, TENANT, receivedAt);
    if (translation.type !== 'accepted') throw new Error('an invented entry was not accepted');
    return translation.event;
  });
}
