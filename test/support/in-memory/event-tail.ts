/** A log that grows, and is followed with a lag, until the way to it breaks. */

import { UpstreamError } from '../../../src/errors.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { EventTail } from '../../../src/ports/event-log.ts';

export interface InMemoryTail {
  readonly tail: EventTail;
  /** Tells those who follow. */
  told(event: ConcordEvent): void;
  /** Everybody who follows is told that it cannot be followed, and has not heard what was on its way. */
  breakOff(): void;
  /** How many follow. */
  following(): number;
}

/** It takes `lagMs` to begin to follow, and as long for an event to be told. */
export function inMemoryTail(clock: Clock, lagMs = 0): InMemoryTail {
  interface Follower {
    readonly coming: ConcordEvent[];
    broken: boolean;
    wake: () => void;
  }
  const followers = new Set<Follower>();

  async function* tell(follower: Follower, signal: AbortSignal): AsyncIterable<ConcordEvent> {
    try {
      while (!signal.aborted) {
        await clock.delay(lagMs, signal);
        if (follower.broken) {
          throw new UpstreamError('MongoDB could not follow the event log', {
            ...{ upstream: 'mongodb', code: 'UNREACHABLE', retryable: true },
          });
        }
        const event = follower.coming.shift();
        if (event !== undefined) yield event;
        else {
          await new Promise<void>((resolve) => {
            follower.wake = resolve;
            if (signal.aborted) resolve();
          });
        }
      }
    } finally {
      followers.delete(follower);
    }
  }

  return {
    following: () => followers.size,
    told(event) {
      for (const follower of followers) {
        follower.coming.push(event);
        follower.wake();
      }
    },
    breakOff() {
      for (const follower of followers) {
        follower.broken = true;
        follower.wake();
      }
    },
    tail: {
      async follow(_user, signal) {
        await clock.delay(lagMs, signal);
        const follower: Follower = { coming: [], broken: false, wake: () => {} };
        signal.addEventListener('abort', () => follower.wake(), { once: true });
        followers.add(follower);
        return tell(follower, signal);
      },
    },
  };
}
