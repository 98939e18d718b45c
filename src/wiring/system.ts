/** The real clock and the real randomness. Tests hand in their own. */
import { randomInt } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { eventId } from '../identity.ts';
import type { Clock, Random } from '../ports/clock.ts';

export const systemClock: Clock = {
  now: () => new Date(),
  delay,
  timer: delay,
};

export const systemRandom: Random = {
  int: (below) => randomInt(below),
  id: () => eventId(uuidv7()),
};

function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    // The listener is taken away again, or a signal that lives as long as the process would gather them.
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
