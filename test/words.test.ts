/**
 * The words of docs/glossary.md in everything that a person reads: comments, messages, help, alerts and pages. Names that
 * are stored, such as event types and settings, stay as they are: `STORED` has those that would be found.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { replacedWords } from './support/words.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Stored names and quotations, removed before the words are looked for. */
const STORED: readonly RegExp[] = [
  /converge-failing/g, // an id of alerts
  /\$\{(mend|MEND)\}|visible\(mend\)/g, // a field of findings
  /answer\.by === 'nobody'/g,
];

const FOLDERS = ['src', 'dashboard'];
/** Comments, and texts of more than one word. */
const PROSE = /\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|>[^<>{}=;()]+</g;

function found(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(PROSE)]
    .filter(([p]) => p.includes(' '))
    .flatMap(({ 0: prose, index }) => {
      const line = text.slice(0, index).split('\n').length;
      return prose
        .split('\n')
        .flatMap((said, below) => wordsIn(said).map((word) => `${file}:${line + below}: ${word}`));
    });
}

function wordsIn(said: string): readonly string[] {
  // What stands in backquotes within a comment is a name.
  const plain = STORED.reduce(
    (text, stored) => text.replaceAll(stored, ''),
    said.replaceAll(/(?<=[ (])`[^`]*`/g, ''),
  );
  return replacedWords(plain);
}

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${folder}/${name}`),
);

describe('The words of the glossary', () => {
  test('are used in every comment and message', () => {
    expect(files.length).toBeGreaterThan(400);
    expect(files.flatMap(found)).toEqual([]);
  });

  test('another one is found, and a name in backquotes is not', () => {
    expect(wordsIn('// Nobody is told.')).toHaveLength(2);
    expect(wordsIn('// See `sister` in the settings.')).toEqual([]);
  });
});
