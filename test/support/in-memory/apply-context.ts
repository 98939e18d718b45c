import { eventId, type UserKey } from '../../../src/identity.ts';
import type { ApplyContext, EventDraft } from '../../../src/reconcilers/reconciler.ts';
import { at } from '../../mongo/subjects/people.ts';

/** What a pass lends to `apply`, with a lease that always holds unless a test says otherwise. */
export function applyContext(
  user: UserKey,
  ensureLease: () => Promise<void> = async () => undefined,
): ApplyContext & { readonly told: readonly EventDraft[] } {
  const told: EventDraft[] = [];
  return {
    user,
    told,
    ensureLease,
    now: () => at(100),
    append: async (...more) => void told.push(...more),
    reserve: async (_values, intent = eventId('reserved')) => ({
      ...{ intent, ensure: () => undefined, done: () => undefined, release: async () => undefined },
    }),
  };
}
