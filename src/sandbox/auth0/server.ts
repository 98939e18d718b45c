import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiError, standardError } from './api-error.ts';
import { DirectoryError, type DirectoryErrorCode } from './directory-error.ts';
import type { FaultAnswer, Faults } from './faults.ts';
import type { RequestCounter } from './request-counter.ts';

/** A server with what all routes share: counting, faults, the two body formats, and Auth0's error bodies. */
export function createServer(requests: RequestCounter, faults: Faults): FastifyInstance {
  const server = fastify({
    logger: false,
    // The stand-in stops at once, also while a request hangs on purpose.
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // User ids may have up to 255 characters, and three times that when encoded.
    routerOptions: { maxParamLength: 1024 },
  });
  addBodyParsers(server);
  server.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url;
    requests.add(request.method, route ?? request.url.split('?', 1)[0] ?? '');
    const answer = faults.strike(request.method, route, request.url);
    if (answer) return strike(answer, request, reply);
  });
  server.setNotFoundHandler(notFound);
  server.setErrorHandler((error, _request, reply) => {
    const known = asApiError(error);
    return reply.code(known.statusCode).send(known.body);
  });
  return server;
}

export function notFound(): never {
  throw new ApiError(404, 'Not Found');
}

function strike(answer: FaultAnswer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  switch (answer.type) {
    case 'status': {
      const body = answer.body ?? standardError(answer.status).body;
      return reply
        .code(answer.status)
        .headers(answer.headers ?? {})
        .send(body);
    }
    case 'cut':
      request.raw.socket.destroy();
      return reply.hijack();
    case 'hang':
      return reply.hijack();
  }
}

function addBodyParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: unknown, text: string) => {
      if (text === '') return undefined;
      try {
        return JSON.parse(text);
      } catch {
        throw new ApiError(400, 'Invalid request payload JSON format');
      }
    },
  );
  const form = 'application/x-www-form-urlencoded';
  server.addContentTypeParser(form, { parseAs: 'string' }, async (_request: unknown, text: string) =>
    Object.fromEntries(new URLSearchParams(text)),
  );
}

const DIRECTORY_ERRORS: Readonly<Record<DirectoryErrorCode, readonly [status: number, errorCode: string]>> = {
  'user-exists': [409, 'auth0_idp_error'],
  'email-taken': [400, 'auth0_idp_error'],
  'no-such-user': [404, 'inexistent_user'],
  'not-a-database-user': [400, 'operation_not_supported'],
  'user-blocked': [403, 'unauthorized'],
  'ticket-refused': [400, 'invalid_ticket'],
  'same-user': [400, 'invalid_body'],
  'no-such-identity': [400, 'invalid_uri'],
  'primary-identity': [400, 'operation_not_supported'],
};

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DirectoryError) {
    const [status, errorCode] = DIRECTORY_ERRORS[error.code];
    return new ApiError(status, error.message, errorCode);
  }
  if (!(error instanceof Error)) return standardError(500);
  // Fastify's own refusals (a body too large, a malformed path) carry the status they mean.
  const status = Reflect.get(error, 'statusCode');
  if (typeof status !== 'number' || status >= 500) return new ApiError(500, error.message);
  return new ApiError(status, error.message);
}
