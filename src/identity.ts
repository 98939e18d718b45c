/**
 * The names of things, one parser each. A value of one of these types has been checked; a plain
 * string has not. Nothing else in the code base casts a string to them.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Lower-case letters, digits and hyphens, 1 to 32, not starting with a hyphen. Names a tenant in URLs and logs. */
export type TenantId = Branded<'TenantId'>;
/** What Auth0 calls `user_id`: `provider|id`, at most 255 characters, no control characters. Anything else names no user. */
export type Auth0UserId = Branded<'Auth0UserId'>;
/** Tenant's key prefix + Auth0 user id: the `_id` of everything that belongs to one user. */
export type UserKey = Branded<'UserKey'>;
/** `did:plc:` and 24 base32 characters, or `did:web:` and a host. */
export type Did = Branded<'Did'>;
/** A full ATProto handle, lower-case, such as `cedar.at.test`. */
export type AccountHandle = Branded<'AccountHandle'>;
/** A permanent user code, such as `ac25nobeb`: the platform's, in whatever form it was given. */
export type Code = Branded<'Code'>;
/** The `_id` of an event in the log. */
export type EventId = Branded<'EventId'>;

const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
/** An id may have more of these bars: `oauth2|connection|id`. */
const AUTH0_USER_ID = /^[^|]+\|./;
const DID = /^did:(plc:[a-z2-7]{24}|web:[a-zA-Z0-9.%:-]{1,240})$/;
/** What the platform gives: five letters, and in older codes letters and digits, also in upper case. */
const PLATFORM_CODE = /^ac[0-9]{2}[a-z0-9]{4,12}$/i;
/** MongoDB 4.0 refuses index keys over 1,024 bytes; a text that is longer than any code is none. */
const MAX_CODE_LENGTH = 255;
const ACCOUNT_HANDLE =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern finds control characters.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/u;

/** MongoDB 4.0 refuses index keys over 1,024 bytes, so ids far longer than Auth0 issues are refused here. */
export const MAX_AUTH0_USER_ID_LENGTH = 255;

export function parseTenantId(text: string): TenantId | undefined {
  return TENANT_ID.test(text) ? (text as TenantId) : undefined;
}

export function parseAuth0UserId(value: unknown): Auth0UserId | undefined {
  if (typeof value !== 'string' || value.length > MAX_AUTH0_USER_ID_LENGTH || hasControl(value))
    return undefined;
  return AUTH0_USER_ID.test(value) ? (value as Auth0UserId) : undefined;
}

/** Control characters, line separators, and halves of surrogate pairs. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text);
}

export function userKey(keyPrefix: string, userId: Auth0UserId): UserKey {
  return `${keyPrefix}${userId}` as UserKey;
}

/** Reads the id in a key that an earlier version wrote, which took any text for the id of a user. */
export function storedUserId(id: string): Auth0UserId {
  return id as Auth0UserId;
}

/** Reads a key that we wrote ourselves, such as the `_id` of a document. */
export function storedUserKey(id: string): UserKey {
  return id as UserKey;
}

/** Begins the keys of test users (`doctor --simulate --full`): no identity provider of Auth0 has this name. */
export const SIMULATED_PREFIX = 'concord-simulation|';
const SIMULATED_KEY = /^concord-simulation\|[a-z0-9]{12}$/;

/** Whether a document is of a test user, which is of no user and no orphan either. */
export function isSimulatedKey(key: string): boolean {
  return SIMULATED_KEY.test(key);
}

export function parseDid(value: unknown): Did | undefined {
  return typeof value === 'string' && DID.test(value) ? (value as Did) : undefined;
}

export function parseAccountHandle(value: unknown): AccountHandle | undefined {
  if (typeof value !== 'string') return undefined;
  const lower = value.toLowerCase();
  return ACCOUNT_HANDLE.test(lower) ? (lower as AccountHandle) : undefined;
}

/** Any text that a document has for a code counts as one: codes are permanent, no matter who assigned them. */
export function parseCode(value: unknown): Code | undefined {
  if (typeof value !== 'string' || value === '' || value.length > MAX_CODE_LENGTH) return undefined;
  return hasControl(value) ? undefined : (value as Code);
}

/** Whether a text that a person types has the form of a code, and not that of a handle. */
export function looksLikeCode(text: string): boolean {
  return PLATFORM_CODE.test(text);
}

/** Replaces a handle that was blanked. */
export const BLANKED_HANDLE = '' as AccountHandle;

export function eventId(id: string): EventId {
  return id as EventId;
}
