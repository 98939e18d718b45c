/** What Node.js writes to stderr of itself, as lines of the log: where the log is JSON, every line has to be. */
import type { Logger } from '../logger.ts';

export function logProcessEvents(logger: Logger): void {
  // The listener of Node's own writes text.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn({ err: warning }, 'Node.js warns'));
  process.on('uncaughtException', (err) => {
    logger.fatal({ err }, 'an unexpected error ended the process');
    process.exit(1);
  });
}
