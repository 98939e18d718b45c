/**
 * The platform's documents as they are found, and what is read out of them.
 *
 * Fields drifted over the years, so every one of them is unknown until it has been parsed. The rule where
 * something cannot be read: an account that is named illegibly is an account with no DID, never "no account",
 * because from no account follows creating a second one.
 */
import { eventId, parseAccountHandle, parseCode, parseDid, type UserKey } from '../../identity.ts';
import type { AccountRecord, Documents, StoredRecord } from '../../ports/documents.ts';
import type { OldAccount } from '../../ports/old-documents.ts';

export interface StoredVerification {
  readonly _id: UserKey;
  readonly count?: unknown;
}

export interface StoredHandle {
  readonly _id: UserKey;
  readonly handle?: unknown;
  readonly code?: unknown;
}

export interface StoredUser {
  readonly _id: UserKey;
  readonly code?: unknown;
  readonly when?: unknown;
  readonly atproto?: unknown;
  readonly atprotoPending?: unknown;
  // Where the platform kept the account before `atproto`.
  readonly atproto_did?: unknown;
  readonly atproto_handle?: unknown;
  readonly atproto_password?: unknown;
  readonly atproto_created_at?: unknown;
}

/** What `userOf` reads. */
export const USER_FIELDS = {
  ...{ code: 1, when: 1, atproto: 1, atprotoPending: 1 },
  ...{ atproto_did: 1, atproto_handle: 1, atproto_password: 1, atproto_created_at: 1 },
} as const;

/**
 * Whole and never negative, whatever type of number or text it was written as. A document without a readable
 * count is one that has verified nothing yet.
 */
export function countOf(count: unknown): number {
  const number = typeof count === 'number' ? count : Number(String(count ?? ''));
  return Number.isFinite(number) ? Math.max(0, Math.floor(number)) : 0;
}

export function platformHandleOf(handle: unknown): string | undefined {
  if (typeof handle === 'number') return String(handle);
  return typeof handle === 'string' && handle !== '' ? handle : undefined;
}

export function userOf(stored: StoredUser): NonNullable<Documents['user']> {
  const account = accountOf(stored.atproto);
  const old = account === undefined ? oldAccountOf(stored) : undefined;
  const { code, hasUnreadableCode } = codeOf(stored.code);
  return {
    code,
    hasUnreadableCode,
    when: whenOf(stored.when),
    account,
    oldAccount: old === undefined ? undefined : { did: old.did },
    pending: pendingOf(stored.atprotoPending),
  };
}

/** The account in the fields from before `atproto`. Undefined when all of them are empty. */
export function oldAccountOf(stored: StoredUser): OldAccount | undefined {
  const { atproto_did: did, atproto_handle: handle, atproto_password: password } = stored;
  if ([did, handle, password].every((value) => value === undefined || value === null || value === ''))
    return undefined;
  return {
    did: parseDid(did),
    handle: parseAccountHandle(handle),
    password: isText(password) ? password : undefined,
    createdAt: whenOf(stored.atproto_created_at),
  };
}

/** A number counts as the text that it reads as; an empty text as none. */
export function codeOf(stored: unknown): Pick<NonNullable<Documents['user']>, 'code' | 'hasUnreadableCode'> {
  if (stored === undefined || stored === null || stored === '') return { code: undefined };
  const code = parseCode(typeof stored === 'number' ? String(stored) : stored);
  return code === undefined ? { code, hasUnreadableCode: true } : { code };
}

function whenOf(when: unknown): Date | undefined {
  const date =
    when instanceof Date ? when : isText(when) || typeof when === 'number' ? new Date(when) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

/** Undefined only when nothing is there: no field, a null, or an object with nothing in it. */
function accountOf(atproto: unknown): AccountRecord | undefined {
  if (atproto === undefined || atproto === null) return undefined;
  if (!isObject(atproto)) return { did: undefined, handle: undefined, hasPassword: false };
  if (Object.keys(atproto).length === 0) return undefined;
  return {
    did: parseDid(atproto['did']),
    handle: parseAccountHandle(atproto['handle']),
    hasPassword: isText(atproto['password']),
  };
}

/** What else is kept of the account. */
export function recordOf({ atproto }: Pick<StoredUser, 'atproto'>): StoredRecord {
  if (!isObject(atproto)) return { password: undefined, createdAt: undefined };
  const { password, createdAt } = atproto;
  return { password: isText(password) ? password : undefined, createdAt: whenOf(createdAt) };
}

function pendingOf(pending: unknown): { intent: ReturnType<typeof eventId>; password: string } | undefined {
  if (!isObject(pending)) return undefined;
  const { intent, password } = pending;
  return isText(intent) && isText(password) ? { intent: eventId(intent), password } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
