import { expect, test } from 'vitest';
import { createStyle } from '../../src/terminal/style.ts';

test.each([
  { reason: 'a terminal shows colour', options: { stream: { isTTY: true }, env: {} }, colour: true },
  {
    reason: 'NO_COLOR set to nothing is not set',
    options: { stream: { isTTY: true }, env: { NO_COLOR: '' } },
    colour: true,
  },
  { reason: 'a pipe does not', options: { stream: {}, env: {} }, colour: false },
  {
    reason: 'NO_COLOR asks for none',
    options: { stream: { isTTY: true }, env: { NO_COLOR: '0' } },
    colour: false,
  },
  {
    reason: '--no-color asks for none',
    options: { stream: { isTTY: true }, env: {}, color: false },
    colour: false,
  },
  {
    reason: 'a dumb terminal has none',
    options: { stream: { isTTY: true }, env: { TERM: 'dumb' } },
    colour: false,
  },
])('$reason', ({ options, colour }) => {
  expect(createStyle(options)('red', 'x')).toBe(colour ? '\u001b[31mx\u001b[39m' : 'x');
});
