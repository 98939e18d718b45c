import type { TenantUser } from './users/user.ts';
import type { UserStore } from './users/user-store.ts';

export type DirectoryErrorCode =
  | 'user-exists'
  | 'email-taken'
  | 'no-such-user'
  | 'user-blocked'
  | 'not-a-database-user'
  | 'ticket-refused'
  | 'same-user'
  | 'no-such-identity'
  | 'primary-identity';

/** A refusal by the tenant. The routes turn the code into the answer Auth0 gives. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
  readonly code: DirectoryErrorCode;

  constructor(code: DirectoryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function requireUser(users: UserStore, userId: string): TenantUser {
  const user = users.byId(userId);
  if (!user) throw new DirectoryError('no-such-user', 'The user does not exist.');
  return user;
}
