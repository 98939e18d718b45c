import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Config } from '../config/schema.ts';
import { createLogger } from '../logger.ts';
import { reconcileOpenUsers } from '../service/schedule.ts';
import { formatDuration } from '../terminal/duration.ts';
import { wireEngine } from '../wiring/engine.ts';
import { systemClock } from '../wiring/system.ts';

const PATIENCE_MS = 15_000;

export interface Spectators {
  /** Compares all users, and changes nothing before the spectators are ready. */
  readonly config: Config;
  /** Resolves with whether it waited. */
  seated(say: (text: string) => void, stopped: Promise<void>): Promise<boolean>;
}

/**
 * The repair takes a second, so a person at the terminal may open the dashboard first, and see what is wrong.
 * `areInvited` is false to start without waiting.
 */
export function spectators(config: Config, areInvited: boolean): Spectators {
  let isWaiting = areInvited && process.stdin.isTTY === true && process.stdout.isTTY === true;
  const policy = {
    ...config.policy,
    get observeOnly() {
      return isWaiting || config.policy.observeOnly;
    },
  };
  return {
    config: { ...config, policy },
    seated: async (say, stopped) => {
      if (!isWaiting) return false;
      say(
        `  Open it, and press Enter here to start the repair. It starts automatically in ${formatDuration(PATIENCE_MS)}.`,
      );
      await lineOr(stopped);
      isWaiting = false;
      const engine = wireEngine(config, createLogger({ level: 'silent', stream: process.stderr }));
      try {
        await reconcileOpenUsers(engine);
        return true;
      } finally {
        await engine.close();
      }
    },
  };
}

async function lineOr(stopped: Promise<void>): Promise<void> {
  const prompt = createInterface({ input: process.stdin });
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(prompt, 'line', { signal }), systemClock.delay(PATIENCE_MS, signal), stopped]);
  } finally {
    over.abort();
    prompt.close();
  }
}
