/** How `serve` stops: what is under way finishes, all of it within one deadline. */
import { LATE, within } from '../http/deadline.ts';
import type { Logger } from '../logger.ts';

/** How long the connection to MongoDB may take to close. A server that is stuck does not answer to that either. */
const CLOSE_MS = 2_000;

export interface Stoppable {
  /** What is under way, for the log. */
  readonly name: string;
  readonly ended: Promise<unknown>;
}

/** Returns the names of what has not ended within `deadlineMs` milliseconds. An error of one does not stop the others. */
export async function endWithin(
  deadlineMs: number,
  work: readonly Stoppable[],
  logger: Logger,
): Promise<readonly string[]> {
  const unfinished = new Set(work.map(({ name }) => name));
  const all = work.map(async ({ name, ended }) => {
    try {
      await ended;
    } catch (err) {
      logger.error({ err, part: name }, 'a part of the service did not stop in order');
    }
    unfinished.delete(name);
  });
  await within(Promise.all(all), deadlineMs);
  return [...unfinished];
}

export async function closeWithin(close: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    const closed = await within(close(), CLOSE_MS);
    if (closed === LATE) logger.warn('the connection to MongoDB did not close in time');
  } catch (err) {
    logger.warn({ err }, 'the connection to MongoDB did not close in order');
  }
}
