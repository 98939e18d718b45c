/**
 * Makes text from outside safe to print. A handle, an error message or a field of a log entry may
 * hold escape sequences that move the cursor, recolour or retitle the terminal, or characters that
 * reverse the reading direction, so that a line reads as something else.
 */

/** Controls, formats (zero-width, bidirectional, tags), halves of surrogate pairs, line and paragraph separators. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The same text on one line, with what cannot be seen written as `\n`, `\x1b` or `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => SHORT[character] ?? escaped(character.codePointAt(0) ?? 0));
}

function escaped(codePoint: number): string {
  const hex = codePoint.toString(16);
  return codePoint < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}

/** JSON text with the same characters as `\\u` escapes, which a parser reads back as they were. */
export function visibleJson(json: string): string {
  return json.replace(INVISIBLE, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
