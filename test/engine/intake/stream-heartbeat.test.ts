import { expect, it } from 'vitest';
import { deliveriesName, parseDeliveries } from '../../../src/engine/intake/silence.ts';
import { createStreamHeartbeat } from '../../../src/engine/intake/stream-heartbeat.ts';
import { createLogger } from '../../../src/logger.ts';
import { tenant } from '../../mongo/subjects/people.ts';
import { inMemoryCursors } from '../../support/in-memory/cursors.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

function hearing() {
  const clock = virtualClock();
  const cursors = inMemoryCursors();
  let writes = 0;
  let broken = false;
  const counted = {
    ...cursors,
    set: async (name: string, position: string) => {
      if (broken) throw new Error('away');
      writes += 1;
      await cursors.set(name, position);
    },
  };
  const heard = createStreamHeartbeat({ cursors: counted, clock, logger: createLogger({ level: 'silent' }) });
  return {
    clock,
    hear: () => heard.delivered(tenant),
    writes: () => writes,
    breakDown: (is: boolean) => {
      broken = is;
    },
    kept: async () => parseDeliveries(await cursors.get(deliveriesName(tenant))),
  };
}

it('is kept now and then, however often a stream delivers', async () => {
  const { clock, hear, writes, kept } = hearing();
  for (let times = 0; times < 61; times += 1) {
    await hear();
    await clock.advance(1_000);
  }
  expect(writes()).toBe(3);
  expect(await kept()).toEqual({
    last: new Date('2026-03-01T12:01:00Z'),
    pauses: new Map([['2026-03-01', 30_000]]),
  });
});

it('is told by the next delivery when it could not be kept', async () => {
  const { hear, writes, breakDown } = hearing();
  breakDown(true);
  await hear();
  breakDown(false);
  await hear();
  expect(writes()).toBe(1);
});
