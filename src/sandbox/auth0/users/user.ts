import type { Management } from 'auth0';

/**
 * A user as the tenant stores it. It is a type alias, not an interface, because only an alias is
 * assignable to the SDK's response types, which carry an index signature.
 */
export type TenantUser = {
  user_id: string;
  created_at: string;
  updated_at: string;
  identities: Management.UserIdentitySchema[];
  email?: string;
  email_verified?: boolean;
  username?: string;
  phone_number?: string;
  phone_verified?: boolean;
  name?: string;
  nickname?: string;
  given_name?: string;
  family_name?: string;
  picture?: string;
  app_metadata?: Record<string, unknown>;
  user_metadata?: Record<string, unknown>;
  last_ip?: string;
  last_login?: string;
  logins_count?: number;
  last_password_reset?: string;
  blocked?: boolean;
};

/** What a test or the sandbox says about a user who is simply there; the rest is filled in. */
export type UserSeed = Partial<TenantUser> & { readonly user_id: string };

export const DATABASE_CONNECTION = 'Username-Password-Authentication';

/** The connection the user came by: the first identity is the primary one. */
export function primaryConnection(user: TenantUser): string {
  return user.identities[0]?.connection ?? DATABASE_CONNECTION;
}

export function isDatabaseUser(user: TenantUser): boolean {
  return user.user_id.startsWith('auth0|');
}

const ENTERPRISE: ReadonlySet<string> = new Set(['samlp', 'waad', 'adfs', 'oidc', 'okta']);

/** Strategy fields of a log entry, as Auth0 names them for a database, an enterprise and a social connection. */
export function strategyOf(user: TenantUser): { strategy: string; strategy_type: string } {
  const provider = user.user_id.split('|', 1)[0] ?? 'auth0';
  if (isDatabaseUser(user)) return { strategy: provider, strategy_type: 'database' };
  return { strategy: provider, strategy_type: ENTERPRISE.has(provider) ? 'enterprise' : 'social' };
}

/** The id of the user that an identity makes by itself. */
export function idOfIdentity({ provider, user_id }: Management.UserIdentitySchema): string {
  return `${provider}|${user_id}`;
}

function connectionOf(provider: string, enterprise: string | undefined): string {
  return provider === 'auth0' ? DATABASE_CONNECTION : (enterprise ?? provider);
}

/** Completes a seed the way Auth0 completes a profile: name from the email, an identity from the id. */
export function completeUser(seed: UserSeed, now: Date): TenantUser {
  const created = seed.created_at ?? now.toISOString();
  const [provider = 'auth0', ...rest] = seed.user_id.split('|');
  const isEnterprise = ENTERPRISE.has(provider);
  const identity = {
    connection: connectionOf(provider, isEnterprise ? rest[0] : undefined),
    provider: provider as Management.UserIdentityProviderEnum,
    user_id: rest.join('|'),
    isSocial: provider !== 'auth0' && !isEnterprise,
  };
  const fromEmail =
    seed.email === undefined
      ? {}
      : { name: seed.email, nickname: seed.email.split('@', 1)[0] ?? seed.email, email_verified: false };
  return { identities: [identity], updated_at: created, ...fromEmail, ...seed, created_at: created };
}
