import { createHash, timingSafeEqual } from 'node:crypto';
import { UsageError } from '../errors.ts';

export type AuthorizationCheck = (header: string | undefined) => boolean;

/**
 * Builds the check of an Authorization header against every configured token, so that both tokens are valid during a
 * rotation. Auth0 sends the configured text unchanged and adds no `Bearer `, so a token is valid with and without it.
 *
 * Its duration reveals nothing about the tokens: it compares digests of equal length, and always all of them. Throws
 * UsageError (`NO_LOG_TOKEN`) when there is no token or an empty one.
 */
export function authorizationCheck(tokens: readonly string[]): AuthorizationCheck {
  if (tokens.length === 0 || tokens.some((token) => token.trim() === '')) {
    throw new UsageError('every tenant needs a log stream token, and none may be empty', 'NO_LOG_TOKEN');
  }
  const expected = tokens.flatMap((token) => [
    digest(Buffer.from(token)),
    digest(Buffer.from(`Bearer ${token}`)),
  ]);
  return (header) => {
    if (header === undefined) return false;
    // Node decodes a header as Latin-1, one character for each byte.
    const given = digest(Buffer.from(header, 'latin1'));
    let matches = 0;
    for (const digestOfToken of expected) matches += Number(timingSafeEqual(given, digestOfToken));
    return matches > 0;
  };
}

/** The same for tokens that can be rotated: they are read at each check. Nothing is authorized while there are none. */
export function rotatingCheck(tokensNow: () => readonly string[] | string | undefined): AuthorizationCheck {
  let read: { readonly tokens: readonly string[]; readonly check: AuthorizationCheck } | undefined;
  return (header) => {
    const now = [tokensNow() ?? []].flat();
    if (now.length === 0) return false;
    const isSame = read?.tokens.length === now.length && now.every((token, at) => token === read?.tokens[at]);
    if (read === undefined || !isSame) read = { tokens: now, check: authorizationCheck(now) };
    return read.check(header);
  };
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
