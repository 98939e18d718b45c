/**
 * Sessions: whoever has shown the token need not show it again for twelve hours. The cookie holds no token, only
 * until when it is good, and a signature by a key made from the token. So nothing is kept here: a session survives a
 * restart, is good in every process with the same token, and ends with the token. Signing out takes the cookie from
 * the browser; whoever has copied it before is kept out by another token only.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';

export const SESSION_MS = 12 * 60 * 60_000;
const COOKIE = 'concord_session';
const VALUE = /^([0-9]{13,15})\.[A-Za-z0-9_-]{22}$/;

export interface Session {
  /** What the proof against forged requests is bound to. */
  readonly id: string;
  readonly expiresAtMs: number;
}

export interface Sessions {
  /** A new one, and the header that has the browser keep it. `isSecure`: it came over https. */
  start(isSecure: boolean): { readonly session: Session; readonly cookie: string };
  /** The one that a Cookie header proves; undefined where it proves none. */
  find(header: string | undefined): Session | undefined;
  /** What a page of ours knows and a foreign one cannot: to be sent with whatever changes something. */
  csrf(id: string): string;
  isCsrf(id: string, given: string | undefined): boolean;
}

/** The header that has the browser forget its session. */
export const NO_SESSION = `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;

/** Without a token there are no sessions, and proofs are good for this process. */
export function createSessions(token: string | undefined, clock: Pick<Clock, 'now'>): Sessions {
  const key =
    token === undefined
      ? randomBytes(32)
      : Buffer.from(hkdfSync('sha256', token, '', 'concord dashboard session', 32));
  const sign = (purpose: 'session' | 'csrf', id: string) =>
    createHmac('sha256', key).update(`${purpose}\n${id}`).digest();
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
    // Another host of the same domain can add a cookie of this name, so all of them are looked at.
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
