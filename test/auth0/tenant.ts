/** As much of a tenant as one test needs, on loopback. */
import { type Auth0Client, createAuth0Client } from '../../src/auth0/client.ts';
import { type Auth0UserId, parseAuth0UserId } from '../../src/identity.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { type Handler, type LocalServer, localServer, sendJson } from '../support/local-server.ts';
import { leapingClock } from '../support/virtual-clock.ts';

export interface Tenant extends LocalServer {
  readonly client: Auth0Client;
  readonly clock: ReturnType<typeof leapingClock>;
}

/** Gives out tokens `token-1`, `token-2`, … and leaves the rest to the handler. */
export async function tenantOf(
  api: Handler,
  options: { readonly timeoutMs?: number; readonly expiresInS?: number; readonly token?: Handler } = {},
): Promise<Tenant> {
  let tokens = 0;
  const server = await localServer((request, response) => {
    if (request.url !== '/oauth/token') return api(request, response);
    if (options.token !== undefined) return options.token(request, response);
    tokens += 1;
    return sendJson(response, 200, {
      access_token: `token-${tokens}`,
      expires_in: options.expiresInS ?? 86_400,
    });
  });
  const clock = leapingClock();
  const client = createAuth0Client({
    domain: 'example.eu.auth0.com',
    managementUrl: server.origin,
    clientId: 'concord',
    clientSecret: 'hunter2',
    clock,
    limiter: new RateLimiter({ upstream: 'auth0', clock }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  return { ...server, client, clock };
}

export function userIdOf(text: string): Auth0UserId {
  const id = parseAuth0UserId(text);
  if (id === undefined) throw new Error(`${text} is no user id.`);
  return id;
}

export interface ApiUser {
  readonly user_id: string;
  readonly email?: string | null;
  readonly email_verified?: boolean | string;
  readonly blocked?: boolean;
  readonly created_at: string;
}

/** Users `auth0|0` and so on, as the API gives them. */
export function apiUsers(count: number, from = 0): ApiUser[] {
  return Array.from({ length: count }, (_, at) => ({
    user_id: `auth0|${from + at}`,
    email: `bob${from + at}@example.com`,
    email_verified: true,
    created_at: '2026-01-02T03:04:05.678Z',
  }));
}
