import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 25;

/**
 * Looks again and again until there is something to be seen, and gives that back. Throws after `timeoutMs`
 * milliseconds, with `what` completing the sentence "… did not come true".
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 90_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: did not come true within ${timeoutMs / 1_000} s.`);
    await delay(INTERVAL_MS);
  }
}
