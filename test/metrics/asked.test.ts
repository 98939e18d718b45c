/** What is asked of the database for a page: how often, and what becomes of it when there is no answer. */
import { Gauge, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { askWhenScraped } from '../../src/metrics/asked.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const SECOND_MS = 1_000;

/** Two questions, of which one is answered as the test says; and a page that shows them. */
function scraped(answer: () => Promise<number>) {
  const registry = new Registry();
  const clock = virtualClock();
  let asked = 0;
  const figure = new Gauge({ name: 'figure', help: '-', registers: [registry] });
  const other = new Gauge({ name: 'other', help: '-', registers: [registry] });
  const refresh = askWhenScraped({
    registry,
    clock,
    logger: createLogger({ level: 'silent', pretty: false }),
    questions: [
      {
        name: 'figure',
        ask: async () => {
          asked += 1;
          figure.set(await answer());
        },
        hide: () => void figure.remove(),
      },
      { name: 'other', ask: async () => void other.set(1), hide: () => void other.remove() },
    ],
  });
  const page = async () => {
    await refresh();
    const lines = (await registry.metrics()).split('\n').filter((line) => /^[a-z]/.test(line));
    const values = lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.split(' ').at(-1)),
    ]);
    return Object.fromEntries(values) as Readonly<Record<string, number>>;
  };
  return { clock, page, asked: () => asked };
}

const FIGURE = 'concord_question_success{question="figure"}';
const OTHER = 'concord_question_success{question="other"}';
const AGE = 'concord_question_age_seconds{question="figure"}';

test('an answer is shown, and kept for five seconds however many scrape', async () => {
  let value = 7;
  const { clock, page, asked } = scraped(async () => value);
  expect(await page()).toMatchObject({ figure: 7, [FIGURE]: 1, [AGE]: 0 });
  value = 8;
  await clock.advance(4 * SECOND_MS);
  expect(await page()).toMatchObject({ figure: 7, [AGE]: 4 });
  await clock.advance(SECOND_MS);
  expect(await page()).toMatchObject({ figure: 8, [AGE]: 0 });
  expect(asked()).toBe(2);
});

test('what is not known is not shown as nought, and does not fail the page', async () => {
  let isDown = true;
  const { clock, page } = scraped(async () => {
    if (isDown) throw new Error('MongoDB is away');
    return 7;
  });
  const failed = await page();
  expect(failed).toMatchObject({ [FIGURE]: 0, other: 1, [OTHER]: 1 });
  expect(failed).not.toHaveProperty('figure');
  expect(failed).not.toHaveProperty(AGE);

  isDown = false;
  await clock.advance(5 * SECOND_MS);
  expect(await page()).toMatchObject({ figure: 7, [FIGURE]: 1 });

  isDown = true;
  await clock.advance(5 * SECOND_MS);
  const again = await page();
  expect(again).toMatchObject({ [FIGURE]: 0, [OTHER]: 1 });
  expect(again).not.toHaveProperty('figure');
});

test('a slow question keeps nobody waiting, and is asked the more rarely', async () => {
  const { clock, page, asked } = scraped(async () => {
    await clock.delay(3 * SECOND_MS);
    return 7;
  });
  const first = page();
  await clock.advance(2 * SECOND_MS);
  expect(await first).toMatchObject({ [FIGURE]: 0, other: 1 });
  await clock.advance(SECOND_MS);
  expect(await page()).toMatchObject({ figure: 7, [FIGURE]: 1 });
  await clock.advance(59 * SECOND_MS);
  expect(await page()).toMatchObject({ figure: 7, [AGE]: 59 });
  expect(asked()).toBe(1);
});

test('an old answer is not shown for ever while the next one does not come', async () => {
  let isStuck = false;
  const { clock, page } = scraped(async () => {
    if (isStuck) await new Promise(() => undefined);
    return 7;
  });
  expect(await page()).toMatchObject({ figure: 7 });
  isStuck = true;
  await clock.advance(290 * SECOND_MS);
  const waiting = page();
  await clock.advance(2 * SECOND_MS);
  expect(await waiting).toMatchObject({ figure: 7, [AGE]: 292, [FIGURE]: 1 });
  const later = page();
  await clock.advance(10 * SECOND_MS);
  await later;
  const last = page();
  await clock.advance(2 * SECOND_MS);
  expect(await last).not.toHaveProperty('figure');
});
