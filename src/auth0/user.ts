/** An Auth0 user as the API and the exports give it -> the facts that Concord goes by. */
import { z } from 'zod';
import { parseAuth0UserId } from '../identity.ts';
import type { Auth0User } from '../ports.ts';

/** All that is asked for: what is not read cannot leak. */
export const USER_FIELDS = ['user_id', 'email', 'email_verified', 'blocked', 'created_at'] as const;

/** Some identity providers leave fields out, and some send the flag as text. Only the id and the date must be there. */
const Flag = z.union([z.boolean(), z.enum(['true', 'false'])]).nullish();

export const UserAnswer = z
  .object({
    user_id: z.string(),
    email: z.string().nullish(),
    email_verified: Flag,
    blocked: Flag,
    created_at: z.string(),
  })
  .transform((user, context): Auth0User => {
    const userId = parseAuth0UserId(user.user_id);
    const createdAt = new Date(user.created_at);
    if (userId === undefined || Number.isNaN(createdAt.getTime())) {
      const path = [userId === undefined ? 'user_id' : 'created_at'];
      context.addIssue({ code: 'custom', message: 'not usable', path });
      return z.NEVER;
    }
    return {
      userId,
      email: user.email == null || user.email === '' ? undefined : user.email,
      emailVerified: isSet(user.email_verified),
      blocked: isSet(user.blocked),
      createdAt,
    };
  });

function isSet(flag: z.infer<typeof Flag>): boolean {
  return flag === true || flag === 'true';
}
