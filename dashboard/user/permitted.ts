/** Which actions a user permits, and why not the others. The server decides; this only avoids a refusal. */
import type { UserAnswer } from '../../src/dashboard-data/answers/users.ts';

export const ACTIONS = ['reconcile', 'look', 'pause', 'resume', 'retry', 'adopt', 'restore'] as const;
export type Action = (typeof ACTIONS)[number];

/** With these a person who has seen the evidence may say that the account is this user's. */
const ADOPTABLE: ReadonlySet<string> = new Set([
  'UnownedAccountFound',
  'AccountEmailDiffers',
  'AccountsDiffer',
  'AdoptionImpossible',
  'IntendedAccountHidden',
]);

/** With these an account on the PDS is in the way, and once it is not, a person says so. */
const RETRIABLE: ReadonlySet<string> = new Set(['EmailTaken', 'CodeHandleRefused', 'CreationKeepsFailing']);

/** With these something was removed, and a person decides whether it is created again. */
const RESTORABLE: ReadonlySet<string> = new Set(['DocumentRemoved', 'AccountMissing']);

/** With these Concord does nothing at all for the user, not even by hand. */
const UNTOUCHABLE: ReadonlySet<string> = new Set(['Excluded', 'NotAUser']);

/** Null where the action makes sense, else the reason why it does not. */
export function obstacleTo(action: Action, user: UserAnswer): string | null {
  const { withheld, deleted } = user;
  if (withheld !== null && UNTOUCHABLE.has(withheld.reason)) return withheld.message;
  if (deleted?.forgotten === true) return 'The user is forgotten. Concord does nothing for this user.';
  switch (action) {
    case 'reconcile':
      return user.pause === null ? null : 'Paused: a reconciliation would change nothing. Resume first.';
    case 'look':
      return null;
    case 'pause':
      return user.pause === null ? null : 'Already paused.';
    case 'resume':
      return user.pause === null ? 'Not paused.' : null;
    case 'retry':
      return user.quarantined ||
        user.attempts > 0 ||
        user.failure !== null ||
        user.troubles.some(({ reason }) => RETRIABLE.has(reason))
        ? null
        : 'Nothing has failed.';
    case 'adopt':
      return user.troubles.some(({ resource, reason }) => resource === 'account' && ADOPTABLE.has(reason))
        ? null
        : 'There is no account to adopt.';
    case 'restore':
      return user.troubles.some(({ reason }) => RESTORABLE.has(reason)) ? null : 'Nothing to restore.';
  }
}
