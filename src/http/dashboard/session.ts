/**
 * Sessions: after signing in with the token, the browser does not need it again for twelve hours. The cookie has no
 * token, only its expiry and a signature by a key derived from the token. So the server stores nothing: a session
 * survives a restart, is valid in every process with the same token, and ends with the token. Signing out deletes the
 * cookie in the browser; only a new token invalidates copies of it.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';

export const SESSION_MS = 12 * 60 * 60_000;
const COOKIE = 'concord_session';
const VALUE = /^([0-9]{13,15})\.[A-Za-z0-9_-]{22}$/;

export interface Session {
  /** The CSRF token is bound to this. */
  readonly id: string;
  readonly expiresAtMs: number;
}

export interface Sessions {
  /** A new session, and the header that stores it in the browser. `isSecure`: the request came over https. */
  start(isSecure: boolean): { readonly session: Session; readonly cookie: string };
  /** The session of a Cookie header; undefined without a valid one. */
  find(header: string | undefined): Session | undefined;
  /** The CSRF token: our page knows it and a foreign page cannot. Required for every change. */
  csrf(id: string): string;
  isCsrf(id: string, given: string | undefined): boolean;
}

/** The header that deletes the session in the browser. */
export const NO_SESSION = `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;

/** Without a token there are no sessions, and CSRF tokens are valid for this process only. */
export function createSessions(tokenNow: () => string | undefined, clock: Pick<Clock, 'now'>): Sessions {
  const ofProcess = randomBytes(32);
  let derived: { readonly token: string; readonly key: Buffer } | undefined;
  const key = () => {
    const token = tokenNow();
    if (token === undefined) return ofProcess;
    if (derived?.token !== token) derived = { token, key: keyOf(token) };
    return derived.key;
  };
  const sign = (purpose: 'session' | 'csrf', id: string) =>
    createHmac('sha256', key()).update(`${purpose}\n${id}`).digest();
  const isSigned = (purpose: 'session' | 'csrf', id: string, signature: string) => {
    const given = Buffer.from(signature, 'base64url');
    const expected = sign(purpose, id);
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  const read = (value: string): Session | undefined => {
    const end = value.lastIndexOf('.');
    const id = value.slice(0, end);
    const expiresAtMs = Number(VALUE.exec(id)?.[1] ?? 0);
    const isGood = expiresAtMs > clock.now().getTime() && isSigned('session', id, value.slice(end + 1));
    return isGood ? { id, expiresAtMs } : undefined;
  };
  return {
    start: (isSecure) => {
      const expiresAtMs = clock.now().getTime() + SESSION_MS;
      const id = `${expiresAtMs}.${randomBytes(16).toString('base64url')}`;
      const value = `${id}.${sign('session', id).toString('base64url')}`;
      const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1000}`;
      return {
        session: { id, expiresAtMs },
        cookie: `${COOKIE}=${value}; ${attributes}${isSecure ? '; Secure' : ''}`,
      };
    },
    // Another host of the same domain can add a cookie of this name, so all of them are checked.
    find: (header) =>
      (header ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${COOKIE}=`))
        .map((pair) => read(pair.slice(COOKIE.length + 1)))
        .find((session) => session !== undefined),
    csrf: (id) => sign('csrf', id).toString('base64url'),
    isCsrf: (id, given) => given !== undefined && isSigned('csrf', id, given),
  };
}

function keyOf(token: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, '', 'concord dashboard session', 32));
}
