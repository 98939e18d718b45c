import { UsageError } from '../errors.ts';
import type { ExcludedBy } from '../exclusion.ts';
import { type Auth0UserId, parseAuth0UserId, type UserKey, userKey } from '../identity.ts';
import { shellQuoted } from '../reconcilers/command-lines.ts';

export interface Owned<Tenant> {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: Tenant;
}

/** The tenant whose prefix a key carries. The longest prefix wins, since one may be empty. */
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
 * The tenant whose prefix a key carries, and the id in that tenant. Undefined when the text is no key of any tenant, or
 * what follows the prefix is no id of a user (W14).
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

export function isExcluded(
  { excludedBy }: { readonly excludedBy?: ExcludedBy | undefined },
  user: UserKey,
): boolean {
  return excludedBy?.(user) !== undefined;
}

/** Of a key whose id is none of a user: because it is not `provider|id`, or because Auth0 says so. */
export function notAUser(key: UserKey): UsageError {
  const message = `${shellQuoted(key)} is not a user: Auth0 has users under ids such as auth0|5f7c8ec7. Documents under this key are listed by: concord audit --orphans`;
  return new UsageError(message, 'NOT_A_USER');
}
