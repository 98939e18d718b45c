import { UsageError } from '../../errors.ts';
import { excludedMessage } from '../../events/condition.ts';
import type { KeySpace } from '../../exclusion.ts';
import { type Auth0UserId, parseAuth0UserId, type UserKey, userKey } from '../../identity.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import { shellQuoted } from '../../reconcilers/command-lines.ts';

export interface Owned<Tenant> {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: Tenant;
}

/** The tenant of a key, by its prefix. The longest prefix wins, since one may be empty. */
export function tenantOf<Tenant extends { readonly keyPrefix: string }>(
  key: string,
  tenants: readonly Tenant[],
): Tenant | undefined {
  const [tenant] = tenants
    .filter(({ keyPrefix }) => key.startsWith(keyPrefix))
    .sort((a, b) => b.keyPrefix.length - a.keyPrefix.length);
  return tenant;
}

/**
 * The tenant of a key, by its prefix, and the id in that tenant. Undefined when the text is no key of any tenant, or the
 * rest is not the id of a user (W14).
 */
export function ownerOf<Tenant extends { readonly keyPrefix: string }>(
  key: string,
  tenants: readonly Tenant[],
): Owned<Tenant> | undefined {
  const tenant = tenantOf(key, tenants);
  if (tenant === undefined) return undefined;
  const userId = parseAuth0UserId(key.slice(tenant.keyPrefix.length));
  return userId === undefined ? undefined : { user: userKey(tenant.keyPrefix, userId), userId, tenant };
}

export function isExcluded({ excludedBy }: Pick<KeySpace, 'excludedBy'>, user: UserKey): boolean {
  return excludedBy?.(user) !== undefined;
}

/** The users of a page of a listing that the configuration does not exclude. */
export function notExcluded<User extends { readonly userId: Auth0UserId }>(
  users: readonly User[],
  { keyPrefix, excludedBy }: Pick<KeySpace, 'keyPrefix' | 'excludedBy'>,
): readonly User[] {
  if (excludedBy === undefined) return users;
  return users.filter(({ userId }) => excludedBy(userKey(keyPrefix, userId)) === undefined);
}

/** For a key whose id is not the id of a user: because it is not `provider|id`, or because Auth0 says so. */
export function notAUser(key: UserKey): UsageError {
  const message = `${shellQuoted(key)} is not a user: Auth0 has users under ids such as auth0|5f7c8ec7. Documents under this key are listed by: concord audit --orphans`;
  return new UsageError(message, 'NOT_A_USER');
}

/**
 * Throws UsageError USER_EXCLUDED for a user that the configuration excludes, and NOT_A_USER for a key that is not a
 * user's, unless Concord stored a subject for it earlier.
 */
export async function refuseUntouchable(
  { user, userId, tenant }: Owned<Pick<KeySpace, 'excludedBy'>>,
  subjects: Pick<SubjectReader, 'get'>,
): Promise<void> {
  const entry = tenant.excludedBy?.(user);
  if (entry !== undefined) throw new UsageError(`${user}: ${excludedMessage(entry)}`, 'USER_EXCLUDED');
  if (parseAuth0UserId(userId) !== undefined) return;
  if ((await subjects.get(user)) === undefined) throw notAUser(user);
}
