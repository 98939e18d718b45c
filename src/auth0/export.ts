/**
 * Everyone in a tenant of any size, by an export job: asked for, waited for, and read as a stream.
 * Source: auth0.com/docs, bulk user exports; Management API, post_users-exports and get_jobs_by_id.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import type { Auth0User, UserPage } from '../ports.ts';
import { parseAnswer } from '../upstream.ts';
import type { Auth0Client } from './client.ts';
import { exportLines } from './export-file.ts';
import { USER_FIELDS, UserAnswer } from './user.ts';

export interface ExportOptions {
  /** How many users the tenant has, as the search counts them. */
  readonly countUsers: () => Promise<number>;
  /** Milliseconds from asking to the finished job. Default 600,000. */
  readonly timeoutMs?: number | undefined;
}

export const EXPORT_PAGE_SIZE = 500;

const DEFAULT_TIMEOUT_MS = 600_000;
const FIRST_POLL_MS = 1_000;
const MAX_POLL_MS = 10_000;
/**
 * The search and the export are two views of a moving tenant, so their counts may differ by a few. A
 * file that lacks more than this share, and more than this many, is taken to be cut off.
 */
const TOLERATED_SHARE = 0.01;
const TOLERATED_USERS = 10;

/**
 * Users in pages of at most 500. Ends only when the whole file was read and holds about as many users
 * as the search counts. Throws EXPORT_FAILED, EXPORT_TIMEOUT or EXPORT_INCOMPLETE, all retryable: each
 * try is a new job.
 */
export async function* exportUsers(client: Auth0Client, options: ExportOptions): AsyncIterable<UserPage> {
  const countedBefore = await options.countUsers();
  const jobId = await startJob(client);
  const job = await finishedJob(client, jobId, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const place = { upstream: 'auth0', route: 'users.export.file', writes: false } as const;
  let exported = 0;
  let users: Auth0User[] = [];
  for await (const line of exportLines(client, job.location)) {
    users.push(parseAnswer(place, () => UserAnswer.parse(line)));
    exported += 1;
    if (users.length < EXPORT_PAGE_SIZE) continue;
    yield { users };
    users = [];
  }
  const counted = Math.min(countedBefore, await options.countUsers());
  const tolerated = Math.max(TOLERATED_USERS, Math.ceil(counted * TOLERATED_SHARE));
  if (job.total !== undefined ? exported < job.total : exported < counted - tolerated) {
    throw failed('EXPORT_INCOMPLETE', `The export holds ${exported} users, of ${job.total ?? counted}.`);
  }
  if (users.length > 0) yield { users };
}

const StartedJob = z.object({ id: z.string().min(1) });

async function startJob(client: Auth0Client): Promise<string> {
  const { id } = await client.call({
    method: 'POST',
    route: 'users.export',
    path: '/api/v2/jobs/users-exports',
    // NDJSON, one user a line, of all connections.
    json: { format: 'json', fields: USER_FIELDS.map((name) => ({ name })) },
    bucket: 'jobs',
    parse: (body) => StartedJob.parse(body),
  });
  return id;
}

const JobAnswer = z.object({
  status: z.enum(['pending', 'processing', 'completed', 'failed']),
  location: z.url().optional(),
  summary: z.object({ total: z.number().int().nonnegative().optional() }).optional(),
});

interface FinishedJob {
  readonly location: string;
  /** How many users the job says it wrote, where it does. */
  readonly total: number | undefined;
}

async function finishedJob(client: Auth0Client, id: string, timeoutMs: number): Promise<FinishedJob> {
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
    await client.clock.delay(waitMs);
  }
}

/** A look that the rate limit turned away is a look that has to be taken later: the job goes on meanwhile. */
async function readJob(
  client: Auth0Client,
  id: string,
): Promise<z.infer<typeof JobAnswer> | { retryAfterMs: number }> {
  try {
    return await client.call({
      method: 'GET',
      route: 'jobs.get',
      path: `/api/v2/jobs/${encodeURIComponent(id)}`,
      bucket: 'jobs',
      parse: (body) => JobAnswer.parse(body),
    });
  } catch (error) {
    if (!(error instanceof UpstreamError && error.code === 'RATE_LIMITED')) throw error;
    return { retryAfterMs: error.retryAfterMs ?? 0 };
  }
}

function failed(code: string, message: string): UpstreamError {
  return new UpstreamError(message, { upstream: 'auth0', code, retryable: true });
}
