/**
 * Codes of Auth0's log that this version does not know: each is told once in a database, whichever process meets it
 * first. Entries with such a code are triggers like any other, so nothing waits for this, and a code that could not be
 * remembered is told when it comes again.
 */
import type { TenantId } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import type { SeenCodes } from '../../ports/intake.ts';

export interface UnknownCodesDeps {
  readonly seen: SeenCodes;
  readonly logger: Logger;
  /** Told of each code that is new to the database. Must not throw. */
  readonly onFirst?: ((tenant: TenantId) => void) | undefined;
}

/** More than Auth0 has; what comes beyond that is remembered by the database alone. */
const MOST_KEPT = 1_000;

/** Takes the codes of one delivery, and returns when they are told. Never throws. */
export function createUnknownCodes({ seen, logger, onFirst }: UnknownCodesDeps) {
  const known = new Set<string>();
  return async (tenant: TenantId, codes: ReadonlySet<string>): Promise<void> => {
    for (const code of codes) {
      if (known.has(code) || known.size >= MOST_KEPT) continue;
      known.add(code);
      try {
        if (!(await seen.isFirst(code))) continue;
        onFirst?.(tenant);
        logger.warn(
          { tenant, code },
          'the log of Auth0 has a code that is not known here; it counts as a change',
        );
      } catch (err) {
        known.delete(code);
        logger.warn({ tenant, code, err }, 'a code that is not known here could not be remembered');
      }
    }
  };
}
