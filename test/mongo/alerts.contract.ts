/** What every store of alerts promises. */
import { describe, expect, it } from 'vitest';
import type { Alert, AlertStore, Cause, Delivery, Notice } from '../../src/ports/alerts.ts';
import { alice, at, tenant } from './subjects/people.ts';

const cause: Cause = {
  ...{ id: 'gap:main:checkpoint-gone', kind: 'gap', tenant, what: 'Something may have been missed.' },
  ...{ users: 2, orMore: false, example: alice.user, since: at(0), command: 'concord pull', isSettled: true },
};

function alert(changes: Partial<Alert> = {}): Alert {
  return {
    ...{ cause, phase: 'open', opening: 'opening-1', firstSeenAt: at(1), clearSince: undefined },
    ...{ toldAt: at(2), toldUsers: 2, tellings: 1 },
    ...changes,
  };
}

function delivery(receiver: string, id = 'opening-1#1', second = 2): Delivery {
  const of = { type: 'opened', opening: 'opening-1', firstSeenAt: at(1), cause } as const;
  const notice: Notice = { id, at: at(second), ...of };
  return { notice, receiver, tries: 0, refusals: 0, nextAt: at(second) };
}

async function untold(store: AlertStore): Promise<readonly (readonly unknown[])[]> {
  return (await store.deliveries()).map(({ notice, receiver, tries, refusals }) => [
    ...[notice.id, receiver],
    ...[tries, refusals],
  ]);
}

/** The store is empty each time. */
export function alertsContract(open: () => Promise<AlertStore>): void {
  describe('alerts', () => {
    it('are given back as they were kept, each cause once', async () => {
      const store = await open();
      expect(await store.all()).toEqual([]);
      await store.keep([alert({ phase: 'pending', toldAt: undefined })], []);
      await store.keep([alert({ clearSince: at(9) })], []);
      expect(await store.all()).toEqual([alert({ clearSince: at(9) })]);
      await store.keep([alert()], []);
      expect((await store.all())[0]?.clearSince).toBeUndefined();
    });

    it('are kept with what is to be told of them, to each receiver', async () => {
      const store = await open();
      await store.keep([alert()], [delivery('pager'), delivery('chat')]);
      await store.keep([alert()], [delivery('pager', 'opening-1#2', 3)]);
      await store.done(delivery('pager'));
      await store.later(delivery('chat'), { nextAt: at(50), isRefusal: false });
      await store.later(delivery('chat'), { nextAt: at(60), isRefusal: true });
      expect(await untold(store)).toEqual([
        ['opening-1#1', 'chat', 2, 1],
        ['opening-1#2', 'pager', 0, 0],
      ]);
      expect((await store.deliveries())[0]?.nextAt).toEqual(at(60));
      expect((await store.deliveries())[0]?.notice).toEqual(delivery('chat').notice);
    });

    it('that are over are kept until everybody knows', async () => {
      const store = await open();
      await store.keep([alert({ phase: 'closed' })], [delivery('pager'), delivery('chat')]);
      await store.done(delivery('pager'));
      expect(await store.all()).toHaveLength(1);
      await store.done(delivery('chat'));
      expect(await store.all()).toEqual([]);
    });

    it('that are open stay when everybody knows', async () => {
      const store = await open();
      await store.keep([alert()], [delivery('pager')]);
      await store.done(delivery('pager'));
      await store.done(delivery('pager'));
      expect(await store.all()).toEqual([alert()]);
    });

    it('that nobody was told of are dropped, and what is to be told of an earlier time is not', async () => {
      const store = await open();
      await store.keep([alert({ phase: 'pending' })], []);
      await store.drop([cause.id, 'another']);
      expect(await store.all()).toEqual([]);
      await store.keep([alert({ phase: 'pending', opening: 'opening-2' })], [delivery('pager')]);
      await store.drop([cause.id]);
      expect(await untold(store)).toEqual([['opening-1#1', 'pager', 0, 0]]);
      await store.done(delivery('pager'));
      expect(await store.all()).toEqual([]);
    });
  });
}
