/** Secrets that were rotated, read again on SIGHUP: from the environment, `.env`, the files of `…_FILE` and YAML files. */

import type { LiveConfig } from '../config/live.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../logger.ts';

export interface ReloadDeps {
  readonly live: LiveConfig;
  /** Rejects when the stored passwords cannot be opened with these keys. */
  readonly checkKeys: (credentials: Config['credentials']) => Promise<void>;
  readonly logger: Logger;
}

/** Never rejects. What cannot be used changes nothing: all secrets stay as they are. */
export async function reloadSecrets({ live, checkKeys, logger }: ReloadDeps): Promise<void> {
  try {
    const reading = live.read();
    if (reading.changed.includes('credentials.keys')) await checkKeys(reading.next.credentials);
    live.apply(reading);
    const { changed, needRestart } = reading;
    if (changed.length > 0) logger.info({ settings: changed }, 'secrets were read again and are in use');
    else logger.info('secrets were read again; none has changed');
    if (needRestart.length > 0)
      logger.warn({ settings: needRestart }, 'settings have changed that take effect at the next start');
  } catch (err) {
    logger.error({ err }, 'secrets could not be read again; those in use are kept');
  }
}

/** On SIGHUP, one after the other. */
export function reloadOnSignal(deps: ReloadDeps): void {
  let last = Promise.resolve();
  process.on('SIGHUP', () => {
    last = last.then(() => reloadSecrets(deps));
  });
}
