/**
 * The progress of a long command, on stderr, because stdout has the result. A terminal shows one
 * line that is redrawn at most ten times a second; a file or a pipe gets a plain line every five.
 *
 * It draws on each update and has no timer, so it keeps no process alive, and after a failure only the line
 * break is missing.
 */
import { formatDuration } from './duration.ts';
import { visible } from './visible.ts';

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;
const BAR_WIDTH = 20;
const DEFAULT_COLUMNS = 80;
/** Before that, a rate says more about the first call than about the rest. */
const MIN_RATE_MS = 500;

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly label: string;
  /** How many there are; undefined while that is unknown. */
  readonly total?: number | undefined;
  readonly stream: ProgressStream;
  readonly now: () => Date;
}

export interface Progress {
  /** So many have been done, of so many where that has become known. */
  update(done: number, total?: number): void;
  /** Leaves one last line with the count and the time taken. Nothing is drawn after it. */
  finish(): void;
}

export function createProgress(options: ProgressOptions): Progress {
  const { stream, label, now } = options;
  const isTerminal = stream.isTTY === true;
  const intervalMs = isTerminal ? REDRAW_MS : PLAIN_LINE_MS;
  const startedAt = now().getTime();
  let done = 0;
  let total = options.total;
  let drawnAt = isTerminal ? Number.NEGATIVE_INFINITY : startedAt;
  let isFinished = false;

  function draw(line: string): void {
    if (!isTerminal) {
      stream.write(`${line}\n`);
      return;
    }
    // A line as wide as the terminal would wrap, and the next one would not cover it.
    stream.write(`\r\u001b[K${line.slice(0, (stream.columns ?? DEFAULT_COLUMNS) - 1)}`);
  }

  return {
    update(count, known = total) {
      done = count;
      // The total may have grown since the start.
      total = known === undefined ? undefined : Math.max(known, count);
      const at = now().getTime();
      if (isFinished || at - drawnAt < intervalMs) return;
      drawnAt = at;
      draw(progressLine({ label, done, total, elapsedMs: at - startedAt, hasBar: isTerminal }));
    },
    finish() {
      if (isFinished) return;
      isFinished = true;
      draw(`${visible(label)}: ${countText(done, total)} in ${formatDuration(now().getTime() - startedAt)}`);
      if (isTerminal) stream.write('\n');
    },
  };
}

interface ProgressState {
  readonly label: string;
  readonly done: number;
  readonly total: number | undefined;
  readonly elapsedMs: number;
  readonly hasBar: boolean;
}

function progressLine({ label, done, total, elapsedMs, hasBar }: ProgressState): string {
  const parts = [`${visible(label)}:`];
  if (hasBar && total !== undefined && total > 0) parts.push(bar(done / total));
  parts.push(countText(done, total));
  if (elapsedMs >= MIN_RATE_MS && done > 0) {
    const rate = done / (elapsedMs / 1000);
    parts.push(`${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`);
    if (total !== undefined && total > done) {
      parts.push(`${formatDuration(roundedToSeconds(((total - done) / rate) * 1000))} left`);
    }
  }
  return parts.join(' ');
}

function countText(done: number, total: number | undefined): string {
  return total === undefined ? String(done) : `${done}/${total}`;
}

function bar(fraction: number): string {
  const full = Math.round(fraction * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`;
}

/** An estimate to the tenth of a second would only flicker. */
function roundedToSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}
