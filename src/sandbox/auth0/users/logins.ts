import { DirectoryError, requireUser } from '../directory-error.ts';
import * as entry from '../logs/log-entry.ts';
import { DIGITS } from '../randomness.ts';
import { completeUser, type TenantUser } from './user.ts';
import type { DirectoryOptions } from './user-directory.ts';

export interface SocialLogIn {
  /** The social connection, which is also the provider, such as google-oauth2. */
  readonly connection: string;
  readonly email: string;
  /** The person's id at the provider; without it, the user of this connection with this email, or a new one. */
  readonly subject?: string;
  /** What the identity provider says of the email; true unless told otherwise. */
  readonly emailVerified?: boolean;
  /** The identity provider's token, which Auth0 keeps in `identities[]`. */
  readonly accessToken?: string;
}

export interface EnterpriseLogIn {
  readonly strategy: 'samlp' | 'waad' | 'adfs' | 'oidc' | 'okta';
  /** The connection's name, which is part of the user id: `samlp|corp|ann`. */
  readonly connection: string;
  /** The person's id at the provider. Case counts. */
  readonly subject: string;
  readonly email: string;
  /** What the connection says at this login, whatever was true before; false unless told otherwise. */
  readonly emailVerified?: boolean;
  readonly accessToken?: string;
}

interface LoginOptions extends DirectoryOptions {
  /** Whether a first login through an identity provider also writes `ss`: no source settles it. */
  readonly logsSocialSignup: boolean;
}

interface FederatedLogIn {
  readonly userId: string;
  readonly connection: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly accessToken: string | undefined;
}

/** Logins. The first one through an identity provider creates the user, also under the id of a deleted user. */
export class Logins {
  readonly #options: LoginOptions;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /** Throws no-such-user, user-blocked (and then logs `f`). */
  logIn(userId: string): TenantUser {
    return this.#logIn(requireUser(this.#options.users, userId));
  }

  socialLogIn(request: SocialLogIn): TenantUser {
    const { connection, email, emailVerified = true, accessToken } = request;
    const { users, randomness } = this.#options;
    const sameEmail = users.byEmail(email).find((user) => user.user_id.startsWith(`${connection}|`));
    const userId =
      request.subject === undefined
        ? (sameEmail?.user_id ?? `${connection}|1${randomness.draw(20, DIGITS)}`)
        : `${connection}|${request.subject}`;
    return this.#federated({ userId, connection, email, emailVerified, accessToken });
  }

  /** Every login takes the profile from the connection, which is how `email_verified` becomes false again. */
  enterpriseLogIn(request: EnterpriseLogIn): TenantUser {
    const { strategy, connection, subject, email, emailVerified = false, accessToken } = request;
    const userId = `${strategy}|${connection}|${subject}`;
    return this.#federated({ userId, connection, email, emailVerified, accessToken });
  }

  #federated({ userId, connection, email, emailVerified, accessToken }: FederatedLogIn): TenantUser {
    const { users, logs, clock, tenant, logsSocialSignup } = this.#options;
    const existing = users.byId(userId);
    const profile = { email, email_verified: emailVerified };
    const user = existing
      ? { ...existing, ...profile }
      : completeUser({ user_id: userId, ...profile }, clock());
    if (!existing && logsSocialSignup) {
      logs.append(entry.signedUp(user, { email, connection, tenant }));
    }
    return this.#logIn(withToken(user, accessToken));
  }

  #logIn(user: TenantUser): TenantUser {
    const { users, logs, clock } = this.#options;
    if (user.blocked === true) {
      logs.append(entry.loginRefused(user));
      throw new DirectoryError('user-blocked', 'user is blocked');
    }
    const now = clock().toISOString();
    const count = (user.logins_count ?? 0) + 1;
    const after = { ...user, last_login: now, last_ip: '203.0.113.7', logins_count: count, updated_at: now };
    users.put(after);
    logs.append(entry.loggedIn(after));
    return after;
  }
}

function withToken(user: TenantUser, accessToken: string | undefined): TenantUser {
  const [primary, ...linked] = user.identities;
  if (accessToken === undefined || primary === undefined) return user;
  return { ...user, identities: [{ ...primary, access_token: accessToken }, ...linked] };
}
