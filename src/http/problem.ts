/**
 * Every refusal and failure, as `application/problem+json` (RFC 9457). A detail is our own text: it quotes no body, no
 * header and no error of an upstream.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeError, UpstreamError } from '../errors.ts';

export interface Problem {
  /** The end of the problem's `type`; stable, for programs. */
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  /** In the body where a person must find the error in our log. */
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const CONTENT_TYPE = 'application/problem+json';
/** The default of Retry-After. */
const DEFAULT_RETRY_AFTER_MS = 5_000;

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  // As bytes, because Fastify adds a charset to a string, which this media type does not have.
  return reply
    .code(problem.status)
    .headers(problem.headers ?? {})
    .type(CONTENT_TYPE)
    .send(Buffer.from(problemBody(problem)));
}

function problemBody({ code, status, detail, requestId }: Problem): string {
  const title = STATUS_CODES[status] ?? 'Error';
  return JSON.stringify({ type: `urn:concord:problem:${code}`, title, status, detail, requestId });
}

export function notFound(): Problem {
  return { code: 'not-found', status: 404, detail: 'This path does not exist.' };
}

/** `detail` names the required token. */
export function unauthorized(detail: string): Problem {
  return { code: 'unauthorized', status: 401, detail, headers: { 'www-authenticate': 'Bearer' } };
}

/** The hook that answers every method but these with 405, before a body is read. */
export function allowOnly(...methods: readonly string[]) {
  const allow = methods.join(', ');
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (methods.includes(request.method)) return undefined;
    return sendProblem(reply, {
      code: 'method-not-allowed',
      status: 405,
      detail: `Only ${allow} is allowed here.`,
      headers: { allow },
    });
  };
}

/** Nothing was acknowledged, and the same request may succeed later. */
export function unavailable(detail: string, retryAfterMs = DEFAULT_RETRY_AFTER_MS): Problem {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return { code: 'unavailable', status: 503, detail, headers: { 'retry-after': String(seconds) } };
}

/** Fastify's own refusals, by code; all others are a plain bad request. */
const FRAMEWORK_PROBLEMS: ReadonlyMap<string, (bodyLimitBytes: number) => Problem> = new Map([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    (limit: number) => ({
      code: 'body-too-large',
      status: 413,
      detail: `The body is larger than ${limit} bytes.`,
    }),
  ],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    () => ({ code: 'bad-request', status: 400, detail: 'The body is not as long as Content-Length says.' }),
  ],
  [
    'FST_ERR_BAD_URL',
    () => ({ code: 'bad-request', status: 400, detail: 'The path of the request is not a valid URL.' }),
  ],
  [
    'FST_ERR_MAX_PARAM_LENGTH',
    () => ({ code: 'path-too-long', status: 414, detail: 'A part of the path is too long.' }),
  ],
]);

/** The problem for an error that was thrown while a request was answered. */
export function problemOf(error: unknown, requestId: string, bodyLimitBytes: number): Problem {
  if (error instanceof UpstreamError && error.retryable) {
    return unavailable('An upstream that is needed for the answer cannot be reached.', error.retryAfterMs);
  }
  const known = FRAMEWORK_PROBLEMS.get(codeOf(error) ?? '');
  if (known !== undefined) return known(bodyLimitBytes);
  const status = clientErrorStatus(error);
  if (status !== undefined) return { code: 'bad-request', status, detail: 'The request cannot be read.' };
  return { code: 'internal-error', status: 500, detail: 'internal error', requestId };
}

/**
 * An error for the logger. Not the object itself: errors of drivers contain the documents that failed, which are
 * personal data.
 */
export function errorFields(error: unknown): Record<string, unknown> {
  const fields = { code: codeOf(error), error: describeError(error) };
  return error instanceof Error ? { ...fields, name: error.name, stack: error.stack } : fields;
}

/** Answers what Node's HTTP parser refused, and closes the connection. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const problem = connectionProblem(error.code);
    const body = problemBody(problem);
    socket.write(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nConnection: close\r\n` +
        `Content-Type: ${CONTENT_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

function connectionProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { code: 'request-timeout', status: 408, detail: 'The request took too long to arrive.' };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { code: 'headers-too-large', status: 431, detail: 'The headers of the request are too large.' };
  }
  return { code: 'bad-request', status: 400, detail: 'The request is not HTTP.' };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') {
    return undefined;
  }
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : undefined;
}
