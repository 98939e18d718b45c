/** `concord serve`: ingests log entries, reconciles due users, and sweeps on a schedule, until stopped. */

import { liveConfig } from '../config/live.ts';
import { ALL_NEEDS } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { isForPeople, type Logger } from '../logger.ts';
import { logProcessEvents } from '../service/process-events.ts';
import { reloadOnSignal } from '../service/reload.ts';
import type { Service } from '../service/service.ts';
import { stopSignal } from '../service/stop-signal.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, loggerFor } from './command.ts';

export async function runServe(options: GlobalOptions): Promise<ExitCode> {
  const load = () => configFor(options, ALL_NEEDS);
  const live = liveConfig(load(), load);
  const { config } = live;
  const logger = loggerFor(options, config);
  const isLogForPeople = isForPeople(config.log.pretty);
  if (!isLogForPeople) logProcessEvents(logger);
  const stopped = stopSignal(logger);
  let service: Service | undefined;
  // In a terminal the signal says that the terminal was closed. Until the service is there, its start checks the keys.
  const checkKeys = async (credentials: Config['credentials']) => service?.checkKeys(credentials);
  if (process.stderr.isTTY !== true) reloadOnSignal({ live, checkKeys, logger });
  try {
    service = await (await loadService()).startService(config, logger);
    logger.info({ url: service.url, tenants: config.tenants.map(({ id }) => id) }, 'serving');
    await Promise.race([stopped, service.failed]);
  } catch (err) {
    await service?.stop();
    // It is reported once: where the log is JSON, as a line of it, and elsewhere as text, which `main` writes.
    if (isLogForPeople || !logger.isLevelEnabled('fatal')) throw err;
    logger.fatal({ err }, 'the service cannot start');
    return EXIT.error;
  }
  await stop(service, logger);
  return EXIT.clean;
}

/**
 * In parts, the driver of MongoDB first: all files of a part may be open at the same time, and together they are more than
 * a process with few descriptors (`ulimit -n`) can open.
 */
async function loadService() {
  await import('../wiring/connection-limit.ts');
  await import('../reconcilers/registry.ts');
  await import('../engine/reconcile/reconcile.ts');
  await import('../engine/sweep/sweep.ts');
  await import('../wiring/operations.ts');
  await import('../wiring/engine.ts');
  return import('../service/service.ts');
}

async function stop(service: Service, logger: Logger): Promise<void> {
  const unfinished = await service.stop();
  if (unfinished.length === 0) {
    logger.info('stopped');
    return;
  }
  logger.warn({ unfinished }, 'stopped at the deadline, before all work had finished');
  // What is unfinished would keep the process alive, and work on.
  process.exit(EXIT.clean);
}
