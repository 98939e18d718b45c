/**
 * The words of docs/glossary.md in everything that a person reads: comments, messages, help, alerts and pages. Names that
 * are stored, such as event types and settings, stay as they are: `STORED` has those that would be found.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Whole words, each with what is written instead. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bmend(s|ed|ing)?\b/i, 'fix, repair, resolve'],
  [
    /\b(a|the|another|one|each|next|every|first|last|this|that) (look|pass)\b/i,
    'reconciliation, observation, read',
  ],
  [/\b(look|looks|looked|looking) (at|again|once more|anew)\b/i, 'reconcile, read, observe, check'],
  [/\b(whoever|whomever|whom|lest|amiss|hence|of late|be it)\b/i, 'plain words'],
  [/\b(somebody|anybody|everybody|nobody)\b/i, 'a user, a person, no users, all users'],
  [/\b(is|are|was|were|be|being|been) told\b|\btell(s|ing)? of\b|\btold of\b/i, 'reports, records, logs'],
  [/\b(is|are|was|were) to (be|have)\b/i, 'must, should, will'],
  [/\bsisters?\b/i, 'linked user, linked tenant'],
  [/\b(she|he|her|hers|his|him)\b/i, 'it, they'],
  [/\bconverg(e|es|ed|ing|ence)\b/i, 'reconcile, in sync'],
  [/\b(desk|disguise[ds]?)\b/i, 'dashboard data, pseudonymise'],
  [/\bas desired\b/i, 'in sync'],
];

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

function wordsIn(said: string): string[] {
  // What stands in backquotes within a comment is a name.
  const plain = STORED.reduce(
    (text, stored) => text.replaceAll(stored, ''),
    said.replaceAll(/(?<=[ (])`[^`]*`/g, ''),
  );
  return WORDS.flatMap(([pattern, instead]) => {
    const [word] = pattern.exec(plain) ?? [];
    return word === undefined ? [] : [`"${word}" (${instead})`];
  });
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
