/** What a history in pages promises, whatever the log is kept in. */
import { describe, expect, it } from 'vitest';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { eventId } from '../../../src/identity.ts';
import type { EventLog, HistoryPages } from '../../../src/ports/event-log.ts';
import { alice, assigned, at, bob, signedUp } from '../subjects/people.ts';

/** `make` gives an empty log, and its pages. */
export function historyPagesContract(make: () => Promise<{ log: EventLog; pages: HistoryPages }>): void {
  describe('a history in pages', () => {
    it('has every event of the user once, the newest first, also of one moment', async () => {
      const { log, pages } = await make();
      // Three to a moment, appended in no order, with somebody else's between them.
      const own = Array.from({ length: 20 }, (_, place) =>
        signedUp(`main:${String(place).padStart(2, '0')}`, alice, at(Math.floor(place / 3))),
      );
      const others = own.map((event) => signedUp(`${event._id}b`, bob, event.at));
      await log.append([...own.filter((_, place) => place % 2 === 0), ...others]);
      await log.append(own.filter((_, place) => place % 2 === 1));

      for (const limit of [1, 4, 7, 20, 21]) {
        const seen: ConcordEvent[] = [];
        for (;;) {
          const page = await pages.page(alice.user, seen.at(-1)?._id, limit);
          expect(page).toMatchObject({ total: { count: 20, isMore: false } });
          expect(page?.events.length).toBeLessThanOrEqual(limit);
          seen.push(...(page?.events ?? []));
          if (page?.isLast !== false) break;
        }
        expect(seen).toEqual(own.toReversed());
      }
    });

    it('is empty for whom nothing is known of, and goes on from no event that is not theirs', async () => {
      const { log, pages } = await make();
      await log.append([signedUp('main:1', bob, at(1))]);
      const nothing = { events: [], isLast: true, total: { count: 0, isMore: false } };
      expect(await pages.page(alice.user, undefined, 5)).toEqual(nothing);
      expect(await pages.page(alice.user, eventId('main:1'), 5)).toBeUndefined();
      expect(await pages.page(bob.user, eventId('main:2'), 5)).toBeUndefined();
      expect(await pages.page(bob.user, eventId('main:1'), 5)).toEqual({
        ...nothing,
        total: { count: 1, isMore: false },
      });
    });

    it('counts what Auth0 sent, and has the newest of it', async () => {
      const { log, pages } = await make();
      const early = { ...signedUp('main:1', alice, at(5)), recordedAt: at(6) };
      const late = { ...signedUp('main:2', alice, at(7)), recordedAt: at(9) };
      await log.append([late, early, assigned('e-1', alice, at(8)), signedUp('main:3', bob, at(9))]);
      const counted = { count: 2, isMore: false, newest: late };
      expect(await pages.entries(alice.user, undefined)).toEqual(counted);
      expect(await pages.entries(alice.user, at(8))).toEqual({ ...counted, count: 1, newest: early });
      expect(await pages.entries(alice.user, at(1))).toEqual({ count: 0, isMore: false, newest: undefined });
    });

    it('finds events by their ids, whosever they are', async () => {
      const { log, pages } = await make();
      const [first, second] = [signedUp('main:1', alice, at(1)), signedUp('main:2', bob, at(2))];
      await log.append([first, second, signedUp('main:3', alice, at(3))]);
      const found = await pages.find(['main:2', 'nothing', 'main:1'].map(eventId));
      expect(found.toSorted((a, b) => a.at.getTime() - b.at.getTime())).toEqual([first, second]);
      expect(await pages.find([])).toEqual([]);
    });
  });
}
