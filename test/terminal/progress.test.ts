import { expect, test } from 'vitest';
import { createProgress } from '../../src/terminal/progress.ts';

/** A progress display on a stream that remembers, at a time that the test sets. */
function world({ isTTY, total, columns }: { isTTY: boolean; total?: number; columns?: number }) {
  const written: string[] = [];
  let ms = 0;
  const progress = createProgress({
    label: 'Sweep',
    total,
    stream: { isTTY, ...(columns === undefined ? {} : { columns }), write: (text) => written.push(text) },
    now: () => new Date(ms),
  });
  return {
    written,
    progress,
    at(time: number, done: number, known?: number) {
      ms = time;
      progress.update(done, known);
    },
  };
}

const CLEAR = '\r\u001b[K';

test('a terminal shows a bar, the count, the rate and the time left', () => {
  const { written, at, progress } = world({ isTTY: true, total: 200 });
  at(0, 0);
  at(2000, 50);
  progress.finish();
  expect(written).toEqual([
    `${CLEAR}Sweep: [--------------------] 0/200`,
    `${CLEAR}Sweep: [#####---------------] 50/200 25/s 6 s left`,
    `${CLEAR}Sweep: 50/200 in 2 s`,
    '\n',
  ]);
});

test('a terminal is redrawn at most ten times a second', () => {
  const { written, at } = world({ isTTY: true, total: 1000 });
  for (let ms = 0; ms <= 1000; ms += 1) at(ms, ms);
  expect(written).toHaveLength(11);
});

test('a line is not as wide as the terminal, or it would wrap', () => {
  const { written, at } = world({ isTTY: true, total: 200, columns: 20 });
  at(1000, 50);
  expect(written).toEqual([`${CLEAR}Sweep: [#####------`]);
});

test('without a terminal there is a plain line every five seconds', () => {
  const { written, at, progress } = world({ isTTY: false, total: 100 });
  for (let ms = 0; ms <= 12_000; ms += 100) at(ms, ms / 240);
  progress.finish();
  expect(written).toHaveLength(3);
  expect(written[2]).toBe('Sweep: 50/100 in 12 s\n');
  expect(written.join('')).not.toContain('\u001b');
});

test('a total may be unknown, and become known', () => {
  const { written, at } = world({ isTTY: true });
  at(1000, 5);
  at(2000, 10, 20);
  expect(written).toEqual([
    `${CLEAR}Sweep: 5 5.0/s`,
    `${CLEAR}Sweep: [##########----------] 10/20 5.0/s 2 s left`,
  ]);
});

test('a total grows with what is done beyond it', () => {
  const { at, written, progress } = world({ isTTY: true, total: 0 });
  at(0, 0);
  at(100, 1);
  progress.finish();
  expect(written.slice(0, 3)).toEqual([
    `${CLEAR}Sweep: 0/0`,
    `${CLEAR}Sweep: [####################] 1/1`,
    `${CLEAR}Sweep: 1/1 in 100 ms`,
  ]);
});

test('nothing is drawn after the end', () => {
  const { written, at, progress } = world({ isTTY: true, total: 1 });
  progress.finish();
  const { length } = written;
  progress.finish();
  at(9000, 1);
  expect(written).toHaveLength(length);
});
