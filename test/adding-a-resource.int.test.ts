/**
 * An independent resource on a third upstream is added to a copy of the project: its files, and the lines that
 * docs/adding-a-resource.md names. It compiles, and its tests, the explorer and the lists of the dashboard have it.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const ADDED = join(ROOT, 'test/fixtures/newsletter');
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'dashboard', 'config', 'docs'];
const FILES = ['package.json', 'tsconfig.json', 'vitest.config.ts'];

interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A line of the registry, one of the wiring, and the two with which the tests have the client. */
const EDITS: readonly Edit[] = [
  {
    file: 'src/reconcilers/registry.ts',
    from: 'INDEPENDENT: readonly IndependentResource[] = []',
    to: 'INDEPENDENT: readonly IndependentResource[] = [newsletter]',
  },
  {
    file: 'src/reconcilers/registry.ts',
    from: 'import type { Applied,',
    to: "import { newsletter } from './newsletter/newsletter.ts';\nimport type { Applied,",
  },
  {
    file: 'src/wiring/independent.ts',
    from: 'return {};',
    to: 'return { mailer: createMailer() };',
  },
  {
    file: 'src/wiring/independent.ts',
    from: 'return {};',
    to: 'return { mailer: createMailer() };',
  },
  {
    file: 'src/wiring/independent.ts',
    from: 'import type { Clients',
    to: "import { createMailer } from '../mailer/mailer.ts';\nimport type { Clients",
  },
  {
    file: 'test/support/in-memory/calls.ts',
    from: "  rejects: { add: 'write' },",
    to: "  rejects: { add: 'write' },\n  mailer: { subscribers: 'read', subscribe: 'write', unsubscribe: 'write' },",
  },
  {
    file: 'test/support/in-memory/independent.ts',
    from: 'const parts: readonly InMemoryClient[] = [];',
    to: 'const mailer = inMemoryMailer(_hooks);\n  const parts: readonly InMemoryClient[] = [mailer];',
  },
  {
    file: 'test/support/in-memory/independent.ts',
    from: 'clients: {},',
    to: 'clients: { mailer: mailer.client },',
  },
  {
    file: 'test/support/in-memory/independent.ts',
    from: "import { all, type Kept } from './kept.ts';",
    to: "import { all, type Kept } from './kept.ts';\nimport { inMemoryMailer } from './mailer.ts';",
  },
];

let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'concord-added-'));
  for (const name of [...FOLDERS, ...FILES])
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const name of ['src', 'test']) await cp(join(ADDED, name), join(copy, name), { recursive: true });
  for (const { file, from, to } of EDITS) {
    const text = await readFile(join(copy, file), 'utf8');
    expect(text, `${file} has: ${from}`).toContain(from);
    await writeFile(join(copy, file), text.replace(from, to));
  }
});

afterAll(() => rm(copy, { recursive: true, force: true }));

/** What it printed, and how it ended. */
function run(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const options = { cwd: copy, env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

test('it compiles with the lines that the page names, and with no other', { timeout: 600_000 }, async () => {
  const { code, output } = await run('node_modules/typescript/bin/tsc');
  expect({ code, output }).toEqual({ code: 0, output: '' });
});

test('its own tests pass', { timeout: 600_000 }, async () => {
  const tests = ['test/reconcilers/newsletter.test.ts'];
  const { code, output } = await run('node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', ...tests);
  expect(code, output).toBe(0);
});

test('the explorer breaks every call of it, and finds nothing', { timeout: 600_000 }, async () => {
  const scenario = 'a sign-up with a verified email';
  const { code, output } = await run(
    ...[
      '--import',
      'tsx',
      'test/explore/main.ts',
      '--faults',
      '1',
      '--processes',
      '1',
      '--scenario',
      scenario,
    ],
  );
  expect(code, output).toBe(0);
  expect(output).toContain(' 0 violations');
});
