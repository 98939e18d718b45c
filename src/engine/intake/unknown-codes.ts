/**
 * Codes of Auth0's log that this version does not know: each is logged once per database, by the first process that
 * meets it. Entries with such a code are normal triggers, so nothing waits for this. A code that could not be stored is
 * logged again the next time.
 */
import type { TenantId } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import type { SeenCodes } from '../../ports/intake.ts';

export interface UnknownCodesDeps {
  readonly seen: SeenCodes;
  readonly logger: Logger;
  /** Called for each code that is new to the database. Must not throw. */
  readonly onFirst?: ((tenant: TenantId) => void) | undefined;
}

/** More than Auth0 has; codes beyond that are remembered by the database alone. */
const MOST_KEPT = 1_000;

/** Takes the codes of one delivery, and returns when they are logged. Never throws. */
export function createUnknownCodes({ seen, logger, onFirst }: UnknownCodesDeps) {
  const known = new Set<string>();
  return async (tenant: TenantId, codes: ReadonlySet<string>): Promise<void> => {
    for (const code of codes) {
      if (known.has(code) || known.size >= MOST_KEPT) continue;
      known.add(code);
      try {
        if (!(await seen.isFirst(code))) continue;
        onFirst?.(tenant);
        logger.warn({ tenant, code }, 'the Auth0 log has an unknown code; it is treated as a change');
      } catch (err) {
        known.delete(code);
        logger.warn({ tenant, code, err }, 'an unknown code could not be stored');
      }
    }
  };
}
