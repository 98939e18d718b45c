/**
 * Which requests are answered.
 *
 * | a token is configured | the request                                            | pages | /api |
 * |-----------------------|--------------------------------------------------------|-------|------|
 * | yes                   | has a session, or the token with or without `Bearer `  | 200   | 200  |
 * | yes                   | has neither                                            | 200   | 401  |
 * | no                    | is from this machine, by its own name, and by no proxy | 200   | 200  |
 * | no                    | any other                                              | 403   | 403  |
 *
 * Wrong tokens are not counted: a token of 32 bytes cannot be guessed, and a lock after failures would let an attacker
 * lock the operators out. Requests of foreign pages to /api are refused (`site.ts`).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../ports/clock.ts';
import { rotatingCheck } from '../authorization.ts';
import { isLocal } from '../local.ts';
import { sendProblem, unauthorized } from '../problem.ts';
import { sendText } from './pages.ts';
import { createSessions, type Sessions } from './session.ts';
import { type Gate, isNamedLocally, refuseOtherSites } from './site.ts';

/** The sender of a request. */
export interface Caller {
  /** The CSRF token is bound to this. */
  readonly id: string;
  /** Undefined where no session ends. */
  readonly expiresAtMs: number | undefined;
}

export interface Access {
  hasToken(): boolean;
  readonly sessions: Sessions;
  /** For the page, which has no secrets. */
  readonly toPages: Gate;
  /** For signing in. */
  readonly toSignIn: readonly Gate[];
  /** For data. */
  readonly toData: readonly Gate[];
  /** The caller of a request that was admitted to data. */
  callerOf(request: FastifyRequest): Caller;
  /** Undefined when the token is right; otherwise the request has been refused. */
  refuseToken(given: string, reply: FastifyReply): FastifyReply | undefined;
}

const REFUSED = unauthorized('The DASHBOARD_TOKEN is missing or wrong.');
const ANYBODY_HERE: Caller = { id: 'local', expiresAtMs: undefined };
const BY_TOKEN: Caller = { id: 'token', expiresAtMs: undefined };

/** `tokenNow` is read at each request: a new token ends the sessions of the old one. */
export function createAccess(tokenNow: () => string | undefined, clock: Pick<Clock, 'now'>): Access {
  const sessions = createSessions(tokenNow, clock);
  const isToken = rotatingCheck(tokenNow);
  const callers = new WeakMap<FastifyRequest, Caller>();
  const toPages: Gate = async (request, reply) => {
    const refusal = tokenNow() === undefined ? strangerOf(request) : undefined;
    return refusal === undefined ? undefined : sendText(reply, 403, `${refusal.detail}\n`);
  };
  const fromHere: Gate = async (request, reply) => {
    const refusal = tokenNow() === undefined ? strangerOf(request) : undefined;
    return refusal === undefined ? undefined : sendProblem(reply, { ...refusal, status: 403 });
  };
  const known: Gate = async (request, reply) => {
    if (tokenNow() === undefined) {
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
    hasToken: () => tokenNow() !== undefined,
    sessions,
    toPages,
    toSignIn: [fromHere, refuseOtherSites],
    toData: [fromHere, refuseOtherSites, known],
    callerOf: (request) => {
      const caller = callers.get(request);
      if (caller === undefined) throw new Error('the caller was not admitted');
      return caller;
    },
    // Each character of a header is one byte.
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
        'Without a DASHBOARD_TOKEN the dashboard answers only this machine, and no request that a proxy forwarded. ' +
        'Set one for concord serve, of at least 32 bytes (openssl rand -hex 32), and sign in with it.',
    };
  }
  if (isNamedLocally(request)) return undefined;
  return {
    code: 'wrong-host',
    detail:
      'Without a DASHBOARD_TOKEN the dashboard answers only to the names localhost, 127.0.0.1 and [::1]. ' +
      'Set one for concord serve to reach it by this name.',
  };
}
