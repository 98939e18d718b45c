/** Users for which nothing is created, restored or renamed. */
import type { Facts } from '../events/facts.ts';

export interface Unwanted {
  readonly type: 'unwanted';
  readonly reason: 'UserGone' | 'UserBlocked' | 'UserUnknown';
  readonly message: string;
}

/** Why nothing is created for this user; undefined for a user who is in Auth0 and not blocked. */
export function notWanted({
  auth0,
  absentSince,
}: Pick<Facts, 'auth0' | 'absentSince'>): Unwanted | undefined {
  if (absentSince !== undefined)
    return { type: 'unwanted', reason: 'UserGone', message: 'The user is deleted in Auth0.' };
  if (auth0 === undefined) {
    const message = 'The user has not been read from Auth0 yet.';
    return { type: 'unwanted', reason: 'UserUnknown', message };
  }
  if (!auth0.blocked) return undefined;
  const message = 'The user is blocked in Auth0, so nothing is created, restored or renamed.';
  return { type: 'unwanted', reason: 'UserBlocked', message };
}

/** The end of a message about something that was removed. */
export const RESTORE_COMMAND = 'Restore it with: concord restore <user>';
