/**
 * The tenant's log by checkpoint, which has no cap and fills the gaps that a log stream leaves, and
 * the state of the log streams themselves.
 *
 * Read by checkpoint the log is in the order of its ids and not of its dates, so that nothing comes in late
 * behind a place that has been read: nothing is read twice for safety's sake.
 * Source: auth0.com/docs, retrieve log events using the Management API.
 */
import { z } from 'zod';
import type { LogPage, TenantLogs } from '../ports/auth0.ts';
import type { Auth0Client } from './client.ts';

const ENTRIES_A_PAGE = 100;
/** An entry of the log may carry a whole request and its answer. */
const MAX_PAGE_BYTES = 32 * 1024 * 1024;

/** Without what the SDK adds by itself: the answer is then the bare list. */
const BARE = { page: null, per_page: null, include_totals: null };

const Entries = z.array(z.unknown());
export const Identified = z.object({ log_id: z.string().min(1) });
const NoSuchEntry = z.object({ statusCode: z.literal(404) });
export const LogStreams = z.array(
  z.object({
    id: z.string(),
    status: z.enum(['active', 'paused', 'suspended']),
    sink: z.object({ httpEndpoint: z.string() }).optional().catch(undefined),
  }),
);

/** Needs the scopes read:logs and read:log_streams. Throws UpstreamError; every method may be repeated. */
export function createTenantLogs(client: Auth0Client): TenantLogs {
  return {
    oldest: () =>
      client.call({
        method: 'GET',
        route: 'logs.oldest',
        // By search, because nothing says what a read by checkpoint begins with that names no checkpoint.
        send: async (sdk) => (await sdk.logs()).list({ ...BARE, sort: 'date:1', page: 0, per_page: 1 }),
        bucket: 'logs',
        maxBytes: MAX_PAGE_BYTES,
        parse: (body) => pageOf(Entries.parse(body), undefined),
      }),
    after: (place) =>
      client.call({
        method: 'GET',
        route: 'logs.list',
        // The SDK knows no checkpoints. Beside one, Auth0 ignores every other parameter.
        send: async (sdk) =>
          (await sdk.logs()).list(BARE, { queryParams: { from: place, take: ENTRIES_A_PAGE } }),
        bucket: 'logs',
        maxBytes: MAX_PAGE_BYTES,
        parse: (body, headers) => pageOf(Entries.parse(body), nextCheckpoint(headers.get('link'))),
      }),
    has: (logId) =>
      client.call({
        method: 'GET',
        route: 'logs.get',
        send: async (sdk) => (await sdk.logs()).get(logId).withRawResponse(),
        bucket: 'logs',
        maxBytes: MAX_PAGE_BYTES,
        parse: (body) => Identified.parse(body).log_id !== '',
        // A wrong path or a proxy says 404 too; only Auth0's own says that the entry is gone.
        refusal: ({ status, body }) =>
          status === 404 && NoSuchEntry.safeParse(body).success ? false : undefined,
      }),
    streams: async () => {
      const streams = await client.call({
        method: 'GET',
        route: 'logStreams.list',
        send: async (sdk) => (await sdk.logStreams()).list().withRawResponse(),
        bucket: 'other',
        parse: (body) => LogStreams.parse(body),
      });
      return streams.map(({ id, status, sink }) => ({ id, status, endpoint: sink?.httpEndpoint }));
    },
  };
}

/** Without a link that leads on, the last entry is the place: places are ids of entries. */
function pageOf(entries: readonly unknown[], next: string | undefined): LogPage {
  return { entries, next: next ?? Identified.safeParse(entries.at(-1)).data?.log_id };
}

/** Only the checkpoint is taken from the link: where it leads is not for the answer to decide. */
function nextCheckpoint(link: string | null): string | undefined {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, 'https://localhost')) return undefined;
  return new URL(target, 'https://localhost').searchParams.get('from') ?? undefined;
}
