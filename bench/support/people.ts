/** People who sign up on the bench's platform, with names nobody else has. */
import { randomBytes } from 'node:crypto';
import { type Auth0UserId, parseAuth0UserId, type UserKey, userKey } from '../../src/identity.ts';
import type { Trigger } from '../../src/ports/trigger.ts';
import { TENANT } from './entries.ts';
import type { Platform } from './platform.ts';

export interface Person {
  readonly userId: Auth0UserId;
  readonly user: UserKey;
  readonly email: string;
  readonly trigger: Trigger;
}

/** A label of a handle, 12 characters long. */
export function newLabel(): string {
  return `b-${randomBytes(5).toString('hex')}`;
}

/** In Auth0, with a verified address; nobody has told Concord. */
export function signUp({ auth0 }: Platform): Person {
  const label = newLabel();
  const userId = auth0Id(`auth0|${randomBytes(12).toString('hex')}`);
  const email = `${label}@example.com`;
  auth0.addUser({ user_id: userId, email, email_verified: true });
  const user = userKey(TENANT.keyPrefix, userId);
  return { userId, user, email, trigger: { user, tenant: TENANT.id, userId } };
}

export function auth0Id(text: string): Auth0UserId {
  const id = parseAuth0UserId(text);
  if (id === undefined) throw new Error(`${text} is no id of Auth0's`);
  return id;
}
