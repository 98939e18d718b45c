/** What a reader of the pages relies on: links, names of files and commands, and the words of the glossary. */
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchor } from '../../scripts/docs/markdown.ts';
import { createProgram } from '../../src/commands/program.ts';
import { replacedWords } from '../support/words.ts';
import { filesIn, pages, ROOT, type TextFile } from './files.ts';

const PAGES = pages();

function isThere(path: string): boolean {
  return existsSync(new URL(path, ROOT));
}

/** Without blocks of code, in which a bracket is no link and a # no heading. */
function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** With the number that GitHub adds to a heading that is there already. */
function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  return new Set(
    [...withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
      const own = anchor(heading);
      const times = seen.get(own) ?? 0;
      seen.set(own, times + 1);
      return times === 0 ? own : `${own}-${times}`;
    }),
  );
}

/** `[text](target)` to places in the project. */
function linksIn({ path, text }: TextFile): readonly { readonly file: string; readonly hash: string }[] {
  return [
    ...withoutBlocks(text)
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', hash = ''] = target.split('#');
      return { file: file === '' ? path : posix.join(posix.dirname(path), file), hash };
    });
}

describe.each(PAGES)('$path', (page) => {
  test('every link leads to a file and a heading', () => {
    const broken = linksIn(page).filter(({ file, hash }) => {
      if (!isThere(file)) return true;
      return hash !== '' && !anchorsOf(readFileSync(new URL(file, ROOT), 'utf8')).has(hash);
    });
    expect(broken).toEqual([]);
  });

  test('every file that it names is there', () => {
    const named = [
      ...page.text.matchAll(/`((?:src|test|dashboard|scripts|config|docs|bench|ops)\/[\w./-]*)`/g),
    ].map(([, name = '']) => name);
    // Tests are named without their endings.
    const lacking = named.filter(
      (name) => !['', '.test.ts', '.int.test.ts'].some((end) => isThere(name + end)),
    );
    expect(lacking).toEqual([]);
  });

  test('every npm script and every command that it names is there', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
      scripts: Readonly<Record<string, string>>;
    };
    const commands = new Set(createProgram(() => {}).commands.map((command) => command.name()));
    const run = [...page.text.matchAll(/npm run (?:-s |--silent )?([a-z][a-z:-]*)/g)].map(
      ([, name = '']) => name,
    );
    const called = [...page.text.matchAll(/(?:`|^ *)concord ([a-z]+)/gm)];
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
    expect(called.map(([, name = '']) => name).filter((name) => !commands.has(name))).toEqual([]);
  });

  test('every option that it names of a command is there', () => {
    const program = createProgram(() => {});
    const globals = program.options.map(({ long }) => long);
    const wrong = [...page.text.matchAll(/concord (?:-- )?([a-z]+)([^`\n#|]*)/g)].filter(
      ([, name = '', rest = '']) => {
        const command = program.commands.find((one) => one.name() === name);
        if (command === undefined) return false;
        const known = [command, ...command.commands].flatMap((one) => one.options.map(({ long }) => long));
        return [...rest.matchAll(/ (--[a-z][a-z-]+)/g)].some(
          ([, option = '']) => ![...known, ...globals, '--help'].includes(option),
        );
      },
    );
    expect(wrong.map(([all]) => all)).toEqual([]);
  });
});

test('the README fits on a few screens', () => {
  const readme = PAGES.find(({ path }) => path === 'README.md')?.text ?? '';
  expect(readme.split('\n').length).toBeLessThanOrEqual(150);
});

test('every page of docs is reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const path of reached) {
    const page = PAGES.find((one) => one.path === path);
    for (const { file } of page === undefined ? [] : linksIn(page)) reached.add(file);
  }
  expect(PAGES.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

test.each([...PAGES.filter(({ path }) => path !== 'bench/README.md'), ...filesIn('.yaml', 'config')])(
  '$path has the words of the glossary',
  ({ text }) => {
    const lines = withoutBlocks(text)
      .replaceAll(/`[^`\n]*`/g, '')
      .split('\n')
      .flatMap((line) =>
        replacedWords(line.replaceAll(/sisterOf|sister\.\w+/g, '')).map((word) => `${word}: ${line}`),
      );
    expect(lines).toEqual([]);
  },
);
