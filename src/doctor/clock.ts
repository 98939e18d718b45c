/**
 * The clocks. Where everyone else agrees against this machine, it is this machine's that is wrong; else it is
 * whichever differs. A `Date` header is good to a second, so a few seconds say nothing.
 */
import type { Check, Finding, Seen } from './check.ts';
import { found, well } from './check.ts';

export interface ClockReading {
  readonly name: string;
  /** Undefined where it could not be read, which another check has said. */
  readonly aheadMs: number | undefined;
}

const TOLERATED_MS = 5_000;

export function clockCheck(
  needs: readonly string[],
  readings: () => Promise<readonly ClockReading[]>,
): Check {
  return { name: 'clock', needs, look: async () => judgeClocks(await readings()) };
}

export function judgeClocks(readings: readonly ClockReading[]): Seen {
  const known = readings.flatMap(({ name, aheadMs }) => (aheadMs === undefined ? [] : [{ name, aheadMs }]));
  const off = known.filter(({ aheadMs }) => Math.abs(aheadMs) > TOLERATED_MS);
  const [first] = off;
  if (first === undefined) {
    return well(
      known.length === 0 ? 'nobody to compare with' : `as at ${known.map(({ name }) => name).join(', ')}`,
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
    why: 'Leases, backoff, graces and the order of events are counted by it.',
    mend: 'Set it by NTP: timedatectl set-ntp true',
  };
}

function theirs({ name, aheadMs }: { readonly name: string; readonly aheadMs: number }): Finding {
  return {
    level: 'warning',
    code: 'CLOCK_DIFFERS',
    what: `The clock of ${name} is ${distance(aheadMs)} that of this machine.`,
    why: 'What happened first is told by times of both.',
    mend: `See which of the two is wrong, and set it by NTP (here: timedatectl).`,
  };
}

function distance(aheadMs: number): string {
  return `${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}
