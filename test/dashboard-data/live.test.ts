/** What listeners are told: all of the same, nothing missed, and no more often than of use. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LiveMessage } from '../../src/dashboard-data/data.ts';
import { createLive } from '../../src/dashboard-data/live.ts';
import { sharedAnswer } from '../../src/dashboard-data/shared-answer.ts';
import type { ConcordEvent } from '../../src/events/event.ts';
import { eventId } from '../../src/identity.ts';
import { createLogger } from '../../src/logger.ts';
import { otherTenant, type Person, person, tenant } from '../mongo/subjects/people.ts';
import { inMemoryTail } from '../support/in-memory/event-tail.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { wellAnswer } from './answers.ts';

function retried(number: number, { user, tenant: of }: Person, at: Date): ConcordEvent {
  const common = { _id: eventId(`e-${number}`), user, tenant: of, at, recordedAt: at, cause: [] };
  return { ...common, type: 'user.retried', data: { by: 'carol' } };
}

/** The overview is how many events there are; a page shows those of each user. */
function world(lagMs = 0) {
  const clock = virtualClock();
  const { tail, told, breakOff, following } = inMemoryTail(clock, lagMs);
  const counts = new Map<string, number>();
  const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
  let reads = 0;
  let isAway = false;
  const overview = sharedAnswer(async () => {
    reads += 1;
    const answer = wellAnswer(total(), clock.now());
    await clock.delay(lagMs);
    if (isAway) throw new Error('away');
    return answer;
  }, clock);
  const logger = createLogger({ level: 'silent' });
  const live = createLive({ tail, clock, logger, tenants: [tenant] }, overview);

  /** A page that was read so long before it listens, and reads again what it is told has changed. */
  function join(beforeMs = 0) {
    const leaving = new AbortController();
    const page = {
      ...{ counts: new Map(counts), known: total(), error: undefined as string | undefined },
      messages: [] as LiveMessage[],
      leave: () => leaving.abort(),
    };
    const listen = async () => {
      await clock.delay(beforeMs);
      for await (const message of live(leaving.signal)) {
        page.messages.push(message);
        if (message.name === 'overview') page.known = message.data.users.known;
        else
          for (const user of message.data.users ?? counts.keys())
            page.counts.set(user, counts.get(user) ?? 0);
      }
    };
    const ended = listen().catch((error: Error) => {
      page.error = error.message;
    });
    return { ...page, page, ended };
  }

  return {
    ...{ clock, counts, total, join, breakOff, following },
    reads: () => reads,
    away: (is: boolean) => {
      isAway = is;
    },
    write(who: Person) {
      counts.set(who.user, (counts.get(who.user) ?? 0) + 1);
      told(retried(total(), who, clock.now()));
    },
  };
}

const names = (messages: readonly LiveMessage[]) => messages.map(({ name }) => name);
const people = ['alice', 'bob', 'carol'].map((name) => person(name));
const [alice, bob] = [person('alice'), person('bob')];

test('whatever happens between looking and listening, in the end every page shows what is there', async () => {
  const act = fc.oneof(
    fc.record({ do: fc.constant('write' as const), who: fc.constantFrom(...people) }),
    fc.record({
      do: fc.constantFrom('join' as const, 'wait' as const),
      ms: fc.integer({ min: 1, max: 2_000 }),
    }),
    fc.record({ do: fc.constantFrom('leave' as const, 'break' as const) }),
  );
  const property = fc.asyncProperty(
    fc.array(act, { maxLength: 30 }),
    fc.integer({ min: 0, max: 400 }),
    async (acts, lagMs) => {
      const { clock, join, write, breakOff, counts, total } = world(lagMs);
      const pages: ReturnType<typeof join>[] = [];
      for (const one of acts) {
        if (one.do === 'write') write(one.who);
        else if (one.do === 'join') pages.push(join(one.ms));
        else if (one.do === 'wait') await clock.advance(one.ms);
        else if (one.do === 'leave') pages.shift()?.leave();
        else breakOff();
      }
      await clock.advance(60_000);
      for (const { page } of pages) {
        expect(page.error).toBeUndefined();
        expect(page.known).toBe(total());
        expect(page.counts).toEqual(counts);
        page.leave();
      }
      await clock.advance(1_000);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test('a listener is told the overview, then that anything may have changed, and then what does', async () => {
  const { clock, join, write, following } = world();
  const { page } = join();
  await clock.advance(300);
  expect(names(page.messages)).toEqual(['overview', 'changed']);
  expect(page.messages[1]?.data).toEqual({ users: null, sweeps: true });
  write(alice);
  write(bob);
  write(alice);
  write(person('dave', otherTenant));
  await clock.advance(300);
  expect(page.messages[2]).toEqual({
    name: 'changed',
    data: { users: [alice.user, bob.user], sweeps: false },
  });
  await clock.advance(1_000);
  expect(names(page.messages).slice(3)).toEqual(['overview']);
  page.leave();
  await clock.advance(1_000);
  expect(following()).toBe(0);
});

test('however many listen, there is one source, and what has not changed is not told', async () => {
  const { clock, join, reads, following } = world();
  const pages = [join(), join(), join()];
  await clock.advance(60_000);
  expect(following()).toBe(1);
  // One every five seconds, and two at the beginning.
  expect(reads()).toBeLessThanOrEqual(14);
  for (const { page } of pages) expect(names(page.messages)).toEqual(['overview', 'changed']);
});

test('many events a second are told a few times a second, and the overview is read once a second', async () => {
  const { clock, join, write, reads } = world();
  const { page } = join();
  await clock.advance(1_000);
  const [readBefore, toldBefore] = [reads(), page.messages.length];
  for (let written = 0; written < 200; written += 1) {
    write(alice);
    await clock.advance(50);
  }
  expect(reads() - readBefore).toBeLessThanOrEqual(11);
  expect(
    names(page.messages.slice(toldBefore)).filter((name) => name === 'changed').length,
  ).toBeLessThanOrEqual(41);
});

test('an overview that takes long is read more rarely, so that looking costs a tenth of the time at most', async () => {
  const { clock, join, write, reads } = world(700);
  join();
  await clock.advance(10_000);
  const before = reads();
  for (let written = 0; written < 700; written += 1) {
    write(alice);
    await clock.advance(100);
  }
  expect(reads() - before).toBeGreaterThanOrEqual(9);
  expect(reads() - before).toBeLessThanOrEqual(11);
});

test('a log that cannot be followed is followed again, and everybody looks anew', async () => {
  const { clock, join, write, breakOff } = world();
  const { page } = join();
  await clock.advance(5_000);
  breakOff();
  await clock.advance(10);
  write(alice);
  await clock.advance(3_000);
  expect(page.messages.slice(2)).toMatchObject([
    { name: 'changed', data: { users: null, sweeps: true } },
    { name: 'overview', data: { users: { known: 1 } } },
  ]);
});

test('an overview that cannot be read ends the stream with its error; whoever comes again is told again', async () => {
  const { clock, join, away } = world();
  const { page, ended } = join();
  await clock.advance(1_000);
  away(true);
  await clock.advance(5_000);
  await ended;
  expect(page.error).toBe('away');
  const refused = join();
  await clock.advance(100);
  await refused.ended;
  expect(refused.page).toMatchObject({ error: 'away', messages: [] });
  away(false);
  const again = join();
  await clock.advance(100);
  expect(names(again.page.messages)).toEqual(['overview', 'changed']);
});
