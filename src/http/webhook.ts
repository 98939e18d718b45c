/**
 * POST /webhooks/auth0/:tenant: where a log stream delivers.
 * POST /webhooks/auth0/:tenant/events: where an event stream delivers.
 *
 * | in this order, the first that holds            | log stream         | event stream        |
 * |------------------------------------------------|--------------------|---------------------|
 * | no such tenant, or no token of this kind       | 404                | 404                 |
 * | not POST                                       | 405, Allow         | 405, Allow          |
 * | Authorization is none of the tenant's tokens   | 401                | 503, Retry-After    |
 * | the body is compressed                         | 415                | 415                 |
 * | too many concurrent deliveries                 | 503, Retry-After   | 503, Retry-After    |
 * | the body is over the limit                     | 413                | 413                 |
 * | the body is no delivery                        | 400                | 400                 |
 * | the log, queue or rejects cannot be written    | 503, Retry-After   | 503, Retry-After    |
 * | everything is durable                          | 200 with the four counts | the same      |
 *
 * Everything before the limit is decided without reading the body. A log stream repeats a delivery until the answer is
 * 2xx. An event is sent four times within seconds, and never again after a 4xx, so 4xx is used only where a repetition
 * cannot help. A wrong token may be a rotation, and right as soon as the next process has started; so it is no 401.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { eventSource } from '../engine/intake/auth0-event.ts';
import { logSource } from '../engine/intake/auth0-log.ts';
import type { LogTenant, Source } from '../engine/intake/delivered.ts';
import type { IngestResult, UnreadableEntry } from '../engine/intake/ingest.ts';
import { Admission, type AdmissionLimits, type Place } from './admission.ts';
import { type AuthorizationCheck, authorizationCheck, rotatingCheck } from './authorization.ts';
import { type BodyReading, readBody, readEventBody } from './body.ts';
import { LATE, within } from './deadline.ts';
import { declaredLength } from './declared-length.ts';
import { allowOnly, errorFields, sendProblem, unauthorized, unavailable } from './problem.ts';

export interface WebhookTenant extends LogTenant {
  /** The accepted Authorization headers, with or without `Bearer `. Several during a rotation. Read at each request. */
  readonly logTokens: readonly string[];
  /** The same for the event stream. Without any, this tenant has no event stream. */
  readonly eventTokens?: readonly string[];
}

export type IngestFunction = (
  tenant: LogTenant,
  entries: readonly unknown[],
  unreadable: readonly UnreadableEntry[],
  source: Source,
) => Promise<IngestResult>;

export interface WebhookOptions extends AdmissionLimits {
  readonly tenants: readonly WebhookTenant[];
  readonly ingest: IngestFunction;
  readonly bodyLimitBytes: number;
  readonly ingestTimeoutMs: number;
  /** Called for every delivery that was answered with 200, for the metrics. Must not throw. */
  readonly onIngest?: (tenant: LogTenant, result: IngestResult, durationMs: number) => void;
}

interface Route {
  Params: { tenant: string };
}
type WebhookRequest = FastifyRequest<Route>;

/** What the hooks of a route leave on the request: its `KnownTenant`, and its `Place` in the admission. */
const TENANT = Symbol('tenant');
const PLACE = Symbol('place');

interface KnownTenant {
  readonly tenant: LogTenant;
  readonly isAuthorized: AuthorizationCheck;
  /** False without a token of this kind. */
  readonly isOpen: () => boolean;
}

/** The differences between the two kinds of streams. */
interface WebhookEndpoint {
  readonly url: string;
  readonly tenants: ReadonlyMap<string, KnownTenant>;
  readonly read: (body: string) => Promise<BodyReading>;
  readonly source: Source;
  readonly refuseToken: (reply: FastifyReply) => FastifyReply;
}

export function webhook(options: WebhookOptions): FastifyPluginAsync {
  const { tenants } = options;
  const prefixes = tenants.flatMap(({ keyPrefix }) => (keyPrefix === '' ? [] : keyPrefix));
  const known = (
    { id, keyPrefix, excludedBy }: WebhookTenant,
    tokens: () => readonly string[],
  ): KnownTenant => {
    const otherPrefixes = prefixes.filter((prefix) => prefix !== keyPrefix);
    return {
      tenant: { id, keyPrefix, otherPrefixes, excludedBy },
      isAuthorized: rotatingCheck(tokens),
      isOpen: () => tokens().length > 0,
    };
  };
  for (const { logTokens } of tenants) authorizationCheck(logTokens);
  const endpoints: readonly WebhookEndpoint[] = [
    {
      url: '/webhooks/auth0/:tenant',
      tenants: new Map(tenants.map((tenant) => [tenant.id, known(tenant, () => tenant.logTokens)])),
      read: readBody,
      source: logSource,
      refuseToken: wrongToken,
    },
    {
      url: '/webhooks/auth0/:tenant/events',
      tenants: new Map(tenants.map((tenant) => [tenant.id, known(tenant, () => tenant.eventTokens ?? [])])),
      read: readEventBody,
      source: eventSource,
      refuseToken: unknownToken,
    },
  ];
  // Shared by both: the limits are those of the process behind them.
  const admission = new Admission(options);
  return async (scope) => {
    readBodiesAsText(scope, options.bodyLimitBytes);
    scope.decorateRequest(TENANT);
    scope.decorateRequest(PLACE);
    for (const endpoint of endpoints) open(scope, endpoint, options, admission);
  };
}

function open(
  scope: FastifyInstance,
  endpoint: WebhookEndpoint,
  options: WebhookOptions,
  admission: Admission,
): void {
  scope.route<Route>({
    method: scope.supportedMethods,
    url: endpoint.url,
    exposeHeadRoute: false,
    onRequest: [
      async (request, reply) => {
        const tenant = endpoint.tenants.get(request.params.tenant);
        if (tenant === undefined || !tenant.isOpen()) return unknownTenant(reply);
        request.setDecorator(TENANT, tenant);
        return undefined;
      },
      allowOnly('POST'),
      async (request, reply) => {
        const { isAuthorized } = request.getDecorator<KnownTenant>(TENANT);
        return isAuthorized(request.headers.authorization) ? undefined : endpoint.refuseToken(reply);
      },
      refuseEncodings,
      async (request, reply) => {
        const length = declaredLength(request.headers);
        const place = admission.enter(length <= options.bodyLimitBytes ? length : options.bodyLimitBytes);
        if (place === undefined) return overloaded(reply);
        request.setDecorator(PLACE, place);
        // Answered, or disconnected before that.
        reply.raw.once('close', () => place.leave());
        return undefined;
      },
    ],
    handler: (request, reply) => takeIn(options, endpoint, request, reply),
  });
}

async function takeIn(
  options: WebhookOptions,
  endpoint: WebhookEndpoint,
  request: WebhookRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { tenant } = request.getDecorator<KnownTenant>(TENANT);
  const startedAt = performance.now();
  const body = typeof request.body === 'string' ? request.body : '';
  const work = readAndIngest(options, endpoint, tenant, body);
  // Until the work has ended, and not only until the answer: late work still uses the connection pool.
  request.getDecorator<Place>(PLACE).keepFor(work);
  const result = await within(work, options.ingestTimeoutMs);
  if (result === LATE) {
    work.catch((error: unknown) => request.log.error(errorFields(error), 'late delivery failed'));
    request.log.warn({ tenant: tenant.id, timeoutMs: options.ingestTimeoutMs }, 'delivery is late');
    return sendProblem(reply, unavailable('The entries could not be made durable in time.'));
  }
  if ('refused' in result) {
    return sendProblem(reply, { code: 'unreadable-body', status: 400, detail: result.refused });
  }
  const durationMs = performance.now() - startedAt;
  request.log.info({ tenant: tenant.id, ...result, durationMs: Math.round(durationMs) }, 'delivery ingested');
  options.onIngest?.(tenant, result, durationMs);
  const { accepted, duplicates, ignored, rejected } = result;
  return reply.code(200).send({ accepted, duplicates, ignored, rejected });
}

async function readAndIngest(
  { ingest }: WebhookOptions,
  { read, source }: WebhookEndpoint,
  tenant: LogTenant,
  body: string,
): Promise<IngestResult | { readonly refused: string }> {
  const reading = await read(body);
  if (reading.type === 'refused') return { refused: reading.detail };
  return ingest(tenant, reading.entries, reading.unreadable, source);
}

/** The content type is free text in the log stream's settings, so it is ignored. */
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
  // Fastify would refuse a content type that is no media type before our parser sees it.
  request.raw.headers['content-type'] = 'application/octet-stream';
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return undefined;
  return sendProblem(reply, {
    code: 'content-encoding',
    status: 415,
    detail: 'The body must not have a Content-Encoding.',
    headers: { 'accept-encoding': 'identity' },
  });
}

function unknownTenant(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, {
    code: 'unknown-tenant',
    status: 404,
    detail: 'No such tenant is configured.',
  });
}

function wrongToken(reply: FastifyReply): FastifyReply {
  const detail = 'The Authorization header is missing or is not a token of this tenant.';
  return sendProblem(reply, unauthorized(detail));
}

function unknownToken(reply: FastifyReply): FastifyReply {
  const detail = 'The Authorization header is missing or is not a token of this event stream.';
  return sendProblem(reply, { ...unavailable(detail), code: 'unknown-token' });
}

function overloaded(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, unavailable('Too many deliveries are being taken in at once.', 1_000));
}
