/**
 * All users of a tenant of any size, by an export job: started, polled, and read as a stream.
 * Source: auth0.com/docs, bulk user exports; Management API, post_users-exports and get_jobs_by_id.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import type { InexactReason } from '../events/inexact.ts';
import type { Auth0UserId } from '../identity.ts';
import type { UserPage } from '../ports/auth0.ts';
import { parseAnswer } from '../upstream/failures.ts';
import type { Auth0Client } from './client.ts';
import { exportLines } from './export-file.ts';
import { readRows, USER_FIELDS } from './user.ts';

export interface ExportOptions {
  /** How many users the tenant has, as the search counts them. */
  readonly countUsers: () => Promise<number>;
  /** Milliseconds from asking to the finished job. Default 600,000. */
  readonly timeoutMs?: number | undefined;
  /** Only who was changed since. */
  readonly since?: Date;
  /** One that was read before, to be read again from its beginning. */
  readonly listing?: string;
}

/**
 * The accounts of a page are two calls of the PDS. A larger page outlives the collections of young objects, and is
 * then kept until the heap is several times as large as what is in use: at 500 that was a third of a sweep's memory.
 */
export const EXPORT_PAGE_SIZE = 200;

const DEFAULT_TIMEOUT_MS = 600_000;
const FIRST_POLL_MS = 1_000;
const MAX_POLL_MS = 10_000;
/**
 * The search and the export are two views of a moving tenant, so their counts may differ by a few. A
 * file that lacks more than this share, and more than this many, is not exact.
 */
const TOLERATED_SHARE = 0.01;
const TOLERATED_USERS = 10;
/** A count of the search at this number may be cut off by it. */
const SEARCH_CAP = 1_000;

/**
 * Users in pages, and empty ones while the job is waited for. Ends only when the whole file was read; the last page says
 * so where it does not hold as many users as the job says, or about as many as the search counts. Throws EXPORT_FAILED or
 * EXPORT_TIMEOUT, both retryable: each try is a new job.
 *
 * The file of a job is kept for a day, and each read of the job gives a fresh link to it. So a reader that stopped in
 * the middle can read the same listing again, in the same order; LISTING_GONE when the job no longer exists.
 */
export async function* exportUsers(client: Auth0Client, options: ExportOptions): AsyncIterable<UserPage> {
  try {
    yield* readExport(client, options);
  } catch (error) {
    const isGone = error instanceof UpstreamError && GONE.has(error.code);
    if (options.listing === undefined || !isGone) throw error;
    throw failed('LISTING_GONE', 'The earlier export is not kept any more.', error);
  }
}

/** The answer about a successful job that Auth0 no longer keeps. */
const GONE: ReadonlySet<string> = new Set(['NOT_FOUND', 'EXPORT_FAILED']);

async function* readExport(client: Auth0Client, options: ExportOptions): AsyncIterable<UserPage> {
  const { since, countUsers } = options;
  const again = options.listing === undefined ? undefined : readListing(options.listing);
  const countedBefore = again?.counted ?? (await countUsers());
  const id = again?.id ?? (await startJob(client, since));
  const listing = `${id}/${countedBefore}`;
  const job = yield* finishedJob(client, id, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, listing);
  const total = job.total ?? (countedBefore > SEARCH_CAP ? countedBefore : undefined);
  let exported = 0;
  let rows: unknown[] = [];
  const repeats = new Repeats();
  const page = (): UserPage => {
    const { users, unreadable } = parseAnswer(place, () => readRows(rows));
    return { users: repeats.without(users), unreadable, total, listing };
  };
  for await (const line of exportLines(client, job.location)) {
    exported += 1;
    if (since !== undefined && isOlder(line, since)) continue;
    rows.push(line);
    if (rows.length < EXPORT_PAGE_SIZE) continue;
    yield page();
    rows = [];
  }
  const last = page();
  const counted = Math.min(countedBefore, await countUsers());
  const inexact = repeats.found ? 'repeated-rows' : inexactness(exported, counted, job.total);
  if (rows.length > 0 || inexact !== undefined) yield { ...last, inexact };
}

/** `total` is the job's own, where it says one. */
function inexactness(
  exported: number,
  counted: number,
  total: number | undefined,
): InexactReason | undefined {
  const tolerated = Math.max(TOLERATED_USERS, Math.ceil(counted * TOLERATED_SHARE));
  if (exported < (total ?? counted - tolerated)) return 'total-too-high';
  return total !== undefined && exported > total ? 'total-too-low' : undefined;
}

/** Rows that come twice do so near each other, where others moved meanwhile; what lies further back is not kept. */
class Repeats {
  found = false;
  #before: ReadonlySet<Auth0UserId> = new Set();

  without(users: UserPage['users']): UserPage['users'] {
    const met = new Set(this.#before);
    const kept = users.filter(({ userId }) => {
      const isNew = !met.has(userId);
      met.add(userId);
      return isNew;
    });
    if (kept.length < users.length) this.found = true;
    this.#before = new Set(users.map(({ userId }) => userId));
    return kept;
  }
}

const place = { upstream: 'auth0', route: 'users.export.file', writes: false } as const;

function readListing(listing: string): { readonly id: string; readonly counted: number } {
  const [, id = '', counted = ''] = /^([\w-]+)\/(\d+)$/.exec(listing) ?? [];
  if (id === '') throw failed('LISTING_GONE', 'That is no listing of this tenant.');
  return { id, counted: Number(counted) };
}

export const Changed = z.object({ updated_at: z.string() });

/** A user without a readable time of change may have changed since. */
function isOlder(line: unknown, than: Date): boolean {
  const changed = Changed.safeParse(line);
  return changed.success && new Date(changed.data.updated_at) < than;
}

export const StartedJob = z.object({ id: z.string().min(1) });

async function startJob(client: Auth0Client, since: Date | undefined): Promise<string> {
  const names = since === undefined ? USER_FIELDS : [...USER_FIELDS, 'updated_at'];
  const { id } = await client.call({
    method: 'POST',
    route: 'users.export',
    // NDJSON, one user a line, of all connections.
    send: async (sdk) =>
      (await sdk.jobs()).usersExports
        .create({ format: 'json', fields: names.map((name) => ({ name })) })
        .withRawResponse(),
    bucket: 'jobs',
    parse: (body) => StartedJob.parse(body),
  });
  return id;
}

export const JobAnswer = z.object({
  status: z.enum(['pending', 'processing', 'completed', 'failed']),
  location: z.url().optional(),
  summary: z.object({ total: z.number().int().nonnegative().optional() }).optional(),
});

interface FinishedJob {
  readonly location: string;
  /** How many users the job says it wrote, where it does. */
  readonly total: number | undefined;
}

/** Polls the job until it has ended. Each poll that finds it running yields an empty page. */
async function* finishedJob(
  client: Auth0Client,
  id: string,
  timeoutMs: number,
  listing: string,
): AsyncGenerator<UserPage, FinishedJob> {
  const deadlineMs = client.clock.now().getTime() + timeoutMs;
  for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(waitMs * 1.5, MAX_POLL_MS)) {
    const job = await readJob(client, id);
    if ('retryAfterMs' in job) {
      waitMs = Math.max(waitMs, job.retryAfterMs);
    } else if (job.status === 'failed') {
      throw failed('EXPORT_FAILED', 'The export job failed.');
    } else if (job.status === 'completed') {
      if (job.location === undefined) throw failed('EXPORT_FAILED', 'The export job ended with no file.');
      return { location: job.location, total: job.summary?.total };
    }
    if (client.clock.now().getTime() + waitMs > deadlineMs) {
      throw failed('EXPORT_TIMEOUT', `The export job did not end within ${timeoutMs} ms.`);
    }
    yield { users: [], listing };
    await client.clock.delay(waitMs);
  }
}

/** A poll that the rate limit rejected is repeated later: the job continues meanwhile. */
async function readJob(
  client: Auth0Client,
  id: string,
): Promise<z.infer<typeof JobAnswer> | { retryAfterMs: number }> {
  try {
    return await client.call({
      method: 'GET',
      route: 'jobs.get',
      send: async (sdk) => (await sdk.jobs()).get(id).withRawResponse(),
      bucket: 'jobs',
      parse: (body) => JobAnswer.parse(body),
    });
  } catch (error) {
    if (!(error instanceof UpstreamError && error.code === 'RATE_LIMITED')) throw error;
    return { retryAfterMs: error.retryAfterMs ?? 0 };
  }
}

function failed(code: string, message: string, cause?: unknown): UpstreamError {
  return new UpstreamError(message, { upstream: 'auth0', code, retryable: true, cause });
}
