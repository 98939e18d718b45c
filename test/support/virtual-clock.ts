import type { Clock } from '../../src/ports/clock.ts';
import { systemClock } from '../../src/wiring/system.ts';

export interface VirtualClock extends Clock {
  /** Milliseconds since the start. */
  elapsedMs(): number;
  /** Lets time pass, ending each wait at its moment and in its order. */
  advance(ms: number): Promise<void>;
}

/** Time stands still until it is advanced. */
export function virtualClock(start = new Date('2026-03-01T12:00:00Z')): VirtualClock {
  let nowMs = start.getTime();
  let waits: { readonly atMs: number; wake(): void }[] = [];
  const delay: Clock['delay'] = (ms, signal) =>
    new Promise((resolve) => {
      const wait = {
        atMs: nowMs + ms,
        wake: () => {
          waits = waits.filter((other) => other !== wait);
          signal?.removeEventListener('abort', wait.wake);
          resolve();
        },
      };
      waits.push(wait);
      if (signal?.aborted) wait.wake();
      else signal?.addEventListener('abort', wait.wake, { once: true });
    });
  return {
    now: () => new Date(nowMs),
    elapsedMs: () => nowMs - start.getTime(),
    delay,
    timer: delay,
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await settled();
      for (;;) {
        const next = waits.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
        await settled();
      }
      nowMs = untilMs;
    },
  };
}

/** Time jumps ahead to the end of every wait, so nothing waits. */
export function leapingClock(start = new Date('2026-03-01T12:00:00Z')): Clock & { elapsedMs(): number } {
  let nowMs = start.getTime();
  return {
    now: () => new Date(nowMs),
    elapsedMs: () => nowMs - start.getTime(),
    delay: async (ms) => {
      nowMs += ms;
    },
    timer: systemClock.timer,
  };
}

/** Resolves when everything that follows from what has happened so far has happened too. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
