import { expect, test } from 'vitest';
import { visible, visibleJson } from '../../src/terminal/visible.ts';

test.each([
  ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m', 'an escape sequence recolours'],
  ['a\nb\r\tc', 'a\\nb\\r\\tc', 'a line break forges a line'],
  ['a\u0000\u007f', 'a\\x00\\x7f', 'controls do what they like'],
  ['\u009b31m', '\\x9b31m', 'C1 has an escape of its own'],
  ['\u202egpj.exe', '\\u{202e}gpj.exe', 'the reading direction is turned round'],
  ['ali\u200bce', 'ali\\u{200b}ce', 'two names look like one'],
  ['\ud800x', '\\u{d800}x', 'half a pair is no character'],
  ['\u{e0041}', '\\u{e0041}', 'tags hide text'],
  ['päss 日本 🔑', 'päss 日本 🔑', 'other scripts are left alone'],
])('%j becomes %j: %s', (text, expected) => {
  expect(visible(text)).toBe(expected);
});

test('JSON keeps its value and loses what cannot be seen', () => {
  const value = { a: '\u001b\u009b\u202e\u{e0041}\n日🔑', [`\u200b`]: 1 };
  const json = visibleJson(JSON.stringify(value));
  expect(JSON.parse(json)).toEqual(value);
  expect(json).toBe('{"a":"\\u001b\\u009b\\u202e\\udb40\\udc41\\n日🔑","\\u200b":1}');
});
