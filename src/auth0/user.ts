/**
 * An Auth0 user as the API and the exports give it -> the facts that Concord goes by.
 *
 * Only the id must be usable. SAML mappings and old imports put any value into the other fields, so each is read by itself,
 * and one that cannot be used counts as not set. It is named in `unusable`, and its value is not kept.
 *
 * | field          | usable                       | not set, and in order | counts otherwise as |
 * |----------------|------------------------------|-----------------------|---------------------|
 * | email          | text                         | null, missing, ''     | no address          |
 * | email_verified | a boolean, or one as text    | null, missing, ''     | not verified        |
 * | blocked        | a boolean, or one as text    | null, missing, ''     | not blocked         |
 * | created_at     | an ISO 8601 date             | –                     | not known           |
 * | identities     | a list of identities         | null, missing         | no linked users; of a list, one that cannot be read costs only itself |
 */
import { z } from 'zod';
import { AUTH0_FIELDS } from '../events/data/auth0.ts';
import { type Auth0UserId, parseAuth0UserId } from '../identity.ts';
import type { Auth0User, UnreadableRow } from '../ports/auth0.ts';

/**
 * All that is asked for: what is not read cannot leak. `identities` may hold tokens of identity providers; parsing
 * keeps the provider and the id of each, and no error names more than the path of a field.
 */
export const USER_FIELDS = [
  'user_id',
  'email',
  'email_verified',
  'blocked',
  'created_at',
  'identities',
] as const;

export const UserAnswer = z
  .object({
    user_id: z.string(),
    email: z.unknown().optional(),
    email_verified: z.unknown().optional(),
    blocked: z.unknown().optional(),
    created_at: z.unknown().optional(),
    identities: z.unknown().optional(),
  })
  .transform((user, context): Auth0User => {
    const userId = parseAuth0UserId(user.user_id);
    if (userId === undefined) {
      context.addIssue({ code: 'custom', message: 'not usable', path: ['user_id'] });
      return z.NEVER;
    }
    const email = readEmail(user.email);
    const emailVerified = readFlag(user.email_verified);
    const blocked = readFlag(user.blocked);
    const createdAt = readDate(user.created_at);
    const { linked, isWhole } = readIdentities(user.identities, userId);
    const unusable = AUTH0_FIELDS.filter(
      (field) =>
        ({
          email: email === UNUSABLE,
          email_verified: emailVerified === UNUSABLE,
          blocked: blocked === UNUSABLE,
          created_at: createdAt === UNUSABLE,
          identities: !isWhole,
        })[field],
    );
    return {
      userId,
      email: email === UNUSABLE ? undefined : email,
      emailVerified: emailVerified === true,
      blocked: blocked === true,
      createdAt: createdAt === UNUSABLE ? undefined : createdAt,
      ...(linked.length === 0 ? {} : { linked }),
      ...(unusable.length === 0 ? {} : { unusable }),
    };
  });

const UNUSABLE = Symbol('unusable');
type Read<T> = T | typeof UNUSABLE;

/** What MongoDB would return as another text, so that the address would seem changed at every read. */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;
/** Far more than an address may have. */
const MAX_EMAIL_LENGTH = 1_024;

function readEmail(value: unknown): Read<string | undefined> {
  if (value === undefined || value === null || value === '') return undefined;
  const isUsable = typeof value === 'string' && value.length <= MAX_EMAIL_LENGTH && !UNSTORABLE.test(value);
  return isUsable ? value : UNUSABLE;
}

function readFlag(value: unknown): Read<boolean> {
  if (value === undefined || value === null || value === '') return false;
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : UNUSABLE;
}

/** Without the form, `Date` would make something of nearly any text. */
const ISO_DATE = /^\d{4}-\d\d-\d\d(?:T|$)/;

function readDate(value: unknown): Read<Date> {
  if (typeof value !== 'string' || !ISO_DATE.test(value)) return UNUSABLE;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? UNUSABLE : date;
}

/** Numbers beyond what JSON keeps exactly name another user. */
export const Identity = z.object({
  provider: z.string().min(1),
  user_id: z.union([z.string().min(1), z.int().nonnegative()]),
});

/**
 * The ids of the users that were linked into this one, sorted. The first identity is the user's own.
 * Source: auth0.com/docs, user account linking.
 */
function readIdentities(
  value: unknown,
  own: Auth0UserId,
): { readonly linked: readonly Auth0UserId[]; readonly isWhole: boolean } {
  if (value === undefined || value === null) return { linked: [], isWhole: true };
  if (!Array.isArray(value)) return { linked: [], isWhole: false };
  const ids = value.map((one: unknown) => {
    const { data } = Identity.safeParse(one);
    return data === undefined ? undefined : parseAuth0UserId(`${data.provider}|${data.user_id}`);
  });
  const isNamed = ids.includes(own);
  const found = ids.filter((id, at) => id !== undefined && id !== own && (isNamed || at > 0));
  const linked = [...new Set(found.flatMap((id) => id ?? []))].sort();
  return { linked, isWhole: !ids.includes(undefined) };
}

export interface ReadRows {
  readonly users: readonly Auth0User[];
  readonly unreadable: readonly UnreadableRow[];
}

/**
 * The rows of a page. A row without a usable id names no user: it is counted, and costs no other row. Throws ZodError when
 * all of several rows are such: then it is not the rows that are at fault.
 */
export function readRows(rows: readonly unknown[]): ReadRows {
  const users: Auth0User[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const row of rows) {
    const read = UserAnswer.safeParse(row);
    if (read.success) users.push(read.data);
    else unreadable.push({ fields: fieldsIn(read.error) });
  }
  if (users.length === 0 && rows.length > 1) UserAnswer.parse(rows[0]);
  return { users, unreadable };
}

function fieldsIn({ issues }: z.ZodError): readonly string[] {
  return [...new Set(issues.map(({ path }) => path.join('.') || 'the whole row'))];
}
