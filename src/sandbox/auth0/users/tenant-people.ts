import type { Clock } from '../clock.ts';
import type { ManagementCall } from '../logs/log-entry.ts';
import type { AccountLinking } from './account-linking.ts';
import type { EnterpriseLogIn, Logins, SocialLogIn } from './logins.ts';
import { completeUser, type TenantUser, type UserSeed } from './user.ts';
import type { SignUp, UserDirectory, UserPatch } from './user-directory.ts';
import type { UserStore } from './user-store.ts';

/**
 * What the sandbox and the tests let people do. `addUser` and `dropUser` are silent; everything else leaves
 * the log entries that Auth0 would write. All but `addUser` and `dropUser` throw DirectoryError.
 */
export interface People {
  /** An existing user: no log entry, indexed at once, as after a bulk import. */
  addUser(seed: UserSeed): TenantUser;
  /** Gone without a log entry, and from the index at once, as when a connection is deleted. */
  dropUser(userId: string): void;
  user(userId: string): TenantUser | undefined;
  /** Everyone, as they are now. */
  users(): readonly TenantUser[];
  /** Public sign-up with a database connection: `ss`. Throws user-exists (`fs`). */
  signUp(request: SignUp): Promise<TenantUser>;
  /** The link in the verification mail. Opening it verifies the email, once. */
  verificationLink(userId: string): string;
  /** Follows such a link: `sv`. */
  verifyEmail(userId: string): Promise<TenantUser>;
  /** An administrator at the Dashboard: `sapi`, and `sce` for an email, `scu` for a username. */
  updateUser(userId: string, patch: UserPatch): Promise<TenantUser>;
  /** The same with one field. The new address is unverified. */
  changeEmail(userId: string, email: string): Promise<TenantUser>;
  block(userId: string): Promise<TenantUser>;
  unblock(userId: string): Promise<TenantUser>;
  /** An administrator at the Dashboard: `sapi`, and `sdu` for a database user, unless `logDeletions` says otherwise. */
  deleteUser(userId: string): Promise<void>;
  /** `s`; throws user-blocked (`f`). */
  logIn(userId: string): Promise<TenantUser>;
  /** `s`; the first login creates the user, under the id of a deleted user too. */
  socialLogIn(request: SocialLogIn): Promise<TenantUser>;
  /** The same through an enterprise connection, which sets `email_verified` at every login. */
  enterpriseLogIn(request: EnterpriseLogIn): Promise<TenantUser>;
  /** Links the secondary user into the primary one: `sapi`, or no entry and no event. Answers the primary user. */
  linkUsers(
    primaryId: string,
    secondaryId: string,
    options?: { readonly logged?: boolean },
  ): Promise<TenantUser>;
  /** Separates the two again. Answers the secondary user, which is a new user. */
  unlinkUsers(
    primaryId: string,
    secondaryId: string,
    options?: { readonly logged?: boolean },
  ): Promise<TenantUser>;
}

export interface PeopleDeps {
  readonly directory: UserDirectory;
  readonly logins: Logins;
  readonly linking: AccountLinking;
  readonly users: UserStore;
  readonly clock: Clock;
  readonly url: string;
}

export function peopleOf({ directory, logins, linking, users, clock, url }: PeopleDeps): People {
  async function updateUser(userId: string, patch: UserPatch): Promise<TenantUser> {
    return directory.update(userId, patch, byAdmin('Update a User', 'PATCH', userId, patch));
  }
  return {
    addUser(seed) {
      const user = completeUser(seed, clock());
      users.put(user, 'now');
      return user;
    },
    dropUser: (userId) => users.remove(userId, 'now'),
    user: (userId) => users.byId(userId),
    users: () => users.all(),
    signUp: async (request) => directory.signUp(request),
    verificationLink: (userId) => `${url}/u/email-verification?ticket=${directory.issueTicket(userId)}`,
    verifyEmail: async (userId) => directory.verify(directory.issueTicket(userId)),
    updateUser,
    changeEmail: (userId, email) => updateUser(userId, { email }),
    block: (userId) => updateUser(userId, { blocked: true }),
    unblock: (userId) => updateUser(userId, { blocked: false }),
    async deleteUser(userId) {
      directory.require(userId);
      directory.remove(userId, byAdmin('Delete a User', 'DELETE', userId));
    },
    async linkUsers(primaryId, secondaryId, { logged = true } = {}) {
      const [provider, ...rest] = secondaryId.split('|');
      const body = { provider, user_id: rest.join('|') };
      const call = byAdmin('Link a User Account', 'POST', primaryId, body, '/identities');
      linking.link(primaryId, secondaryId, logged ? call : undefined);
      return directory.require(primaryId);
    },
    async unlinkUsers(primaryId, secondaryId, { logged = true } = {}) {
      const [provider = '', ...rest] = secondaryId.split('|');
      const identity = `/identities/${provider}/${encodeURIComponent(rest.join('|'))}`;
      const call = byAdmin('Unlink a User Identity', 'DELETE', primaryId, undefined, identity);
      linking.unlink(primaryId, secondaryId, logged ? call : undefined);
      return directory.require(secondaryId);
    },
    logIn: async (userId) => logins.logIn(userId),
    socialLogIn: async (request) => logins.socialLogIn(request),
    enterpriseLogIn: async (request) => logins.enterpriseLogIn(request),
  };
}

function byAdmin(
  description: string,
  method: string,
  userId: string,
  body?: unknown,
  below = '',
): ManagementCall {
  const path = `/api/v2/users/${encodeURIComponent(userId)}${below}`;
  return { description, method, path, writer: { type: 'admin' }, ...(body === undefined ? {} : { body }) };
}
