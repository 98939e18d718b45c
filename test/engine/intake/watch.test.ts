/** Who is due because of a change in the database, whatever the server can do and whatever breaks. */
import { afterEach, describe, expect, it } from 'vitest';
import { createWatch } from '../../../src/engine/intake/watch.ts';
import type { IgnoredCounts } from '../../../src/events/ignored.ts';
import { eventId, storedUserKey, type TenantId } from '../../../src/identity.ts';
import { createLogger } from '../../../src/logger.ts';
import { wakingQueue } from '../../../src/wiring/waking-queue.ts';
import { alice, bob, otherTenant, type Person, person, tenant } from '../../mongo/subjects/people.ts';
import { inMemoryCursors } from '../../support/in-memory/cursors.ts';
import { type InMemoryChanges, inMemoryChanges } from '../../support/in-memory/document-changes.ts';
import { inMemoryEventLog } from '../../support/in-memory/event-log.ts';
import type { Hooks } from '../../support/in-memory/hooks.ts';
import { inMemoryIgnored } from '../../support/in-memory/ignored.ts';
import { seededRandom } from '../../support/in-memory/random.ts';
import { inMemoryWorkQueue } from '../../support/in-memory/work-queue.ts';
import { until } from '../../support/until.ts';
import { settled, virtualClock } from '../../support/virtual-clock.ts';

const POLL_MS = 1_000;
const MINUTE = 60_000;
const tenants = [
  { id: tenant, keyPrefix: '' },
  {
    id: otherTenant,
    keyPrefix: `${otherTenant}-`,
    excludedBy: (key: string) => (key.includes('|guest-') ? 'guest' : undefined),
  },
];

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

function setUp() {
  const hooks: Hooks = {};
  const [clock, changes, cursors] = [virtualClock(), inMemoryChanges(), inMemoryCursors(hooks)];
  const { queue } = inMemoryWorkQueue(hooks);
  const log = inMemoryEventLog(hooks);
  const due: string[] = [];
  const ignored = inMemoryIgnored(hooks);
  const told: { due: number; missed: number; ignored: [TenantId, IgnoredCounts][] } = {
    due: 0,
    missed: 0,
    ignored: [],
  };
  const begin = () => {
    const stopping = new AbortController();
    const watch = createWatch({
      ...{ changes, cursors, clock, tenants, log, random: seededRandom(), pollMs: POLL_MS },
      logger: createLogger({ level: 'silent', pretty: false }),
      queue: wakingQueue(
        {
          markDue: async (triggers, at, priority) => {
            await queue.markDue(triggers, at, priority);
            due.push(...triggers.map(({ user, tenant: of }) => `${of} ${user}`));
          },
        },
        () => {
          told.due += 1;
        },
      ),
      ignored,
      onIgnored: (of, counts) => void told.ignored.push([of, counts]),
      onMissed: () => {
        told.missed += 1;
      },
    });
    const running = watch.run(stopping.signal);
    const end = async () => {
      stopping.abort();
      await running;
    };
    ends.push(end);
    return { ...watch, end };
  };
  return { hooks, clock, changes, cursors, log, due, told, ignored, begin };
}

function row({ user }: Person, handle: string, at: Date) {
  return { user, handle, at };
}

describe('keys that name no user, or an excluded one', () => {
  const guest = person('guest-1', otherTenant);

  it('are counted and make nobody due, also where many lose their documents', async () => {
    const { changes, due, told, ignored, log, begin } = setUp();
    begin();
    await settled();
    for (const key of ['art-guest', `${otherTenant}-undefined`, guest.user])
      changes.happen(storedUserKey(key), { removed: ['user-document'] });
    for (let at = 0; at < 40; at += 1)
      changes.happen(storedUserKey(`guest ${at}`), { removed: ['user-document'] });
    changes.happen(alice.user);
    await until('alice is due', () => due.length > 0);
    expect(due).toEqual([`${tenant} ${alice.user}`]);
    expect(log.events).toEqual([]);
    expect(told).toMatchObject({ missed: 0 });
    expect(told.ignored).toHaveLength(43);
    expect(ignored.totals).toMatchObject([
      { tenant, reason: 'not-a-user-id', count: 41 },
      { tenant: otherTenant, reason: 'excluded', count: 1 },
      { tenant: otherTenant, reason: 'not-a-user-id', count: 1 },
    ]);
  });

  it('are counted once a page where there are no streams', async () => {
    const { changes, due, ignored, clock, begin } = setUp();
    changes.hasStreams = false;
    const at = clock.now();
    for (const key of ['art-guest', 'other', guest.user, alice.user])
      changes.rows.push({ user: storedUserKey(key), handle: 'x', at });
    begin();
    await settled();
    expect(due).toEqual([`${tenant} ${alice.user}`]);
    expect(ignored.totals).toMatchObject([
      { tenant, reason: 'not-a-user-id', count: 2 },
      { tenant: otherTenant, reason: 'excluded', count: 1 },
    ]);
  });
});

describe('with change streams', () => {
  it('makes the owner due at once, in whichever tenant, and leaves what is nobody’s alone', async () => {
    const { changes, due, told, begin } = setUp();
    const watch = begin();
    await settled();
    const second = person('alice', otherTenant);
    for (const { user } of [alice, second]) changes.happen(user);
    changes.happen('' as typeof alice.user);
    await settled();
    expect(due).toEqual([`main ${alice.user}`, `second ${second.user}`]);
    expect(told).toEqual({ due: 2, missed: 0, ignored: [[tenant, { 'not-a-user-id': 1 }]] });
    expect(watch.state().mode).toBe('stream');
  });

  it('goes on where the process before it came to', async () => {
    const { changes, due, begin } = setUp();
    const first = begin();
    await settled();
    changes.happen(alice.user);
    await settled();
    await first.end();
    changes.happen(bob.user);
    begin();
    await settled();
    expect(changes.begun).toEqual([undefined, '1']);
    expect(due).toEqual([`main ${alice.user}`, `main ${bob.user}`]);
  });

  it('hears the same twice rather than not at all when a process dies', async () => {
    const { changes, due, begin } = setUp();
    begin();
    await settled();
    changes.happen(alice.user);
    await settled();
    // It is never ended, so that it keeps no last position.
    ends.splice(0);
    begin();
    await settled();
    expect(changes.begun).toEqual([undefined, '0']);
    expect(due).toEqual([`main ${alice.user}`, `main ${alice.user}`]);
  });

  it('tries again from the same place after the connection broke', async () => {
    const { changes, clock, due, told, begin } = setUp();
    const watch = begin();
    await settled();
    changes.breakOff('UNREACHABLE');
    await settled();
    expect(watch.state().mode).toBe('broken');
    changes.happen(alice.user);
    await clock.advance(5_000);
    expect(due).toEqual([`main ${alice.user}`]);
    expect(told.missed).toBe(0);
    expect(watch.state()).toMatchObject({ mode: 'stream', aliveAt: expect.any(Date) });
  });

  it('does not keep a position past somebody who could not be made due', async () => {
    const { hooks, changes, clock, due, begin } = setUp();
    begin();
    await settled();
    let failures = 1;
    hooks.before = ({ port }) => {
      failures -= port === 'queue' ? 1 : 0;
      if (port === 'queue' && failures >= 0) throw new Error('the queue cannot be written');
    };
    changes.happen(alice.user);
    await clock.advance(5_000);
    expect(due).toEqual([`main ${alice.user}`]);
  });

  it.each([
    ['at the start', (changes: InMemoryChanges) => changes.forgetBefore(5)],
    ['on the way', (changes: InMemoryChanges) => changes.breakOff('POSITION_LOST')],
  ] as const)(
    'has everybody looked at when the position is lost %s, once it listens again',
    async (_when, lose) => {
      const { changes, clock, cursors, told, due, begin } = setUp();
      await cursors.set('document-changes', '0');
      lose(changes);
      begin();
      await clock.advance(5_000);
      expect(told.missed).toBe(1);
      changes.happen(alice.user);
      await settled();
      expect(due).toEqual([`main ${alice.user}`]);
      expect(changes.begun.at(-1)).toBeUndefined();
    },
  );

  it('writes to the log what was removed, once however often it is heard, and names it as the cause', async () => {
    const { changes, log, begin } = setUp();
    begin();
    await settled();
    changes.happen(alice.user, { removed: ['verification'] });
    await settled();
    ends.splice(0);
    begin();
    await settled();
    expect(log.events).toMatchObject([
      { user: alice.user, type: 'resource.removed', data: { what: 'verification', seenBy: 'change-stream' } },
    ]);
  });

  it('tells the account record that others removed from the one that a step of ours removes', async () => {
    const { changes, clock, log, due, begin } = setUp();
    const { user } = alice;
    const now = clock.now();
    const stamps = { at: now, recordedAt: now, cause: [] };
    const data = { actions: [{ resource: 'account', type: 'drop-account-record' }] } as const;
    await log.append([{ _id: eventId('intended'), user, tenant, type: 'actions.intended', ...stamps, data }]);
    begin();
    await settled();
    for (const one of [alice, bob]) changes.happen(one.user, { removed: ['account-record'] });
    await settled();
    await clock.advance(10 * MINUTE);
    changes.happen(user, { removed: ['account-record'] });
    await settled();
    const removed = log.events.filter(({ type }) => type === 'resource.removed');
    expect(removed.map((event) => event.user)).toEqual([bob.user, user]);
    expect(due).toHaveLength(3);
  });

  it('makes no user due when documents of many users are removed at once, and sweeps instead', async () => {
    const { changes, due, log, told, begin } = setUp();
    begin();
    await settled();
    const people = Array.from({ length: 60 }, (_, at) => person(`user-${at}`));
    for (const { user } of people) changes.happen(user, { removed: ['user-document'] });
    await settled();
    expect(due.length).toBeLessThan(30);
    // What was removed is in the log all the same: it may be all that tells that it was there.
    expect(log.events.length).toBe(people.length);
    expect(told.missed).toBe(0);
    // As soon as something else is heard, they are over.
    changes.happen(undefined);
    await settled();
    expect(told.missed).toBe(1);
  });

  it('has everybody looked at when a collection is dropped', async () => {
    const { changes, told, begin } = setUp();
    begin();
    await settled();
    changes.happen(undefined, { isWhole: true });
    await settled();
    expect(told.missed).toBe(1);
  });
});

describe('without change streams', () => {
  function standalone() {
    const world = setUp();
    world.changes.hasStreams = false;
    return world;
  }

  it('finds a new row within a poll, once', async () => {
    const { changes, clock, due, begin } = standalone();
    const watch = begin();
    await clock.advance(POLL_MS);
    changes.rows.push(row(alice, 'cedar', clock.now()));
    await clock.advance(POLL_MS);
    expect(due).toEqual([`main ${alice.user}`]);
    await clock.advance(5 * MINUTE);
    expect(due).toHaveLength(1);
    expect(watch.state()).toMatchObject({ mode: 'poll', aliveAt: clock.now() });
  });

  it('finds a row that was given an earlier time than it was written', async () => {
    const { changes, clock, due, begin } = standalone();
    begin();
    await clock.advance(5 * MINUTE);
    changes.rows.push(row(alice, 'cedar', new Date(clock.now().getTime() - 30_000)));
    await clock.advance(POLL_MS);
    expect(due).toEqual([`main ${alice.user}`]);
  });

  it('is not led past others by a row from the future', async () => {
    const { changes, clock, due, begin } = standalone();
    begin();
    changes.rows.push(row(alice, 'cedar', new Date(clock.now().getTime() + 60 * MINUTE)));
    await clock.advance(5 * MINUTE);
    changes.rows.push(row(bob, 'oak', clock.now()));
    await clock.advance(5 * MINUTE);
    expect(due).toEqual([`main ${alice.user}`, `main ${bob.user}`]);
  });

  it('hears of a second change in the same moment', async () => {
    const { changes, clock, due, begin } = standalone();
    begin();
    const { now } = clock;
    const at = now();
    changes.rows.push(row(alice, 'cedar', at));
    await clock.advance(POLL_MS);
    changes.rows.splice(0, 1, row(alice, 'oak', at));
    await clock.advance(POLL_MS);
    expect(due).toHaveLength(2);
  });

  it('goes on where the process before it came to', async () => {
    const { changes, clock, due, begin } = standalone();
    const first = begin();
    await clock.advance(POLL_MS);
    await first.end();
    await clock.advance(MINUTE);
    changes.rows.push(row(alice, 'cedar', clock.now()));
    await clock.advance(60 * MINUTE);
    begin();
    await settled();
    expect(due).toEqual([`main ${alice.user}`]);
  });

  it('asks more rarely while the answer takes long', async () => {
    const { changes, clock, begin } = standalone();
    let polls = 0;
    Object.assign(changes, {
      async *handlesSince() {
        polls += 1;
        await clock.delay(2_000);
        yield [];
      },
    });
    begin();
    await clock.advance(59_000);
    expect(polls).toBe(3);
  });
});
