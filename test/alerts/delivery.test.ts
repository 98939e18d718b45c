/** Receivers that refuse, stall and ask for patience, over real HTTP; time is the test's. */
import { describe, expect, it } from 'vitest';
import { createNoticeSender } from '../../src/alerts/delivery.ts';
import { createReceiver } from '../../src/alerts/receiver.ts';
import { createLogger } from '../../src/logger.ts';
import type { Alert, Cause, Notice } from '../../src/ports/alerts.ts';
import { alice, at } from '../mongo/subjects/people.ts';
import { type AlertReceiver, alertReceiver, stall, status } from '../support/alert-receiver.ts';
import { inMemoryAlerts } from '../support/in-memory/alerts.ts';
import { unusedOrigin } from '../support/local-server.ts';
import { until } from '../support/until.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const cause: Cause = {
  ...{ id: 'unreachable:pds', kind: 'unreachable', tenant: undefined, what: 'The PDS <is> away & gone.' },
  ...{ users: 1_204, orMore: true, example: alice.user, since: at(0), command: 'curl', isSettled: false },
};
const opening = 'unreachable:pds@then';

function noticed(type: Notice['type'], number: number, when = new Date('2026-03-01T12:00:00Z')): Notice {
  return { id: `${opening}#${number}`, type, at: when, opening, firstSeenAt: at(0), cause };
}

/** The first notice about another cause. */
function noticedOf(id: string): Notice {
  const about = { ...cause, id };
  return { ...noticed('opened', 1), id: `${id}@then#1`, opening: `${id}@then`, cause: about };
}

/** A desk with these receivers, and everything that was logged of it. */
function desk(urls: Readonly<Record<string, string>>, chatTimeoutMs = 10_000) {
  const clock = virtualClock();
  const store = inMemoryAlerts();
  const lines: string[] = [];
  const logger = createLogger({
    level: 'debug',
    pretty: false,
    stream: { write: (line) => void lines.push(line) },
  });
  const receivers = Object.entries(urls).map(([name, url]) =>
    name === 'chat'
      ? createReceiver({ name, format: 'slack', url, timeoutMs: chatTimeoutMs })
      : createReceiver({ name, format: 'json', url, timeoutMs: 10_000 }),
  );
  const outcomes: string[] = [];
  const onNotice = (receiver: string, outcome: string) => void outcomes.push(`${receiver} ${outcome}`);
  const sender = createNoticeSender({ store, receivers, clock, logger, onNotice });
  const alert = (phase: Alert['phase'], { cause, opening }: Notice): Alert => ({
    ...{ cause, phase, opening, firstSeenAt: at(0), clearSince: undefined },
    ...{ toldAt: at(0), toldUsers: 1, tellings: 1 },
  });
  return {
    clock,
    store,
    lines,
    outcomes,
    run: () => sender.run(),
    tell: (notice: Notice, ...names: readonly string[]) =>
      store.keep(
        [alert(notice.type === 'closed' ? 'closed' : 'open', notice)],
        names.map((receiver) => ({ notice, receiver, tries: 0, refusals: 0, nextAt: notice.at })),
      ),
    untold: async () => (await store.deliveries()).map(({ notice, receiver }) => [notice.type, receiver]),
  };
}

function ids({ sent }: AlertReceiver): readonly string[] {
  return sent.map(({ id }) => id);
}

describe('a receiver', () => {
  it('is told as a document with a version, or as Slack takes it', async () => {
    const [pager, chat] = [await alertReceiver(), await alertReceiver()];
    const { tell, run, untold } = desk({ pager: pager.url, chat: chat.url });
    await tell(noticed('opened', 1), 'pager', 'chat');
    await run();
    expect(pager.told).toEqual([
      {
        ...{
          schemaVersion: 1,
          id: `${opening}#1`,
          type: 'opened',
          at: '2026-03-01T12:00:00.000Z',
          alert: opening,
        },
        ...{ cause: 'unreachable:pds', kind: 'unreachable', tenant: null, what: cause.what },
        ...{ users: 1_204, orMore: true, example: alice.user, since: at(0).toISOString(), command: 'curl' },
        text: `Concord: The PDS <is> away & gone.\n1204 or more users, for example ${alice.user}\nTo do: curl`,
      },
    ]);
    expect(chat.told).toEqual([
      {
        text: `*Concord: The PDS &lt;is&gt; away &amp; gone.*\n1204 or more users, for example ${alice.user}\nTo do: curl`,
      },
    ]);
    expect(await untold()).toEqual([]);
  });

  it('that refuses is told again, later and later, under the same id', async () => {
    const pager = await alertReceiver();
    const { tell, run, clock, untold } = desk({ pager: pager.url });
    pager.answer(status(500), 2);
    await tell(noticed('opened', 1), 'pager');
    await run();
    await run();
    expect(ids(pager)).toHaveLength(1);
    await clock.advance(1_000);
    await run();
    await clock.advance(1_999);
    await run();
    expect(ids(pager)).toHaveLength(2);
    await clock.advance(1);
    await run();
    expect(ids(pager)).toEqual([`${opening}#1`, `${opening}#1`, `${opening}#1`]);
    expect(await untold()).toEqual([]);
  });

  it.each([
    ['seconds', '90', 90_000],
    ['a date that has passed', 'Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ])('that answers 429 says when, in %s', async (_reason, text, waitMs) => {
    const pager = await alertReceiver();
    const { tell, run, clock } = desk({ pager: pager.url });
    pager.answer(status(429, { 'retry-after': text }));
    await tell(noticed('opened', 1), 'pager');
    await run();
    if (waitMs > 0) {
      await clock.advance(waitMs - 1);
      await run();
      expect(ids(pager)).toHaveLength(1);
      await clock.advance(1);
    }
    await run();
    expect(pager.told).toHaveLength(1);
  });

  it('that stalls keeps nobody waiting, and is given up after a while', async () => {
    const [pager, chat] = [await alertReceiver(), await alertReceiver()];
    const { tell, run, clock, untold } = desk({ pager: pager.url, chat: chat.url }, 500);
    chat.answer(stall);
    await tell(noticed('opened', 1), 'pager', 'chat');
    const running = run();
    await until('the other one is told', () => pager.told.length === 1);
    await tell(noticed('reminded', 2), 'pager', 'chat');
    await until('and of what comes after', async () => {
      await run();
      return pager.told.length === 2;
    });
    await running;
    // What comes first is told first.
    await until('it has taken both', async () => {
      await clock.advance(300_000);
      await run();
      return chat.told.length >= 2 && (await untold()).length === 0;
    });
    expect(chat.told[0]?.['text']).not.toContain('still');
    expect(chat.told.at(-1)?.['text']).toContain('still');
  });

  it('that is not there, or sends elsewhere, is told when it is; its address is in no line', async () => {
    const pager = await alertReceiver();
    const gone = `${await unusedOrigin()}/T0?secret=s3cret`;
    const { tell, run, lines, untold } = desk({ pager: pager.url, gone });
    pager.answer(status(302, { location: 'http://127.0.0.1:9/' }));
    await tell(noticed('opened', 1), 'pager', 'gone');
    await run();
    expect(await untold()).toEqual([
      ['opened', 'pager'],
      ['opened', 'gone'],
    ]);
    expect(lines.join('')).toContain('ECONNREFUSED');
    expect(lines.join('')).not.toMatch(/s3cret|127\.0\.0\.1/);
  });
});

describe('one notice that a receiver refuses', () => {
  /** Minutes of runs, as often as the service checks. */
  async function runFor({ clock, run }: ReturnType<typeof desk>, minutes: number): Promise<void> {
    for (let second = 0; second < minutes * 60; second += 10) {
      await run();
      await clock.advance(10_000);
    }
  }

  it.each([400, 413, 500])(
    'with %i is given up after a few tries, and the others arrive at once',
    async (code) => {
      const pager = await alertReceiver();
      const one = desk({ pager: pager.url });
      pager.answer(status(code), Number.POSITIVE_INFINITY, 'gap:main:pull-failing');
      await one.tell(noticedOf('gap:main:pull-failing'), 'pager');
      await one.tell(noticed('opened', 1), 'pager');
      await one.run();
      expect(pager.told.map(({ cause }) => cause)).toEqual(['unreachable:pds']);
      for (let number = 2; number < 14; number += 1) {
        await one.tell(noticed('reminded', number), 'pager');
        await runFor(one, 2);
      }
      expect(pager.told).toHaveLength(13);
      expect(await one.untold()).toEqual([]);
      const refused = pager.sent.filter(({ cause }) => cause === 'gap:main:pull-failing');
      expect(refused.length).toBeGreaterThanOrEqual(5);
      expect(refused.length).toBeLessThan(20);
      expect(one.outcomes.filter((outcome) => outcome === 'pager given_up')).toHaveLength(1);
      expect(one.lines.join('')).toContain(`it refused it (${code})`);
    },
  );

  it('holds up what comes later about the same cause until it is given up', async () => {
    const pager = await alertReceiver();
    const one = desk({ pager: pager.url });
    pager.answer(status(400), 5);
    await one.tell(noticed('opened', 1), 'pager');
    await one.tell(noticed('closed', 2), 'pager');
    await runFor(one, 4);
    expect(ids(pager)).toEqual(Array(4).fill(`${opening}#1`));
    await runFor(one, 4);
    expect(ids(pager)).toEqual([...Array(5).fill(`${opening}#1`), `${opening}#2`]);
    expect(pager.told.map(({ type }) => type)).toEqual(['closed']);
  });

  it('with 429 for years waits minutes, and the others do not wait', async () => {
    const pager = await alertReceiver();
    const one = desk({ pager: pager.url });
    pager.answer(status(429, { 'retry-after': '999999999' }));
    await one.tell(noticedOf('gap:main:pull-failing'), 'pager');
    await one.tell(noticed('opened', 1), 'pager');
    await one.run();
    expect(pager.told.map(({ cause }) => cause)).toEqual(['unreachable:pds']);
    await one.clock.advance(299_999);
    await one.run();
    expect(pager.told).toHaveLength(1);
    await one.clock.advance(1);
    await one.run();
    expect(pager.told.map(({ cause }) => cause)).toEqual(['unreachable:pds', 'gap:main:pull-failing']);
  });

  it('is not what an outage of the receiver is: all are kept, and few are tried at once', async () => {
    const pager = await alertReceiver();
    const one = desk({ pager: pager.url });
    const causes = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `gap:${name}:pull-failing`);
    for (const id of causes) await one.tell(noticedOf(id), 'pager');
    pager.answer(status(503), Number.POSITIVE_INFINITY);
    await one.run();
    expect(pager.sent.map(({ cause }) => cause)).toEqual(causes.slice(0, 3));
    await one.run();
    expect(pager.sent.map(({ cause }) => cause)).toEqual(causes);
    await runFor(one, 15);
    expect(await one.untold()).toHaveLength(6);
    pager.answer(status(204), 0);
    await runFor(one, 6);
    expect(pager.told.map(({ cause }) => cause).sort()).toEqual(causes);
    expect(one.outcomes).not.toContain('pager given_up');
  });
});

describe('what cannot be told', () => {
  it('is said in the log when nobody is configured any more who was to be told', async () => {
    const { tell, run, lines, untold } = desk({});
    await tell(noticed('opened', 1), 'somebody');
    await run();
    expect(await untold()).toEqual([]);
    expect(lines.join('')).toContain('an alert was not delivered to a receiver');
  });

  it('is said in the log after a week', async () => {
    const pager = await alertReceiver();
    const { tell, run, clock, lines, untold } = desk({ pager: pager.url });
    await tell(noticed('opened', 1), 'pager');
    await clock.advance(7 * 86_400_000 + 1);
    await run();
    expect(await untold()).toEqual([]);
    expect(pager.sent).toEqual([]);
    expect(lines.join('')).toContain('for a week');
  });

  it('is kept with what is over, and goes with its last word', async () => {
    const pager = await alertReceiver();
    const { tell, run, clock, store } = desk({ pager: pager.url });
    pager.answer(status(503));
    await tell(noticed('closed', 2), 'pager');
    await run();
    expect(store.stored.size).toBe(1);
    await clock.advance(1_000);
    await run();
    expect(store.stored.size).toBe(0);
    expect(pager.told[0]?.['text']).toMatch(/^Concord: resolved after \d+ d/);
  });
});
