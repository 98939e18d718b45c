/** A directory of DIDs that remembers its answers: in this process, and of so many DIDs. Failures are not kept. */
import type { Did } from '../identity.ts';
import type { DidDirectory, ServiceLocation } from '../ports/accounts.ts';
import type { Clock } from '../ports/clock.ts';

const MAX_DIDS = 10_000;
const MINUTE_MS = 60_000;
/** Few accounts come back, and until one is active here nothing hangs on it; something may be done about the others. */
const KEPT_MS: Readonly<Record<ServiceLocation['type'], number>> = {
  elsewhere: 24 * 60 * MINUTE_MS,
  here: 5 * MINUTE_MS,
  nowhere: 5 * MINUTE_MS,
};

interface Remembered {
  readonly location: ServiceLocation;
  readonly untilMs: number;
}

export function rememberingDids(dids: DidDirectory, clock: Clock, maxDids = MAX_DIDS): DidDirectory {
  const known = new Map<Did, Remembered>();
  return {
    async serviceOf(did) {
      const nowMs = clock.now().getTime();
      const remembered = known.get(did);
      known.delete(did);
      if (remembered !== undefined && nowMs < remembered.untilMs) {
        // Asked for last, so it goes last.
        known.set(did, remembered);
        return remembered.location;
      }
      const location = await dids.serviceOf(did);
      known.set(did, { location, untilMs: nowMs + KEPT_MS[location.type] });
      const [oldest] = known.keys();
      if (known.size > maxDids && oldest !== undefined) known.delete(oldest);
      return location;
    },
  };
}
