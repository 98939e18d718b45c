/** The pages of `npm run docs`, and the guides that they are written from. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { WRITTEN_PAGES } from '../../scripts/docs/pages.ts';
import { ACTION_GUIDE, type ReasonGuide } from '../../src/reconcilers/action-guide.ts';
import { IN_ORDER_GUIDE, PENDING_GUIDE } from '../../src/reconcilers/condition-guide.ts';
import { NEEDS_ACTION, WAITING_FOR_DECISION } from '../../src/reconcilers/needs-action.ts';
import { filesIn, ROOT } from './files.ts';

test.each(WRITTEN_PAGES)('$path is what npm run docs writes', ({ path, text }) => {
  expect(readFileSync(new URL(path, ROOT), 'utf8'), 'run: npm run docs').toBe(text());
});

function pairs(guides: readonly ReasonGuide[]): readonly string[] {
  return guides.flatMap(({ types, reasons }) =>
    types.flatMap((type) => reasons.map((reason) => `${type} ${reason}`)),
  );
}

test('every condition that needs action has exactly one row, and no row is of anything else', () => {
  const needed = Object.entries(NEEDS_ACTION).flatMap(([type, reasons]) =>
    reasons.map((reason) => `${type} ${reason}`),
  );
  expect([...pairs(ACTION_GUIDE)].sort()).toEqual([...needed, `any ${WAITING_FOR_DECISION}`].sort());
});

test('no condition has two rows in one table', () => {
  for (const guides of [PENDING_GUIDE, IN_ORDER_GUIDE]) {
    const all = pairs(guides);
    expect(all).toEqual([...new Set(all)]);
  }
});

/** `reason: 'NoEmail'`, `reason: 'A' | 'B'` and constants of reasons. */
const GIVEN =
  /reason: ((?:'[A-Z]\w+'(?: \| )?)+)|_REASON = '([A-Z]\w+)'|(?:failing|notObserved): '([A-Z]\w+)'/g;
/** Why a user was left out of a saved plan, and what no condition says. */
const OTHER = new Set(['MovedOn', 'Withheld', 'NotRead', 'Busy', 'NotBegun', 'NotAUser', 'Unfit', 'Missing']);

const SOURCES = filesIn('.ts', 'src/reconcilers', 'src/engine/reconcile', 'src/events');

function reasonsInSource(): ReadonlySet<string> {
  const texts = SOURCES.map(({ text }) => text);
  const found = texts.flatMap((text) => [...text.matchAll(GIVEN)].map(([all]) => all));
  const words = found.flatMap((text) => [...text.matchAll(/'([A-Z]\w+)'/g)].map(([, word = '']) => word));
  return new Set(words.filter((word) => !OTHER.has(word)));
}

test('every reason that a condition is given has a row', () => {
  const told = new Set(
    [...ACTION_GUIDE, ...PENDING_GUIDE, ...IN_ORDER_GUIDE].flatMap(({ reasons }) => reasons),
  );
  const lacking = [...reasonsInSource()].filter((reason) => !told.has(reason));
  expect(reasonsInSource().size).toBeGreaterThan(50);
  expect(lacking).toEqual([]);
});

test('every row is of a reason that the source has', () => {
  const source = SOURCES.filter(({ path }) => !path.endsWith('-guide.ts'))
    .map(({ text }) => text)
    .join('\n');
  const stale = [...ACTION_GUIDE, ...PENDING_GUIDE, ...IN_ORDER_GUIDE]
    .flatMap(({ reasons }) => reasons)
    .filter((reason) => !source.includes(`'${reason}'`));
  expect(stale).toEqual([]);
});
