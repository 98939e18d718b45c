/** `/api/session`: the current session, signing in and signing out. */
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { SessionAnswer } from '../../dashboard-data/answers/session.ts';
import { allowOnly, sendProblem } from '../problem.ts';
import type { Access } from './access.ts';
import { readBodiesAsText, requireJson, sendUnreadable } from './api.ts';
import { REQUEST_BODY_LIMIT_BYTES, readJson, signIn } from './requests.ts';
import { NO_SESSION } from './session.ts';
import { isSecure } from './site.ts';

export interface SessionRoutesOptions {
  readonly access: Access;
  readonly version: string;
}

export function sessionRoutes({ access, version }: SessionRoutesOptions): FastifyPluginAsync {
  const { sessions, hasToken } = access;
  const answerFor = (id: string): SessionAnswer => ({
    csrf: sessions.csrf(id),
    hasToken: hasToken(),
    version,
  });
  return async (scope) => {
    const url = '/api/session';
    const others = scope.supportedMethods.filter((method) => !['GET', 'POST', 'DELETE'].includes(method));
    readBodiesAsText(scope);
    scope.route({
      method: 'GET',
      url,
      exposeHeadRoute: false,
      onRequest: [...access.toData],
      handler: async (request) => answerFor(access.callerOf(request).id),
    });
    scope.route({
      method: 'POST',
      url,
      bodyLimit: REQUEST_BODY_LIMIT_BYTES,
      onRequest: [...access.toSignIn, requireJson],
      handler: async (request, reply) => {
        if (!hasToken()) return nothingToShow(reply);
        const reading = readJson(signIn, request.body);
        if (!reading.ok) return sendUnreadable(reply, reading);
        const refused = access.refuseToken(reading.value.token, reply);
        if (refused !== undefined) return refused;
        const { session, cookie } = sessions.start(isSecure(request));
        return reply.header('set-cookie', cookie).send(answerFor(session.id));
      },
    });
    scope.route({
      method: 'DELETE',
      url,
      bodyLimit: REQUEST_BODY_LIMIT_BYTES,
      onRequest: [...access.toSignIn],
      handler: async (_request, reply) => reply.code(204).header('set-cookie', NO_SESSION).send(),
    });
    scope.route({
      method: others,
      url,
      exposeHeadRoute: false,
      onRequest: allowOnly('GET', 'POST', 'DELETE'),
      handler: async (_request, reply) => reply.send(),
    });
  };
}

function nothingToShow(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, {
    code: 'no-token',
    status: 409,
    detail: 'No DASHBOARD_TOKEN is set, so there is nothing to sign in with.',
  });
}
