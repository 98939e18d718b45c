/**
 * Whether our clock may be trusted with what ends something. Grace periods, approvals and the order of decisions go by it,
 * and a clock that is a month ahead would end every grace period at once. So nothing is removed and nothing is granted while
 * it differs from the database's by more than a minute.
 */
import { UpstreamError, UsageError } from '../errors.ts';
import type { DatabaseClock } from './clock.ts';

export const CLOCK_DIFFERS = 'CLOCK_DIFFERS';

/** Far more than NTP leaves and a slow answer adds, and nothing beside a grace period. */
const TOLERATED_MS = 60_000;

/** Undefined where the clocks agree. */
export async function clockDifference(clock: DatabaseClock): Promise<number | undefined> {
  const aheadMs = await clock.aheadMs();
  return Math.abs(aheadMs) > TOLERATED_MS ? aheadMs : undefined;
}

export function clockSentence(aheadMs: number): string {
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const distance = minutes >= 2_880 ? `${Math.round(minutes / 1_440)} d` : `${minutes} min`;
  return `The clock of this machine is ${distance} ${aheadMs > 0 ? 'ahead of' : 'behind'} the clock of MongoDB, so nothing is removed and nothing is granted.`;
}

/** What shows which of the two is wrong, and what sets it. */
export const CLOCK_COMMAND =
  'concord doctor, then on the machine whose clock is wrong: timedatectl set-ntp true';

/**
 * Before the beginning of a grace period is written: a date in the past would shorten it, also once the clock is right. Throws
 * UpstreamError CLOCK_DIFFERS.
 */
export async function requireNoPastDate(clock: DatabaseClock): Promise<void> {
  const aheadMs = await clockDifference(clock);
  if (aheadMs === undefined || aheadMs > 0) return;
  const message = `${clockSentence(aheadMs)} That the user is deleted is not recorded either.`;
  throw new UpstreamError(message, { upstream: 'mongodb', code: CLOCK_DIFFERS, retryable: true });
}

/** Before a decision is written. Throws UsageError CLOCK_DIFFERS. */
export async function requireClock(clock: DatabaseClock): Promise<void> {
  const aheadMs = await clockDifference(clock);
  if (aheadMs === undefined) return;
  throw new UsageError(`${clockSentence(aheadMs)} Nothing was decided. Run ${CLOCK_COMMAND}`, CLOCK_DIFFERS);
}
