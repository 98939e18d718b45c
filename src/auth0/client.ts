/**
 * Calls to the Management API of one tenant, with the token they need. The token is not the SDK's: its provider is not to be
 * had by itself, keeps a token that was refused, and does not go by our clock.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { type Caller, createCaller } from '../upstream/caller.ts';
import type { GuardOptions } from '../upstream/guarded-fetch.ts';
import { createSdkCaller, type SdkCall } from './sdk.ts';

export interface Auth0ClientOptions extends Omit<GuardOptions, 'upstream'> {
  /** The tenant's own domain, such as `example.eu.auth0.com`: it names the audience, also behind a custom domain. */
  readonly domain: string;
  /** Where the API is reached. Default `https://{domain}`. */
  readonly managementUrl?: string | undefined;
  /** Read at each call for a token, as `clientSecret` is: both can be rotated. */
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Auth0Client {
  /**
   * One call with a token. A 401 means that nothing was done and that the token is no longer good
   * (a rotated key, a revoked grant): it is dropped, and the call is made exactly once more.
   */
  readonly call: <T>(call: SdkCall<T>) => Promise<T>;
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  /** False only where the API itself is reached over plain HTTP, as a local stand-in is. */
  readonly secure: boolean;
}

export function createAuth0Client(options: Auth0ClientOptions): Auth0Client {
  const { clock, limiter, timeoutMs, onCall, fetch = globalThis.fetch } = options;
  const origin = apiOrigin(options);
  const guard = { clock, limiter, fetch, timeoutMs, onCall };
  const send = createSdkCaller(origin, guard);
  const tokens = new TokenSource(createCaller({ ...guard, upstream: 'auth0', origin }), options);
  return {
    clock,
    fetch,
    secure: new URL(origin).protocol === 'https:',
    call: async (call) => {
      const token = await tokens.token();
      try {
        return await send(call, token);
      } catch (error) {
        if (!(error instanceof UpstreamError && error.code === 'UNAUTHORIZED')) throw error;
      }
      tokens.drop(token);
      return send(call, await tokens.token());
    },
  };
}

/** Scheme, host and port at which the API is reached. */
export function apiOrigin({
  managementUrl,
  domain,
}: Pick<Auth0ClientOptions, 'managementUrl' | 'domain'>): string {
  return managementUrl ?? `https://${domain}`;
}

/** A token this close to its end, in milliseconds, is not used: the call it goes with may arrive later. */
const TOKEN_MARGIN_MS = 60_000;

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

type Credentials = Pick<Auth0ClientOptions, 'domain' | 'clientId' | 'clientSecret' | 'clock'>;

/** Asks for an access token of the Management API; what is read of the answer is the caller's. */
export function tokenCall({ domain, clientId, clientSecret }: Omit<Credentials, 'clock'>) {
  const audience = `https://${domain}/api/v2/`;
  return {
    method: 'POST',
    route: 'oauth.token',
    path: '/oauth/token',
    onlyReads: true,
    bucket: 'token',
    form: {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      audience,
    },
  } as const;
}

/** The access token: fetched when first needed, by one call however many wait for it, and kept until shortly before its end. */
class TokenSource {
  readonly #call: Caller;
  readonly #credentials: Credentials;
  #held: { readonly token: string; readonly untilMs: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(call: Caller, credentials: Credentials) {
    this.#call = call;
    this.#credentials = credentials;
  }

  token(): Promise<string> {
    const nowMs = this.#credentials.clock.now().getTime();
    if (this.#held !== undefined && nowMs < this.#held.untilMs) return Promise.resolve(this.#held.token);
    this.#pending ??= this.#fetchToken(nowMs).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Forgets this token. A newer one, which another call has fetched meanwhile, stays. */
  drop(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  async #fetchToken(nowMs: number): Promise<string> {
    const answer = await this.#call({
      ...tokenCall(this.#credentials),
      parse: (body) => TokenAnswer.parse(body),
    });
    // Counted from before the call, so that a slow answer does not lengthen it.
    this.#held = { token: answer.access_token, untilMs: nowMs + answer.expires_in * 1000 - TOKEN_MARGIN_MS };
    return answer.access_token;
  }
}
