/**
 * Who is answered.
 *
 * | a token is configured | the request                                            | pages | /api |
 * |-----------------------|--------------------------------------------------------|-------|------|
 * | yes                   | has a session, or the token with or without `Bearer `  | 200   | 200  |
 * | yes                   | has neither                                            | 200   | 401  |
 * | no                    | is from this machine, by its own name, and by no proxy | 200   | 200  |
 * | no                    | any other                                              | 403   | 403  |
 *
 * Wrong tokens are not counted: among those of 32 bytes none is found by trying, and a lock after so many would let
 * anybody keep the operators out. Nothing below /api is answered to a foreign page (`site.ts`).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../ports/clock.ts';
import { authorizationCheck } from '../authorization.ts';
import { isLocal } from '../local.ts';
import { sendProblem, unauthorized } from '../problem.ts';
import { sendText } from './pages.ts';
import { createSessions, type Sessions } from './session.ts';
import { type Gate, isNamedLocally, refuseOtherSites } from './site.ts';

/** Who asks. */
export interface Caller {
  /** What the proof against forged requests is bound to. */
  readonly id: string;
  /** Undefined where no session ends. */
  readonly expiresAtMs: number | undefined;
}

export interface Access {
  readonly hasToken: boolean;
  readonly sessions: Sessions;
  /** To the page, which holds nothing secret. */
  readonly toPages: Gate;
  /** To where one signs in. */
  readonly toDoor: readonly Gate[];
  /** To data. */
  readonly toData: readonly Gate[];
  /** Of a request that was let in to data. */
  callerOf(request: FastifyRequest): Caller;
  /** Undefined when it is the token; otherwise it has been refused. */
  refuseToken(given: string, reply: FastifyReply): FastifyReply | undefined;
}

const REFUSED = unauthorized('The DASHBOARD_TOKEN is missing or is another.');
const ANYBODY_HERE: Caller = { id: 'local', expiresAtMs: undefined };
const BY_TOKEN: Caller = { id: 'token', expiresAtMs: undefined };

export function createAccess(token: string | undefined, clock: Pick<Clock, 'now'>): Access {
  const sessions = createSessions(token, clock);
  const isToken = token === undefined ? () => false : authorizationCheck([token]);
  const callers = new WeakMap<FastifyRequest, Caller>();
  const toPages: Gate = async (request, reply) => {
    const refusal = token === undefined ? strangerOf(request) : undefined;
    return refusal === undefined ? undefined : sendText(reply, 403, `${refusal.detail}\n`);
  };
  const fromHere: Gate = async (request, reply) => {
    const refusal = token === undefined ? strangerOf(request) : undefined;
    return refusal === undefined ? undefined : sendProblem(reply, { ...refusal, status: 403 });
  };
  const known: Gate = async (request, reply) => {
    if (token === undefined) {
      callers.set(request, ANYBODY_HERE);
      return undefined;
    }
    const session = sessions.find(request.headers.cookie);
    if (session !== undefined) {
      callers.set(request, session);
      return undefined;
    }
    if (!isToken(request.headers.authorization)) return sendProblem(reply, REFUSED);
    callers.set(request, BY_TOKEN);
    return undefined;
  };
  return {
    hasToken: token !== undefined,
    sessions,
    toPages,
    toDoor: [fromHere, refuseOtherSites],
    toData: [fromHere, refuseOtherSites, known],
    callerOf: (request) => {
      const caller = callers.get(request);
      if (caller === undefined) throw new Error('whoever asks was never let in');
      return caller;
    },
    // As bytes, one a character, which is what a header is.
    refuseToken: (given, reply) =>
      isToken(Buffer.from(given).toString('latin1')) ? undefined : sendProblem(reply, REFUSED),
  };
}

interface Stranger {
  readonly code: 'not-from-here' | 'wrong-host';
  readonly detail: string;
}

function strangerOf(request: FastifyRequest): Stranger | undefined {
  if (!isLocal(request)) {
    return {
      code: 'not-from-here',
      detail:
        'Without a DASHBOARD_TOKEN the dashboard answers this machine only, and nothing that a proxy passed on. ' +
        'Set one for concord serve, of at least 32 bytes (openssl rand -hex 32), and sign in with it.',
    };
  }
  if (isNamedLocally(request)) return undefined;
  return {
    code: 'wrong-host',
    detail:
      'Without a DASHBOARD_TOKEN the dashboard is asked for by localhost, 127.0.0.1 or [::1], and by no other name. ' +
      'Set one for concord serve to reach it by this name.',
  };
}
