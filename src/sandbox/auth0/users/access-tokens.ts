import { ApiError } from '../api-error.ts';
import type { Clock } from '../clock.ts';
import { ALPHANUMERICS, type Randomness } from '../randomness.ts';

/** The bearer tokens of the Management API. They look like JWTs, and clients must take them as opaque. */
export class AccessTokens {
  readonly lifetimeS: number;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #expiresAtMs = new Map<string, number>();
  readonly #scopes = new Map<string, readonly string[]>();

  constructor(clock: Clock, randomness: Randomness, lifetimeS: number) {
    this.#clock = clock;
    this.#randomness = randomness;
    this.lifetimeS = lifetimeS;
  }

  issue(claims: Readonly<Record<string, unknown>>, scopes: readonly string[]): string {
    const nowMs = this.#clock().getTime();
    const iat = Math.floor(nowMs / 1000);
    const parts = [
      { alg: 'RS256', typ: 'JWT' },
      { ...claims, scope: scopes.join(' '), iat, exp: iat + this.lifetimeS, gty: 'client-credentials' },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const token = [...parts, this.#randomness.draw(86, ALPHANUMERICS)].join('.');
    this.#expiresAtMs.set(token, nowMs + this.lifetimeS * 1000);
    this.#scopes.set(token, scopes);
    return token;
  }

  /**
   * Throws the 401 for a header that is missing, unknown or out of date, and the 403 for a token that has none of
   * these scopes.
   */
  check(authorization: string | undefined, scopes: readonly string[]): void {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new ApiError(401, 'Missing authentication');
    const expiresAtMs = this.#expiresAtMs.get(token);
    if (expiresAtMs === undefined) throw new ApiError(401, 'Invalid token');
    if (expiresAtMs <= this.#clock().getTime()) {
      throw new ApiError(401, 'Expired token received for JSON Web Token validation');
    }
    const granted = this.#scopes.get(token) ?? [];
    if (scopes.length > 0 && !scopes.some((scope) => granted.includes(scope))) {
      const message = `Insufficient scope, expected any of: ${scopes.join(',')}`;
      throw new ApiError(403, message, 'insufficient_scope');
    }
  }

  /** Makes every token that is out expired, as a rotated secret or a long pause would. */
  expireAll(): void {
    for (const token of this.#expiresAtMs.keys()) this.#expiresAtMs.set(token, 0);
  }
}
