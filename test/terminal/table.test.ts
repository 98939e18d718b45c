import { expect, test } from 'vitest';
import { createStyle } from '../../src/terminal/style.ts';
import { formatTable } from '../../src/terminal/table.ts';

const plain = createStyle({ stream: {}, env: {} });
const colour = createStyle({ stream: { isTTY: true }, env: {} });

test('columns stand two spaces apart, without borders, colour or spaces at the end', () => {
  const table = formatTable({
    head: ['user', 'attempts', 'reason'],
    rows: [
      ['auth0|1', 3, 'no answer'],
      ['google-oauth2|22', 10, undefined],
    ],
    right: [1],
    style: plain,
  });
  expect(table.split('\n')).toEqual([
    'user              attempts  reason',
    'auth0|1                  3  no answer',
    'google-oauth2|22        10',
  ]);
});

test('no rows leave the head', () => {
  expect(formatTable({ head: ['a', 'b'], rows: [], style: plain })).toBe('a  b');
});

test('foreign text cannot act on the terminal or break the table', () => {
  const table = formatTable({
    head: ['handle'],
    rows: [['\u001b[2Jal\nice'], [{ text: '\u001b[2Jbob', style: (t) => `<${t}>` }]],
    style: plain,
  });
  expect(table).toBe('handle\n\\x1b[2Jal\\nice\n<\\x1b[2Jbob>');
});

test('colour does not move the columns', () => {
  const green = { text: 'ok', style: (text: string) => colour('green', text) };
  const [head, row] = formatTable({ head: ['a', 'b'], rows: [[green, 'x']], style: colour }).split('\n');
  expect(head).toBe('\u001b[1ma\u001b[22m   \u001b[1mb\u001b[22m');
  expect(row).toBe('\u001b[32mok\u001b[39m  x');
});

test('on a terminal the widest column is cut', () => {
  const rows = [['auth0|1', 'a long message that goes on and on']];
  const table = formatTable({ head: ['user', 'message'], rows, style: plain, width: 30 });
  expect(table.split('\n')).toEqual(['user     message', 'auth0|1  a long message that …']);
  const narrow = formatTable({ head: ['user', 'message'], rows, style: plain, width: 5 });
  expect(narrow.split('\n')[1]).toBe('auth0|1  a long mess…');
});
