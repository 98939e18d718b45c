/** The layout of docs/architecture.md: which folder may import which, no cycles, and folders that one can take in. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** From the command line down. A folder imports its own files and those of the layers below it. */
const LAYERS: readonly (readonly string[])[] = [
  ['main'],
  ['sandbox'],
  ['commands'],
  ['service'],
  ['wiring'],
  ['doctor'],
  ['http'],
  ['dashboard-data', 'alerts', 'metrics'],
  ['engine/operations', 'engine/reports'],
  ['engine/sweep'],
  ['engine/reconcile'],
  ['engine/intake'],
  ['reconcilers'],
  ['auth0', 'pds', 'mongo'],
  ['config'],
  ['credentials', 'upstream'],
  ['ports'],
  ['events'],
  ['exclusion', 'logger', 'tracing'],
  ['terminal', 'identity', 'errors', 'concurrency', 'count'],
];

/** The command that starts the sandbox loads it when it is called: the published package has none. */
const EXEMPT = 'src/commands/sandbox.ts -> src/sandbox/show.ts';

/** `import … from` an SDK, or `import(…)` of one. */
const SDK_IMPORT =
  /^import [^;]*?'(?:auth0|@atproto\/api)[^']*'|\bimport\('(?:auth0|@atproto\/api)[^']*'\)/gm;

const MAX_ARROWS = 150;
const MAX_FILES = 22;

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`);
const imports = files.flatMap(importsOf).filter(({ from, to }) => `${from} -> ${to}` !== EXEMPT);

function importsOf(from: string): Import[] {
  const text = readFileSync(join(ROOT, from), 'utf8');
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*'(\.[^']+)'/g)].map(
    ([, to = '']) => to,
  );
  return specifiers.map((to) => ({ from, to: normalize(join(dirname(from), to)) }));
}

/** The folder of the layout that a file lies in; a file of `src` itself is one of its own. */
function folderOf(file: string): string {
  const [, first = '', second = ''] = file.split('/');
  return first === 'engine' ? `engine/${second}` : first.replace(/\.ts$/, '');
}

function isIn(folder: string, file: string): boolean {
  return file.startsWith(`src/${folder}/`);
}

function layerOf(file: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folderOf(file)));
}

describe('The layout of src', () => {
  test('has files, and each lies in a folder that has a layer', () => {
    expect(files.length).toBeGreaterThan(300);
    expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
  });

  test('every import leads to a layer below, or stays in its folder', () => {
    const upward = imports.filter(
      ({ from, to }) => folderOf(from) !== folderOf(to) && layerOf(from) >= layerOf(to),
    );
    expect(upward).toEqual([]);
  });

  test('the engine imports no folder of a resource', () => {
    const folders = imports.filter(
      ({ from, to }) => isIn('engine', from) && /^src\/reconcilers\/.+\//.test(to),
    );
    expect(folders).toEqual([]);
    expect(imports.some(({ from, to }) => isIn('engine', from) && isIn('reconcilers', to))).toBe(true);
  });

  test('the SDKs, which take a second to load, are loaded by the first call and by nothing before', () => {
    const loads = (file: string) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(SDK_IMPORT)].map(([line]) => line);
    const found = files.flatMap((file) => loads(file).map((line) => ({ file, line })));
    expect(found.filter(({ line }) => !/^import (type )|import\(/.test(line))).toEqual([]);
    expect(new Set(found.map(({ file }) => file).filter((file) => !isIn('sandbox', file)))).toEqual(
      new Set(['src/auth0/sdk.ts', 'src/pds/xrpc.ts']),
    );
  });

  test('no file imports itself by way of others', () => {
    expect(cycleIn(imports)).toBeUndefined();
  });

  test(`folders import each other in at most ${MAX_ARROWS} ways`, () => {
    const room = (file: string) => (file.split('/').length === 2 ? 'src' : folderOf(file));
    const arrows = new Set(
      imports
        .map(({ from, to }) => [room(from), room(to)])
        .filter(([a, b]) => a !== b)
        .map((pair) => pair.join(' -> ')),
    );
    expect(arrows.size).toBeLessThanOrEqual(MAX_ARROWS);
  });

  test(`no folder has more than ${MAX_FILES} files`, () => {
    const counts = groupBy(files, dirname);
    expect([...counts].filter(([, of]) => of.length > MAX_FILES).map(([folder]) => folder)).toEqual([]);
  });
});

describe('The search for cycles', () => {
  test('finds one', () => {
    const edge = (from: string, to: string) => ({ from, to });
    expect(cycleIn([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')])).toEqual(['b', 'c', 'b']);
    expect(cycleIn([edge('a', 'b'), edge('a', 'c'), edge('c', 'b')])).toBeUndefined();
  });
});

/** The files of one cycle, the first of them again at the end. */
function cycleIn(all: readonly Import[]): readonly string[] | undefined {
  const next = groupBy(all, ({ from }) => from);
  const done = new Set<string>();
  const search = (file: string, path: readonly string[]): readonly string[] | undefined => {
    const at = path.indexOf(file);
    if (at !== -1) return [...path.slice(at), file];
    if (done.has(file)) return undefined;
    for (const { to } of next.get(file) ?? []) {
      const found = search(to, [...path, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of next.keys()) {
    const found = search(file, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
