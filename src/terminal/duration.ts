/** Durations and times for people: two units at most, since the third does not matter. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNITS = [
  { ms: DAY_MS, name: 'd', nextMs: HOUR_MS, nextName: 'h' },
  { ms: HOUR_MS, name: 'h', nextMs: MINUTE_MS, nextName: 'min' },
  { ms: MINUTE_MS, name: 'min', nextMs: SECOND_MS, nextName: 's' },
] as const;

/** `820 ms`, `3.2 s`, `42 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. Less than nothing is `0 ms`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown';
  const whole = Math.max(0, Math.round(ms));
  if (whole < SECOND_MS) return `${whole} ms`;
  const tenths = Math.round(whole / 100) / 10;
  if (tenths < 10) return `${tenths} s`;
  const seconds = Math.round(whole / SECOND_MS);
  return formatLong(seconds * SECOND_MS);
}

function formatLong(ms: number): string {
  const unit = UNITS.find((each) => ms >= each.ms);
  if (unit === undefined) return `${ms / SECOND_MS} s`;
  const rest = Math.floor((ms % unit.ms) / unit.nextMs);
  const whole = `${Math.floor(ms / unit.ms)} ${unit.name}`;
  return rest === 0 ? whole : `${whole} ${rest} ${unit.nextName}`;
}

/** `just now`, `2 min ago`, `in 3 h`: the largest unit only. */
export function formatRelative(time: Date, now: Date): string {
  const distanceMs = now.getTime() - time.getTime();
  const size = Math.abs(distanceMs);
  if (Number.isNaN(size)) return 'unknown';
  if (size < SECOND_MS) return 'just now';
  const unit = UNITS.find(({ ms }) => size >= ms);
  const text =
    unit === undefined ? `${Math.floor(size / SECOND_MS)} s` : `${Math.floor(size / unit.ms)} ${unit.name}`;
  return distanceMs > 0 ? `${text} ago` : `in ${text}`;
}
