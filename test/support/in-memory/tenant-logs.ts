/** A tenant's log in memory: kept for a time, read on from a place, with what Auth0 may refuse. */
import { UpstreamError } from '../../../src/errors.ts';
import type { LogStream, TenantLogs } from '../../../src/ports/auth0.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import { type Hooks, hooked } from './hooks.ts';

export interface InMemoryTenantLogs extends TenantLogs {
  /** Something happened to somebody now. Returns the id of the entry. */
  write(who: Person, code?: string): string;
  retentionMs: number;
  streamsNow: readonly LogStream[];
  /** Places that Auth0 refuses, as if it had never given them out. */
  readonly unknownPlaces: Set<string>;
}

const PAGE = 100;

export function inMemoryTenantLogs(clock: Clock, hooks?: Hooks): InMemoryTenantLogs {
  const written: { readonly log_id: string; readonly date: string; readonly atMs: number }[] = [];
  const kept = () => {
    const oldestMs = clock.now().getTime() - logs.retentionMs;
    return written.filter(({ atMs }) => atMs >= oldestMs);
  };
  const pageOf = (entries: typeof written) => ({
    entries: entries.map(({ atMs: _, ...entry }) => entry),
    next: entries.at(-1)?.log_id,
  });
  const logs: InMemoryTenantLogs = {
    retentionMs: Number.POSITIVE_INFINITY,
    streamsNow: [],
    unknownPlaces: new Set(),
    write: ({ userId }, code = 's') => {
      const now = clock.now();
      const log_id = `900${String(written.length + 1).padStart(6, '0')}`;
      const entry = { log_id, type: code, user_id: userId, date: now.toISOString(), atMs: now.getTime() };
      written.push(entry);
      return log_id;
    },
    oldest: async () => pageOf(kept().slice(0, 1)),
    after: async (place) => {
      if (logs.unknownPlaces.has(place)) throw auth0Error('BAD_REQUEST');
      const page = pageOf(
        kept()
          .filter(({ log_id }) => log_id > place)
          .slice(0, PAGE),
      );
      return { ...page, next: page.next ?? place };
    },
    has: async (logId) => kept().some(({ log_id }) => log_id === logId),
    streams: async () => logs.streamsNow,
  };
  return hooked('logs', logs, { oldest: 'read', after: 'read', has: 'read', streams: 'read' }, hooks);
}

export function auth0Error(code: string, retryAfterMs?: number): UpstreamError {
  return new UpstreamError(`auth0 said ${code}`, { upstream: 'auth0', code, retryable: true, retryAfterMs });
}
