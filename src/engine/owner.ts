import { type Auth0UserId, parseAuth0UserId, type UserKey, userKey } from '../identity.ts';

export interface Owned<Tenant> {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: Tenant;
}

/**
 * The tenant whose prefix a key carries, and the id in that tenant. The longest prefix wins, since
 * one may be empty. Undefined when the text is no key of any tenant.
 */
export function ownerOf<Tenant extends { readonly keyPrefix: string }>(
  key: string,
  tenants: readonly Tenant[],
): Owned<Tenant> | undefined {
  const [tenant] = tenants
    .filter(({ keyPrefix }) => key.startsWith(keyPrefix))
    .sort((a, b) => b.keyPrefix.length - a.keyPrefix.length);
  if (tenant === undefined) return undefined;
  const userId = parseAuth0UserId(key.slice(tenant.keyPrefix.length));
  return userId === undefined ? undefined : { user: userKey(tenant.keyPrefix, userId), userId, tenant };
}
