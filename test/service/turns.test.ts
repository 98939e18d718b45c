/** However many processes come to a tick of the schedule, one of them does the work. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Runs } from '../../src/ports/runs.ts';
import { occasionNow, onceForAll, TURN_LEASE_MS, type TurnDeps } from '../../src/service/turns.ts';
import { inMemoryRuns } from '../support/in-memory/runs.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

const NAME = 'sweep:main';
const EVERY_MS = 5 * 60_000;
const never = new Promise<never>(() => undefined);
const running = new AbortController().signal;

interface Process extends TurnDeps {
  /** Nothing that it does from now on is seen by others. */
  kill(): void;
  readonly isDead: () => boolean;
}

/** One whose clock is ahead by so much. */
function processOf(time: VirtualClock, shared: Runs, aheadMs = 0): Process {
  let isDead = false;
  const alive =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (isDead) await never;
      const result = await call(...args);
      return isDead ? never : result;
    };
  const clock: Clock = {
    now: () => new Date(time.now().getTime() + aheadMs),
    delay: alive((ms: number, signal?: AbortSignal) => time.delay(ms, signal)),
    timer: alive((ms: number, signal: AbortSignal) => time.timer(ms, signal)),
  };
  const runs: Runs = {
    begin: alive(shared.begin),
    beginOnce: alive(shared.beginOnce),
    keep: alive(shared.keep),
    end: alive(shared.end),
    state: alive(shared.state),
  };
  const kill = (): void => {
    isDead = true;
  };
  return { runs, clock, logger: createLogger({ level: 'silent' }), kill, isDead: () => isDead };
}

describe('work that several processes come to at a tick', () => {
  const process = fc.record({
    aheadMs: fc.integer({ min: -10_000, max: 10_000 }),
    // At work or not; the first one never.
    diesAfterMs: fc.option(fc.integer({ min: 0, max: 4 * EVERY_MS }), { nil: undefined }),
  });

  it('is done once a tick, whatever their clocks show and whoever of them is killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(process, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 150_000 }),
        async (others, workMs) => {
          const time = virtualClock();
          const shared = inMemoryRuns();
          const first = time.now().getTime() + EVERY_MS;
          const ticks = [0, 1, 2].map((index) => new Date(first + index * EVERY_MS));
          const done: number[] = [];
          let begun = 0;
          const start = ({ aheadMs, diesAfterMs }: { aheadMs: number; diesAfterMs: number | undefined }) => {
            const one = processOf(time, shared, aheadMs);
            if (diesAfterMs !== undefined) void time.delay(diesAfterMs).then(one.kill);
            const live = async (): Promise<void> => {
              for (const tick of ticks) {
                await one.clock.delay(tick.getTime() - one.clock.now().getTime());
                await onceForAll(one, NAME, { tick }, running, async () => {
                  begun += 1;
                  await one.clock.delay(workMs);
                  done.push(tick.getTime());
                });
              }
            };
            void live();
            return one;
          };
          const processes = [{ aheadMs: 0, diesAfterMs: undefined }, ...others].map(start);
          await time.advance(5 * EVERY_MS);
          expect(done).toEqual(ticks.map((tick) => tick.getTime()));
          expect(begun - done.length).toBeLessThanOrEqual(processes.filter((one) => one.isDead()).length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is taken over when its process was killed, within the time of a lease', async () => {
    const time = virtualClock();
    const shared = inMemoryRuns();
    const [first, second] = [processOf(time, shared), processOf(time, shared)];
    const tick = time.now();
    const killed = onceForAll(first, NAME, { tick }, running, () => never);
    let doneAfterMs = 0;
    const next = onceForAll(second, NAME, { tick }, running, async () => {
      doneAfterMs = time.elapsedMs();
    });
    // It lives for longer than a lease, and so is not taken for dead.
    await time.advance(3 * TURN_LEASE_MS);
    expect(doneAfterMs).toBe(0);
    first.kill();
    await time.advance(TURN_LEASE_MS + 2_000);
    expect(await next).toBe(true);
    expect(doneAfterMs).toBeGreaterThan(3 * TURN_LEASE_MS);
    void killed;
  });

  it('is taken over at once from a process that stops, and from one whose work failed', async () => {
    const time = virtualClock();
    const shared = inMemoryRuns();
    const tick = time.now();
    const stopping = new AbortController();
    const stopped = onceForAll(processOf(time, shared), NAME, { tick }, stopping.signal, async () =>
      stopping.abort(),
    );
    expect(await stopped).toBe(true);
    const failing = onceForAll(processOf(time, shared), NAME, { tick }, running, async () => {
      throw new Error('MongoDB is away');
    });
    await expect(failing).rejects.toThrow('MongoDB is away');
    const third = processOf(time, shared);
    expect(await onceForAll(third, NAME, { tick }, running, async () => undefined)).toBe(true);
    expect(await onceForAll(third, NAME, { tick }, running, async () => undefined)).toBe(false);
  });

  it('ends a wait for another process when this one stops', async () => {
    const time = virtualClock();
    const shared = inMemoryRuns();
    const tick = time.now();
    void onceForAll(processOf(time, shared), NAME, { tick }, running, () => never);
    const stopping = new AbortController();
    const waiting = onceForAll(
      processOf(time, shared),
      NAME,
      { tick },
      stopping.signal,
      async () => undefined,
    );
    await time.advance(5_000);
    stopping.abort();
    expect(await waiting).toBe(false);
  });
});

describe('work that several processes want at their start', () => {
  it('is one run for all who start while it is under way, and for what was missed another one', async () => {
    const time = virtualClock();
    const shared = inMemoryRuns();
    let runs = 0;
    const start = async (afterMiss: boolean): Promise<boolean> => {
      const one = processOf(time, shared);
      return onceForAll(one, NAME, await occasionNow(one, NAME, afterMiss), running, async () => {
        runs += 1;
        await time.delay(10_000);
      });
    };
    const first = start(false);
    await time.advance(1_000);
    const others = [start(false), start(false)];
    await time.advance(20_000);
    expect([await first, ...(await Promise.all(others))]).toEqual([true, false, false]);
    expect(runs).toBe(1);

    const current = start(false);
    await time.advance(1_000);
    const missing = [start(true), start(true)];
    await time.advance(40_000);
    await Promise.all([current, ...missing]);
    expect(runs).toBe(3);
  });
});
