import type { ConcordEvent } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import type { EventId, TenantId, UserKey } from '../../identity.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { EventDraft } from '../../reconcilers/reconciler.ts';

/** One user's part of the log during a reconciliation: the facts, and how events are appended. */
export interface Journal {
  facts(): Facts;
  /** Appends, in this order, and folds what was appended. Returns the id of the last event. */
  append(cause: readonly EventId[], ...drafts: readonly EventDraft[]): Promise<EventId>;
}

export function createJournal(
  deps: { readonly log: Pick<EventLog, 'append'>; readonly clock: Clock; readonly random: Random },
  user: UserKey,
  tenant: TenantId,
  known: Facts,
): Journal {
  let facts = known;
  return {
    facts: () => facts,
    async append(cause, ...drafts) {
      const recordedAt = deps.clock.now();
      // Each event of ours is later than the one before, even if the clock was set back.
      let at = Math.max(recordedAt.getTime(), (facts.newestAt?.getTime() ?? 0) + 1);
      const fresh = drafts.map((one) => {
        const event = {
          _id: one.id ?? deps.random.id(),
          user,
          tenant,
          at: new Date(at),
          recordedAt,
          cause,
          ...strip(one),
        };
        at += 1;
        return event as ConcordEvent;
      });
      await deps.log.append(fresh);
      facts = fold(fresh, facts);
      const last = fresh.at(-1);
      if (last === undefined) throw new Error('no event was appended');
      return last._id;
    },
  };
}

function strip({ type, data }: EventDraft) {
  return { type, data };
}
