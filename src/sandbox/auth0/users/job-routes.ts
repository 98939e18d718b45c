import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import { CONNECTION_ID, managementWritten } from '../logs/log-entry.ts';
import type { LogStore } from '../logs/log-store.ts';
import { readBody } from '../request-body.ts';
import type { ExportJobs } from './export-jobs.ts';
import type { InexactListings, OddFields } from './odd-values.ts';
import { isDatabaseUser } from './user.ts';
import type { UserStore } from './user-store.ts';

const field = z.strictObject({ name: z.string().max(100), export_as: z.string().max(100).exactOptional() });
const ExportBody = z.strictObject({
  connection_id: z
    .string()
    .regex(/^con_[A-Za-z0-9]{16}$/)
    .exactOptional(),
  format: z.enum(['json', 'csv']).exactOptional(),
  limit: z.number().int().min(1).exactOptional(),
  fields: z.array(field).exactOptional(),
});

export function addJobRoutes(
  api: FastifyInstance,
  jobs: ExportJobs,
  users: { readonly store: UserStore; readonly odd: OddFields; readonly inexact: InexactListings },
  logs: LogStore,
  clientId: string,
  fileName: string,
): void {
  api.post('/jobs/users-exports', async (request) => {
    const body = readBody(ExportBody, request.body);
    if (body.connection_id !== undefined && body.connection_id !== CONNECTION_ID) {
      throw new ApiError(400, 'The connection does not exist', 'inexistent_connection');
    }
    const indexed = [...users.store.index().users];
    // The tenant has one connection with an id: its database.
    const wanted = body.connection_id === undefined ? indexed : indexed.filter(isDatabaseUser);
    const chosen = users.inexact.rows(wanted).map((user) => users.odd.show(user, 'export'));
    const job = jobs.create(body, chosen);
    const writer = { type: 'application', clientId } as const;
    const description = 'Create job to export users';
    const call = { description, method: 'POST', path: request.url, body: request.body, writer };
    logs.append(managementWritten(call, 200, job));
    return job;
  });

  api.get<{ Params: { id: string } }>('/jobs/:id', async (request) => {
    const { id } = request.params;
    const job = jobs.status(
      id,
      (signature) => `http://${request.host}/exports/${id}/${fileName}?signature=${signature}`,
    );
    if (!job) throw new ApiError(404, 'The job does not exist.', 'inexistent_job');
    return job;
  });
}

/** The file store behind the links: no token is asked for, the signature in the link is the key. */
export function addDownloadRoute(server: FastifyInstance, jobs: ExportJobs): void {
  server.get<{ Querystring: { signature?: string } }>('/exports/:job/:file', async (request, reply) => {
    const file = jobs.file(request.query.signature ?? '');
    if (file) return reply.type('application/octet-stream').send(file);
    const body = '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';
    return reply.code(403).type('application/xml').send(body);
  });
}
