/** Activity in cells of one length, counted once: from now backwards, a day at a time, as far as was requested. */
import type { Activity, ActivityReader } from '../ports/event-log.ts';

export interface ActivityCells {
  /** Those in which anything happened, in their order; both moments are of the range. */
  read(from: Date, now: Date): Promise<readonly Activity[]>;
  /** Whether so much is still to be counted that it takes a while. */
  isLong(from: Date, now: Date): boolean;
}

/** Log streams deliver within seconds, and after a pause of theirs within minutes. */
const SETTLED_AFTER_MS = 120_000;
/** For a busy log, a day takes the server half a second. */
const AT_ONCE_MS = 86_400_000;
const FEW = 20;

export function activityCells(
  { activity }: ActivityReader,
  { cellMs, keptMs }: { readonly cellMs: number; readonly keptMs: number },
): ActivityCells {
  const counted = new Map<number, Activity>();
  /** From the first of these to before the second everything has been counted. */
  let [fromMs, untilMs] = [0, 0];
  let last: Promise<unknown> = Promise.resolve();

  const beginOf = (ms: number): number => Math.floor(ms / cellMs) * cellMs;
  const settledAt = (now: Date): number => beginOf(now.getTime() - SETTLED_AFTER_MS);
  const isMissing = (from: Date, now: Date): boolean => fromMs > from.getTime() || untilMs < settledAt(now);

  async function count(beginMs: number, endMs: number): Promise<readonly Activity[]> {
    if (beginMs >= endMs) return [];
    return activity(new Date(beginMs), new Date(endMs), cellMs);
  }

  /** The next piece, unless another process has counted it meanwhile. */
  async function extend(from: Date, now: Date): Promise<void> {
    if (!isMissing(from, now)) return;
    const settledMs = settledAt(now);
    if (untilMs < from.getTime()) {
      counted.clear();
      [fromMs, untilMs] = [settledMs, settledMs];
    }
    const isForward = untilMs < settledMs;
    const [beginMs, endMs] = isForward
      ? [untilMs, Math.min(untilMs + AT_ONCE_MS, settledMs)]
      : [Math.max(from.getTime(), fromMs - AT_ONCE_MS), fromMs];
    const found = await count(beginMs, endMs);
    for (const cell of found) counted.set(cell.at.getTime(), cell);
    if (isForward) untilMs = endMs;
    else fromMs = beginMs;
    forget(now);
  }

  function forget(now: Date): void {
    fromMs = Math.max(fromMs, beginOf(now.getTime() - keptMs));
    for (const ms of counted.keys()) if (ms < fromMs) counted.delete(ms);
  }

  return {
    async read(from, now) {
      while (isMissing(from, now)) {
        const extended = last.then(() => extend(from, now));
        last = extended.catch(() => undefined);
        await extended;
      }
      const closed = [...counted.values()].filter(({ at }) => at >= from);
      const open = await count(untilMs, beginOf(now.getTime()) + cellMs);
      return [...closed, ...open].sort((a, b) => a.at.getTime() - b.at.getTime());
    },
    isLong: (from, now) => fromMs > from.getTime() || settledAt(now) - untilMs > FEW * cellMs,
  };
}
