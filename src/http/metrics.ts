/**
 * GET /metrics, for Prometheus.
 *
 * | a token is configured | the request                                  | answer |
 * |-----------------------|----------------------------------------------|--------|
 * | yes                   | has it, with or without `Bearer `            | 200    |
 * | yes                   | has not                                      | 401    |
 * | no                    | is from this machine, and by no proxy        | 200    |
 * | no                    | any other                                    | 403    |
 */
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { rotatingCheck } from './authorization.ts';
import { isLocal } from './local.ts';
import { allowOnly, sendProblem, unauthorized } from './problem.ts';

export interface MetricsOptions {
  /** Without a token, only this machine is answered. Read at each request. */
  readonly token: string | undefined;
  readonly contentType: string;
  /** The page. */
  readonly read: () => Promise<string>;
}

const REFUSED = unauthorized('The Authorization header is missing or is not the METRICS_TOKEN.');

export function metrics(options: MetricsOptions): FastifyPluginAsync {
  const { contentType, read } = options;
  const isAuthorized = rotatingCheck(() => options.token);
  return async (scope) => {
    scope.route({
      method: scope.supportedMethods,
      url: '/metrics',
      exposeHeadRoute: false,
      onRequest: [
        allowOnly('GET', 'HEAD'),
        async (request, reply) => {
          if (options.token === undefined) return isLocal(request) ? undefined : notFromHere(reply);
          return isAuthorized(request.headers.authorization) ? undefined : sendProblem(reply, REFUSED);
        },
      ],
      handler: async (_request, reply) => reply.type(contentType).send(await read()),
    });
  };
}

function notFromHere(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, {
    code: 'not-from-here',
    status: 403,
    detail: 'Without a METRICS_TOKEN only this machine is answered, and no request that a proxy forwarded.',
  });
}
