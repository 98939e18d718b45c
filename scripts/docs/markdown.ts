/** The pieces of Markdown that the pages are made of. */

/** At the head of every page that is written by `npm run docs`. */
export const WRITTEN = '<!-- Written by `npm run docs`. Do not edit: see scripts/docs. -->';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function fenced(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines, '```'].join('\n');
}

/** Sections with an empty line between them, and one line break at the end. */
export function page(...sections: readonly string[]): string {
  return `${[WRITTEN, ...sections].join('\n\n')}\n`;
}

/** The link that GitHub gives a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** `text` with an upper-case first letter and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Text that is no Markdown but for its code: nothing in it is taken for a tag or for emphasis. */
export function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(/[<*]/g, (char) => `\\${char}`)))
    .join('');
}
