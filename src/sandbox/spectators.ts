import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemClock } from '../system.ts';
import { formatDuration } from '../terminal/duration.ts';

const PATIENCE_MS = 15_000;

/**
 * Healing takes a second, so whoever sits at the terminal may open the dashboard first. Resolves with whether anybody
 * was waited for.
 */
export async function spectators(say: (text: string) => void, stopped: Promise<void>): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  say(
    `  Open it, and press Enter here to see it heal. It begins by itself in ${formatDuration(PATIENCE_MS)}.`,
  );
  const prompt = createInterface({ input: process.stdin });
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(prompt, 'line', { signal }), systemClock.delay(PATIENCE_MS, signal), stopped]);
    return true;
  } finally {
    over.abort();
    prompt.close();
  }
}
