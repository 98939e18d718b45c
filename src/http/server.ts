/**
 * The HTTP server: its limits, its answers to errors, its log lines and how it closes. The routes are in the files beside
 * it; more routes may be registered until it listens.
 */
import type { Socket } from 'node:net';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { uuidv7 } from 'uuidv7';
import { type ConnectionLimits, limitConnections } from './connections.ts';
import { type DashboardOptions, dashboard } from './dashboard/dashboard.ts';
import { STREAM_TYPE } from './dashboard/live.ts';
import { declaredLength } from './declared-length.ts';
import { health } from './health.ts';
import { type MetricsOptions, metrics } from './metrics.ts';
import { errorFields, notFound, problemOf, refuseConnection, sendProblem } from './problem.ts';
import { type WebhookOptions, webhook } from './webhook.ts';

export interface ServerLimits {
  /** Bytes of one delivery. */
  readonly bodyLimitBytes: number;
  /** Deliveries that are read and made durable at once; more are refused with 503. */
  readonly maxIngesting: number;
  /** Total bytes of their bodies; with more, deliveries are refused with 503. */
  readonly maxIngestingBytes: number;
  /** Milliseconds to make a delivery durable before the answer is 503. */
  readonly ingestTimeoutMs: number;
  /** Milliseconds MongoDB has to answer the readiness check. */
  readonly readyTimeoutMs: number;
  /** Milliseconds for a whole request to arrive. */
  readonly requestTimeoutMs: number;
  /** Milliseconds for the headers of a request to arrive. */
  readonly headersTimeoutMs: number;
  /** Milliseconds between checks for late requests. */
  readonly lateCheckMs: number;
  /** Milliseconds a connection may be silent; longer than any answer takes. */
  readonly connectionTimeoutMs: number;
  /** Milliseconds that closing waits for answers before it closes the connections. */
  readonly closeTimeoutMs: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  bodyLimitBytes: 2 * 1024 * 1024,
  maxIngesting: 64,
  maxIngestingBytes: 32 * 1024 * 1024,
  ingestTimeoutMs: 20_000,
  readyTimeoutMs: 2_000,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  // Node's default is 30 seconds.
  lateCheckMs: 5_000,
  connectionTimeoutMs: 60_000,
  closeTimeoutMs: 25_000,
};

export interface ServerDeps extends Pick<WebhookOptions, 'tenants' | 'ingest' | 'onIngest'> {
  /** Resolves when MongoDB answers a ping; rejects when it does not. */
  readonly ready: () => Promise<void>;
  /** True once the process is stopping: /readyz reports it, while requests are still answered. */
  readonly isDraining?: () => boolean;
  /** Without it there is no /metrics. */
  readonly metrics?: MetricsOptions;
  /** Without it there is no page. */
  readonly dashboard?: DashboardOptions;
  /** Called for every answer, for the metrics; the route is null where there is none. Must not throw. */
  readonly onAnswer?: (method: string, route: string | null, status: number, durationMs: number) => void;
  readonly connections?: ConnectionLimits;
  readonly log: FastifyBaseLogger;
  readonly limits?: Partial<ServerLimits>;
}

/**
 * Builds the server; nothing listens yet. `close()` delivers the answers that are on their way,
 * each with `connection: close`, and resolves when all connections are closed, at the latest after
 * `closeTimeoutMs`. Throws UsageError when a tenant has no token.
 */
export function createServer(deps: ServerDeps): FastifyInstance {
  const limits = { ...DEFAULT_SERVER_LIMITS, ...deps.limits };
  const app = fastify({
    loggerInstance: deps.log,
    // Fastify's own lines contain whole URLs and addresses; `logAnswers` writes what may be logged.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => uuidv7(),
    bodyLimit: limits.bodyLimitBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.connectionTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: limits.lateCheckMs },
    // A request on an open connection is still answered while closing, and then the connection is closed.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      request.log.debug(errorFields(error), 'request refused');
      sendProblem(reply, problemOf(error, request.id, limits.bodyLimitBytes));
    },
    clientErrorHandler: refuseConnection,
  });
  if (deps.connections !== undefined) limitConnections(app, deps.connections);
  const isClosing = closeGracefully(app, limits);
  answerErrors(app, limits);
  logAnswers(app, deps.onAnswer);
  app.register(
    webhook({
      tenants: deps.tenants,
      ingest: deps.ingest,
      ...limits,
      ...(deps.onIngest === undefined ? {} : { onIngest: deps.onIngest }),
    }),
  );
  app.register(
    health({
      ready: deps.ready,
      isDraining: () => isClosing() || (deps.isDraining?.() ?? false),
      readyTimeoutMs: limits.readyTimeoutMs,
    }),
  );
  if (deps.metrics !== undefined) app.register(metrics(deps.metrics));
  if (deps.dashboard !== undefined) app.register(dashboard(deps.dashboard));
  return app;
}

/**
 * Node closes idle connections when the server closes, except two kinds, for which closing would wait until a timeout:
 * one that is answering at that moment and would be kept alive, and one that a proxy opened in advance without a request.
 */
function closeGracefully(app: FastifyInstance, limits: ServerLimits): () => boolean {
  let closing = false;
  let deadline: NodeJS.Timeout | undefined;
  let sweep: NodeJS.Timeout | undefined;
  const connections = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  app.addHook('preClose', async () => {
    closing = true;
    deadline = setTimeout(() => app.server.closeAllConnections(), limits.closeTimeoutMs);
    sweep = setInterval(() => {
      // An answer whose headers were sent earlier still leaves an idle connection.
      app.server.closeIdleConnections();
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    }, 50);
  });
  app.addHook('onClose', async () => {
    clearTimeout(deadline);
    clearInterval(sweep);
  });
  app.addHook('onSend', async (request, reply) => {
    // A request that is refused early leaves its body on the wire. A short one is read and thrown
    // away for the next request's sake; what may be long is not worth reading.
    const leavesLongBody =
      !request.raw.complete &&
      reply.statusCode >= 400 &&
      !(declaredLength(request.headers) <= limits.bodyLimitBytes);
    if (closing || leavesLongBody) reply.header('connection', 'close');
  });
  return () => closing;
}

function answerErrors(app: FastifyInstance, limits: ServerLimits): void {
  // In the first hook, because Fastify reads the body before it calls the handler for 404.
  app.addHook('onRequest', async (request, reply) => {
    return request.is404 ? sendProblem(reply, notFound()) : undefined;
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, notFound()));
  app.setErrorHandler((error, request, reply) => {
    const { bodyLimit = limits.bodyLimitBytes } = request.routeOptions;
    const problem = problemOf(error, request.id, bodyLimit);
    if (problem.status >= 500) request.log.error(errorFields(error), 'request failed');
    else request.log.debug(errorFields(error), 'request refused');
    return sendProblem(reply, problem);
  });
}

/** One line for each answer, without bodies, headers, addresses or any part of an unknown URL. */
function logAnswers(app: FastifyInstance, onAnswer: ServerDeps['onAnswer']): void {
  app.addHook('onResponse', async (request, reply) => {
    const fields = {
      method: request.method,
      route: request.is404 ? null : (request.routeOptions.url ?? null),
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    };
    // A stream lasts as long as its listener, so its duration is no response time.
    const isStream = reply.raw.getHeader('content-type') === STREAM_TYPE;
    if (!isStream) onAnswer?.(fields.method, fields.route, fields.status, reply.elapsedTime);
    // Scanners request unknown paths all day, and a successful delivery has logged its counts.
    if (request.is404 || reply.statusCode < 400) request.log.debug(fields, 'request answered');
    else request.log.info(fields, 'request answered');
  });
}
