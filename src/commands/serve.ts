/** `concord serve`: ingests log entries, reconciles due users, and sweeps on a schedule, until stopped. */
import { ALL_NEEDS } from '../config/load.ts';
import { startService } from '../service/service.ts';
import { stopSignal } from '../service/stop-signal.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, loggerFor } from './command.ts';

export async function runServe(options: GlobalOptions): Promise<ExitCode> {
  const config = configFor(options, ALL_NEEDS);
  const logger = loggerFor(options, config);
  const stopped = stopSignal(logger);
  const service = await startService(config, logger);
  logger.info({ url: service.url, tenants: config.tenants.map(({ id }) => id) }, 'serving');
  try {
    await Promise.race([stopped, service.failed]);
  } finally {
    await service.stop();
  }
  logger.info('stopped');
  return EXIT.clean;
}
