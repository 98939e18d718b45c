import type { Management } from 'auth0';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import {
  PAGING,
  PROJECTION,
  pageOf,
  project,
  readQuery,
  readSearch,
  search,
  sortBy,
  TAKE,
} from '../users/listing.ts';
import type { SearchNode } from '../users/search-syntax.ts';
import type { LogData, LogEntry } from './log-entry.ts';
import type { LogStore } from './log-store.ts';

const CheckpointQuery = z.object({ from: z.string().optional(), take: TAKE });
const SearchQuery = z.strictObject({
  ...PAGING,
  ...PROJECTION,
  q: z.string().optional(),
  search: z.string().optional(),
});
const UserLogsQuery = z.strictObject(PAGING);

/** Log search ignores case in every field. */
const CASELESS: ReadonlySet<string> = new Set([
  'type',
  'user_id',
  'user_name',
  'connection',
  'client_id',
  'client_name',
  'description',
  'ip',
  'strategy',
]);

export function addLogRoutes(api: FastifyInstance, logs: LogStore): void {
  api.get('/logs', async (request, reply) => {
    const isCheckpoint = /[?&](from|take)=/.test(request.url);
    if (isCheckpoint) return checkpointPage(request, reply, logs);
    const query = readQuery(SearchQuery, request.query);
    const tree = searchTree(query.q, query.search);
    const found = search(logs.readable().map(readableEntry), tree, CASELESS);
    return listing(found, query, (entry) => project(entry, query.fields, query.include_fields));
  });

  api.get<{ Params: { id: string } }>('/logs/:id', async (request) => {
    const entry = logs.byId(request.params.id);
    if (!entry) throw new ApiError(404, 'The log event does not exist.', 'inexistent_log');
    return readableEntry(entry) satisfies Management.GetLogResponseContent;
  });

  api.get<{ Params: { id: string } }>('/users/:id/logs', async (request) => {
    const query = readQuery(UserLogsQuery, request.query);
    const own = logs.readable().filter((entry) => entry.data.user_id === request.params.id);
    return listing(own.map(readableEntry), query, (entry) => entry);
  });
}

/** The Management API shows the inner object, with its id once more under another name. */
function readableEntry(entry: LogEntry): LogData & { _id: string; isMobile: boolean } {
  return { ...entry.data, _id: entry.log_id, isMobile: false };
}

/**
 * The entries after a checkpoint, in the order of their ids. The Link header leads on from the last of them;
 * an empty page leads to itself, so that a reader can come back to it until something is there.
 */
function checkpointPage(request: FastifyRequest, reply: FastifyReply, logs: LogStore): Management.Log[] {
  const { from, take } = readQuery(CheckpointQuery, request.query);
  const page = logs.after(from, take);
  const next = page.at(-1)?.log_id ?? from;
  const parameters = new URLSearchParams({
    ...(next === undefined ? {} : { from: next }),
    take: String(take),
  });
  reply.header('link', `<http://${request.host}/api/v2/logs?${parameters.toString()}>; rel="next"`);
  return page.map(readableEntry);
}

function searchTree(q: string | undefined, words: string | undefined): SearchNode | undefined {
  if (q !== undefined && q !== '') return readSearch(q);
  if (words === undefined || words === '') return undefined;
  if (words.includes(':')) return readSearch(words);
  const [left, middle, right] = ['client_name', 'connection', 'user_name'].map(
    (field) => ({ type: 'value', field, value: `${words}*`, quoted: false }) as const,
  );
  if (!left || !middle || !right) return undefined;
  return { type: 'or', left, right: { type: 'or', left: middle, right } };
}

function listing<Item extends { log_id: string }>(
  found: Item[],
  query: z.output<typeof UserLogsQuery>,
  shape: (item: Item) => Partial<LogData>,
): Management.Log[] | Management.ListLogOffsetPaginatedResponseContent {
  const sorted = sortBy(found, query.sort ?? 'date:-1', (entry) => entry.log_id);
  const logs = pageOf(sorted, query).map(shape);
  if (!query.include_totals) return logs;
  const start = query.page * query.per_page;
  return { start, limit: query.per_page, length: logs.length, total: found.length, logs };
}
