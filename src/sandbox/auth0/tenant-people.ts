import type { Clock } from './clock.ts';
import type { ManagementCall } from './log-entry.ts';
import { completeUser, type TenantUser, type UserSeed } from './user.ts';
import type { SignUp, SocialLogIn, UserDirectory, UserPatch } from './user-directory.ts';
import type { UserStore } from './user-store.ts';

/**
 * What the sandbox and the tests let people do. `addUser` and `dropUser` are silent; everything else leaves
 * the log entries that Auth0 would write. All but `addUser` and `dropUser` throw DirectoryError.
 */
export interface People {
  /** Somebody who has been there all along: no log entry, indexed at once, as after a bulk import. */
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
  /** An administrator at the Dashboard: `sapi`, and `sdu` for a database user. */
  deleteUser(userId: string): Promise<void>;
  /** `s`; throws user-blocked (`f`). */
  logIn(userId: string): Promise<TenantUser>;
  /** `s`; the first login makes the user. */
  socialLogIn(request: SocialLogIn): Promise<TenantUser>;
}

export function peopleOf(directory: UserDirectory, users: UserStore, clock: Clock, url: string): People {
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
    logIn: async (userId) => directory.logIn(userId),
    socialLogIn: async (request) => directory.socialLogIn(request),
  };
}

function byAdmin(description: string, method: string, userId: string, body?: unknown): ManagementCall {
  const path = `/api/v2/users/${encodeURIComponent(userId)}`;
  return { description, method, path, writer: { type: 'admin' }, ...(body === undefined ? {} : { body }) };
}
