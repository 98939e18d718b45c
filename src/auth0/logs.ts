/**
 * The tenant's log by checkpoint, which has no cap and fills the gaps that a log stream leaves, and
 * the state of the log streams themselves.
 * Source: auth0.com/docs, retrieve log events using the Management API.
 */
import { z } from 'zod';
import type { Auth0Client } from './client.ts';

export interface LogPage {
  /** Entries as Auth0 gives them, in the order of their ids, which is not that of their dates. */
  readonly entries: readonly unknown[];
  /** Where the next read starts. Undefined when Auth0 names no such place: then the old one holds. */
  readonly next: string | undefined;
}

export interface LogStream {
  readonly id: string;
  readonly name: string | undefined;
  readonly type: string;
  /** `suspended` is Auth0's doing, after a week of failures; only a person resumes it. */
  readonly status: 'active' | 'paused' | 'suspended';
}

export interface TenantLogs {
  /** Entries after the checkpoint `from`, oldest kept entry first without one. `take` is at most 100, the default. */
  logs(query: { readonly from?: string | undefined; readonly take?: number | undefined }): Promise<LogPage>;
  logStreams(): Promise<readonly LogStream[]>;
}

const LogStreams = z.array(
  z.object({
    id: z.string(),
    name: z.string().optional(),
    type: z.string(),
    status: z.enum(['active', 'paused', 'suspended']),
  }),
);

/** Needs the scopes read:logs and read:log_streams. Both methods may be repeated. */
export function createTenantLogs(client: Auth0Client): TenantLogs {
  return {
    logs: ({ from, take = 100 }) =>
      client.call({
        method: 'GET',
        route: 'logs.list',
        path: '/api/v2/logs',
        // Beside a checkpoint, Auth0 ignores every other parameter.
        query: { from, take },
        bucket: 'logs',
        // An entry of the log may carry a whole request and its answer.
        maxBytes: 32 * 1024 * 1024,
        parse: (body, headers) => ({
          entries: z.array(z.unknown()).parse(body),
          next: nextCheckpoint(headers.get('link')),
        }),
      }),
    logStreams: async () => {
      const streams = await client.call({
        method: 'GET',
        route: 'logStreams.list',
        path: '/api/v2/log-streams',
        bucket: 'other',
        parse: (body) => LogStreams.parse(body),
      });
      return streams.map(({ id, name, type, status }) => ({ id, name, type, status }));
    },
  };
}

/** Only the checkpoint is taken from the link: where it leads is not for the answer to decide. */
function nextCheckpoint(link: string | null): string | undefined {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, 'https://localhost')) return undefined;
  return new URL(target, 'https://localhost').searchParams.get('from') ?? undefined;
}
