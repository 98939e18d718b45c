/** How a person or a supervisor stops the process. */
import type { Logger } from '../logger.ts';

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(logger: Pick<Logger, 'info'>): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1);
      asked = true;
      logger.info({ signal }, 'stopping; a second signal stops at once');
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
