/** The questions and decisions of the dashboard, below /api: validated, answered from the dashboard data, as JSON. */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { DashboardData } from '../../dashboard-data/data.ts';
import { allowOnly, sendProblem } from '../problem.ts';
import type { Access } from './access.ts';
import { sendAnswer } from './problems.ts';
import {
  adoptionQuery,
  decision,
  nothing,
  REQUEST_BODY_LIMIT_BYTES,
  type Reading,
  rangeQuery,
  readJson,
  readQuery,
  timelineQuery,
  userQuery,
  usersQuery,
} from './requests.ts';
import type { Gate } from './site.ts';

export interface ApiOptions {
  readonly dashboardData: DashboardData;
  readonly access: Access;
}

export function api({ dashboardData, access }: ApiOptions): FastifyPluginAsync {
  return async (scope) => {
    const ask = <Query>(url: string, query: z.ZodType<Query>, answer: (query: Query) => Promise<object>) =>
      scope.route({
        method: scope.supportedMethods,
        url,
        exposeHeadRoute: false,
        onRequest: [allowOnly('GET'), ...access.toData],
        handler: async (request, reply) => {
          const reading = readQuery(query, request.query);
          return reading.ok
            ? sendAnswer(request, reply, () => answer(reading.value))
            : sendUnreadable(reply, reading);
        },
      });
    ask('/api/overview', nothing, () => dashboardData.overview());
    ask('/api/history', rangeQuery, ({ range }) => dashboardData.history(range));
    ask('/api/users', usersQuery, (query) => dashboardData.users(query));
    ask('/api/user', userQuery, ({ key }) => dashboardData.user(key));
    ask('/api/user/look', userQuery, ({ key }) => dashboardData.look(key));
    ask('/api/user/timeline', timelineQuery, ({ key, before }) => dashboardData.timeline(key, before));
    ask('/api/user/adoption', adoptionQuery, ({ key, did }) => dashboardData.adoption(key, did));
    ask('/api/user/restoration', userQuery, ({ key }) => dashboardData.restoration(key));
    ask('/api/sweeps', nothing, () => dashboardData.sweeps());
    takeDecisions(scope, dashboardData, access);
  };
}

function takeDecisions(scope: FastifyInstance, dashboardData: DashboardData, access: Access): void {
  readBodiesAsText(scope);
  scope.route({
    method: scope.supportedMethods,
    url: '/api/decisions',
    exposeHeadRoute: false,
    bodyLimit: REQUEST_BODY_LIMIT_BYTES,
    onRequest: [allowOnly('POST'), ...access.toData, requireJson, refuseForgery(access)],
    handler: async (request, reply) => {
      const reading = readJson(decision, request.body);
      return reading.ok
        ? sendAnswer(request, reply, () => dashboardData.decide(reading.value))
        : sendUnreadable(reply, reading);
    },
  });
}

export function readBodiesAsText(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string) => body);
}

/** A form of a foreign page cannot send it, and a script of one needs a preflight. */
export const requireJson: Gate = async (request, reply) => {
  if (/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')) return undefined;
  return sendProblem(reply, {
    code: 'wrong-content-type',
    status: 415,
    detail: 'The body must be application/json.',
  });
};

function refuseForgery({ sessions, callerOf }: Access): Gate {
  return async (request, reply) => {
    const proof = request.headers['x-concord-csrf'];
    if (sessions.isCsrf(callerOf(request).id, proof?.toString())) return undefined;
    return sendProblem(reply, {
      code: 'wrong-csrf',
      status: 403,
      detail:
        'The header x-concord-csrf is missing or belongs to another session. GET /api/session returns it.',
    });
  };
}

export function sendUnreadable(
  reply: FastifyReply,
  { detail }: Extract<Reading<unknown>, { ok: false }>,
): FastifyReply {
  return sendProblem(reply, { code: 'unreadable-request', status: 400, detail });
}
