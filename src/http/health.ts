/**
 * GET /healthz: the process is alive. Nothing else is checked, so that an outage of the database does not restart it.
 * GET /readyz: the process accepts requests. 503 while it is draining or MongoDB does not answer.
 */
import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify';
import { LATE, within } from './deadline.ts';
import { allowOnly, errorFields, sendProblem, unavailable } from './problem.ts';

export interface HealthOptions {
  /** Resolves when MongoDB answers a ping; rejects when it does not. */
  readonly ready: () => Promise<void>;
  readonly isDraining: () => boolean;
  readonly readyTimeoutMs: number;
}

type Readiness = 'ready' | 'draining' | 'unreachable';

export function health(options: HealthOptions): FastifyPluginAsync {
  const ping = shared(options.ready);
  return async (scope) => {
    scope.route({
      method: scope.supportedMethods,
      url: '/healthz',
      exposeHeadRoute: false,
      onRequest: allowOnly('GET', 'HEAD'),
      handler: async (_request, reply) => reply.send({ status: 'alive' }),
    });
    scope.route({
      method: scope.supportedMethods,
      url: '/readyz',
      exposeHeadRoute: false,
      onRequest: allowOnly('GET', 'HEAD'),
      handler: async (request, reply) => {
        switch (await readiness(options, ping, request.log)) {
          case 'ready':
            return reply.send({ status: 'ready' });
          case 'draining':
            return sendProblem(reply, unavailable('The server is draining.'));
          case 'unreachable':
            return sendProblem(reply, unavailable('MongoDB does not answer.'));
        }
      },
    });
  };
}

async function readiness(
  options: HealthOptions,
  ping: () => Promise<void>,
  log: FastifyBaseLogger,
): Promise<Readiness> {
  if (options.isDraining()) return 'draining';
  try {
    if ((await within(ping(), options.readyTimeoutMs)) !== LATE) return 'ready';
    log.warn({ timeoutMs: options.readyTimeoutMs }, 'readiness check is late');
  } catch (error) {
    log.warn(errorFields(error), 'readiness check failed');
  }
  return 'unreachable';
}

/** One ping at a time for all requests, because anyone may send them. */
function shared(call: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= call().finally(() => {
      running = undefined;
    });
    return running;
  };
}
