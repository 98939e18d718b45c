/**
 * The users that this process works on. A lease keeps other processes away from a user, and ends with time; the work of
 * this process ends when it ends. So that it never works twice on one user, also a user whose lease ran out under a call
 * that hangs is left to the work that is under way.
 */
import type { UserKey } from '../../../identity.ts';
import type { WorkQueue } from '../../../ports/queue.ts';

export class UsersAtWork {
  readonly #users = new Set<UserKey>();

  has(user: UserKey): boolean {
    return this.#users.has(user);
  }

  all(): readonly UserKey[] {
    return [...this.#users];
  }

  async during<T>(user: UserKey, work: () => Promise<T>): Promise<T> {
    this.#users.add(user);
    try {
      return await work();
    } finally {
      this.#users.delete(user);
    }
  }
}

/** The queue for a process: it gives out no user that this process works on. */
export function exclusiveQueue(queue: WorkQueue, atWork: UsersAtWork): WorkQueue {
  const only = (filter: Parameters<WorkQueue['claim']>[2]) => ({
    except: [...(filter?.except ?? []), ...atWork.all()],
    noSuspects: filter?.noSuspects ?? false,
  });
  return {
    ...queue,
    claim: (now, leaseMs, filter) => queue.claim(now, leaseMs, only(filter)),
    claimUser: async (trigger, now, leaseMs) =>
      atWork.has(trigger.user) ? undefined : queue.claimUser(trigger, now, leaseMs),
    nextDueAt: (filter) => queue.nextDueAt(only(filter)),
  };
}
