import type { Management } from 'auth0';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError, invalidBody } from '../api-error.ts';
import { readBody } from '../request-body.ts';
import { managementWritten } from './log-entry.ts';
import type { LogStore } from './log-store.ts';
import type { HttpStreamConfig, LogStream } from './log-stream.ts';
import type { LogStreams } from './log-streams.ts';

const STREAMS_MAX = 10;

const Sink = z.strictObject({
  httpEndpoint: z.string(),
  httpAuthorization: z.string().exactOptional(),
  httpContentFormat: z.enum(['JSONLINES', 'JSONARRAY', 'JSONOBJECT']).exactOptional(),
  httpContentType: z.string().exactOptional(),
  httpCustomHeaders: z
    .array(z.strictObject({ header: z.string().exactOptional(), value: z.string().exactOptional() }))
    .exactOptional(),
});
const Settings = {
  name: z.string().exactOptional(),
  isPriority: z.boolean().exactOptional(),
  filters: z
    .array(z.looseObject({ type: z.literal('category').exactOptional(), name: z.string().exactOptional() }))
    // The names are Auth0's own list; an unknown one matches nothing.
    .transform((filters) => filters as Management.LogStreamFilter[])
    .exactOptional(),
  pii_config: z
    .strictObject({
      log_fields: z
        .array(z.enum(['first_name', 'last_name', 'username', 'email', 'phone', 'address']))
        .min(1),
      method: z.enum(['mask', 'hash']).exactOptional(),
      algorithm: z.literal('xxhash').exactOptional(),
    })
    .exactOptional(),
};
const CreateBody = z.strictObject({
  ...Settings,
  type: z.literal('http'),
  sink: Sink,
  startFrom: z.iso.datetime().exactOptional(),
});
const UpdateBody = z.strictObject({
  ...Settings,
  sink: Sink.exactOptional(),
  status: z.enum(['active', 'paused', 'suspended']).exactOptional(),
});

export function addLogStreamRoutes(
  api: FastifyInstance,
  streams: LogStreams,
  logs: LogStore,
  clientId: string,
): void {
  const shown = (config: HttpStreamConfig) => shownAs(config, streams.hidesAuthorization);
  function logWrite(request: FastifyRequest, description: string, statusCode: number, answer: unknown): void {
    const [path = ''] = request.url.split('?', 1);
    const writer = { type: 'application', clientId } as const;
    const call = { description, method: request.method, path, body: request.body, writer };
    logs.append(managementWritten(call, statusCode, answer));
  }
  function find(id: string): LogStream {
    const stream = streams.find(id);
    if (!stream) throw new ApiError(404, 'The log stream does not exist', 'log_stream_not_found');
    return stream;
  }

  api.get('/log-streams', async () => streams.all().map((stream) => shown(stream.config)));

  api.get<{ Params: { id: string } }>('/log-streams/:id', async (request) => {
    return shown(find(request.params.id).config);
  });

  api.post('/log-streams', async (request) => {
    const body = readBody(CreateBody, request.body);
    requireReachable(body.sink);
    if (streams.all().length >= STREAMS_MAX) {
      throw new ApiError(409, 'The maximum number of log streams has been reached', 'log_stream_limit');
    }
    const stream = streams.create(body);
    logWrite(request, 'Create a log stream', 200, stream.config);
    return shown(stream.config);
  });

  api.patch<{ Params: { id: string } }>('/log-streams/:id', async (request) => {
    const body = readBody(UpdateBody, request.body);
    if (body.sink) requireReachable(body.sink);
    const stream = find(request.params.id);
    streams.update(stream, body);
    logWrite(request, 'Update a log stream', 200, stream.config);
    return shown(stream.config);
  });

  api.delete<{ Params: { id: string } }>('/log-streams/:id', async (request, reply) => {
    const stream = find(request.params.id);
    await streams.remove(stream.config.id);
    logWrite(request, 'Delete log stream', 204, {});
    return reply.code(204).send();
  });
}

/** Whether Auth0 shows the Authorization in the clear is not documented, so both can be had. */
function shownAs(config: HttpStreamConfig, isHidden: boolean): Management.LogStreamHttpResponseSchema {
  if (!isHidden || config.sink.httpAuthorization === undefined) return config;
  return { ...config, sink: { ...config.sink, httpAuthorization: '*****' } };
}

/** Auth0 sends to https only. A receiver on this machine is let off, for it has no certificate to show. */
function requireReachable(sink: z.output<typeof Sink>): void {
  if (/^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(sink.httpEndpoint)) return;
  throw invalidBody("'String does not match pattern ^https://.*' on property sink.httpEndpoint.");
}
