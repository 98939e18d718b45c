/**
 * The clocks. Where all others agree and differ from this machine, this machine's clock is wrong; else the one that
 * differs. A `Date` header is exact to a second, so a few seconds mean nothing.
 */
import type { Check, Finding, Seen } from './check.ts';
import { found, well } from './check.ts';

export interface ClockReading {
  readonly name: string;
  /** Undefined where it could not be read, which another check reports. */
  readonly aheadMs: number | undefined;
}

const TOLERATED_MS = 5_000;

export function clockCheck(
  needs: readonly string[],
  readings: () => Promise<readonly ClockReading[]>,
): Check {
  return { name: 'clock', needs, run: async () => judgeClocks(await readings()) };
}

export function judgeClocks(readings: readonly ClockReading[]): Seen {
  const known = readings.flatMap(({ name, aheadMs }) => (aheadMs === undefined ? [] : [{ name, aheadMs }]));
  const off = known.filter(({ aheadMs }) => Math.abs(aheadMs) > TOLERATED_MS);
  const [first] = off;
  if (first === undefined) {
    return well(
      known.length === 0 ? 'no clock to compare with' : `as at ${known.map(({ name }) => name).join(', ')}`,
    );
  }
  const agree = known.every(({ aheadMs }) => Math.abs(aheadMs - first.aheadMs) <= TOLERATED_MS);
  if (agree && known.length > 1) return found('differs', ours(-first.aheadMs, known));
  return found('differs', ...off.map(theirs));
}

function ours(aheadMs: number, others: readonly { readonly name: string }[]): Finding {
  return {
    level: 'error',
    code: 'CLOCK_OFF',
    what: `The clock of this machine is ${distance(aheadMs)} that of ${others.map(({ name }) => name).join(', ')}, which agree.`,
    why: 'Leases, backoff, grace periods and the order of events depend on it. While it differs from that of MongoDB by more than a minute, nothing is removed and nothing is granted.',
    mend: 'Set it by NTP: timedatectl set-ntp true',
  };
}

function theirs({ name, aheadMs }: { readonly name: string; readonly aheadMs: number }): Finding {
  return {
    level: 'warning',
    code: 'CLOCK_DIFFERS',
    what: `The clock of ${name} is ${distance(aheadMs)} that of this machine.`,
    why: 'The order of events depends on both clocks.',
    mend: `Find out which of the two is wrong, and set it by NTP (here: timedatectl).`,
  };
}

function distance(aheadMs: number): string {
  return `${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}
