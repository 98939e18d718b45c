/**
 * Subjects that are no users, left over from versions that accepted any text in a log entry as the id of a user.
 *
 * | check    | finding                                      | level   |
 * |----------|----------------------------------------------|---------|
 * | subjects | users are known under ids that are no user's | warning |
 *
 * `--fix` removes them from the read model and the queue. The log stays, and `replay` does not bring them back.
 */
import type { TenantId } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { WorkQueue } from '../ports/queue.ts';
import type { NoUserReader } from '../ports/subjects.ts';
import type { Trigger } from '../ports/trigger.ts';
import { type Check, found, well } from './check.ts';

export type NoUser = Omit<Trigger, 'cause'>;

const MOST_NAMED = 3;

export function noUserCheck(reader: () => NoUserReader, tenants: readonly TenantId[]): Check {
  return {
    name: 'subjects',
    needs: ['mongodb'],
    run: async () => {
      const none = await reader().noUsers(tenants);
      if (none.length === 0) return well('all of them are users');
      const named = none.slice(0, MOST_NAMED).map(({ user }) => JSON.stringify(user));
      const more = none.length > named.length ? ` and ${none.length - named.length} more` : '';
      const are = none.length === 1 ? 'subject is not a user' : 'subjects are not users';
      return found(`${none.length} not users`, {
        level: 'warning',
        code: 'SUBJECTS_NOT_USERS',
        what: `${none.length} ${are}: ${named.join(', ')}${more}.`,
        why: 'Auth0 cannot have a user with such an id. They make counts wrong, and their reconciliation always fails.',
        mend: 'concord doctor --fix',
      });
    },
  };
}

export interface RemovedNoUsers {
  readonly removed: readonly NoUser[];
  /** These are being reconciled; the reconciliation removes them, or the next call does. */
  readonly busy: readonly NoUser[];
}

/** May be repeated, and interrupted anywhere. */
export async function removeNoUsers(
  queue: Pick<WorkQueue, 'claimUser' | 'drop'>,
  { clock, leaseMs }: { readonly clock: Pick<Clock, 'now'>; readonly leaseMs: number },
  none: readonly NoUser[],
): Promise<RemovedNoUsers> {
  const removed: NoUser[] = [];
  const busy: NoUser[] = [];
  for (const one of none) {
    const lease = await queue.claimUser(one, clock.now(), leaseMs);
    if (lease === undefined) busy.push(one);
    else {
      await queue.drop(lease);
      removed.push(one);
    }
  }
  return { removed, busy };
}
