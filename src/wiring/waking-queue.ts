/** A queue that wakes the workers of this process, which otherwise find new due users at their next poll. */
import type { WorkQueue } from '../ports/queue.ts';

/** `wake` is called once the users are durably due. It must not throw. */
export function wakingQueue<Queue extends Pick<WorkQueue, 'markDue'>>(queue: Queue, wake: () => void): Queue {
  return {
    ...queue,
    markDue: async (triggers, at, priority) => {
      await queue.markDue(triggers, at, priority);
      wake();
    },
  };
}
