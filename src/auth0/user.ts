/** An Auth0 user as the API and the exports give it -> the facts that Concord goes by. */
import { z } from 'zod';
import { type Auth0UserId, parseAuth0UserId } from '../identity.ts';
import type { Auth0User, UnreadableUser } from '../ports.ts';

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

/** Some identity providers leave fields out, and some send the flag as text. Only the id and the date must be there. */
const Flag = z.union([z.boolean(), z.enum(['true', 'false'])]).nullish();

export const UserAnswer = z
  .object({
    user_id: z.string(),
    email: z.string().nullish(),
    email_verified: Flag,
    blocked: Flag,
    created_at: z.string(),
    identities: z.array(z.unknown()).catch([]),
  })
  .transform((user, context): Auth0User => {
    const userId = parseAuth0UserId(user.user_id);
    const createdAt = new Date(user.created_at);
    if (userId === undefined || Number.isNaN(createdAt.getTime())) {
      const path = [userId === undefined ? 'user_id' : 'created_at'];
      context.addIssue({ code: 'custom', message: 'not usable', path });
      return z.NEVER;
    }
    const linked = linkedIn(user.identities, userId);
    return {
      userId,
      email: user.email == null || user.email === '' ? undefined : user.email,
      emailVerified: isSet(user.email_verified),
      blocked: isSet(user.blocked),
      createdAt,
      ...(linked.length === 0 ? {} : { linked }),
    };
  });

/** Numbers beyond what JSON keeps exactly name another user. */
const Identity = z.object({
  provider: z.string().min(1),
  user_id: z.union([z.string().min(1), z.int().nonnegative()]),
});

/**
 * The ids of the users that were linked into this one, sorted. The first identity is the user's own. One that cannot be
 * read costs only itself.
 * Source: auth0.com/docs, user account linking.
 */
function linkedIn(identities: readonly unknown[], own: Auth0UserId): readonly Auth0UserId[] {
  const ids = identities.map((one) => {
    const { data } = Identity.safeParse(one);
    return data === undefined ? undefined : parseAuth0UserId(`${data.provider}|${data.user_id}`);
  });
  const isNamed = ids.includes(own);
  const linked = ids.filter((id, at) => id !== undefined && id !== own && (isNamed || at > 0));
  return [...new Set(linked.flatMap((id) => id ?? []))].sort();
}

export interface ReadRows {
  readonly users: readonly Auth0User[];
  readonly unreadable: readonly UnreadableUser[];
}

/**
 * The rows of a page. Whoever cannot be read is told of, and stops nobody else. Throws ZodError when that is
 * everybody of several: then it is not the rows that are at fault.
 */
export function readRows(rows: readonly unknown[]): ReadRows {
  const users: Auth0User[] = [];
  const unreadable: UnreadableUser[] = [];
  for (const row of rows) {
    const read = UserAnswer.safeParse(row);
    if (read.success) users.push(read.data);
    else unreadable.push(unreadableUser(row, read.error));
  }
  if (users.length === 0 && rows.length > 1) UserAnswer.parse(rows[0]);
  return { users, unreadable };
}

function unreadableUser(row: unknown, error: z.ZodError): UnreadableUser {
  const named = Named.safeParse(row);
  const userId = named.success ? parseAuth0UserId(named.data.user_id) : undefined;
  return { userId, fields: [...new Set(error.issues.map(({ path }) => path.join('.') || 'the whole row'))] };
}

const Named = z.object({ user_id: z.string() });

function isSet(flag: z.infer<typeof Flag>): boolean {
  return flag === true || flag === 'true';
}
