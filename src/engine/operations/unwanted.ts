/** Refuses a creation for a user who must not get it now: the decision would take effect on a later day, unexpectedly. */
import { UsageError } from '../../errors.ts';
import type { Facts } from '../../events/facts.ts';

/** Throws UsageError USER_FORGOTTEN, USER_DELETED or USER_BLOCKED. */
export function refuseUnwanted(
  user: string,
  { forgotten, absentSince, auth0 }: Pick<Facts, 'forgotten' | 'absentSince' | 'auth0'>,
  done: 'restored' | 'adopted',
): void {
  if (forgotten) throw new UsageError(`${user} is forgotten; nothing can be ${done}.`, 'USER_FORGOTTEN');
  if (absentSince !== undefined || auth0 === undefined)
    throw new UsageError(`${user} is deleted in Auth0; nothing is ${done}.`, 'USER_DELETED');
  if (!auth0.blocked) return;
  const message = `${user} is blocked in Auth0; nothing is ${done}. Unblock the user in Auth0 first.`;
  throw new UsageError(message, 'USER_BLOCKED');
}
