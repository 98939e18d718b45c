/**
 * POST /webhooks/auth0/:tenant: where a log stream delivers.
 *
 * | in this order, the first that holds            | answer                        |
 * |------------------------------------------------|-------------------------------|
 * | no such tenant                                 | 404                           |
 * | not POST                                       | 405, Allow                    |
 * | Authorization is none of the tenant's tokens   | 401                           |
 * | the body is compressed                         | 415                           |
 * | too many deliveries are being taken in         | 503, Retry-After              |
 * | the body is over the limit                     | 413                           |
 * | the body is no delivery                        | 400                           |
 * | the log, queue or rejects cannot be written    | 503, Retry-After              |
 * | everything is durable                          | 200 with the four counts      |
 *
 * All before the limit is decided without reading the body. Whatever is not 2xx is delivered again.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { LogTenant } from '../events/auth0-log.ts';
import type { IngestResult, UnreadableEntry } from '../events/ingest.ts';
import { Admission, type AdmissionLimits, type Place } from './admission.ts';
import { type AuthorizationCheck, authorizationCheck } from './authorization.ts';
import { readBody } from './body.ts';
import { LATE, within } from './deadline.ts';
import { declaredLength } from './declared-length.ts';
import { allowOnly, errorFields, sendProblem, unavailable } from './problem.ts';

export interface WebhookTenant extends LogTenant {
  /** What the Authorization header may be, with or without `Bearer `. Several while one is rotated. */
  readonly logTokens: readonly string[];
}

export type IngestFunction = (
  tenant: LogTenant,
  entries: readonly unknown[],
  unreadable: readonly UnreadableEntry[],
) => Promise<IngestResult>;

export interface WebhookOptions extends AdmissionLimits {
  readonly tenants: readonly WebhookTenant[];
  readonly ingest: IngestFunction;
  readonly bodyLimitBytes: number;
  readonly ingestTimeoutMs: number;
  /** Told of every delivery that was answered with 200, for the metrics. Must not throw. */
  readonly onIngest?: (tenant: LogTenant, result: IngestResult, durationMs: number) => void;
}

interface Route {
  Params: { tenant: string };
}
type WebhookRequest = FastifyRequest<Route>;

interface KnownTenant {
  readonly tenant: LogTenant;
  readonly isAuthorized: AuthorizationCheck;
}

export function webhook(options: WebhookOptions): FastifyPluginAsync {
  const tenants = new Map<string, KnownTenant>(
    options.tenants.map((tenant) => [
      tenant.id,
      {
        tenant: { id: tenant.id, keyPrefix: tenant.keyPrefix },
        isAuthorized: authorizationCheck(tenant.logTokens),
      },
    ]),
  );
  const admission = new Admission(options);
  const places = new WeakMap<FastifyRequest, Place>();
  return async (scope) => {
    readBodiesAsText(scope, options.bodyLimitBytes);
    scope.route<Route>({
      method: scope.supportedMethods,
      url: '/webhooks/auth0/:tenant',
      exposeHeadRoute: false,
      onRequest: [
        async (request, reply) => (tenants.has(request.params.tenant) ? undefined : unknownTenant(reply)),
        allowOnly('POST'),
        async (request, reply) => {
          const known = tenants.get(request.params.tenant);
          return known?.isAuthorized(request.headers.authorization) ? undefined : unauthorized(reply);
        },
        refuseEncodings,
        async (request, reply) => {
          const length = declaredLength(request.headers);
          const place = admission.enter(length <= options.bodyLimitBytes ? length : options.bodyLimitBytes);
          if (place === undefined) return overloaded(reply);
          places.set(request, place);
          // Answered, or gone before that.
          reply.raw.once('close', () => place.leave());
          return undefined;
        },
      ],
      handler: async (request, reply) => {
        const known = tenants.get(request.params.tenant);
        if (known === undefined) return unknownTenant(reply);
        const keepPlaceFor = (work: Promise<unknown>) => places.get(request)?.keepFor(work);
        return takeIn(options, keepPlaceFor, known.tenant, request, reply);
      },
    });
  };
}

async function takeIn(
  options: WebhookOptions,
  keepPlaceFor: (work: Promise<unknown>) => void,
  tenant: LogTenant,
  request: WebhookRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const startedAt = performance.now();
  const reading = readBody(typeof request.body === 'string' ? request.body : '');
  if (reading.type === 'refused') {
    return sendProblem(reply, { code: 'unreadable-body', status: 400, detail: reading.detail });
  }
  const work = options.ingest(tenant, reading.entries, reading.unreadable);
  // Until it has ended, not until it is answered: work that nobody waits for any more still fills the
  // connection pool.
  keepPlaceFor(work);
  const result = await within(work, options.ingestTimeoutMs);
  if (result === LATE) {
    work.catch((error: unknown) => request.log.error(errorFields(error), 'late delivery failed'));
    request.log.warn({ tenant: tenant.id, timeoutMs: options.ingestTimeoutMs }, 'delivery is late');
    return sendProblem(reply, unavailable('The entries could not be made durable in time.'));
  }
  const durationMs = performance.now() - startedAt;
  request.log.info({ tenant: tenant.id, ...result, durationMs: Math.round(durationMs) }, 'delivery taken in');
  options.onIngest?.(tenant, result, durationMs);
  return reply.code(200).send(result);
}

/** The content type is free text in the log stream's settings, so it decides nothing. */
function readBodiesAsText(scope: FastifyInstance, bodyLimit: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    '*',
    { parseAs: 'string', bodyLimit },
    async (_request: unknown, body: string) => body,
  );
}

async function refuseEncodings(
  request: WebhookRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  // A content type that is no media type would be refused by Fastify before our parser sees it.
  request.raw.headers['content-type'] = 'application/octet-stream';
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return undefined;
  return sendProblem(reply, {
    code: 'content-encoding',
    status: 415,
    detail: 'The body has to come without a Content-Encoding.',
    headers: { 'accept-encoding': 'identity' },
  });
}

function unknownTenant(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, { code: 'unknown-tenant', status: 404, detail: 'No such tenant is configured.' });
}

function unauthorized(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, {
    code: 'unauthorized',
    status: 401,
    detail: 'The Authorization header is missing or is none of the tokens of this tenant.',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function overloaded(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, unavailable('Too many deliveries are being taken in at once.', 1_000));
}
