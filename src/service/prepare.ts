/** What has to succeed before the service begins to work: MongoDB answers, and the indexes and passwords are checked. */
import { UsageError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Engine } from '../wiring/engine.ts';
import { createMissingIndexes } from './create-indexes.ts';

/** How long to wait between two attempts to prepare MongoDB at start. */
const PREPARE_RETRY_MS = 2_000;

/** Tries again until it succeeds or `signal` is aborted. Throws UsageError for what waiting does not fix. */
export async function prepare(
  engine: Engine,
  logger: Logger,
  signal: AbortSignal,
  onFailure: (err: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await engine.prepare();
      await createMissingIndexes(engine);
      return;
    } catch (err) {
      // Waiting does not fix an error such as a wrong key, so it is reported at once.
      if (err instanceof UsageError) throw err;
      onFailure(err);
      logger.error({ err }, 'MongoDB could not be prepared; trying again');
      await engine.clock.delay(PREPARE_RETRY_MS, signal);
    }
  }
}
